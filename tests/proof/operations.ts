/**
 * The table of operations: everything public that changes files, each with what may be found on the disk when it is cut
 * off, fails or succeeds. Whoever adds a feature adds a row here, and gets every crash, every fault and every retry:
 *
 * 1. `machine`: what is there before. 2. `run`: the calls, written once for both drivers, with `acknowledge` for whatever
 * the caller may rely on from then on. 3. `files`: every version that each name may ever lead to, in order; the last is
 * that of success. 4. `backups`, where earlier versions must not be lost.
 */
import { wait } from "../../src/core/operation.ts";
import { backupOperations } from "./backup_operations.ts";
import { concurrentOperations } from "./concurrent_operations.ts";
import { lockOperations } from "./lock_operations.ts";
import { absent, fileOf, linkOf, type Row } from "./row.ts";

const old = fileOf("old", 0o640, 50);
const kept = (text: string) => fileOf(text, 0o640, 50);

/** A file with an owner and a mode of its own, and directories for what else is needed. */
export const oneFile = {
  groups: [50, 60],
  files: {
    "/d/a": { content: "old", mode: 0o640, group: 50 },
    "/e/": { kind: "directory" },
  },
} as const;

/** Content that spans several sectors, so that it can be torn between them. */
const long = "0123456789abcdef".repeat(80);

const writes: Row[] = [
  ...["", long].map((text): Row => ({
    name: `write ${text.length} bytes`,
    machine: oneFile,
    files: [{ path: "/d/a", versions: [old, kept(text)] }],
    *run({ api, runtime, acknowledge }) {
      const { durability } = yield* wait(api.writeFile("/d/a", text, { runtime }));
      acknowledge({ path: "/d/a", version: 1, durability });
    },
  })),
  {
    name: "write from an iterable, compared by digest",
    machine: oneFile,
    files: [{ path: "/d/a", versions: [old, kept("new text")] }],
    *run({ api, runtime, acknowledge }) {
      const options = { skipIfEqual: true, digest: true, runtime };
      const { durability } = yield* wait(api.writeFile("/d/a", ["new", " ", "text"], options));
      acknowledge({ path: "/d/a", version: 1, durability });
    },
  },
  {
    name: "write from an iterable what is there already",
    machine: oneFile,
    files: [{ path: "/d/a", versions: [old] }],
    *run({ api, runtime, acknowledge }) {
      const { durability } = yield* wait(api.writeFile("/d/a", ["o", "ld"], { skipIfEqual: true, runtime }));
      acknowledge({ path: "/d/a", version: 0, durability });
    },
  },
  {
    name: "write JSON",
    machine: oneFile,
    files: [{ path: "/d/a", versions: [old, kept('{"one":1}\n')] }],
    *run({ api, runtime, acknowledge }) {
      const { durability } = yield* wait(api.writeJsonFile("/d/a", { one: 1 }, { runtime }));
      acknowledge({ path: "/d/a", version: 1, durability });
    },
  },
  {
    name: "write twice, each acknowledged",
    machine: oneFile,
    files: [{ path: "/d/a", versions: [old, kept("one"), kept("two")] }],
    *run({ api, runtime, acknowledge }) {
      for (const [index, text] of ["one", "two"].entries()) {
        const { durability } = yield* wait(api.writeFile("/d/a", text, { runtime }));
        acknowledge({ path: "/d/a", version: index + 1, durability });
      }
    },
  },
];

const compatible = [{}, { mode: 0o600 }, { fsync: false }].map((options): Row => ({
  name: `write as write-file-atomic does: ${JSON.stringify(options)}`,
  machine: oneFile,
  files: [{ path: "/d/a", versions: [old, "mode" in options ? fileOf("new", 0o600, 50) : kept("new")] }],
  torn: "fsync" in options,
  untold: true,
  *run({ api, runtime, acknowledge }) {
    yield* wait(api.writeFileAtomic("/d/a", "new", { ...options, runtime }));
    acknowledge({ path: "/d/a", version: 1, durability: "fsync" in options ? "none" : "full" });
  },
}));

