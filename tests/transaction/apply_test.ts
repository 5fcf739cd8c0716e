/** What `applyFiles` promises when nothing crashes: success, refusal, and everything put back. */
import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { describe, it } from "node:test";
import {
  ActivationError,
  ConflictError,
  DeadlockError,
  FileError,
  LockLostError,
  LockTimeoutError,
  RollbackFailedError,
  ValidationError,
  WriteError,
} from "../../src/core/errors.ts";
import { sweepSync } from "../../src/file/sweep.ts";
import { faultRuntime, type MemoryRuntime, memoryRuntime, traceRuntime } from "../../src/testing/mod.ts";
import {
  applyFiles,
  applyFilesSync,
  type ApplyPlanSync,
  type ApplyProgress,
  type CallbackContext,
  recoverTransactions,
  recoverTransactionsSync,
} from "../../src/transaction/mod.ts";
import { acquireLockSync, withLock } from "../../src/lock/with_lock.ts";
import { writeFile, writeFileSync } from "../../src/file/write_file.ts";
import {
  afterRenameTo,
  applyAndDie,
  caught,
  filesOf,
  leftovers,
  planOf,
  scenario,
  shown,
  withRemoval,
} from "./support.ts";
import { notEmpty } from "../support/tally.ts";

const three = scenario(3);
const machineOf = (files = three, more = {}): MemoryRuntime => memoryRuntime({ files: filesOf(files), ...more });

/** Everything but locks. */
function contents(machine: MemoryRuntime): Record<string, string> {
  return Object.fromEntries(Object.entries(machine.files()).filter(([path]) => !path.endsWith(".lock")));
}

/** What the machine shows is what it showed, and nothing is open or locked. */
function assertUntouched(machine: MemoryRuntime, before: Record<string, string>): void {
  assertEquals(contents(machine), before);
  assertEquals(machine.openHandles, []);
  for (const path of notEmpty(Object.keys(machine.files()))) assert(!machine.isLocked(path), path);
}

describe("applyFiles", () => {
  it("replaces and makes all files, keeps the old ones, and activates once", async () => {
    for (const synchronous of [true, false]) {
      const machine = machineOf();
      let activated = 0;
      const plan = planOf(three, { activate: () => void activated++ });
      const options = { runtime: machine };
      const result = synchronous ? applyFilesSync(plan, options) : await applyFiles(plan, options);
      assertEquals(shown(machine, three), "new");
      assertEquals(activated, 1);
      assertEquals([result.changed, result.durability, result.leftBehind], [true, "full", undefined]);
      assertEquals(result.files.map(({ path, state }) => [path, state]), three.paths.map((path) => [path, "written"]));
      assertEquals(result.files.map(({ backup }) => backup && machine.readText(backup)), ["old 0", "old 1", undefined]);
      assertEquals(result.files.map(({ lost }) => lost), [[], [], []]);
      assertEquals(leftovers(machine), []);
      assertEquals(machine.openHandles, []);
    }
  });

  it("makes the same calls synchronously and asynchronously", async () => {
    const [first, second] = [machineOf(three, { device: "disk" }), machineOf(three, { device: "disk" })];
    const [one, other] = [traceRuntime(first), traceRuntime(second)];
    applyFilesSync(planOf(three), { runtime: one.runtime });
    await applyFiles(planOf(three), { runtime: other.runtime });
    assertEquals(one.trace, other.trace);
  });

  it("takes relative plans as they are at the call, and does not change them", () => {
    const machine = memoryRuntime({ files: { "/d/": { kind: "directory" } }, workingDirectory: "/d" });
    const plan = Object.freeze({ files: Object.freeze([Object.freeze({ path: "a", data: "x", mode: 0o640 })]) });
    assertEquals(applyFilesSync(plan, { runtime: machine }).files[0]?.path, "/d/a");
    assertEquals(machine.statusOf("/d/a")?.mode, 0o640);
  });

  it("puts what it needs in another directory when told so", () => {
    const machine = memoryRuntime({ files: { ...filesOf(three), "/j/": { kind: "directory" } }, mounts: { "/j": {} } });
    const seen: string[] = [];
    const validate = () => void seen.push(...Object.keys(machine.files("/j")), ...leftovers(machine));
    applyFilesSync(planOf(three, { validate }), { runtime: machine, journal: "/j" });
    assert(seen.some((path) => /^\/j\/\.transaction\..*\.journal\.preparing$/.test(path)), seen.join());
    assert(seen.some((path) => /^\/d\/\.transaction\..*\.marker$/.test(path)), seen.join());
    assertEquals(shown(machine, three), "new");
    assertEquals(leftovers(machine), []);
  });

  it("tells what is going on", () => {
    const told: string[] = [];
    const activate = () => {
      told.push("activated");
      if (told.filter((line) => line === "activated").length === 1) throw new Error("no");
    };
    const onProgress = ({ step, done, total }: ApplyProgress) => void told.push(`${step} ${done}/${total}`);
    applyFilesSync(planOf(three, { validate: () => {} }), { runtime: machineOf(), onProgress });
    assertEquals(told[0], "lock 0/3");
    for (const line of ["stage 3/3", "back up 3/3", "validate 0/3", "commit 0/3"]) assert(told.includes(line), line);
    const decided = ["rename 0/3", "rename 1/3", "rename 2/3", "rename 3/3"];
    assertEquals(told.slice(told.indexOf("commit 0/3") + 1), decided);
    told.length = 0;
    assertThrows(() => applyFilesSync(planOf(three, { activate }), { runtime: machineOf(), onProgress }));
    assertEquals(told.slice(told.indexOf("commit 0/3") + 1), [
      ...[...decided, "activate 0/3", "activated"],
      ...["roll back 0/3", "roll back 1/3", "roll back 2/3", "roll back 3/3", "activated"],
    ]);
  });
});

