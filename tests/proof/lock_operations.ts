/** Rows for what happens inside a lock: updates, and writes within `withLock`. */
import type { UpdateSyncOptions } from "../../mod.ts";
import { type Operation, wait } from "../../src/core/operation.ts";
import type { InitialEntry, MemoryOptions } from "../../src/testing/mod.ts";
import { absent, type Acknowledged, fileOf, type Row, type Tools, type Version } from "./row.ts";

const kept = (text: string) => fileOf(text, 0o640, 50);

function machineWith(content: string | undefined, more: MemoryOptions = {}): MemoryOptions {
  const files: Record<string, string | InitialEntry> = { "/d/": { kind: "directory" } };
  if (content !== undefined) files["/d/a"] = { content, mode: 0o640, group: 50 };
  return { groups: [50, 60], files, ...more };
}

type Body = (tools: Tools, options: UpdateSyncOptions) => Operation<{ durability: Acknowledged["durability"] }>;

/** Changes that have the same outcome when they are made once more. */
const textUpdate: Body = ({ api }, options) =>
  wait(api.updateTextFile("/d/a", (text) => text === undefined || text === "old" ? "new text" : text, options));
const byteUpdate: Body = ({ api }, options) =>
  wait(api.updateFile("/d/a", (bytes) => bytes?.length === 8 ? bytes : new TextEncoder().encode("new text"), options));
const jsonUpdate: Body = ({ api }, options) =>
  wait(api.updateJsonFile<{ n: number }>("/d/a", () => ({ n: 1 }), options));
const noUpdate: Body = ({ api }, options) => wait(api.updateTextFile("/d/a", () => undefined, options));

const changed: Version[] = [kept("old"), kept("new text")];
const made: Version[] = [absent, fileOf("new text")];

const updates: readonly [string, Body, UpdateSyncOptions, string | undefined, Version[], MemoryOptions?][] = [
  ["text", textUpdate, {}, "old", changed],
  ["text of a new file", textUpdate, {}, undefined, made],
  ["bytes", byteUpdate, {}, "old", changed],
  ["bytes of a new file", byteUpdate, {}, undefined, made],
  ["JSON", jsonUpdate, {}, '{"n":0}\n', [kept('{"n":0}\n'), kept('{"n":1}\n')]],
  ["JSON of a new file", jsonUpdate, {}, undefined, [absent, fileOf('{"n":1}\n')]],
  ["nothing", noUpdate, {}, "old", [kept("old")]],
  ["nothing where there is nothing", noUpdate, {}, undefined, [absent]],
  ["text, with a backup", textUpdate, { backup: 2 }, "old", changed],
  ["text, with another mode", textUpdate, { mode: 0o600 }, "old", [kept("old"), fileOf("new text", 0o600, 50)]],
  ["text, only the file synced", textUpdate, { durability: "file" }, "old", changed],
  ["text, by a lock directory", textUpdate, { lock: { backend: "directory" } }, "old", changed],
  ["text, where there are no kernel locks", textUpdate, {}, "old", changed, { capabilities: { fileLock: "none" } }],
  ["text, where this disk has no locks", textUpdate, {}, "old", changed, { disk: { fileLock: false } }],
  ["text, locked elsewhere", textUpdate, { lock: { lockDirectory: "/e" } }, "old", changed, { mounts: { "/e": {} } }],
];

const updateRows = updates.map(([name, body, options, content, versions, more]): Row => ({
  name: `update ${name}`,
  machine: machineWith(content, more),
  files: [{ path: "/d/a", versions }],
  // An empty lock file where there are no kernel locks: nothing proves that nobody is just about to use it.
  ...more?.disk?.fileLock === false ? { remedy: { code: "EBUSY", path: "/d/a.lock" } } : {},
  ...options.backup === undefined ? {} : {
    backups: { path: "/d/a", directory: "/d", legal: [kept("old")], before: [], afterwards: [kept("old")] },
  },
  *run(tools) {
    const { durability } = yield* body(tools, { ...options, runtime: tools.runtime });
    tools.acknowledge({ path: "/d/a", version: versions.length - 1, durability });
  },
}));

