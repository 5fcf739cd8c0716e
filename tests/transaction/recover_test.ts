/** What recovery makes of what dead transactions have left, and what it leaves alone. */
import { assert, assertEquals, assertThrows } from "@std/assert";
import { describe, it } from "node:test";
import { FileError, LockError, LockTimeoutError, RollbackFailedError, WriteError } from "../../src/core/errors.ts";
import { journalName, markerName, stageName } from "../../src/protocol/names/transaction.ts";
import { whenKnown } from "../../src/testing/faults/awaited.ts";
import { interceptRuntime } from "../../src/testing/faults/intercept.ts";
import { faultRuntime, type MemoryRuntime, memoryRuntime, type SeamCall } from "../../src/testing/mod.ts";
import { journalBytes, type JournalRecord } from "../../src/transaction/journal_record.ts";
import {
  applyFiles,
  applyFilesSync,
  recoverTransactions,
  recoverTransactionsSync,
  type RecoveryReport,
} from "../../src/transaction/mod.ts";
import { writeFileSync } from "../../src/file/write_file.ts";
import { afterRenameTo, applyAndDie, filesOf, leftovers, planOf, scenario, shown } from "./support.ts";
import { notEmpty } from "../support/tally.ts";

const three = scenario(3);
const two = scenario(3, ["/d", "/e"]);
const nothing: RecoveryReport = { finished: [], undone: [], conflicts: [], needsActivation: [], kept: [] };
type When = (call: SeamCall) => boolean;

const machineOf = (files = three, more = {}): MemoryRuntime =>
  memoryRuntime({ files: filesOf(files), ...files === two ? { mounts: { "/e": {} } } : {}, ...more });

const atCommit: When = (call) => call.method === "rename" && String(call.operands[0]).endsWith(".journal");
const staging: When = (call) => call.method === "create" && call.path.includes(".2.stage");

/** A machine on which a transaction has died there, and its next process. */
function after(when: When, files = three, plan = {}, more = {}): MemoryRuntime {
  const machine = machineOf(files, more);
  applyAndDie(machine, files, when, plan);
  return machine;
}

const noTwice = () => {
  let activations = 0;
  return () => {
    if (++activations === 1) throw new Error("no");
  };
};