describe("removing a file together with others", () => {
  const removing = withRemoval(three, 1);

  it("removes it, keeps its content as a backup, and again it is unchanged", async () => {
    for (const synchronous of [true, false]) {
      const machine = machineOf();
      const seen: string[] = [];
      const plan = planOf(removing, { validate: (staged) => void seen.push(...staged.keys()) });
      const apply = () =>
        synchronous ? applyFilesSync(plan, { runtime: machine }) : applyFiles(plan, { runtime: machine });
      const { files, durability } = await apply();
      assertEquals([files.map(({ state }) => state), durability], [["written", "removed", "written"], "full"]);
      assertEquals([shown(machine, removing), leftovers(machine)], ["new", []]);
      assertEquals(machine.readText(files[1]?.backup ?? ""), "old 1");
      // What is gone has no new content to be looked at.
      assertEquals(seen, ["/d/f0", "/d/f2"]);
      const again = await apply();
      assertEquals([again.changed, again.durability], [false, "full"]);
      assertEquals(again.files.map(({ state }) => state), ["unchanged", "unchanged", "unchanged"]);
    }
  });

  it("puts it back when activating fails: content, mode and owner", () => {
    const machine = machineOf();
    const before = machine.statusOf("/d/f1");
    const activate = () => {
      if (machine.readText("/d/f1") === undefined) throw new Error("it is needed");
    };
    const error = assertThrows(() => applyFilesSync(planOf(removing, { activate }), { runtime: machine }));
    assert(ActivationError.is(error) && error.targetState === "unchanged", String(error));
    assertEquals([shown(machine, removing), leftovers(machine)], ["old", []]);
    const after = machine.statusOf("/d/f1");
    assertEquals([after?.mode, after?.user, after?.identity], [before?.mode, before?.user, before?.identity]);
  });

  it("without backups it stays removed when activating fails, and that is said", () => {
    const machine = machineOf();
    const activate = () => {
      throw new Error("not today");
    };
    const error = assertThrows(() => applyFilesSync(planOf(removing, { activate, backup: 0 }), { runtime: machine }));
    assert(ActivationError.is(error) && error.targetState === "replaced", String(error));
    assertEquals(shown(machine, removing), "new");
  });

  it("a change that comes in between is a conflict, and nothing is removed", () => {
    const machine = machineOf();
    const validate = () => machine.put("/d/f1", "by hand");
    const error = assertThrows(() => applyFilesSync(planOf(removing, { validate }), { runtime: machine }));
    assert(ConflictError.is(error), String(error));
    assertEquals(machine.readText("/d/f1"), "by hand");
  });

  it("refuses symlinks, directories, and what a removal cannot have", () => {
    const machine = machineOf();
    machine.put("/d/link", { symlink: "f0" });
    const remove = (file: object) =>
      applyFilesSync({ files: [file as { path: string; remove: true }] }, { runtime: machine });
    const code = (file: object) => (assertThrows(() => remove(file)) as FileError).code;
    assertEquals([code({ path: "/d/link", remove: true }), code({ path: "/d", remove: true })], ["ELOOP", "EISDIR"]);
    assertThrows(() => remove({ path: "/d/f0", remove: true, data: "x" }), TypeError, "data");
    assertThrows(() => remove({ path: "/d/f0", remove: false }), TypeError, "remove must be true");
  });
});

