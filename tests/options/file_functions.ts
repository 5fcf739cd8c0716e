/** The other functions of `mod.ts` that have options, and the rows of each; option_row.ts says how they are run. */
import { digestOf } from "../proof/write_features.ts";
import {
  acquireLock,
  acquireLockSync,
  breakLock,
  breakLockSync,
  type FileLock,
  inspectLock,
  inspectLockSync,
  listBackups,
  listBackupsSync,
  type LockInfo,
  readFile,
  readFileSync,
  readJsonFile,
  readJsonFileSync,
  readTextFile,
  readTextFileSync,
  removeFile,
  removeFileSync,
  restoreBackup,
  restoreBackupSync,
  sweep,
  sweepSync,
  tryLock,
  tryLockSync,
  withLock,
  withLockSync,
} from "../../mod.ts";
import type { MemoryRuntime } from "../../src/testing/mod.ts";
import { lockRows, tryLockRows } from "./lock_rows.ts";
import type { OptionRow, Scene, Seen } from "./option_row.ts";
import { answer, type Tested, twins } from "./tested_function.ts";
import { runtimeRow, signalRow, simulatedOnly, syncRows, unsafePathRow, writeRows } from "./write_rows.ts";
import { writingFunctions } from "./writing_functions.ts";

const content = ({ machine }: Seen): string | undefined => machine.readText("/d/a");

const older = ".a.20251231T235958000Z.bak";
const backedUp = { [`/d/${older}`]: "earlier", "/e/.a.20251231T235959000Z.bak": "elsewhere" };
const backupRows: OptionRow[] = [
  {
    option: "symlink",
    value: "refuse",
    path: "/d/link",
    see: ({ code }) => code,
    without: undefined,
    with: "ELOOP",
  },
];
/** The newest is of a user who owns neither the file nor this process. */
const trustRow = {
  option: "trust",
  value: [7],
  before: ({ machine }: Scene) => machine.put("/d/.a.20261231T000000000Z.bak", { content: "another's", user: 7 }),
};
/** What becomes of it on another machine. */
const runtimeTells = (done: string): OptionRow[] => [
  {
    ...runtimeRow,
    machine: { files: { [`${simulatedOnly}/a`]: "old", [`${simulatedOnly}/${older}`]: "earlier" } },
    with: done,
    see: ({ code, value }) => code ?? (Array.isArray(value) ? "listed" : "restored"),
  },
];

const backups: Tested[] = [
  {
    called: twins(
      "listBackups",
      (path, options) => listBackups(path, options),
      (path, options) => listBackupsSync(path, options),
      { files: backedUp },
    ),
    rows: [
      {
        option: "backupDirectory",
        value: "/e",
        see: ({ value }) => (value as { size: number }[]).map(({ size }) => size),
        without: [7],
        with: [9],
      },
      ...backupRows,
      { ...trustRow, see: ({ value }) => (value as unknown[]).length, without: 1, with: 2 },
      ...runtimeTells("listed"),
    ],
  },
  {
    called: twins(
      "restoreBackup",
      (path, options) => restoreBackup(path, undefined, options),
      (path, options) => restoreBackupSync(path, undefined, options),
      { files: backedUp },
    ),
    rows: [
      { option: "backupDirectory", value: "/e", see: content, without: "earlier", with: "elsewhere" },
      ...writeRows.filter(({ option }) => ["backup", "digest"].includes(option)),
      // The machine of these rows does not see attributes.
      { option: "whenLost", value: "throw", see: ({ code }) => code, without: undefined, with: "ENOTSUP" },
      ...syncRows,
      signalRow,
      { ...unsafePathRow, with: "ENOENT" },
      ...backupRows,
      { ...trustRow, see: content, without: "earlier", with: "another's" },
      ...runtimeTells("restored"),
    ],
  },
];

/** What a reader is asked for, beside the content. */
const digestRow: OptionRow = {
  option: "digest",
  value: true,
  see: ({ value }) => (value as { digest?: string }).digest,
  without: undefined,
  with: digestOf("old"),
};

const readers: Tested[] = [
  {
    called: twins(
      "readFile",
      (path, options) => readFile(path, options),
      (path, options) => readFileSync(path, options),
    ),
    rows: [digestRow, { ...runtimeRow, see: answer, without: undefined, with: new TextEncoder().encode("old") }],
  },
  {
    called: twins(
      "readTextFile",
      (path, options) => readTextFile(path, options),
      (path, options) => readTextFileSync(path, options),
    ),
    rows: [digestRow, { ...runtimeRow, see: answer, without: undefined, with: "old" }],
  },
  {
    called: twins(
      "readJsonFile",
      (path, options) => readJsonFile(path, options),
      (path, options) => readJsonFileSync(path, options),
      { files: { "/d/a": "1" } },
    ),
    rows: [
      { ...digestRow, with: digestOf("1") },
      { option: "validate", value: (read: unknown) => `${read} is fine`, see: answer, without: 1, with: "1 is fine" },
      {
        ...runtimeRow,
        machine: { files: { [`${simulatedOnly}/a`]: "2" } },
        see: answer,
        without: undefined,
        with: 2,
      },
    ],
  },
];

