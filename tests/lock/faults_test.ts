/**
 * Every call of everything that locks, failing once and for ever: the error tells the truth, nothing is left open, and
 * the lock is free for others.
 */
import { assert, assertEquals, assertThrows } from "@std/assert";
import { describe, it } from "node:test";
import {
  acquireLockSync,
  type ExclusiveLockSyncOptions,
  FileError,
  LockError,
  LockTimeoutError,
  removeFileSync,
  tryLockSync,
  updateFileSync,
  updateJsonFileSync,
  updateTextFileSync,
  withLockSync,
  writeFileSync,
} from "../../mod.ts";
import type { Runtime } from "../../src/runtime/runtime.ts";
import { SystemError } from "../../src/runtime/system_error.ts";
import { interceptRuntime } from "../../src/testing/faults/intercept.ts";
import { type FaultOutcome, type MemoryRuntime, memoryRuntime, sweepFaultsSync } from "../../src/testing/mod.ts";

const path = "/work/state.json";
const old = '{"runs":1}';
const changed = '{"runs":2}';

const make = (): MemoryRuntime => memoryRuntime({ user: 0, files: { [path]: old } });

interface Row {
  readonly name: string;
  readonly run: (runtime: Runtime) => unknown;
  /** What the file may be afterwards, by what the error says. */
  readonly after: string | undefined;
  readonly backend: "flock" | "directory";
}

const rows = (["flock", "directory"] as const).flatMap((backend): Row[] => {
  const lock: ExclusiveLockSyncOptions = { backend, timeout: 100 };
  const row = (name: string, after: string | undefined, run: Row["run"]): Row => ({ name, run, after, backend });
  return [
    row("acquireLock and release", old, (runtime) => acquireLockSync(path, { ...lock, runtime })[Symbol.dispose]()),
    row("tryLock and release", old, (runtime) => tryLockSync(path, { backend, runtime })?.[Symbol.dispose]()),
    row("withLock", old, (runtime) => withLockSync(path, () => 1, { ...lock, runtime })),
    row(
      "withLock in a directory of locks",
      old,
      (runtime) => withLockSync(path, () => 1, { ...lock, lockDirectory: "/", runtime }),
    ),
    row(
      "updateFile",
      changed,
      (runtime) => updateFileSync(path, () => new TextEncoder().encode(changed), { lock, runtime }),
    ),
    row("updateTextFile to the same", old, (runtime) => updateTextFileSync(path, (text) => text, { lock, runtime })),
    row("updateTextFile left alone", old, (runtime) => updateTextFileSync(path, () => undefined, { lock, runtime })),
    row(
      "updateJsonFile",
      `${changed}\n`,
      (runtime) => updateJsonFileSync(path, () => ({ runs: 2 }), { lock, runtime }),
    ),
    row("writeFile", changed, (runtime) => writeFileSync(path, changed, { lock, runtime })),
    row("removeFile", undefined, (runtime) => removeFileSync(path, { lock, runtime })),
  ];
});

/** A prepared directory that could not be removed either, because the fault is there for ever. */
const stays = (fault: FaultOutcome<MemoryRuntime>["fault"]) => fault?.times === "always";

function check({ after }: Row, { machine, faulty, fault, result }: FaultOutcome<MemoryRuntime>): void {
  const content = machine.readText(path);
  assert(content === old || content === after, `the file is ${content}`);
  assertEquals(faulty.openHandles, []);
  if ("error" in result) {
    assert(FileError.is(result.error), String(result.error));
    const { targetState, leftBehind } = result.error;
    if (targetState === "unchanged") assertEquals(content, old);
    if (targetState === "replaced") assertEquals(content, after);
    if (!stays(fault)) assertEquals(leftBehind, []);
  } else if (result.value !== undefined || after === old) {
    assertEquals(content, after);
  }
  const names = Object.keys(machine.files("/")).filter((name) => name.includes(".tmp"));
  if (!stays(fault)) assertEquals(names, []);
  // The one whom a fault has struck may not be able to take his token away: while he lives the lock is his, and free
  // for him; when he dies it is free for all.
  const other = machine.fork();
  const options = { timeout: 0, runtime: machine } as const;
  const backends = ["flock", "directory"] as const;
  for (const backend of backends) acquireLockSync(path, { ...options, backend })[Symbol.dispose]();
  machine.kill();
  for (const backend of backends) acquireLockSync(path, { ...options, runtime: other, backend })[Symbol.dispose]();
}

describe("a call that fails", () => {
  for (const row of rows) {
    it(`${row.name} (${row.backend})`, () => {
      const report = sweepFaultsSync({
        make,
        operation: row.run,
        check: (outcome) => check(row, outcome),
        // ENOENT and EEXIST from calls that find their names there are lies; what a lying network file system does is
        // another test's.
        errors: (call) => codesFor(call.method),
      });
      assert(report.runs > report.calls);
      console.log(`${row.name} (${row.backend}): ${report.calls} calls, ${report.runs} faults`);
    });
  }

  it("the first error of a lock says LockError, step and code", () => {
    sweepFaultsSync({
      make,
      operation: (runtime) => acquireLockSync(path, { runtime })[Symbol.dispose](),
      errors: ["EIO"],
      check: ({ result, faulty }) => {
        if (!("error" in result)) return;
        assert(LockError.is(result.error));
        assertEquals([result.error.code, result.error.step], ["EIO", faulty.struck?.method]);
      },
    });
  });
});