describe("validate", () => {
  it("sees the staged bytes by the plan's path and by the real one, and what is in place already at its own", () => {
    const machine = machineOf();
    machine.put("/d/link", { symlink: "f0" });
    machine.put("/etc", { symlink: "d" });
    const seen: Record<string, string | undefined> = {};
    applyFilesSync({
      files: [{ path: "/d/../etc/link", data: "new 0" }, { path: "/d/f1", data: "old 1" }],
      validate: (staged) => {
        for (const [path, at] of staged) seen[path] = machine.readText(at);
        assertEquals(staged.get("/d/f1"), "/d/f1");
        assertEquals(machine.readText("/d/f0"), "old 0");
      },
    }, { runtime: machine });
    const paths = ["/d/../etc/link", "/d/../etc/f0", "/d/f0"];
    assertEquals(seen, { ...Object.fromEntries(paths.map((path) => [path, "new 0"])), "/d/f1": "old 1" });
  });

  it("a file that is a mount point is refused before anything is staged, unless it is right already", async () => {
    const machine = machineOf();
    machine.put("/etc", { symlink: "d" });
    const runtime = { ...machine, process: { ...machine.process, mountPoints: () => ["/", "/d", "/d/f1"] } };
    const before = contents(machine);
    const change = (data: string) =>
      applyFilesSync({ files: [{ path: "/d/f0", data: "x" }, { path: "/etc/f1", data }] }, { runtime });
    const error = await caught(() => change("y"));
    assert(error instanceof WriteError, String(error));
    assertEquals([error.code, error.path, error.targetState], ["EBUSY", "/etc/f1", "unchanged"]);
    assertEquals(contents(machine), before);
    assertEquals(change("old 1").files.map(({ state }) => state), ["written", "unchanged"]);
  });

  it("refuses by throwing: nothing has changed", async () => {
    for (const synchronous of [true, false]) {
      const machine = machineOf();
      const before = contents(machine);
      const no = new Error("key and certificate do not match");
      const validate = () => {
        throw no;
      };
      const plan = planOf(three, { validate, activate: () => assert(false) });
      const error = await caught(() =>
        synchronous ? applyFilesSync(plan, { runtime: machine }) : applyFiles(plan, { runtime: machine })
      );
      assert(ValidationError.is(error));
      assertEquals([error.targetState, error.step, error.cause], ["unchanged", "validate", no]);
      assert(error.message.includes(no.message));
      assertUntouched(machine, before);
    }
  });

  it("that takes longer than it may is aborted, and refused; one that the caller's signal stops is an abort", async () => {
    const machine = machineOf();
    const before = contents(machine);
    const reasons: unknown[] = [];
    const hang = (_: unknown, { signal }: CallbackContext) =>
      new Promise<never>((_, reject) =>
        signal.addEventListener("abort", () => {
          reasons.push(signal.reason);
          reject(new Error("ended"));
        })
      );
    const late = await caught(() =>
      applyFiles({ ...planOf(three), validate: hang, timeouts: { validate: 3 } }, { runtime: machine })
    );
    assert(ValidationError.is(late) && late.message.includes("validate did not end within 3 ms"), `${late}`);
    assertUntouched(machine, before);
    const controller = new AbortController();
    const stop = new RangeError("stop");
    const validate = (staged: unknown, context: CallbackContext) => {
      const hanging = hang(staged, context);
      controller.abort(stop);
      return hanging;
    };
    const plan = { ...planOf(three), validate };
    assertEquals(await caught(() => applyFiles(plan, { runtime: machine, signal: controller.signal })), stop);
    assertUntouched(machine, before);
    assertEquals([reasons.length, reasons[0] === late.cause, reasons[1]], [2, true, stop]);
  });

  it("during which a lock is lost changes nothing", () => {
    const machine = memoryRuntime({ files: filesOf(three) });
    const validate = () => void machine.syncFileSystem.remove("/d/f0.lock");
    const error = assertThrows(() => applyFilesSync(planOf(three, { validate }), { runtime: machine }));
    assert(LockLostError.is(error) && error.targetState === "unchanged", String(error));
    assertEquals([shown(machine, three), leftovers(machine)], ["old", []]);
  });

  it("must not ask for a lock that the transaction holds", async () => {
    const machine = machineOf();
    const validate = async () => void await writeFile("/d/f1", "mine", { runtime: machine, lock: true });
    const error = await caught(() => applyFiles({ ...planOf(three), validate }, { runtime: machine }));
    assert(ValidationError.is(error) && DeadlockError.is(error.cause), `${error}`);
  });

  it("is protected from sweepers", () => {
    const machine = machineOf();
    const validate = () => {
      machine.clock.advance(10 * 60_000);
      assertEquals(sweepSync("/d", { runtime: machine.fork(), olderThan: 60_000 }).removed, []);
    };
    applyFilesSync(planOf(three, { validate }), { runtime: machine });
    assertEquals(shown(machine, three), "new");
  });
});

