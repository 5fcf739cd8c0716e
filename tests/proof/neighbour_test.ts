/**
 * Root works in the directory of a neighbour, who acts between any two of its calls: he exchanges the directory for a
 * link to a directory of somebody else's, the file for a link, a FIFO, a directory or a hard link, and back. Nothing that
 * is not his own is changed, nothing of it becomes readable to him, no mode becomes wider.
 */
import { assertEquals } from "@std/assert";
import { describe, it } from "node:test";
import {
  copyFileSync,
  openFileWriterSync,
  removeFileSync,
  restoreBackupSync,
  sweepSync,
  updateTextFileSync,
  withLockSync,
  writeFileSync,
} from "../../mod.ts";
import { openLogSync } from "../../src/log/mod.ts";
import type { Runtime } from "../../src/runtime/runtime.ts";
import { openObjectStoreSync, openReferencesSync } from "../../src/store/mod.ts";
import { faultRuntime, type MemoryRuntime, memoryRuntime, type SyncFileSystem } from "../../src/testing/mod.ts";
import {
  applyFilesSync,
  publishDirectorySync,
  recoverTransactionsSync,
  rollBackDirectorySync,
} from "../../src/transaction/mod.ts";
import { readVersionedSync, writeVersionedSync } from "../../src/versioned/mod.ts";
import { inTurn } from "../support/effort.ts";
import { notEmpty, tally } from "../support/tally.ts";

const neighbour = 7;
const home = "/home/n/d";
const file = `${home}/file`;
const secret = "SECRET";

const operations: Readonly<Record<string, (runtime: Runtime) => unknown>> = {
  "writeFile over a file": (runtime) => writeFileSync(file, "new", { runtime }),
  "writeFile with a mode": (runtime) => writeFileSync(file, "new", { runtime, mode: 0o666 }),
  "writeFile with durability none": (runtime) => writeFileSync(file, "new", { runtime, durability: "none" }),
  "writeFile anew": (runtime) => writeFileSync(`${home}/fresh`, "new", { runtime }),
  "writeFile, create only": (runtime) => writeFileSync(`${home}/fresh`, "new", { runtime, ifExists: "fail" }),
  "writeFile of equal content": (runtime) =>
    writeFileSync(file, "old", { runtime, skipIfEqual: true, mode: 0o666, owner: { user: neighbour } }),
  "writeFile with a backup": (runtime) => writeFileSync(file, "new", { runtime, backup: 1 }),
  "writeFile in place of a link": (runtime) => writeFileSync(file, "new", { runtime, symlink: "replace" }),
  "writeFile with createDirectories": (runtime) =>
    writeFileSync(`${home}/a/b/fresh`, "new", { runtime, createDirectories: true }),
  "writeFile under a lock": (runtime) => writeFileSync(file, "new", { runtime, lock: true }),
  openFileWriter: (runtime) => {
    using writer = openFileWriterSync(file, { runtime });
    writer.write("new");
    writer.commit();
  },
  copyFile: (runtime) => copyFileSync("/source", file, { runtime }),
  removeFile: (runtime) => removeFileSync(file, { runtime }),
  updateTextFile: (runtime) => updateTextFileSync(file, (text = "") => `${text} more`, { runtime }),
  "updateTextFile in place of a link": (runtime) =>
    updateTextFileSync(file, (text = "") => `${text} more`, { runtime, symlink: "replace" }),
  withLock: (runtime) => withLockSync(file, () => {}, { runtime, timeout: 0 }),
  "withLock by a lock directory": (runtime) =>
    withLockSync(file, () => {}, { runtime, backend: "directory", timeout: 0 }),
  restoreBackup: (runtime) => restoreBackupSync(file, undefined, { runtime }),
  sweep: (runtime) => sweepSync(home, { runtime, recursive: true }),
  applyFiles: (runtime) =>
    applyFilesSync({ files: [{ path: file, data: "new" }, { path: `${home}/fresh`, data: "new" }] }, { runtime }),
  "applyFiles with a directory": (runtime) =>
    applyFilesSync({
      directories: [{ path: `${home}/a`, mode: 0o777 }],
      files: [{ path: `${home}/a/fresh`, data: "new" }],
    }, { runtime }),
  recoverTransactions: (runtime) => recoverTransactionsSync(home, { runtime }),
  publishDirectory: (runtime) => publishDirectorySync(`${home}/site`, () => {}, { runtime, keep: 0, grace: 0 }),
  rollBackDirectory: (runtime) => rollBackDirectorySync(`${home}/site`, { runtime }),
  writeVersioned: (runtime) =>
    writeVersionedSync(file, "new", { runtime, expected: readVersionedSync(file, { runtime })?.version ?? null }),
  openLog: (runtime) => {
    using log = openLogSync(`${home}/log`, { runtime });
    log.append("record");
  },
  "an object store": (runtime) => openObjectStoreSync(`${home}/store`, { runtime }).put("object"),
  references: (runtime) => openReferencesSync(`${home}/store`, { runtime }).update("main", "0".repeat(64)),
};

