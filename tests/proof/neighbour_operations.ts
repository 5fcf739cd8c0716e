/**
 * What is done in a directory while others exchange it, or what is in it: one list for the test in which a neighbour acts
 * in his own directory (neighbour_test.ts) and the one in which another directory takes the place of an open one
 * (anchored_test.ts).
 */
import {
  acquireLockSync,
  breakLockSync,
  copyFileSync,
  inspectLockSync,
  openFileWriterSync,
  removeFileSync,
  restoreBackupSync,
  sweepSync,
  updateTextFileSync,
  withLockSync,
  writeFileSync,
} from "../../mod.ts";
import { sync as writeFileAtomicSync } from "../../src/compat/mod.ts";
import { openLogSync, repairLogSync } from "../../src/log/mod.ts";
import type { Runtime } from "../../src/runtime/runtime.ts";
import { openObjectStoreSync, openReferencesSync } from "../../src/store/mod.ts";
import { type MemoryRuntime, withRuntime } from "../../src/testing/mod.ts";
import {
  applyFilesSync,
  publishDirectorySync,
  recoverTransactionsSync,
  rollBackDirectorySync,
} from "../../src/transaction/mod.ts";
import { readVersionedSync, updateVersionedSync, writeVersionedSync } from "../../src/versioned/mod.ts";

/** The directory, and a file in it. */
export const home = "/home/n/d";
export const file = `${home}/file`;

/** The content of an object, and of a reference, that the victim has as well. */
export const object = "object";
export const digest = "2958d416d08aa5a472d7b509036cb7eafd542add84527e66a145ea64cb4cdc75";

interface NeighbourOperation {
  readonly name: string;
  readonly run: (runtime: Runtime) => unknown;
  /**
   * Whether it opens the directory once, and works in that to its end; `"locks"`: after it has made lock files there.
   * Others open it for each of several steps.
   */
  readonly opens?: "once" | "locks";
  /** What it finds there, made by an honest call. */
  readonly finds?: (machine: MemoryRuntime) => void;
}

const build = (machine: MemoryRuntime, text: string) => (directory: string): void =>
  machine.put(`${directory}/page`, text);

/** A backup, and two generations. */
function earlier(machine: MemoryRuntime): void {
  for (const text of ["one", "two"]) {
    writeFileSync(file, text, { runtime: machine, backup: 1 });
    publishDirectorySync(`${home}/site`, build(machine, text), { runtime: machine });
  }
}

function storedEarlier(machine: MemoryRuntime): void {
  openObjectStoreSync(`${home}/store`, { runtime: machine }).put(object);
}

function referredEarlier(machine: MemoryRuntime): void {
  openReferencesSync(`${home}/store`, { runtime: machine }).update("heads/main", digest);
}

function loggedEarlier(machine: MemoryRuntime): void {
  using log = openLogSync(`${home}/log`, { runtime: machine });
  log.append("one");
}

/** The process that held a lock, or wrote a log, is dead. A name of its token may be the victim's, too. */
function heldEarlier(machine: MemoryRuntime): void {
  const other = machine.fork();
  acquireLockSync(file, { runtime: other, backend: "directory" });
  other.kill();
  const tokens = machine.syncFileSystem.readDirectory(`${file}.lock`) ?? [];
  for (const { name } of tokens) machine.put(`/victim/${name}`, { content: "", mode: 0o600 });
}

function leftOpenEarlier(machine: MemoryRuntime): void {
  const other = machine.fork();
  openLogSync(`${home}/log`, { runtime: other }).append("one");
  other.kill();
}