describe("activate", () => {
  it("fails: every file is restored exactly, and activated again", async () => {
    for (const synchronous of [true, false]) {
      const machine = memoryRuntime({
        user: 0,
        files: {
          "/d/f0": { content: "old 0", mode: 0o4750, user: 33, group: 34 },
          "/d/f1": { content: "old 1", mode: 0o600, user: 7 },
        },
      });
      const before = contents(machine);
      const statuses = ["/d/f0", "/d/f1"].map((path) => machine.statusOf(path));
      const seen: string[] = [];
      const no = new Error("will not start");
      const activate = () => {
        seen.push(shown(machine, three));
        if (seen.length === 1) throw no;
      };
      const plan = planOf(three, { activate });
      const error = await caught(() =>
        synchronous ? applyFilesSync(plan, { runtime: machine }) : applyFiles(plan, { runtime: machine })
      );
      assert(ActivationError.is(error), `${error}`);
      assertEquals([error.targetState, error.cause], ["unchanged", no]);
      assertEquals(seen, ["new", "old"]);
      assertUntouched(machine, before);
      // The very files: bytes, mode, owner, times, even the inode.
      assertEquals(["/d/f0", "/d/f1"].map((path) => machine.statusOf(path)), statuses);
    }
  });

  it("takes longer than it may: its signal aborts, every file is restored, and activated again with a time of its own", async () => {
    const machine = machineOf();
    const reasons: unknown[] = [];
    let calls = 0;
    const activate = ({ signal }: CallbackContext) => {
      if (++calls > 1) return;
      return new Promise<never>(() => signal.addEventListener("abort", () => reasons.push(signal.reason)));
    };
    const plan = { ...planOf(three), activate, timeouts: { activate: 3 } };
    const error = await caught(() => applyFiles(plan, { runtime: machine }));
    assert(ActivationError.is(error) && error.targetState === "unchanged", `${error}`);
    assertEquals([shown(machine, three), calls, reasons], ["old", 2, [error.cause]]);
    const again = { ...planOf(three), activate: () => {}, timeouts: { activate: 3 } };
    assertEquals((await applyFiles(again, { runtime: machine })).changed, true);
  });

  it("of a recovery has a time, too, and stays owed", async () => {
    const machine = machineOf();
    applyAndDie(machine, three, afterRenameTo(".journal"), { activate: () => {} });
    const hang = () => new Promise<never>(() => {});
    const options = { runtime: machine, timeouts: { activate: 3 } };
    const error = await caught(() => recoverTransactions("/d", { ...options, activate: hang }));
    assert(error instanceof DOMException && error.name === "TimeoutError", `${error}`);
    const { needsActivation } = await recoverTransactions("/d", { runtime: machine });
    assertEquals([shown(machine, three), needsActivation.length], ["new", 1]);
    await recoverTransactions("/d", { ...options, activate: () => {} });
    assertEquals((await recoverTransactions("/d", { runtime: machine })).needsActivation, []);
  });

  it("has no time where there is none to be called, or nothing can interrupt it", async () => {
    const machine = machineOf();
    const timeouts = { activate: 3 };
    const wrong: Record<string, () => unknown> = {
      "there is no activate": () => applyFiles({ ...planOf(three), timeouts }, { runtime: machine }),
      "there is no validate": () => applyFiles({ ...planOf(three), timeouts: { validate: 3 } }, { runtime: machine }),
      "nothing interrupts a synchronous callback": () =>
        applyFilesSync({ ...planOf(three), activate: () => {}, timeouts } as ApplyPlanSync, { runtime: machine }),
    };
    for (const [reason, call] of Object.entries(wrong)) {
      const error = await caught(call);
      assert(error instanceof TypeError && error.message.includes(reason), `${error}`);
    }
    const never = { ...planOf(three), activate: () => {}, timeouts: { activate: 0 } };
    assert((await caught(() => applyFiles(never, { runtime: machine }))) instanceof RangeError);
  });

  it("fails twice: the error says what is where, and the next transaction activates", () => {
    const machine = machineOf();
    const activate = () => {
      throw new Error("never");
    };
    const error = assertThrows(() => applyFilesSync(planOf(three, { activate }), { runtime: machine }));
    assert(RollbackFailedError.is(error));
    const reason = "activating the new files failed; every file was restored, but activating that failed, too";
    assertEquals(error.message, `Cannot apply "/d/f0": ${reason} (EROLLBACK); every file is unchanged`);
    assertEquals(error.targetState, "unchanged");
    assertEquals(error.files, three.paths.map((path) => ({ path, content: "old" as const })));
    assertEquals(error.rollbackErrors.length, 1);
    assertEquals(shown(machine, three), "old");
    assertEquals(error.journal, leftovers(machine)[0]);
    assertEquals(machine.openHandles, []);
    // Nothing to change, but an activation is owed.
    let activated = 0;
    machine.put("/d/f2", "made by another");
    const files = three.paths.map((path) => ({ path, data: machine.readText(path) ?? "" }));
    const apply = (count: number) =>
      applyFilesSync({ files: files.slice(0, count), activate: () => void activated++ }, { runtime: machine }).changed;
    // A plan over a part of the files may be about something else: what the others need is owed still.
    assertEquals([apply(1), activated, leftovers(machine)], [false, 1, [error.journal]]);
    assertEquals([apply(3), activated, leftovers(machine)], [false, 2, []]);
    assertEquals([apply(3), activated], [false, 2]);
  });

  it("failing repeatedly leaves one journal, which records the activation that is owed", () => {
    for (const backup of [0, 3]) {
      const machine = machineOf();
      const activate = () => {
        throw new Error("never");
      };
      const fail = (files: ApplyPlanSync["files"]) =>
        void assertThrows(() => applyFilesSync({ files, activate, backup }, { runtime: machine }), FileError);
      for (const data of ["1", "2", "3"]) fail([{ path: "/d/f0", data }, { path: "/d/f1", data }]);
      assertEquals(leftovers(machine).length, 1);
      // Of what it does not cover something is owed still.
      fail([{ path: "/d/f1", data: "4" }]);
      assertEquals(leftovers(machine).length, 2);
      let activated = 0;
      const files = ["/d/f0", "/d/f1"].map((path) => ({ path, data: machine.readText(path) ?? "" }));
      applyFilesSync({ files, activate: () => void activated++ }, { runtime: machine });
      assertEquals([activated, leftovers(machine)], [1, []]);
    }
  });

  it("owed by an earlier transaction, fails: what is in place stays, which the error says", () => {
    const machine = machineOf();
    const activate = () => {
      throw new Error("never");
    };
    for (const what of ["backup: 0", "an earlier transaction had put the files in place without activating them"]) {
      const error = assertThrows(() => applyFilesSync(planOf(three, { activate, backup: 0 }), { runtime: machine }));
      assert(ActivationError.is(error) && error.targetState === "replaced", `${error}`);
      assert(error.message.includes(what) && error.message.endsWith("what is in place stays"), error.message);
      assertEquals([shown(machine, three), leftovers(machine).length], ["new", 1]);
    }
  });

  it("fails without backups: the new files stay, which the error says", () => {
    const machine = machineOf();
    const activate = () => {
      throw new Error("never");
    };
    const error = assertThrows(() => applyFilesSync(planOf(three, { activate, backup: 0 }), { runtime: machine }));
    assert(ActivationError.is(error));
    assertEquals(error.targetState, "replaced");
    assert(error.message.includes("backup: 0"));
    assertEquals(shown(machine, three), "new");
    let activated = 0;
    applyFilesSync(planOf(three, { activate: () => void activated++, backup: 0 }), { runtime: machine });
    assertEquals([activated, leftovers(machine)], [1, []]);
  });

  it("works on a disk that is full at every step, to the last byte and inode", () => {
    for (const directories of [["/d"], ["/d", "/e"]]) {
      const files = scenario(3, directories);
      const machine = machineOf(files, {
        disk: { capacity: 4_000, inodes: 40 },
        ...directories.length > 1 ? { mounts: { "/e": { capacity: 4_000, inodes: 40 } } } : {},
      });
      const before = contents(machine);
      let activations = 0;
      const activate = () => {
        if (++activations === 1) throw new Error("not today");
      };
      // Before each call of rolling back, what the one before has freed is taken.
      const filling = faultRuntime(machine, {
        at: () => {
          if (activations > 0) { for (const directory of directories) fill(machine, directory); }
          return false;
        },
        error: "EIO",
      });
      const error = assertThrows(() => applyFilesSync(planOf(files, { activate }), { runtime: filling.runtime }));
      assert(ActivationError.is(error), `${error}`);
      assertEquals(activations, 2);
      for (const name of Object.keys(machine.files())) {
        if (name.includes("/filler")) machine.syncFileSystem.remove(name);
      }
      assertUntouched(machine, before);
    }
  });
});

