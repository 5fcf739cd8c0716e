/** Rows for several calls at once, which only the asynchronous driver can have in flight. */
import { writeFile, writeFiles, type WriteFilesOptions, type WriteResult } from "../../mod.ts";
import { type Operation, wait } from "../../src/core/operation.ts";
import { absent, fileOf, type Row, type Tools } from "./row.ts";

const kept = (text: string) => fileOf(text, 0o640, 50);
const machine = { groups: [50], files: { "/d/a": { content: "0", mode: 0o640, group: 50 } } } as const;

/** All of them together; what failed is thrown when all have ended. */
function* together({ api }: Tools, bodies: readonly (() => Operation<unknown>)[]): Operation<void> {
  const settled = yield* wait(Promise.allSettled(bodies.map((body) => api.drive(body))));
  const failed = settled.flatMap((each): unknown[] => each.status === "rejected" ? [each.reason] : []);
  if (failed.length > 1) throw new AggregateError(failed, failed.map(String).join("; "));
  if (failed.length === 1) throw failed[0];
}

function writing(tools: Tools, path: string, text: string, version: number): () => Operation<void> {
  return function* () {
    const { durability } = yield* wait(tools.api.writeFile(path, text, { runtime: tools.runtime }));
    tools.acknowledge({ path, version, durability });
  };
}

/** Counts up to three: whoever counts the other two has lost no update. */
function counting(tools: Tools): () => Operation<void> {
  return function* () {
    let version = 0;
    const next = (text = "0") => String(version = Math.min(3, Number(text) + 1));
    const { durability } = yield* wait(tools.api.updateTextFile("/d/a", next, { runtime: tools.runtime }));
    tools.acknowledge({ path: "/d/a", version, durability });
  };
}

const names = ["/d/one", "/d/two", "/d/three", "/d/four"];

const shared = { machine, only: "async", concurrent: true } as const;

/** Five files in two directories, one of them twice. */
const manyFiles = (fact: string, options: Pick<WriteFilesOptions, "sync">): Row => ({
  ...shared,
  name: `writeFiles of five files in two directories, one of them twice: ${fact}`,
  machine: {
    ...machine,
    files: { ...machine.files, "/e/": { kind: "directory" } },
    disk: { wholeSync: options.sync === "filesystem" },
  },
  files: [
    { path: "/d/a", versions: ["0", "1", "2"].map(kept) },
    ...["/d/one", "/d/two", "/e/one"].map((path) => ({ path, versions: [absent, fileOf("1")] })),
  ],
  *run({ runtime, acknowledge }) {
    const files = [["/d/a", "1"], ["/d/one", "1"], ["/e/one", "1"], ["/d/two", "1"], ["/d/a", "2"]] as const;
    const onWritten = ({ path, durability }: WriteResult, index: number) =>
      acknowledge({ path, version: index === 4 ? 2 : 1, durability });
    const wanted = files.map(([path, data]) => ({ path, data }));
    const { failed } = yield* wait(writeFiles(wanted, { runtime, onWritten, whenFailed: "report", ...options }));
    const errors = failed.map(({ error }) => error);
    if (errors.length > 0) throw errors.length === 1 ? errors[0] : new AggregateError(errors, errors.join("; "));
  },
});

/** Calls that meet. */
export const concurrentOperations: readonly Row[] = [
  {
    ...shared,
    name: "three writes of one file at once: the later call wins",
    files: [{ path: "/d/a", versions: ["0", "1", "2", "3"].map(kept) }],
    *run(tools) {
      yield* together(tools, ["1", "2", "3"].map((text, index) => writing(tools, "/d/a", text, index + 1)));
    },
  },
  {
    ...shared,
    name:
      "four writes of one file at once that collapse: each that is overtaken learns so when newer content is durable",
    files: [{ path: "/d/a", versions: ["0", "1", "2", "3", "4"].map(kept) }],
    *run(tools) {
      const collapsing = (text: string, version: number) =>
        function* (): Operation<void> {
          const options = { runtime: tools.runtime, coalesce: true };
          const { durability } = yield* wait(writeFile("/d/a", text, options));
          tools.acknowledge({ path: "/d/a", version, durability });
        };
      yield* together(tools, ["1", "2", "3", "4"].map((text, index) => collapsing(text, index + 1)));
    },
  },
  {
    ...shared,
    name: "four files of one directory at once: they share its syncs",
    files: [
      ...names.map((path) => ({ path, versions: [absent, fileOf("1")] })),
      { path: "/d/a", versions: [kept("0")] },
    ],
    *run(tools) {
      yield* together(tools, names.map((path) => writing(tools, path, "1", 1)));
    },
  },
  {
    ...shared,
    name: "four files of one directory at once, where there is room for two: the others wait before they open anything",
    machine: { ...machine, openFileLimit: 50 },
    files: [
      ...names.map((path) => ({ path, versions: [absent, fileOf("1")] })),
      { path: "/d/a", versions: [kept("0")] },
    ],
    *run(tools) {
      yield* together(tools, names.map((path) => writing(tools, path, "1", 1)));
    },
  },
  manyFiles("each is durable when it is reported", {}),
  manyFiles("so it is where the file system is synced as a whole", { sync: "filesystem" }),
  {
    ...shared,
    name: "a write and reads at once: what is read is the old or the new content",
    files: [{ path: "/d/a", versions: [kept("0"), kept("1")] }],
    *run(tools) {
      const reading = function* () {
        const bytes = yield* wait(tools.api.readFile("/d/a", { runtime: tools.runtime }));
        const text = new TextDecoder().decode(bytes);
        if (text !== "0" && text !== "1") throw new Error(`${JSON.stringify(text)} was read`);
      };
      yield* together(tools, [reading, writing(tools, "/d/a", "1", 1), reading]);
    },
  },
  {
    ...shared,
    name: "three updates of one file at once: none is lost",
    files: [{ path: "/d/a", versions: ["0", "1", "2", "3"].map(kept) }],
    *run(tools) {
      yield* together(tools, [1, 2, 3].map(() => counting(tools)));
    },
  },
  {
    ...shared,
    name: "a write and a removal of one file at once: the later call wins",
    files: [{ path: "/d/a", versions: [kept("0"), kept("1"), absent] }],
    *run(tools) {
      yield* together(tools, [writing(tools, "/d/a", "1", 1), function* () {
        const { durability } = yield* wait(tools.api.removeFile("/d/a", { runtime: tools.runtime }));
        tools.acknowledge({ path: "/d/a", version: 2, durability });
      }]);
    },
  },
];