const copies = [
  ["over a file", {}, "/d/a", [old, kept("source")]],
  ["to a new name", {}, "/e/copy", [absent, fileOf("source", 0o600)]],
  ["to new directories", { createDirectories: true }, "/e/x/y", [absent, fileOf("source", 0o600)]],
  ["with its times", { keepTimes: true }, "/d/a", [old, kept("source")]],
  ["with a digest and under a lock", { digest: true, lock: true }, "/d/a", [old, kept("source")]],
  ["what is there already", { skipIfEqual: true }, "/d/b", [fileOf("source", 0o600)]],
] as const;

const copyRows: Row[] = [false, true].flatMap((clone) =>
  copies.map(([name, options, path, versions]): Row => ({
    name: `copy ${name}${clone ? ", sharing blocks" : ""}`,
    machine: {
      ...oneFile,
      disk: { clone },
      files: { ...oneFile.files, "/s": { content: "source", mode: 0o600 }, "/d/b": { content: "source", mode: 0o600 } },
    },
    files: [
      { path, versions },
      { path: "/s", versions: [fileOf("source", 0o600)] },
      ...path === "/d/b" ? [] : [{ path: "/d/b", versions: [fileOf("source", 0o600)] }],
      ...path === "/d/a" ? [] : [{ path: "/d/a", versions: [old] }],
    ],
    *run({ api, runtime, acknowledge }) {
      const { durability } = yield* wait(api.copyFile("/s", path, { ...options, runtime }));
      acknowledge({ path, version: versions.length - 1, durability });
    },
  }))
);

const removals: Row[] = (["full", "file", "none"] as const).flatMap((durability) =>
  (["/d/a", "/d/link", "/d/nothing"] as const).map((path): Row => ({
    name: `remove ${path}, durability ${durability}`,
    machine: { ...oneFile, files: { ...oneFile.files, "/d/link": { symlink: "a" } } },
    files: [
      { path: "/d/a", versions: path === "/d/a" ? [old, absent] : [old] },
      { path: "/d/link", versions: path === "/d/link" ? [linkOf("a"), absent] : [linkOf("a")] },
    ],
    *run({ api, runtime, acknowledge }) {
      const result = yield* wait(api.removeFile(path, { durability, runtime }));
      if (path !== "/d/nothing") acknowledge({ path, version: 1, durability: result.durability });
    },
  }))
);

const writers: Row[] = [
  ["committed", {}, true],
  ["committed, compared", { skipIfEqual: true }, true],
  ["committed, with a backup", { backup: 1 }, true],
  ["committed, under a lock", { lock: true }, true],
  ["committed, under a lock directory", { lock: { backend: "directory" } }, true],
  ["discarded", {}, false],
  ["discarded, under a lock", { lock: true }, false],
  ["discarded, under a lock directory", { lock: { backend: "directory" } }, false],
].map(([name, options, commits]): Row => ({
  name: `writer, ${name}`,
  machine: oneFile,
  files: [{ path: "/d/a", versions: commits ? [old, kept("one two")] : [old] }],
  *run({ api, runtime, acknowledge }) {
    const writer = yield* wait(api.openFileWriter("/d/a", { ...options as object, runtime }));
    try {
      yield* wait(writer.write("one "));
      yield* wait(writer.write("two"));
      if (!commits) return yield* wait(writer.discard());
      const { durability } = yield* wait(writer.commit());
      acknowledge({ path: "/d/a", version: 1, durability });
    } finally {
      yield* wait(writer.discard());
    }
  },
}));

const createOnlyWriter: Row = {
  name: "writer, create only",
  machine: { files: { "/d/": { kind: "directory" } } },
  files: [{ path: "/d/a", versions: [absent, fileOf("one")] }],
  repeatRefused: "EEXIST",
  *run({ api, runtime, acknowledge }) {
    const writer = yield* wait(api.openFileWriter("/d/a", { ifExists: "fail", runtime }));
    yield* wait(writer.write("one"));
    const result = yield* wait(writer.commit());
    acknowledge({ path: "/d/a", version: 1, durability: result.durability });
    return result;
  },
};

/** Everything beside single writes. */
export const operations: readonly Row[] = [
  ...writes,
  ...compatible,
  ...copyRows,
  ...removals,
  ...writers,
  createOnlyWriter,
  ...lockOperations,
  ...backupOperations,
  ...concurrentOperations,
];