let fillers = 0;

/** Takes every inode, and every byte, of the file system at a directory. */
function fill(machine: MemoryRuntime, directory: string): void {
  const { syncFileSystem } = machine;
  for (;;) {
    try {
      const file = syncFileSystem.create(`${directory}/filler${fillers++}`, 0o600);
      assert("write" in file);
      try {
        while (file.write(new Uint8Array(64)) === 64);
      } catch {
        // Full.
      }
      file.close();
    } catch {
      return;
    }
  }
}

describe("what is there already", () => {
  it("is not touched, but synced, and nobody is called", () => {
    const machine = machineOf();
    applyFilesSync(planOf(three), { runtime: machine });
    const before = contents(machine);
    const statuses = three.paths.map((path) => machine.statusOf(path));
    const never = () => assert(false);
    const traced = traceRuntime(machine);
    const result = applyFilesSync(planOf(three, { validate: never, activate: never }), { runtime: traced.runtime });
    assertEquals([result.changed, result.durability], [false, "full"]);
    assertEquals(result.files.map(({ state }) => state), ["unchanged", "unchanged", "unchanged"]);
    assertEquals(three.paths.map((path) => machine.statusOf(path)), statuses);
    assertEquals(traced.trace.filter((line) => line.startsWith("sync")).length, 4);
    assertUntouched(machine, before);
  });

  it("is left alone beside what differs; callbacks run once", () => {
    const machine = machineOf();
    const before = machine.statusOf("/d/f0");
    let calls = 0;
    const count = () => void calls++;
    const files = [{ path: "/d/f0", data: "old 0" }, { path: "/d/f1", data: "new 1" }];
    const result = applyFilesSync({ files, validate: count, activate: count }, { runtime: machine });
    assertEquals(result.files.map(({ state }) => state), ["unchanged", "written"]);
    assertEquals(machine.statusOf("/d/f0"), before);
    assertEquals(calls, 2);
  });

  it("but with another mode or owner, is replaced like any other", () => {
    const machine = memoryRuntime({ user: 0, files: filesOf(three) });
    const plan = {
      files: [{ path: "/d/f0", data: "old 0", mode: 0o600 }, { path: "/d/f1", data: "old 1", owner: { user: 5 } }],
    };
    assertEquals(applyFilesSync(plan, { runtime: machine }).files.map(({ state }) => state), ["written", "written"]);
    assertEquals([machine.statusOf("/d/f0")?.mode, machine.statusOf("/d/f1")?.user], [0o600, 5]);
    assertEquals(applyFilesSync(plan, { runtime: machine }).changed, false);
    // And put back when it does not take effect.
    let activations = 0;
    const activate = () => {
      if (++activations === 1) throw new Error("no");
    };
    const other = { files: [{ path: "/d/f0", data: "old 0", mode: 0o644 }], activate };
    assertThrows(() => applyFilesSync(other, { runtime: machine }), ActivationError);
    assertEquals(machine.statusOf("/d/f0")?.mode, 0o600);
  });

  it("is recognised in pieces, too, and leaves nothing staged", async () => {
    const machine = machineOf();
    const before = contents(machine);
    const pieces = async function* () {
      yield "old";
      await Promise.resolve();
      yield " 0";
    };
    const plan = { files: [{ path: "/d/f0", data: pieces() }] };
    assertEquals((await applyFiles(plan, { runtime: machine })).changed, false);
    assertUntouched(machine, before);
  });
});