export const operations: readonly NeighbourOperation[] = [
  { name: "writeFile over a file", run: (runtime) => writeFileSync(file, "new", { runtime }), opens: "once" },
  {
    name: "writeFile with a mode",
    run: (runtime) => writeFileSync(file, "new", { runtime, mode: 0o4777 }),
    opens: "once",
  },
  {
    name: "writeFile for another owner",
    run: (runtime) => writeFileSync(file, "new", { runtime, owner: { user: 3, group: 3 } }),
    opens: "once",
  },
  {
    name: "writeFile with durability none",
    run: (runtime) => writeFileSync(file, "new", { runtime, durability: "none" }),
  },
  { name: "writeFile anew", run: (runtime) => writeFileSync(`${home}/fresh`, "new", { runtime }), opens: "once" },
  {
    name: "writeFile, create only",
    run: (runtime) => writeFileSync(`${home}/fresh`, "new", { runtime, ifExists: "fail" }),
    opens: "once",
  },
  {
    name: "writeFile of equal content",
    run: (runtime) => writeFileSync(file, "old", { runtime, skipIfEqual: true, mode: 0o666, owner: { user: 7 } }),
    opens: "once",
  },
  { name: "writeFile with a backup", run: (runtime) => writeFileSync(file, "new", { runtime, backup: 1 }) },
  {
    name: "writeFile in place of a link",
    run: (runtime) => writeFileSync(file, "new", { runtime, symlink: "replace" }),
  },
  {
    name: "writeFile with createDirectories",
    run: (runtime) => writeFileSync(`${home}/a/b/fresh`, "new", { runtime, createDirectories: true }),
  },
  { name: "writeFile under a lock", run: (runtime) => writeFileSync(file, "new", { runtime, lock: true }) },
  {
    name: "openFileWriter",
    run: (runtime) => {
      using writer = openFileWriterSync(file, { runtime });
      writer.write("new");
      writer.commit();
    },
    opens: "once",
  },
  { name: "copyFile", run: (runtime) => copyFileSync("/source", file, { runtime, keepTimes: true }), opens: "once" },
  { name: "removeFile", run: (runtime) => removeFileSync(file, { runtime }), opens: "once" },
  {
    name: "updateTextFile",
    run: (runtime) => updateTextFileSync(file, (text = "") => `${text} more`, { runtime }),
  },
  {
    name: "updateTextFile in place of a link",
    run: (runtime) => updateTextFileSync(file, (text = "") => `${text} more`, { runtime, symlink: "replace" }),
  },
  {
    name: "updateTextFile of nothing",
    run: (runtime) => updateTextFileSync(`${home}/fresh`, () => undefined, { runtime }),
  },
  { name: "withLock", run: (runtime) => withLockSync(file, () => {}, { runtime, timeout: 0 }) },
  {
    name: "withLock, shared",
    run: (runtime) => withLockSync(file, () => {}, { runtime, timeout: 0, shared: true }),
  },
  {
    name: "withLock by a lock directory",
    run: (runtime) => withLockSync(file, () => {}, { runtime, backend: "directory", timeout: 0 }),
  },
  {
    name: "withLock by a lock directory in place of a lock file",
    run: (runtime) => withLockSync(file, () => {}, { runtime, backend: "directory", timeout: 0 }),
    finds: (machine) => withLockSync(file, () => {}, { runtime: machine }),
  },
  {
    name: "withLock by a lock file in place of a dead holder's directory",
    run: (runtime) => withLockSync(file, () => {}, { runtime, timeout: 0 }),
    finds: heldEarlier,
  },
  {
    name: "withLock by a lock directory of a dead holder",
    run: (runtime) => withLockSync(file, () => {}, { runtime, backend: "directory", timeout: 0 }),
    finds: heldEarlier,
  },
  {
    name: "breakLock",
    run: (runtime) => {
      const holder = inspectLockSync(file, { runtime });
      return holder && breakLockSync(file, holder, { runtime });
    },
    finds: heldEarlier,
  },
  {
    name: "write-file-atomic's sync",
    run: (runtime) => withRuntime(runtime, () => writeFileAtomicSync(file, "new")),
    opens: "once",
  },
  {
    name: "restoreBackup",
    run: (runtime) => restoreBackupSync(file, undefined, { runtime, backup: 1 }),
    opens: "locks",
    finds: earlier,
  },
  { name: "sweep", run: (runtime) => sweepSync(home, { runtime, recursive: true }), finds: earlier },
  {
    name: "applyFiles",
    run: (runtime) =>
      applyFilesSync({
        files: [{ path: file, data: "new" }, { path: `${home}/fresh`, data: "new", mode: 0o666 }],
      }, { runtime }),
    opens: "locks",
  },
  {
    name: "applyFiles that is rolled back",
    run: (runtime) =>
      applyFilesSync({
        files: [{ path: file, data: "new" }, { path: `${home}/fresh`, data: "new" }],
        activate() {
          throw new Error("no");
        },
      }, { runtime }),
    opens: "locks",
  },
  {
    name: "removal by applyFiles",
    run: (runtime) => applyFilesSync({ files: [{ path: file, remove: true }] }, { runtime }),
    opens: "locks",
  },
  {
    name: "applyFiles with a directory",
    run: (runtime) =>
      applyFilesSync({
        directories: [{ path: `${home}/a`, mode: 0o777 }],
        files: [{ path: `${home}/a/fresh`, data: "new" }],
      }, { runtime }),
  },
  { name: "recoverTransactions", run: (runtime) => recoverTransactionsSync(home, { runtime }), opens: "locks" },
  {
    name: "publishDirectory, and removal of what was published",
    run: (runtime) => publishDirectorySync(`${home}/site`, () => {}, { runtime, keep: 0, grace: 0 }),
    opens: "locks",
    finds: earlier,
  },
  {
    name: "rollBackDirectory",
    run: (runtime) => rollBackDirectorySync(`${home}/site`, { runtime }),
    opens: "locks",
    finds: earlier,
  },
  {
    name: "writeVersioned",
    run: (runtime) =>
      writeVersionedSync(file, "new", { runtime, expected: readVersionedSync(file, { runtime })?.version ?? null }),
  },
  {
    name: "updateVersioned",
    run: (runtime) => updateVersionedSync(file, () => "new", { runtime }),
  },
  {
    name: "openLog",
    run: (runtime) => {
      using log = openLogSync(`${home}/log`, { runtime });
      log.append("record");
    },
  },
  {
    name: "openLog of one that is there, and a checkpoint",
    run: (runtime) => {
      using log = openLogSync(`${home}/log`, { runtime });
      log.append("record");
      log.checkpoint("snapshot");
      log.append("another");
    },
    finds: loggedEarlier,
  },
  {
    name: "openLog of one whose writer is dead",
    run: (runtime) => openLogSync(`${home}/log`, { runtime }).close(),
    finds: leftOpenEarlier,
  },
  { name: "repairLog", run: (runtime) => repairLogSync(`${home}/log`, { runtime }), finds: leftOpenEarlier },
  { name: "put", run: (runtime) => openObjectStoreSync(`${home}/store`, { runtime }).put(object) },
  {
    name: "put of what is there",
    run: (runtime) => openObjectStoreSync(`${home}/store`, { runtime }).put(object),
    finds: storedEarlier,
  },
  {
    name: "putFile",
    run: (runtime) => openObjectStoreSync(`${home}/store`, { runtime }).putFile(file),
  },
  {
    name: "putMany",
    run: (runtime) => openObjectStoreSync(`${home}/store`, { runtime }).putMany([object, "another"]),
  },
  {
    name: "restore of an object",
    run: (runtime) => openObjectStoreSync(`${home}/store`, { runtime }).restore(digest, `${home}/fresh`),
    finds: storedEarlier,
  },
  {
    name: "keep",
    run: (runtime) => openObjectStoreSync(`${home}/store`, { runtime }).keep(digest),
    finds: storedEarlier,
  },
  {
    name: "collectGarbage",
    run: (runtime) => openObjectStoreSync(`${home}/store`, { runtime }).collectGarbage({ reachable: [], grace: 0 }),
    finds: storedEarlier,
  },
  {
    name: "removal of an object",
    run: (runtime) => openObjectStoreSync(`${home}/store`, { runtime }).remove(digest),
    finds: storedEarlier,
  },
  {
    name: "verify, with a quarantine",
    run: (runtime) => openObjectStoreSync(`${home}/store`, { runtime }).verify({ quarantine: true }),
    finds: (machine) => {
      storedEarlier(machine);
      machine.put(`${home}/store/${digest.slice(0, 2)}/${digest.slice(2)}`, "damaged");
    },
  },
  {
    name: "references.update",
    run: (runtime) => openReferencesSync(`${home}/store`, { runtime }).update("heads/main", digest),
  },
  {
    name: "references.update in place of empty directories",
    run: (runtime) => openReferencesSync(`${home}/store`, { runtime }).update("heads", digest),
    finds: (machine) => {
      machine.put(`${home}/store/heads/empty`, { kind: "directory", user: 7 });
    },
  },
  {
    name: "references.remove",
    run: (runtime) => openReferencesSync(`${home}/store`, { runtime }).remove("heads/main"),
    finds: referredEarlier,
  },
  {
    name: "setHead",
    run: (runtime) => openReferencesSync(`${home}/store`, { runtime }).setHead("heads/main"),
    finds: referredEarlier,
  },
];