describe("recoverTransactions", () => {
  it("finds nothing where there is nothing, and no directory where there is none", async () => {
    const machine = machineOf();
    assertEquals(await recoverTransactions("/d", { runtime: machine }), nothing);
    const error = assertThrows(() => recoverTransactionsSync("/no", { runtime: machine }));
    assert(WriteError.is(error) && error.code === "ENOENT");
    assertThrows(() => recoverTransactionsSync("/d", { force: true } as object), TypeError);
  });

  const deaths: [name: string, when: () => When, what: Partial<RecoveryReport>, plan?: object][] = [
    ["what was not decided", () => atCommit, { undone: three.paths }],
    ["what was being staged", () => staging, { undone: three.paths.slice(0, 2) }],
    ["what was decided", () => afterRenameTo(".journal"), { finished: three.paths }],
    ["what was half renamed", () => afterRenameTo("/f1"), { finished: three.paths }],
    ["what was being rolled back", () => afterRenameTo(".rolling-back"), { undone: three.paths }, {
      get activate() {
        return noTwice();
      },
    }],
  ];
  for (const [name, when, what, plan = {}] of deaths) {
    it(`settles ${name}, once`, async () => {
      for (const synchronous of [true, false]) {
        const machine = after(when(), three, plan);
        const recover = () =>
          synchronous
            ? recoverTransactionsSync("/d", { runtime: machine })
            : recoverTransactions("/d", { runtime: machine });
        const { needsActivation, ...report } = await recover();
        const { needsActivation: _, ...expected } = { ...nothing, ...what };
        assertEquals(report, expected);
        assertEquals(needsActivation.length, "activate" in plan ? 1 : 0);
        assertEquals(shown(machine, three), what.finished ? "new" : "old");
        assertEquals(leftovers(machine), needsActivation);
        assertEquals(machine.openHandles, []);
        assertEquals(await recover(), { ...nothing, needsActivation });
      }
    });
  }

  it("finishes across directories and file systems from any of them", () => {
    for (const directory of notEmpty(two.directories)) {
      for (const [when, what] of [[afterRenameTo("/f0"), "new"], [atCommit, "old"]] as const) {
        const machine = after(when, two);
        recoverTransactionsSync(directory, { runtime: machine });
        assertEquals(shown(machine, two), what);
        assertEquals(leftovers(machine), []);
      }
    }
  });

  it("says that an activation may be owed until it has seen to it", async () => {
    for (const fails of [false, true]) {
      const when = () => fails ? afterRenameTo("/f0", 2) : afterRenameTo("/f0");
      const plan = () => ({ activate: fails ? noTwice() : () => {} });
      const seen = after(when(), three, plan());
      const { needsActivation } = recoverTransactionsSync("/d", { runtime: seen });
      assertEquals([needsActivation.length, shown(seen, three)], [1, fails ? "old" : "new"]);
      for (const _ of [1, 2]) {
        assertEquals(recoverTransactionsSync("/d", { runtime: seen }), { ...nothing, needsActivation });
      }
      const activated: string[] = [];
      const activate = (journal: string) => {
        assert(seen.readText(journal) !== undefined, "the journal is there until the callback returns");
        activated.push(shown(seen, three));
      };
      assertEquals((await recoverTransactions("/d", { runtime: seen, activate })).needsActivation, []);
      assertEquals(activated, [fails ? "old" : "new"]);
      assertEquals(leftovers(seen), []);
      assertEquals(recoverTransactionsSync("/d", { runtime: seen }), nothing);
    }
  });

  it("activates inside the locks of the files: asking for one of them there is an error, not a wait without end", async () => {
    const machine = after(afterRenameTo("/f0"), three, { activate: () => {} });
    const activate = async () => {
      await applyFiles({ files: [{ path: "/d/f1", data: "x" }] }, { runtime: machine, lock: { timeout: 1_000 } });
    };
    const error = await recoverTransactions("/d", { runtime: machine, activate }).catch((error: unknown) => error);
    assert(LockError.is(error) && !LockTimeoutError.is(error), `${error}`);
    assertEquals(shown(machine, three), "new");
  });

  it("asks again when the activation fails", () => {
    const machine = after(afterRenameTo("/f0"), three, { activate: () => {} });
    const activate = () => {
      throw new RangeError("still not");
    };
    assertThrows(() => recoverTransactionsSync("/d", { runtime: machine, activate }), RangeError);
    assertEquals(shown(machine, three), "new");
    assertEquals(recoverTransactionsSync("/d", { runtime: machine }).needsActivation.length, 1);
  });

  it("leaves what somebody else has written since, and finishes the rest", () => {
    const machine = after(afterRenameTo("/f0"));
    machine.put("/d/f1", "theirs");
    machine.put("/d/f2", { kind: "directory" });
    const report = recoverTransactionsSync("/d", { runtime: machine });
    assertEquals([report.finished, report.conflicts], [["/d/f0"], ["/d/f1", "/d/f2"]]);
    assertEquals(["/d/f0", "/d/f1"].map((path) => machine.readText(path)), ["new 0", "theirs"]);
    assertEquals(leftovers(machine), []);
  });

  it("leaves what somebody else has written when it rolls back", () => {
    const machine = after(afterRenameTo(".rolling-back"), three, { activate: noTwice() });
    machine.put("/d/f0", "theirs");
    machine.put("/d/f2", "theirs");
    const report = recoverTransactionsSync("/d", { runtime: machine });
    assertEquals([report.undone, report.conflicts], [["/d/f1"], ["/d/f0", "/d/f2"]]);
    assertEquals(three.paths.map((path) => machine.readText(path)), ["theirs", "old 1", "theirs"]);
  });

  it("works in a directory that was moved in the meantime", () => {
    const machine = after(afterRenameTo("/f0"));
    machine.syncFileSystem.rename("/d", "/moved");
    recoverTransactionsSync("/moved", { runtime: machine });
    assertEquals(["f0", "f1", "f2"].map((name) => machine.readText(`/moved/${name}`)), ["new 0", "new 1", "new 2"]);
  });

  it("needs no room, not even for a lock file", () => {
    const machine = after(afterRenameTo("/f0"), three, {}, { disk: { inodes: 40 } });
    for (const path of three.paths) machine.syncFileSystem.remove(`${path}.lock`);
    for (let count = 0; count < 100; count++) {
      try {
        machine.syncFileSystem.create(`/d/filler${count}`, 0o600);
      } catch {
        break;
      }
    }
    assertEquals(recoverTransactionsSync("/d", { runtime: machine.fork() }).finished, three.paths);
    assertEquals(shown(machine, three), "new");
  });

  it("takes the most advanced of several names of one journal", () => {
    const machine = after(afterRenameTo(".rolling-back"), three, { activate: noTwice() });
    const [path = ""] = leftovers(machine).filter((name) => name.includes(".journal"));
    for (const state of ["", ".preparing"]) machine.put(path.replace(".rolling-back", state), { link: path });
    assertEquals(recoverTransactionsSync("/d", { runtime: machine, activate: () => {} }).undone, three.paths);
    assertEquals([shown(machine, three), leftovers(machine)], ["old", []]);
  });

  it("leaves a file that is like the new one, but that the transaction has not made, when it rolls back", () => {
    const machine = after(afterRenameTo(".journal"), three);
    const [path = ""] = leftovers(machine).filter((name) => name.endsWith(".journal"));
    machine.syncFileSystem.rename(path, `${path}.rolling-back`);
    machine.put("/d/f2", three.new["/d/f2"] ?? "");
    const { conflicts, undone } = recoverTransactionsSync("/d", { runtime: machine });
    assertEquals([conflicts, undone], [["/d/f2"], ["/d/f0", "/d/f1"]]);
    assertEquals(machine.readText("/d/f2"), three.new["/d/f2"]);
  });

  it("does not rely on the name that a journal had before its lock was taken", () => {
    const machine = after(afterRenameTo(".rolling-back"), three, { activate: noTwice() });
    const [path = ""] = leftovers(machine).filter((name) => name.endsWith(".rolling-back"));
    const before = path.replace(".rolling-back", "");
    machine.syncFileSystem.rename(path, before);
    let renamed = 0;
    const runtime = interceptRuntime(machine, (call, proceed) => {
      // Its owner decides to roll back, and dies, while its lock is asked for.
      if (call.method === "tryLock" && call.path === before && call.operands[0] === false && renamed++ === 0) {
        machine.syncFileSystem.rename(before, path);
      }
      return proceed();
    });
    const { finished, undone } = recoverTransactionsSync("/d", { runtime, activate: () => {} });
    assertEquals([renamed, finished, undone], [1, [], three.paths]);
    assertEquals([shown(machine, three), leftovers(machine)], ["old", []]);
  });

  it("leaves a journal alone whose lock somebody else has by then", () => {
    const machine = after(afterRenameTo("/f0"));
    const other = machine.fork();
    const files = () => Object.entries(machine.files()).filter(([path]) => !path.endsWith(".lock"));
    const before = files();
    let locked = 0;
    const runtime = interceptRuntime(machine, (call, proceed) => {
      if (call.method === "tryLock" && call.path.includes(".journal") && call.operands[0] === false && locked++ === 0) {
        const journal = other.syncFileSystem.open(call.path, "read");
        assert(journal !== undefined && journal.tryLock(false) === true);
      }
      return proceed();
    });
    const { kept, ...rest } = recoverTransactionsSync("/d", { runtime, lock: { timeout: 0 } });
    assertEquals([locked, kept.map(({ reason }) => reason), rest], [1, ["alive"], {
      ...rest,
      finished: [],
      undone: [],
    }]);
    assertEquals(files(), before);
    other.kill();
    assertEquals(recoverTransactionsSync("/d", { runtime: machine }).finished, three.paths);
  });

  it("removes what is left of a transaction without a journal", () => {
    const machine = after(afterRenameTo(".marker"), two);
    for (const name of leftovers(machine)) if (name.includes(".journal")) machine.syncFileSystem.remove(name);
    assert(leftovers(machine).some((name) => name.startsWith("/e/") && name.endsWith(".marker")));
    assertEquals(recoverTransactionsSync("/e", { runtime: machine }), nothing);
    assertEquals(leftovers(machine), []);

    const id = "a".repeat(26);
    machine.put(`/d/${stageName("f0", id, 0)}`, "half");
    assertEquals(recoverTransactionsSync("/d", { runtime: machine }).undone, ["/d/f0"]);
    assertEquals(leftovers(machine), []);
  });
});