describe("mode and owner", () => {
  it("are kept, overridden, defaulted", () => {
    const machine = memoryRuntime({
      user: 0,
      userNumbers: { web: 33 },
      groupNumbers: { web: 44 },
      files: {
        "/d/kept": { content: "old", mode: 0o640, user: 7, group: 8 },
        "/d/given": { content: "old", mode: 0o640, user: 7, group: 8 },
      },
    });
    const defaults = { mode: 0o600, owner: { user: "web", group: "web" } };
    applyFilesSync({
      files: [
        { path: "/d/kept", data: "new", defaults },
        { path: "/d/given", data: "new", mode: 0o604, owner: { user: "web" }, defaults },
        { path: "/d/new", data: "new", defaults },
        { path: "/d/plain", data: "new" },
      ],
    }, { runtime: machine });
    const seen = ["kept", "given", "new", "plain"].map((name) => {
      const { mode = 0, user, group } = machine.statusOf(`/d/${name}`) ?? {};
      return [mode.toString(8), user, group];
    });
    assertEquals(seen, [["640", 7, 8], ["604", 33, 8], ["600", 33, 44], ["644", 0, 0]]);
  });

  it("of the journal let nobody read digests who may not read the files", () => {
    const machine = memoryRuntime({ files: { "/d/secret": { content: "old", mode: 0o600 }, "/d/open": "old" } });
    const modes: (number | undefined)[] = [];
    const validate = () =>
      void modes.push(
        ...leftovers(machine).filter((name) => name.endsWith(".preparing")).map((n) => machine.statusOf(n)?.mode),
      );
    applyFilesSync({ files: [{ path: "/d/open", data: "new" }], validate }, { runtime: machine });
    applyFilesSync({ files: [{ path: "/d/open", data: "x" }, { path: "/d/secret", data: "x" }], validate }, {
      runtime: machine,
    });
    assertEquals(modes, [0o644, 0o600]);
  });
});

describe("backups", () => {
  it("of the last three versions are kept by default, of any number when asked for", () => {
    const machine = machineOf();
    const kept = () =>
      Object.entries(machine.files()).filter(([path]) => path.endsWith(".bak")).map(([, text]) => text);
    for (const data of ["1", "2", "3", "4", "5"]) {
      applyFilesSync({ files: [{ path: "/d/f0", data }] }, { runtime: machine });
    }
    assertEquals(kept().sort(), ["2", "3", "4"]);
    applyFilesSync({ files: [{ path: "/d/f0", data: "6" }], backup: 1 }, { runtime: machine });
    assertEquals(kept(), ["5"]);
    applyFilesSync({ files: [{ path: "/d/f0", data: "7" }], backup: 0 }, { runtime: machine });
    assertEquals(kept(), ["5"]);
  });

  it("are copies where there are no hard links, and restore bytes, mode and owner", () => {
    const machine = memoryRuntime({
      user: 0,
      disk: { hardLinks: false },
      files: { "/d/f0": { content: "old 0", mode: 0o640, user: 5, group: 6 } },
    });
    let activations = 0;
    const activate = () => {
      if (++activations === 1) throw new Error("no");
    };
    const plan = { files: [{ path: "/d/f0", data: "new 0" }, { path: "/d/f1", data: "new 1" }], activate };
    assertThrows(() => applyFilesSync(plan, { runtime: machine }), ActivationError);
    assertEquals(contents(machine), { "/d/f0": "old 0" });
    const { mode, user, group } = machine.statusOf("/d/f0") ?? {};
    assertEquals([mode, user, group], [0o640, 5, 6]);
  });
});