const removal: Tested = {
  called: twins(
    "removeFile",
    (path, options) => removeFile(path, options),
    (path, options) => removeFileSync(path, options),
  ),
  rows: [
    ...writeRows.filter(({ option }) => option === "lock" || option.startsWith("lock.") || option === "ifMatch"),
    { ...runtimeRow, see: ({ value }) => (value as { removed: boolean }).removed, without: false, with: true },
    unsafePathRow,
    signalRow,
    ...syncRows.map((row) => ({
      ...row,
      ...row.without === "file" ? { without: "none" } : {},
      ...row.with === "file" ? { with: "none" } : {},
    })),
  ],
};

const temporary = (name: string): string => `.a.${name.repeat(26)}.f.tmp`;
const unproven = `.a.${"b".repeat(26)}.p${"1".padStart(32, "0")}-4026531836-1-1.tmp`;
const old = ({ machine }: Scene) => machine.clock.pause(120_000);
const removed = ({ value }: Seen): number => (value as { removed: string[] }).removed.length;

const sweeping: Tested = {
  called: twins("sweep", (path, options) => sweep(path, options), (path, options) => sweepSync(path, options), {
    path: "/d",
    files: { [`/d/${temporary("c")}`]: "half", [`/d/deep/${temporary("d")}`]: "half", [`/d/${unproven}`]: "half" },
  }),
  rows: [
    { option: "recursive", value: true, before: old, see: removed, without: 2, with: 3 },
    {
      option: "dryRun",
      value: true,
      before: old,
      see: (seen) => [removed(seen), seen.machine.readText(`/d/${temporary("c")}`)],
      without: [2, undefined],
      with: [2, "half"],
    },
    {
      option: "olderThan",
      value: 60_000,
      machine: { processFacts: false },
      before: old,
      see: removed,
      without: 1,
      with: 2,
    },
    { ...runtimeRow, path: simulatedOnly },
  ],
};

const held = (lock: FileLock | undefined): string => lock === undefined ? "no lock" : "a lock";
/** A lock directory of somebody who can be asked for and broken. */
const stranger = `/d/a.lock/g1.x.${"b".repeat(26)}.n`;
const directoryHeld = (options: object) => ({ machine, path }: Scene): void =>
  void acquireLockSync(path, { ...options, backend: "directory", runtime: machine.fork() });
/** In a directory of its own; and then, by somebody else, beside the file. */
const heldTwice = (scene: Scene): void => {
  directoryHeld({ lockDirectory: "/e" })(scene);
  scene.machine.put(stranger);
};
const found: OptionRow[] = [
  {
    option: "lockDirectory",
    value: "/e",
    before: directoryHeld({ lockDirectory: "/e" }),
    see: answer,
    without: "nothing",
    with: "something",
  },
  { ...runtimeRow, before: directoryHeld({}), see: answer, without: "nothing", with: "something" },
];

/** A holder that is not there. */
const somebody = (path: string): LockInfo => ({
  path: `${path}.lock`,
  backend: "directory",
  liveness: "unknown",
  confirmed: false,
  token: "none",
});

const heldBy = (machine: MemoryRuntime, path: string): LockInfo =>
  inspectLockSync(path, { lockDirectory: "/e", runtime: machine }) ?? inspectLockSync(path, { runtime: machine }) ??
    somebody(path);

const locks: Tested[] = [
  {
    called: twins(
      "acquireLock",
      async (path, options) => await (await acquireLock(path, options)).release(),
      (path, options) => acquireLockSync(path, options)[Symbol.dispose](),
    ),
    rows: [...lockRows, unsafePathRow, runtimeRow],
  },
  {
    called: twins(
      "tryLock",
      async (path, options) => held(await tryLock(path, options)),
      (path, options) => held(tryLockSync(path, options)),
    ),
    rows: [...tryLockRows, unsafePathRow, runtimeRow],
  },
  {
    called: twins(
      "withLock",
      (path, options) => withLock(path, () => {}, options),
      (path, options) => withLockSync(path, () => {}, options),
    ),
    rows: [...lockRows, unsafePathRow, runtimeRow],
  },
  {
    called: twins(
      "inspectLock",
      async (path, options) => await inspectLock(path, options) === undefined ? "nothing" : "something",
      (path, options) => inspectLockSync(path, options) === undefined ? "nothing" : "something",
    ),
    rows: found,
  },
  {
    called: twins(
      "breakLock",
      async (path, options, { machine }) => {
        const info = heldBy(machine, path);
        return await breakLock(path, info, options) ? "something" : "nothing";
      },
      (path, options, { machine }) => {
        const info = heldBy(machine, path);
        return breakLockSync(path, info, options) ? "something" : "nothing";
      },
    ),
    rows: found.map((row) => row.option === "lockDirectory" ? { ...row, before: heldTwice } : row),
  },
];

/** Every function of `mod.ts` that has options. */
export const fileFunctions: readonly Tested[] = [
  ...writingFunctions,
  ...backups,
  ...readers,
  removal,
  sweeping,
  ...locks,
];