describe("a new journal that somebody takes for a dead one's before it is locked", () => {
  it("and removes, is given up for another", () => {
    const machine = machineOf();
    let looks = 0;
    const runtime = interceptRuntime(machine, (call, proceed) => {
      if (call.method === "linkStat" && call.path.endsWith(".preparing") && looks++ === 0) {
        machine.syncFileSystem.remove(call.path);
      }
      return proceed();
    });
    applyFilesSync(planOf(three), { runtime });
    assertEquals([looks, shown(machine, three), leftovers(machine)], [2, "new", []]);
  });

  it("and locks, is given up for another", () => {
    const machine = machineOf();
    const other = machine.fork();
    let made = 0;
    const runtime = interceptRuntime(machine, (call, proceed) => {
      if (call.method === "tryLock" && call.path.endsWith(".preparing") && made++ === 0) {
        assertEquals(other.syncFileSystem.open(call.path, "read")?.tryLock(true), true);
      }
      return proceed();
    });
    applyFilesSync(planOf(three), { runtime });
    assertEquals([made, shown(machine, three), leftovers(machine)], [2, "new", []]);
  });
});

describe("a living transaction", () => {
  it("is never recovered, in any of its directories, nor by another transaction there", () => {
    const machine = machineOf(two);
    const other = machine.fork();
    let looked = 0;
    const look = () => {
      const before = leftovers(machine);
      for (const directory of notEmpty(two.directories)) {
        const { kept, ...rest } = recoverTransactionsSync(directory, { runtime: other });
        assertEquals(kept.map(({ reason }) => reason), ["alive"]);
        assertEquals({ ...rest, kept: [] }, nothing);
      }
      applyFilesSync({ files: [{ path: `/e/other${looked}`, data: "x" }] }, { runtime: other });
      assertEquals(leftovers(machine), before);
      looked++;
    };
    const activate = () => {
      look();
      if (looked === 2) throw new Error("and while it rolls back");
    };
    assertThrows(() => applyFilesSync(planOf(two, { validate: look, activate }), { runtime: machine }));
    assertEquals(looked, 3);
    assertEquals(shown(machine, two), "old");
  });

  it("makes another one over its files wait, also where their locks are somewhere else", async () => {
    const machine = machineOf(three, { delay: "every" });
    let done = false;
    let second: Promise<unknown> | undefined;
    const activate = async () => {
      const plan = { files: three.paths.map((path) => ({ path, data: "second" })), validate: () => assert(done) };
      machine.put("/locks/", { kind: "directory" });
      second = applyFiles(plan, { runtime: machine.fork(), lock: { lockDirectory: "/locks" } });
      await machine.clock.sleep(1_000);
      assertEquals(shown(machine, three), "new");
      done = true;
    };
    await applyFiles({ ...planOf(three), activate }, { runtime: machine });
    await second;
    assertEquals(machine.readText("/d/f1"), "second");
  });
});