describe("mistakes are reported before anything changes", () => {
  const wrong: Record<string, unknown> = {
    "no plan": undefined,
    "no files": {},
    "an empty plan": { files: [] },
    "a list that is none": { files: "a" },
    "a file that is none": { files: [7] },
    "no path": { files: [{ data: "" }] },
    "no data": { files: [{ path: "/d/a" }] },
    "data that is none": { files: [{ path: "/d/a", data: 7 }] },
    "a misspelt option": { files: [{ path: "/d/a", data: "", modes: 0o600 }] },
    "a callback that is none": { files: [{ path: "/d/a", data: "" }], activate: "reload" },
    "a path twice": { files: [{ path: "/d/a", data: "" }, { path: "/d/./a", data: "" }] },
    "a symlink and its file": { files: [{ path: "/d/link", data: "" }, { path: "/d/f0", data: "" }] },
    "a file through two directories": { files: [{ path: "/d/f0", data: "" }, { path: "/also/f0", data: "" }] },
    "two names of one file": { files: [{ path: "/d/f0", data: "" }, { path: "/d/hard", data: "" }] },
  };
  for (const [what, plan] of Object.entries(wrong)) {
    it(`${what} is a TypeError`, async () => {
      const machine = machineOf();
      machine.put("/d/link", { symlink: "f0" });
      machine.put("/also", { symlink: "d" });
      machine.put("/d/hard", { link: "/d/f0" });
      const before = machine.files();
      assertThrows(() => applyFilesSync(plan as ApplyPlanSync, { runtime: machine }), TypeError);
      await assertRejects(() => applyFiles(plan as ApplyPlanSync, { runtime: machine }), TypeError);
      assertEquals(machine.files(), before);
      assertEquals(machine.openHandles, []);
    });
  }

  it("lock: false is a TypeError", () => {
    const options = { runtime: machineOf(), lock: false as true };
    assertThrows(() => applyFilesSync(planOf(three), options), TypeError, "lock must not be false");
  });

  it("a promise from a synchronous callback", () => {
    const machine = machineOf();
    const later = () => Promise.resolve() as unknown as void;
    const error = assertThrows(() => applyFilesSync(planOf(three, { validate: later }), { runtime: machine }));
    assert(ValidationError.is(error) && error.cause instanceof TypeError);
    assertEquals(shown(machine, three), "old");
  });

  const refused: [what: string, code: string, path: string, entry?: object][] = [
    ["a target that is a directory", "EISDIR", "/d/sub"],
    ["a target that is a pipe", "EINVAL", "/d/pipe"],
    ["a directory that is not there", "ENOENT", "/nowhere/a"],
    ["a directory that may not be written to", "EACCES", "/closed/a"],
    ["a read-only file system", "EROFS", "/fixed/a"],
    ["a file that may not be read", "EACCES", "/d/unreadable"],
  ];
  for (const [what, code, path] of refused) {
    it(what, () => {
      const machine = machineOf(three, { mounts: { "/fixed": { readOnly: true } } });
      machine.put("/d/sub/x", "");
      machine.put("/d/pipe", { kind: "other" });
      machine.put("/closed/", { kind: "directory", mode: 0o555, user: 0 });
      machine.put("/d/unreadable", { content: "", mode: 0o000, user: 0 });
      const before = contents(machine);
      const plan = { files: [{ path: "/d/f0", data: "x" }, { path, data: "x" }], validate: () => assert(false) };
      const error = assertThrows(() => applyFilesSync(plan, { runtime: machine }));
      assert(FileError.is(error), `${error}`);
      assertEquals([error.code, error.targetState], [code, "unchanged"], error.message);
      assert(error.path === path || error.message.includes(path), error.message);
      assertUntouched(machine, before);
    });
  }

  it("ENOSPC while the 7th of 10 is staged", () => {
    const ten = scenario(10);
    for (const error of ["ENOSPC", "EDQUOT", "EIO"]) {
      const machine = machineOf(ten);
      const before = contents(machine);
      const at = (call: { method: string; path: string }) => call.method === "write" && call.path.includes(".6.stage");
      const faulty = faultRuntime(machine, { at, error });
      const thrown = assertThrows(() => applyFilesSync(planOf(ten), { runtime: faulty.runtime }));
      assert(FileError.is(thrown));
      assertEquals([thrown.code, thrown.path, thrown.targetState], [error, "/d/f6", "unchanged"]);
      assertUntouched(machine, before);
    }
  });

  it("a source that fails, as it failed; the others are cancelled", async () => {
    const machine = machineOf();
    const before = contents(machine);
    const no = new Error("the source broke");
    let cancelled = 0;
    const failing = async function* () {
      yield "a";
      await Promise.resolve();
      throw no;
    };
    const limited = new ReadableStream<string>({ cancel: () => void cancelled++ });
    const plan = { files: [{ path: "/d/f0", data: failing() }, { path: "/d/f1", data: "x" }] };
    assertEquals(await caught(() => applyFiles(plan, { runtime: machine })), no);
    assertUntouched(machine, before);
    const hopeless = { files: [{ path: "/d/f0", data: limited }, { path: "/nowhere/x", data: "" }] };
    assert(FileError.is(await caught(() => applyFiles(hopeless, { runtime: machine }))));
    assertEquals(cancelled, 1);
  });
});

describe("after the commit point", () => {
  it("the 7th of 10 renames fails: all ten are old again", () => {
    const ten = scenario(10);
    for (const error of ["EIO", "EACCES", "ENOSPC", "EPERM"]) {
      const machine = machineOf(ten);
      const before = contents(machine);
      const at = (call: { method: string; operands: readonly unknown[] }) =>
        call.method === "rename" && call.operands[0] === "/d/f6";
      const faulty = faultRuntime(machine, { at, error, times: "always" });
      let activated = 0;
      const plan = planOf(ten, { activate: () => void activated++ });
      const thrown = assertThrows(() => applyFilesSync(plan, { runtime: faulty.runtime }));
      assert(FileError.is(thrown), `${thrown}`);
      assertEquals([thrown.code, thrown.step, thrown.targetState], [error, "rename", "unchanged"]);
      assertEquals(activated, 1);
      assertUntouched(machine, before);
    }
  });

  it("without backups, what was begun is left for a recovery to finish", () => {
    const machine = machineOf();
    const at = (call: { method: string; operands: readonly unknown[] }) =>
      call.method === "rename" && call.operands[0] === "/d/f1";
    const faulty = faultRuntime(machine, { at, error: "EIO", times: "always" });
    const thrown = assertThrows(() => applyFilesSync(planOf(three, { backup: 0 }), { runtime: faulty.runtime }));
    assert(RollbackFailedError.is(thrown), `${thrown}`);
    assert(thrown.message.startsWith('Cannot apply "/d/f0": rolling back failed: some files were'), thrown.message);
    assertEquals(thrown.targetState, "unknown");
    assertEquals(thrown.files.map(({ content }) => content), ["new", "old", "old"]);
    assert(thrown.journal !== undefined && machine.readText(thrown.journal) !== undefined);
    assertEquals(recoverTransactionsSync("/d", { runtime: machine }).finished, three.paths);
    assertEquals(shown(machine, three), "new");
    assertEquals(leftovers(machine), []);
  });

  it("an abort is too late; before, it leaves everything as it was", async () => {
    const before = machineOf();
    const early = new AbortController();
    const reason = new Error("changed my mind");
    const plan = { ...planOf(three), validate: () => early.abort(reason), activate: () => assert(false) };
    const untouched = contents(before);
    assertEquals(await caught(() => applyFiles(plan, { runtime: before, signal: early.signal })), reason);
    assertUntouched(before, untouched);

    const after = machineOf();
    const late = new AbortController();
    await applyFiles({ ...planOf(three), activate: () => late.abort(reason) }, { runtime: after, signal: late.signal });
    assertEquals(shown(after, three), "new");
    assertEquals(leftovers(after), []);
  });

  it("an error thrown by the progress callback during a rollback is ignored", () => {
    const machine = machineOf();
    let activations = 0;
    const activate = () => {
      if (++activations === 1) throw new Error("no");
    };
    const onProgress = ({ step }: ApplyProgress) => {
      if (step === "roll back") throw new Error("not interested");
    };
    assertThrows(() => applyFilesSync(planOf(three, { activate }), { runtime: machine, onProgress }), ActivationError);
    assertEquals(shown(machine, three), "old");
    const stop = () => {
      throw new RangeError("stop");
    };
    assertThrows(() => applyFilesSync(planOf(three), { runtime: machine, onProgress: stop }), RangeError, "stop");
    assertEquals(leftovers(machine), []);
  });
});