/** After so many milliseconds an empty directory is nobody's lock any more. */
const longAgo = 20_000;

function codesFor(method: string): readonly string[] {
  if (method === "tryLock") return ["EIO"];
  return method === "write" ? ["EIO", "ENOSPC"] : method === "close" ? ["EIO"] : ["EIO", "EACCES"];
}

describe("a network file system that carries out a request and says that it failed", () => {
  it("is looked at: a rename that took the lock has taken it", () => {
    for (const afterTheDead of [false, true]) {
      const machine = make();
      const dead = machine.fork();
      if (afterTheDead) acquireLockSync(path, { backend: "directory", runtime: dead });
      dead.kill();
      let lies = 0;
      const runtime = interceptRuntime(machine, (call, proceed) => {
        const answer = proceed();
        // Only a rename that was carried out is lied about.
        if (call.method === "rename" && lies++ === 0) throw new SystemError("ENOENT", "rename", call.path);
        return answer;
      });
      const lock = acquireLockSync(path, { backend: "directory", timeout: 0, runtime });
      assertEquals(tryLockSync(path, { backend: "directory", runtime: machine.fork() }), undefined);
      lock[Symbol.dispose]();
      assertEquals([Object.keys(machine.files("/work")), lies > 0], [[path], true]);
    }
  });
});

describe("a sticky directory with an empty lock directory of somebody else's", () => {
  it("is a LockError that says what to do, not a lock that is never free", () => {
    const machine = make();
    const lockPath = `${path}.lock`;
    machine.put(lockPath, { kind: "directory" });
    machine.clock.pause(longAgo);
    const runtime = interceptRuntime(machine, (call, proceed) => {
      const isTheirs = call.method === "rename" || (call.method === "removeDirectory" && call.path === lockPath);
      if (isTheirs) throw new SystemError("EPERM", call.method, call.path);
      return proceed();
    });
    for (const options of [{ timeout: 500 }, {}]) {
      const take = () => acquireLockSync(path, { backend: "directory", runtime, ...options });
      const error = assertThrows(take, LockError, "ask its owner to remove it; choose a `lockDirectory`");
      assertEquals([error.code, LockTimeoutError.is(error)], ["EPERM", false]);
    }
    assertEquals(Object.keys(machine.files("/work")), [path, `${lockPath}/`], "what was prepared is removed");
  });
});

describe("a lock directory with the token of somebody dead beside the holder's", () => {
  it("as a backup that is played back leaves it: nobody takes that over beside the holder, and it goes", () => {
    // A directory lists its names in any order, and the last one is looked at.
    for (const generation of ["g1", "g2", "g3", "g4", "g5", "g6"]) {
      const machine = make();
      const dead = machine.fork();
      acquireLockSync("/work/elsewhere", { backend: "directory", runtime: dead });
      dead.kill();
      const [token = ""] = Object.keys(machine.files("/work/elsewhere.lock"));
      const lock = acquireLockSync(path, { backend: "directory", runtime: machine });
      machine.put(token.replace("elsewhere", "state.json").replace("g1", generation));
      const other = machine.fork();
      for (const backend of ["directory", "directory", "flock"] as const) {
        assertEquals(tryLockSync(path, { backend, runtime: other }), undefined);
      }
      writeFileSync(path, changed, { lock, runtime: machine });
      lock[Symbol.dispose]();
      tryLockSync(path, { backend: "directory", runtime: other })?.[Symbol.dispose]();
      assertEquals(machine.files("/work"), { [path]: changed, [token]: "" });
    }
  });
});

describe("a system that renames no directory over another, and says so in its own words", () => {
  it("gets its locks all the same", () => {
    for (const code of ["EPERM", "EACCES", "EEXIST"]) {
      const machine = make();
      machine.put(`${path}.lock`, { kind: "directory" });
      machine.clock.pause(longAgo);
      const runtime = interceptRuntime(machine, (call, proceed) => {
        const onto = call.operands[0];
        const isTaken = call.method === "rename" && typeof onto === "string" && machine.statusOf(onto) !== undefined;
        if (isTaken) throw new SystemError(code, "rename", call.path);
        return proceed();
      });
      const options = { backend: "directory", timeout: 100, runtime } as const;
      const lock = acquireLockSync(path, options);
      assertEquals(tryLockSync(path, { backend: "directory", runtime: machine.fork() }), undefined);
      lock[Symbol.dispose]();
      acquireLockSync(path, options)[Symbol.dispose]();
      assertEquals(Object.keys(machine.files("/work")), [path]);
    }
  });
});