describe("the next transaction", () => {
  it("first brings what it meets to an end, and tells", () => {
    for (const [when, list] of [[afterRenameTo("/f0"), "finished"], [atCommit, "undone"]] as const) {
      const machine = after(when, two);
      const result = applyFilesSync({ files: [{ path: "/e/other", data: "x" }] }, { runtime: machine });
      assertEquals(result.recovered[list].toSorted(), two.paths.toSorted());
      assertEquals(shown(machine, two), list === "finished" ? "new" : "old");
      assertEquals(leftovers(machine), []);
    }
  });

  it("over the same files activates what was not, even when it finds nothing to change", () => {
    const machine = after(afterRenameTo("/f0"), three, { activate: () => {} });
    let activations = 0;
    const result = applyFilesSync(planOf(three, { activate: () => void activations++ }), { runtime: machine });
    assertEquals([result.changed, result.recovered.finished, activations], [false, three.paths, 1]);
    assertEquals(leftovers(machine), []);
  });

  it("over other files leaves the activation to whom it concerns", () => {
    const machine = after(afterRenameTo("/f0"), three, { activate: () => {} });
    const never = () => assert(machine.readText("/d/other") === "x");
    applyFilesSync({ files: [{ path: "/d/other", data: "x" }], activate: never }, { runtime: machine });
    const [journal = ""] = leftovers(machine);
    assert(journal.endsWith(".settled"), journal);
    assertEquals(recoverTransactionsSync("/d", { runtime: machine }), { ...nothing, needsActivation: [journal] });
  });
});