describe("beside others", () => {
  it("transactions over the same files take turns, in any order of their files", async () => {
    const machine = memoryRuntime({ files: filesOf(three), delay: "every" });
    const others = ["a", "b", "c", "d"];
    const apply = (word: string, index: number) => {
      const files = three.paths.map((path) => ({ path, data: word }));
      if (index % 2 === 1) files.reverse();
      return applyFiles({ files, validate: () => assertUniform(machine) }, { runtime: machine.fork() });
    };
    await Promise.all(others.map(apply));
    assertUniform(machine);
    assertEquals(leftovers(machine), []);
    assertEquals(machine.openHandles, []);
  });

  it("a write that was called before is overtaken, one that is called after is not", async () => {
    const machine = memoryRuntime({ files: filesOf(three), delay: "syncs" });
    let go = () => {};
    const gate = new Promise<void>((resolve) => go = resolve);
    const slow = async function* () {
      await gate;
      yield "slow";
    };
    const earlier = writeFile("/d/f0", slow(), { runtime: machine });
    await applyFiles(planOf(three), { runtime: machine });
    go();
    assertEquals((await earlier).superseded, true);
    assertEquals(shown(machine, three), "new");
    writeFileSync("/d/f0", "later", { runtime: machine });
    assertEquals(machine.readText("/d/f0"), "later");
  });

  it("a lock that is held by somebody is waited for as long as wanted", async () => {
    const machine = machineOf();
    const before = contents(machine);
    const held = acquireLockSync("/d/f1", { runtime: machine.fork() });
    const error = await caught(() => applyFiles(planOf(three), { runtime: machine, lock: { timeout: 50 } }));
    assert(LockTimeoutError.is(error), `${error}`);
    // As long as was asked for, not what the locks before it had left of that.
    assert(error.message.includes('Cannot lock "/d/f1": it was not free within 0.05 s'), error.message);
    assertUntouchedBy(machine, before);
    await held.release();
    await applyFiles(planOf(three), { runtime: machine, lock: { timeout: 50 } });
    assertEquals(shown(machine, three), "new");
  });

  it("a lock that the caller holds is joined", async () => {
    const machine = machineOf();
    await withLock("/d/f1", async (lock) => {
      assert(DeadlockError.is(await caught(() => applyFiles(planOf(three), { runtime: machine }))));
      await applyFiles(planOf(three), { runtime: machine, lock });
      assert(machine.isLocked("/d/f1.lock"));
    }, { runtime: machine });
    assertEquals(shown(machine, three), "new");
  });

  it("a file that a program without a lock changes is not overwritten", () => {
    const machine = machineOf();
    const validate = () => void writeFileSync("/d/f1", "theirs", { runtime: machine });
    const error = assertThrows(() => applyFilesSync(planOf(three, { validate }), { runtime: machine }));
    assert(ConflictError.is(error), `${error}`);
    assertEquals([error.path, error.targetState], ["/d/f1", "unchanged"]);
    assertEquals([machine.readText("/d/f0"), machine.readText("/d/f1")], ["old 0", "theirs"]);
    assertEquals(leftovers(machine), []);
  });

  it("a file that was as asked for, and that a program without a lock changes, is no part of all new", () => {
    for (const data of ["old 1", ["old ", "1"]]) {
      const machine = machineOf();
      const plan = {
        files: [{ path: "/d/f0", data: "new 0" }, { path: "/d/f1", data }],
        validate: () => void writeFileSync("/d/f1", "theirs", { runtime: machine }),
      };
      const error = assertThrows(() => applyFilesSync(plan, { runtime: machine }));
      assert(ConflictError.is(error), `${error}`);
      assertEquals([error.path, error.targetState], ["/d/f1", "unchanged"]);
      assertEquals([machine.readText("/d/f0"), machine.readText("/d/f1")], ["old 0", "theirs"]);
      assertEquals(leftovers(machine), []);
    }
  });
});

function assertUniform(machine: MemoryRuntime): void {
  const texts = three.paths.map((path) => machine.readText(path)?.replace(/ \d$/, ""));
  assert(texts.slice(0, 2).every((text) => text === texts[0]), texts.join());
}

function assertUntouchedBy(machine: MemoryRuntime, before: Record<string, string>): void {
  assertEquals(contents(machine), before);
  assertEquals(machine.openHandles, []);
}
