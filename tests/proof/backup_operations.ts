/** Rows for earlier versions, and for the sweeping of what killed writers left. */
import type { RestoreBackupOptions } from "../../mod.ts";
import { wait } from "../../src/core/operation.ts";
import { absent, fileOf, type Row, type Version } from "./row.ts";

const kept = (text: string) => fileOf(text, 0o640, 50);
const entry = (content: string) => ({ content, mode: 0o640, group: 50 });
const older = ".a.20251231T235958000Z.bak";
const newer = ".a.20251231T235959000Z.bak";

const restorations: readonly [string, string | undefined, RestoreBackupOptions, boolean, Version][] = [
  ["the newest", undefined, {}, true, kept("newer")],
  ["a named one", older, {}, true, kept("older")],
  ["the newer one, keeping what is there", newer, { backup: 3 }, true, kept("newer")],
  ["a named one, keeping two", older, { backup: 2 }, true, kept("older")],
  ["the newest of a file that is gone", undefined, {}, false, kept("newer")],
  ["the newest, only the file synced", undefined, { durability: "file" }, true, kept("newer")],
];

const restoreRows = restorations.map(([name, which, options, exists, restored]): Row => {
  const versions = [exists ? kept("now") : absent, restored];
  const all = [kept("older"), kept("newer")];
  const keep = options.backup ?? 0;
  const afterwards = keep === 2 ? [kept("now"), kept("newer")] : keep === 3 ? [...all, kept("now")] : all;
  return {
    name: `restore ${name}`,
    machine: {
      groups: [50],
      files: {
        [`/d/${older}`]: entry("older"),
        [`/d/${newer}`]: entry("newer"),
        ...exists ? { "/d/a": entry("now") } : {},
      },
    },
    files: [{ path: "/d/a", versions }],
    // Restoring once more, with backups, keeps what was restored, and lets the oldest go.
    backups: { path: "/d/a", directory: "/d", legal: [...all, kept("now")], before: all, afterwards },
    // What was restored may have gone as the oldest.
    ...keep === 2 ? { repeatRefused: "ENOENT" } : {},
    *run({ api, runtime, acknowledge }) {
      // Within one tick of the clock, what was restored cannot be told from a copy that a killed write left.
      runtime.clock.pause(1000);
      const { durability } = yield* wait(api.restoreBackup("/d/a", which, { ...options, runtime }));
      acknowledge({ path: "/d/a", version: 1, durability });
    },
  };
});

const list: Row = {
  name: "list backups",
  machine: { groups: [50], files: { [`/d/${older}`]: entry("older"), "/d/a": entry("now") } },
  files: [{ path: "/d/a", versions: [kept("now")] }],
  backups: {
    path: "/d/a",
    directory: "/d",
    legal: [kept("older")],
    before: [kept("older")],
    afterwards: [kept("older")],
  },
  *run({ api, runtime }) {
    const found = yield* wait(api.listBackups("/d/a", { runtime }));
    if (found.length !== 1 || found[0]?.path !== `/d/${older}`) throw new Error(JSON.stringify(found));
  },
};

const prune: Row = {
  name: "write with backup 1 over a file that has two",
  machine: {
    groups: [50],
    files: { [`/d/${older}`]: entry("older"), [`/d/${newer}`]: entry("newer"), "/d/a": entry("old") },
  },
  files: [{ path: "/d/a", versions: [kept("old"), kept("new")] }],
  backups: {
    path: "/d/a",
    directory: "/d",
    legal: [kept("older"), kept("newer"), kept("old")],
    before: [kept("older"), kept("newer")],
    afterwards: [kept("old")],
  },
  *run({ api, runtime, acknowledge }) {
    // Not twice: a version that is there already need not be kept once more.
    const { durability } = yield* wait(api.writeFile("/d/a", "new", { backup: 1, skipIfEqual: true, runtime }));
    acknowledge({ path: "/d/a", version: 1, durability });
  },
};

const random = "abcdefghijklmnopqrstuvwxyz";

const sweeps = [false, true].map((recursive): Row => ({
  name: `sweep${recursive ? " recursively" : ""}`,
  machine: {
    files: {
      "/d/a": "data",
      [`/d/.a.${random}.f.tmp`]: "half",
      [`/d/.a.${random.replace("abc", "xyz")}.p${"1".padStart(32, "0")}-4026531836-1-1.tmp`]: "half",
      [`/d/deeper/.a.${random}.f.tmp`]: "half",
      "/d/a.tmp": "somebody's",
      "/d/.a.tmp": "somebody's",
    },
  },
  sweeps: true,
  files: [
    { path: "/d/a", versions: [fileOf("data")] },
    { path: "/d/a.tmp", versions: [fileOf("somebody's")] },
    { path: "/d/.a.tmp", versions: [fileOf("somebody's")] },
  ],
  *run({ api, runtime }) {
    runtime.clock.pause(61_000);
    yield* wait(api.sweep("/d", { recursive, runtime }));
  },
}));

/** Earlier versions and leftovers. */
export const backupOperations: readonly Row[] = [...restoreRows, list, prune, ...sweeps];