describe("a directory that is read while names in it change", () => {
  /** A machine whose first `misses` readings of a directory do not see the journal: it is being renamed. */
  function missing(machine: MemoryRuntime, misses: number) {
    let left = misses;
    return interceptRuntime(machine, (call, proceed) =>
      whenKnown(proceed(), (answer) => {
        if (call.method !== "readDirectory" || call.path !== "/d" || !Array.isArray(answer) || left === 0) {
          return answer;
        }
        left--;
        return answer.filter(({ name }: { name: string }) => !name.includes(".journal")) as typeof answer;
      }));
  }

  it("does not make a living transaction one that nobody owns", () => {
    for (const [files, directory] of [[three, "/d"], [two, "/e"]] as const) {
      for (const misses of [1, 2, 3, 4]) {
        const machine = machineOf(files);
        const validate = () => {
          const staged = leftovers(machine);
          const other = missing(machine.fork(), misses);
          applyFilesSync({ files: [{ path: `${directory}/other`, data: "x" }] }, { runtime: other });
          assertEquals(leftovers(machine), staged);
        };
        applyFilesSync(planOf(files, { validate }), { runtime: machine });
        assertEquals(shown(machine, files), "new");
      }
    }
  });
});

describe("without kernel locks", () => {
  it("what a process has left unactivated, or undecided, keeps neither it nor others waiting for its death", () => {
    const never = () => {
      throw new Error("never");
    };
    for (const processFacts of [true, false]) {
      for (const other of [true, false]) {
        const machine = machineOf(three, { processFacts, capabilities: { fileLock: "none" } });
        assertThrows(() => applyFilesSync(planOf(three, { activate: never, backup: 0 }), { runtime: machine }));
        let activated = 0;
        const plan = planOf(three, { activate: () => void activated++ });
        const runtime = other ? machine.fork() : machine;
        applyFilesSync(plan, { runtime, lock: { timeout: 1_000 } });
        assertEquals([activated, leftovers(machine)], [1, []]);
      }
      const machine = machineOf(three, { processFacts, capabilities: { fileLock: "none" } });
      const at = ({ method, operands: [to] }: SeamCall) => method === "rename" && String(to).endsWith(".rolling-back");
      const { runtime } = faultRuntime(machine, { at, error: "EIO", times: "always" });
      const error = assertThrows(() => applyFilesSync(planOf(three, { activate: never }), { runtime }));
      assert(RollbackFailedError.is(error) && error.targetState === "replaced", `${error}`);
      const again = planOf(three, { activate: () => {} });
      assertEquals(applyFilesSync(again, { runtime, lock: { timeout: 1_000 } }).recovered.finished, three.paths);
      assertEquals(leftovers(machine), []);
    }
  });

  it("the dead are known by their process, and those of another start of the machine by nobody", () => {
    const capabilities = { fileLock: "none" } as const;
    const when = (call: SeamCall) => call.method === "rename" && String(call.operands[0]).endsWith("/f1");
    const machine = after(when, three, {}, { capabilities });
    assertEquals(recoverTransactionsSync("/d", { runtime: machine }).finished, three.paths);
    assertEquals(leftovers(machine), []);
  });

  it("what cannot be proven stays, is in the way of its files only, and is recovered when that is asked for", () => {
    const machine = after(afterRenameTo("/f0"), three, {}, {
      processFacts: false,
      capabilities: { fileLock: "none" },
    });
    const [journal = ""] = leftovers(machine).filter((name) => name.includes(".journal"));
    const before = machine.files();
    assertEquals(recoverTransactionsSync("/d", { runtime: machine }), {
      ...nothing,
      kept: [{ path: journal, reason: "unproven" }],
    });
    assertEquals(machine.files(), before);
    applyFilesSync({ files: [{ path: "/d/other", data: "x" }] }, { runtime: machine });
    for (const path of three.paths) breakLock(machine, path);
    const error = assertThrows(() => applyFilesSync(planOf(three), { runtime: machine }));
    assert(FileError.is(error) && error.code === "EBUSY" && error.message.includes(journal), `${error}`);
    assertEquals(recoverTransactionsSync("/d", { runtime: machine, unproven: "recover" }).finished, three.paths);
    assertEquals([shown(machine, three), leftovers(machine)], ["new", []]);
  });
});