const inNewDirectories: Row = {
  name: "update text in new directories",
  machine: machineWith(undefined),
  files: [{ path: "/d/x/y/a", versions: [absent, fileOf("new")] }],
  *run({ api, runtime, acknowledge }) {
    const options = { createDirectories: true, runtime };
    const { durability } = yield* wait(api.updateTextFile("/d/x/y/a", () => "new", options));
    acknowledge({ path: "/d/x/y/a", version: 1, durability });
  },
};

const held = (["flock", "directory"] as const).flatMap((backend): Row[] => [
  {
    name: `two writes within one lock (${backend})`,
    machine: machineWith("old"),
    files: [{ path: "/d/a", versions: [kept("old"), kept("one"), kept("two")] }],
    *run({ api, runtime, acknowledge }) {
      yield* wait(api.withLock("/d/a", function* (lock) {
        const first = yield* wait(api.writeFile("/d/a", "one", { runtime, lock }));
        acknowledge({ path: "/d/a", version: 1, durability: first.durability });
        const second = yield* wait(api.updateTextFile("/d/a", () => "two", { runtime, lock }));
        acknowledge({ path: "/d/a", version: 2, durability: second.durability });
      }, { runtime, backend }));
    },
  },
  {
    name: `a lock and nothing else (${backend})`,
    machine: machineWith("old"),
    files: [{ path: "/d/a", versions: [kept("old")] }],
    *run({ api, runtime }) {
      yield* wait(api.withLock("/d/a", function* () {
        yield* wait(undefined);
      }, { runtime, backend }));
    },
  },
  {
    name: `a write in a shared lock, twice (${backend})`,
    machine: machineWith("old"),
    files: [{ path: "/d/a", versions: [kept("old"), kept("new")] }],
    *run({ api, runtime, acknowledge }) {
      for (let round = 0; round < 2; round++) {
        yield* wait(api.withLock("/d/a", function* () {
          const { durability } = yield* wait(api.writeFile("/d/a", "new", { runtime, skipIfEqual: true }));
          acknowledge({ path: "/d/a", version: 1, durability });
        }, { runtime, backend, shared: true }));
      }
    },
  },
]);

const byHand = (["flock", "directory"] as const).map((backend): Row => ({
  name: `a lock acquired, looked at and released, then tried for again (${backend})`,
  machine: machineWith("old"),
  files: [{ path: "/d/a", versions: [kept("old"), kept("new")] }],
  *run({ api, runtime, acknowledge }) {
    const lock = yield* wait(api.acquireLock("/d/a", { backend, runtime }));
    try {
      // Undefined where the record of the owner could not be written: that is not worth a lock.
      const info = yield* wait(api.inspectLock("/d/a", { runtime }));
      if (info !== undefined && info.liveness !== "alive") throw new Error(`held, and shown as ${info.liveness}`);
    } finally {
      yield* wait(api.release(lock));
    }
    const again = yield* wait(api.tryLock("/d/a", { backend, runtime }));
    if (again === undefined) throw new Error("released, and not free");
    try {
      const { durability } = yield* wait(api.writeFile("/d/a", "new", { runtime, lock: again }));
      acknowledge({ path: "/d/a", version: 1, durability });
    } finally {
      yield* wait(api.release(again));
    }
  },
}));

/** Somebody of whom nothing can be proven from here. */
const stranger = `/d/a.lock/g1.x.${"b".repeat(26)}.n`;

const broken: Row = {
  name: "a lock directory broken, and the file updated in it",
  machine: { ...machineWith("old"), files: { ...machineWith("old").files, [stranger]: "" } },
  files: [{ path: "/d/a", versions: [kept("old"), kept("new text")] }],
  *run(tools) {
    const { api, runtime, acknowledge } = tools;
    const info = yield* wait(api.inspectLock("/d/a", { runtime }));
    if (info !== undefined) yield* wait(api.breakLock("/d/a", info, { runtime }));
    const { durability } = yield* textUpdate(tools, { lock: { backend: "directory" }, runtime });
    acknowledge({ path: "/d/a", version: 1, durability });
  },
};

/** Updates and locks. */
export const lockOperations: readonly Row[] = [...updateRows, inNewDirectories, ...held, ...byHand, broken];