/** What he does, as himself. */
const acts: Readonly<Record<string, (as: SyncFileSystem) => unknown>> = {
  "his directory becomes a link": (as) => {
    as.rename(home, "/home/n/away");
    as.symbolicLink("/victim", home);
  },
  "his file becomes a link": (as) => {
    as.remove(file);
    as.symbolicLink("/victim/file", file);
  },
  "his file becomes a link to nothing": (as) => {
    as.remove(file);
    as.symbolicLink("/victim/new", file);
  },
  "his file becomes a directory": (as) => {
    as.remove(file);
    as.makeDirectory(file, 0o777);
  },
  "another name becomes a link": (as) => as.symbolicLink("/victim/file", `${home}/fresh`),
  "a missing directory becomes a link": (as) => as.symbolicLink("/victim", `${home}/a`),
  "a link to a lock file": (as) => {
    as.remove(`${file}.lock`);
    as.symbolicLink("/victim/empty", `${file}.lock`);
  },
  "another file becomes a link": (as) => {
    as.remove(`${home}/log`);
    as.symbolicLink("/victim/empty", `${home}/log`);
  },
  "every directory in his becomes a link": (as) => {
    for (const { name, kind } of as.readDirectory(home) ?? []) {
      if (kind !== "directory") continue;
      as.rename(`${home}/${name}`, `/home/n/${name}.away`);
      as.symbolicLink("/victim", `${home}/${name}`);
    }
  },
};

/** Operations that find a backup, two generations and what they have left. */
const laterOnes: readonly string[] = ["restoreBackup", "sweep", "publishDirectory", "rollBackDirectory"];

function newMachine(isLater: boolean): MemoryRuntime {
  const machine = memoryRuntime({
    user: 0,
    umask: 0o022,
    protectedLinks: false,
    files: {
      "/home": { kind: "directory", user: 0 },
      "/home/n": { kind: "directory", user: neighbour, group: neighbour },
      [home]: { kind: "directory", user: neighbour, group: neighbour },
      [file]: { content: "old", user: neighbour, group: neighbour, mode: 0o666 },
      [`${home}/store`]: { kind: "directory", user: neighbour, group: neighbour },
      "/source": "source",
      "/victim": { kind: "directory", user: 0, mode: 0o700 },
      "/victim/file": { content: secret, user: 0, mode: 0o600 },
      "/victim/other": { content: secret, user: 0, mode: 0o600 },
      "/victim/empty": { content: "", user: 0, mode: 0o600 },
    },
  });
  for (const text of isLater ? ["one", "two"] : []) {
    writeFileSync(file, text, { runtime: machine, backup: 1 });
    publishDirectorySync(`${home}/site`, (directory) => machine.put(`${directory}/page`, text), { runtime: machine });
  }
  return machine;
}

/** Everything of the victim's, with owners and modes. */
const picture = (machine: MemoryRuntime): unknown =>
  ["/victim", ...Object.keys(machine.files("/victim"))].map((path) => {
    const { user, group, mode, identity } = machine.statusOf(path) ?? {};
    return [path, user, group, mode, identity, machine.readText(path)];
  });

/** Runs an operation while he acts before one of its calls; undefined: there is no such call. */
function besides(
  machine: MemoryRuntime,
  run: (runtime: Runtime) => unknown,
  act: (as: SyncFileSystem) => unknown,
  number: number,
) {
  const him = machine.fork({ user: neighbour, umask: 0 }).syncFileSystem;
  const before = picture(machine);
  let passed = 0;
  let acted: "done" | "failed" | undefined;
  const { runtime } = faultRuntime(machine, {
    at: () => {
      if (++passed === number) {
        try {
          act(him);
          acted = "done";
        } catch {
          acted = "failed";
        }
      }
      return false;
    },
    error: "EIO",
  });
  let error: unknown;
  try {
    run(runtime);
  } catch (thrown) {
    error = thrown;
  }
  return acted && { machine, before, acted, error };
}

describe("a neighbour acts between any two calls of", () => {
  for (const [name, run] of notEmpty(inTurn(Object.entries(operations), 3))) {
    it(name, () => {
      const isLater = laterOnes.includes(name);
      run(newMachine(isLater));
      const happened = tally(`a neighbour acts during ${name}`, ["done", "failed"]);
      for (const [what, act] of notEmpty(Object.entries(acts))) {
        for (let number = 1;; number++) {
          const after = besides(newMachine(isLater), run, act, number);
          if (after === undefined) break;
          const { machine, before, acted } = after;
          const when = `${what}, before call ${number}`;
          assertEquals(picture(machine), before, when);
          const revealed = Object.entries(machine.files("/home")).filter(([, text]) => text.includes(secret));
          assertEquals(revealed, [], when);
          assertEquals(machine.openHandles, [], when);
          happened.count(acted);
        }
      }
      happened.enough({ failed: 0 });
    });
  }
});