/** The lock directory of somebody dead who left no proof. */
function breakLock(machine: MemoryRuntime, path: string): void {
  const lock = `${path}.lock`;
  for (const name of Object.keys(machine.files(lock))) machine.syncFileSystem.remove(name);
  machine.syncFileSystem.removeDirectory(lock);
}

describe("hostile directories", () => {
  const id = "b".repeat(26);
  const digest = (machine: MemoryRuntime, text: string) => {
    const hash = machine.createHash();
    hash.update(new TextEncoder().encode(text));
    return hash.digest();
  };
  const journal = (directory: string, state: "committed" | "rolling-back" = "committed") =>
    `${directory}/${journalName({ id, proof: { kind: "lock" }, state })}`;

  /** A journal that replaces /etc/passwd, or whatever `files` say. */
  function plant(machine: MemoryRuntime, directory: string, change: Partial<JournalRecord>, owner = 1001): void {
    const record: JournalRecord = {
      id,
      activates: false,
      directories: ["."],
      files: [{
        directory: 0,
        name: "passwd",
        stage: 0,
        old: digest(machine, "root"),
        new: digest(machine, "evil"),
        backup: null,
      }],
      ...change,
    };
    machine.put(journal(directory), { content: journalBytes(machine, record), user: owner });
    machine.put(`${directory}/${stageName("passwd", id, 0)}`, { content: "evil", user: owner });
  }

  it("a planted journal reaches into no directory without its marker", () => {
    const machine = memoryRuntime({
      user: 0,
      files: { "/etc/passwd": "root", "/tmp/": { kind: "directory", mode: 0o777 } },
    });
    plant(machine, "/tmp", { directories: ["/etc"] }, 0);
    machine.put(`/etc/${stageName("passwd", id, 0)}`, "evil");
    const report = recoverTransactionsSync("/tmp", { runtime: machine });
    assertEquals(report.kept, [{ path: journal("/tmp"), reason: "unreachable", missing: "/etc" }]);
    assertEquals(machine.readText("/etc/passwd"), "root");
  });

  it("nor into one with a marker of another owner, or for another directory", () => {
    for (const [owner, directory] of [[0, "/home/eve"], [1001, "/srv"]] as const) {
      const machine = memoryRuntime({ user: 0, files: { "/etc/passwd": "root", "/home/eve/x": "", "/srv/x": "" } });
      plant(machine, "/home/eve", { directories: ["/etc"] });
      machine.put(`/etc/${stageName("passwd", id, 0)}`, "evil");
      putMarkerOf(machine, "/etc", directory, owner);
      const report = recoverTransactionsSync("/home/eve", { runtime: machine, trust: [1001] });
      assertEquals(report.kept, [{ path: journal("/home/eve"), reason: "untrusted" }]);
      assertEquals(machine.readText("/etc/passwd"), "root");
    }
  });

  /** A marker as the module writes it. */
  function putMarkerOf(machine: MemoryRuntime, directory: string, leadsTo: string, owner: number): void {
    const inode = machine.statusOf(leadsTo)?.identity.split(":").at(-1) ?? "";
    const text = `atomic-write marker 1\n${JSON.stringify({ directory: leadsTo, anchor: inode })}\n`;
    const content = `${text}sha256 ${digest(machine, text)}\n`;
    machine.put(`${directory}/${markerName(id)}`, { content, user: owner });
  }

  it("journals of others are not carried out, in whosever directory, unless their owner is trusted", () => {
    for (const [owner, mode] of [[0, 0o1777], [0, 0o777], [1001, 0o755], [1002, 0o2775]] as const) {
      const machine = memoryRuntime({ user: 0, files: { "/d/passwd": { content: "root", user: 0 } } });
      machine.put("/d", { kind: "directory", mode, user: owner });
      plant(machine, "/d", {});
      const before = machine.files();
      const kept = [{ path: journal("/d"), reason: "untrusted" as const, user: 1001 }];
      for (const trust of [undefined, [], [1000, 1002]]) {
        const options = { runtime: machine, ...trust === undefined ? {} : { trust } };
        assertEquals(recoverTransactionsSync("/d", options), { ...nothing, kept });
        assertEquals(machine.files(), before);
      }
      for (const trust of [[1001], "any"] as const) {
        const copy = memoryRuntime({ user: 0, files: { "/d/passwd": { content: "root", user: 0 } } });
        plant(copy, "/d", {});
        assertEquals(recoverTransactionsSync("/d", { runtime: copy, trust }).finished, ["/d/passwd"]);
      }
    }
  });

  it("names that lead out of their directory, and contents that are not whole, say nothing", () => {
    const good = digest(memoryRuntime(), "x");
    const file = { directory: 0, name: "a", stage: 0, old: null, new: good, backup: null };
    const records: Record<string, Partial<JournalRecord>> = {
      "a path": { files: [{ ...file, name: "../etc/passwd" }] },
      "dots": { files: [{ ...file, name: ".." }] },
      "a relative directory": { directories: ["../etc"] },
      "a directory that is not listed": { files: [{ ...file, directory: 1 }] },
      "a backup of another file": { files: [{ ...file, old: good, backup: ".b.20260101T000000000Z.bak" }] },
      "a backup of nothing": { files: [{ ...file, backup: ".a.20260101T000000000Z.bak" }] },
      "a digest that is none": { files: [{ ...file, new: "x" }] },
      "a file twice": { files: [file, { ...file, stage: 1 }] },
      "a stage twice": { files: [file, { ...file, name: "b" }] },
      "no files": { files: [] },
      "another id": { id: "c".repeat(26) },
      "too much": { more: 1 } as object,
    };
    for (const [what, change] of Object.entries(records)) {
      const machine = memoryRuntime({ files: { "/d/x": "" } });
      plant(machine, "/d", { files: [file], ...change }, 1000);
      const before = machine.files();
      assertEquals(recoverTransactionsSync("/d", { runtime: machine }).kept[0]?.reason, "corrupt", what);
      assertEquals(machine.files(), before);
      // It keeps nobody from working beside it; only from what is staged for it.
      write(machine, "/d/other");
      const error = assertThrows(() => write(machine, "/d/passwd"));
      assert(FileError.is(error) && error.code === "EBUSY", what);
    }
    const machine = after(afterRenameTo(".journal"));
    const [path = ""] = leftovers(machine).filter((name) => name.includes(".journal"));
    const bytes = machine.readBytes(path) ?? new Uint8Array();
    for (const at of [0, 30, bytes.length - 10]) {
      const damaged = bytes.slice();
      damaged[at] = (damaged[at] ?? 0) ^ 1;
      machine.syncFileSystem.remove(path);
      machine.put(path, damaged);
      assertEquals(recoverTransactionsSync("/d", { runtime: machine }).kept, [{ path, reason: "corrupt" }]);
    }
    assertEquals(shown(machine, three), "old");
  });

  function write(machine: MemoryRuntime, path: string): void {
    applyFilesSync({ files: [{ path, data: "x" }] }, { runtime: machine });
  }

  it("a symlink where a stage, a journal, a marker or a target should be is not followed", () => {
    const machine = after(afterRenameTo("/f0"));
    machine.put("/victim", "victim");
    machine.syncFileSystem.remove("/d/f1");
    machine.put("/d/f1", { symlink: "/victim" });
    const [stage = ""] = leftovers(machine).filter((name) => name.endsWith(".2.stage"));
    machine.syncFileSystem.remove(stage);
    machine.put(stage, { symlink: "/victim" });
    const report = recoverTransactionsSync("/d", { runtime: machine });
    assertEquals(report.conflicts, ["/d/f1", "/d/f2"]);
    assertEquals(machine.readText("/victim"), "victim");
    machine.put(journal("/d"), { symlink: "/victim" });
    assertEquals(recoverTransactionsSync("/d", { runtime: machine }), nothing);
  });

  it("a file system that is not mounted keeps the whole transaction waiting", () => {
    for (const hidden of ["/d", "/e"]) {
      const machine = after(afterRenameTo("/f0"), two);
      const seen = hidden === "/d" ? "/e" : "/d";
      machine.syncFileSystem.rename("/d", "/away");
      machine.put("/d/", { kind: "directory" });
      if (hidden === "/e") continue;
      const report = recoverTransactionsSync(seen, { runtime: machine });
      assertEquals(report.kept.map(({ reason, missing }) => [reason, missing]), [["unreachable", hidden]]);
      const error = assertThrows(() => applyFilesSync({ files: [{ path: "/e/f1", data: "x" }] }, { runtime: machine }));
      assert(FileError.is(error) && error.code === "EBUSY", `${error}`);
      machine.syncFileSystem.removeDirectory("/d");
      machine.syncFileSystem.rename("/away", "/d");
      assertEquals(recoverTransactionsSync(seen, { runtime: machine }).finished.length, 3);
      assertEquals(shown(machine, two), "new");
    }
  });

  it("a target that somebody has locked is waited for", () => {
    const machine = after(afterRenameTo("/f0"));
    writeFileSync("/d/other", "x", { runtime: machine });
    const holder = machine.fork();
    const file = holder.syncFileSystem.open("/d/f1.lock", "read");
    assert(file !== undefined && "tryLock" in file && file.tryLock(false) === true);
    const error = assertThrows(() => recoverTransactionsSync("/d", { runtime: machine, lock: { timeout: 20 } }));
    assert(FileError.is(error) && error.code === "ETIMEDOUT", `${error}`);
    holder.kill();
    assertEquals(recoverTransactionsSync("/d", { runtime: machine }).finished, three.paths);
  });
});
