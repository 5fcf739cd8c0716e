/**
 * A sync fails, once or for good; the log is gone on with, or opened anew, by this process or another; then the power
 * goes. What was acknowledged, before the failure or after it, is there; what was refused with `"unchanged"` is not.
 */
import { assert, assertEquals } from "@std/assert";
import { describe, it } from "node:test";
import { FileError, type LogSync, openLogSync } from "../../src/log/mod.ts";
import type { OpenFile, Runtime } from "../../src/runtime/runtime.ts";
import {
  exploreCrashesSync,
  type Fault,
  faultRuntime,
  type MemoryRuntime,
  memoryRuntime,
  type SeamCall,
} from "../../src/testing/mod.ts";
import { mostlyOnDeno } from "../support/effort.ts";

/** What somebody was told. */
type Fact = { readonly kept: string } | { readonly refused: string };
type Acknowledge = (fact: Fact) => void;

const limit = mostlyOnDeno({ quick: 20, normal: 60, long: 2_000 });

/** Longer than a sector: it may be torn. */
const text = (name: string): string => `${name}:${"x".repeat(600)}`;

function namesIn(log: LogSync): string[] {
  return [...log.read()].map(({ sequence, data }, index) => {
    const [name = "", rest] = new TextDecoder().decode(data).split(":");
    assertEquals(rest, "x".repeat(600), "a record that is not whole");
    assert(index === 0 || sequence > 0);
    return name;
  });
}

/** Appends, and says what its caller is told; whether the log can be gone on with. */
function append(log: LogSync, name: string, acknowledge: Acknowledge): boolean {
  try {
    log.append(text(name));
    acknowledge({ kept: name });
    return true;
  } catch (error) {
    assert(FileError.is(error), `not of ours: ${error}`);
    assert(error.targetState !== "replaced", "a batch is there and durable, not there, or nobody knows");
    if (error.targetState === "unchanged") acknowledge({ refused: name });
    return error.targetState === "unchanged";
  }
}

function closeQuietly(log: LogSync): void {
  try {
    log.close();
  } catch {
    // Of no interest here.
  }
}

/** Opens as often as it takes. */
function openSomehow(runtime: Runtime): LogSync {
  for (let tries = 1;; tries++) {
    try {
      return openLogSync("/log", { runtime });
    } catch (error) {
      if (tries === 3 || !FileError.is(error)) throw error;
    }
  }
}

interface Story {
  /** There are changes that nobody has synced, nor wanted to. */
  readonly careless?: true;
  setup?(machine: MemoryRuntime): void;
  run(machine: MemoryRuntime, acknowledge: Acknowledge): void;
}

/** Every disk that may be left at any moment of the story; how many there were. */
function survive(name: string, { setup, run, careless }: Story): number {
  const report = exploreCrashesSync({
    ...setup === undefined ? {} : { setup },
    run: (machine, acknowledge) => run(machine, acknowledge),
    volatile: (path) => path.endsWith(".lock"),
    limit,
    check: (machine, facts) => {
      // Who wants no syncs is promised nothing, until somebody has opened it who does.
      const isPromised = (facts as Fact[]).some((fact) => "kept" in fact);
      if (!isPromised && (careless === true || machine.statusOf("/log") === undefined)) return;
      const log = openLogSync("/log", { runtime: machine });
      const found = namesIn(log);
      // check-tests: allow -- a crash before the first acknowledgement leaves nothing to compare
      for (const fact of facts as Fact[]) {
        if ("kept" in fact) assert(found.includes(fact.kept), `${fact.kept} was acknowledged; there are: ${found}`);
        else assert(!found.includes(fact.refused), `${fact.refused} was refused; there are: ${found}`);
      }
      log.close();
    },
  });
  const first = report.violations[0];
  assert(first === undefined, first && `${name}: ${first.error}\n${first.trace.join("\n")}\n${first.state}`);
  return report.states;
}

/** The nth call of a method on the log's file. */
function nth(method: SeamCall["method"], number: number): Fault["at"] {
  let seen = 0;
  return (call) => call.method === method && call.path === "/log" && ++seen === number;
}

function makeLog(machine: MemoryRuntime): void {
  const log = openLogSync("/log", { runtime: machine });
  log.append(text("first"));
  log.close();
}

/** A sync of the log by a program that is not ours, which hears of the failure in our place. */
function failedElsewhere(machine: MemoryRuntime): void {
  const { runtime } = faultRuntime(machine, { at: ({ method }) => method === "sync", error: "EIO" });
  const file = runtime.syncFileSystem.open("/log", "read") as OpenFile;
  try {
    file.sync("full");
  } catch {
    // That is what was wanted.
  }
  file.close();
}

describe("after a failed sync, on every disk that a power cut may leave", () => {
  const stories: Record<string, Story> = {
    "the batch is cut off, and the log goes on": {
      setup: makeLog,
      run: (machine, acknowledge) => {
        const { runtime } = faultRuntime(machine, { at: nth("sync", 2), error: "EIO" });
        const log = openLogSync("/log", { runtime });
        for (const name of ["second", "third", "fourth"]) assert(append(log, name, acknowledge));
        log.close();
        assertEquals(namesIn(openLogSync("/log", { runtime: machine })), ["first", "second", "fourth"]);
      },
    },
    "it cannot be cut off, and the log is opened anew": {
      setup: makeLog,
      run: (machine, acknowledge) => {
        let broken = true;
        const at = ({ method, path }: SeamCall) => broken && method === "sync" && path === "/log";
        const { runtime } = faultRuntime(machine, { at, error: "EIO", times: "always" });
        const log = openLogSync("/log", { runtime });
        assert(!append(log, "second", acknowledge));
        closeQuietly(log);
        broken = false;
        const again = openLogSync("/log", { runtime });
        for (const name of ["third", "fourth"]) assert(append(again, name, acknowledge));
        again.close();
      },
    },
    "it is reported to a program that opens what a killed writer has left": {
      setup: makeLog,
      run: (machine, acknowledge) => {
        const killed = machine.fork();
        const log = openLogSync("/log", { runtime: killed });
        assert(append(log, "second", acknowledge));
        killed.kill();
        const again = openLogSync("/log", {
          runtime: faultRuntime(machine, { at: nth("sync", 1), error: "EIO" }).runtime,
        });
        for (const name of ["third", "fourth"]) assert(append(again, name, acknowledge));
        again.close();
      },
    },
    "another program has heard of the failure of a killed writer": {
      setup: makeLog,
      run: (machine, acknowledge) => {
        const killed = machine.fork();
        const unsynced = openLogSync("/log", { runtime: killed, durability: "none" });
        unsynced.append(text("second"));
        killed.kill();
        failedElsewhere(machine);
        const log = openLogSync("/log", { runtime: machine });
        // Whoever opens it is told of everything that is in it.
        for (const name of namesIn(log)) acknowledge({ kept: name });
        assert(append(log, "third", acknowledge));
        log.close();
      },
    },
    "another program has heard of the failure of a seal": {
      setup: makeLog,
      run: (machine, acknowledge) => {
        openLogSync("/log", { runtime: machine }).close();
        const log = openLogSync("/log", { runtime: machine });
        assert(append(log, "second", acknowledge));
        log.close();
        failedElsewhere(machine);
        const again = openLogSync("/log", { runtime: machine });
        for (const name of ["third", "fourth"]) assert(append(again, name, acknowledge));
        again.close();
      },
    },
    "a log that was made without any sync": {
      careless: true,
      run: (machine, acknowledge) => {
        openLogSync("/log", { runtime: machine, durability: "none" }).close();
        failedElsewhere(machine);
        const log = openLogSync("/log", { runtime: machine });
        for (const name of ["first", "second"]) assert(append(log, name, acknowledge));
        log.close();
      },
    },
    "a checkpoint that was made without any sync": {
      careless: true,
      setup: makeLog,
      run: (machine, acknowledge) => {
        const careless = openLogSync("/log", { runtime: machine, durability: "none" });
        careless.append(text("second"));
        careless.checkpoint("s".repeat(700), { through: 1 });
        careless.close();
        failedElsewhere(machine);
        const log = openLogSync("/log", { runtime: machine });
        for (const name of namesIn(log)) acknowledge({ kept: name });
        assert(append(log, "third", acknowledge));
        log.close();
      },
    },
  };
  for (const [name, story] of Object.entries(stories)) it(name, () => void survive(name, story));
});

describe("one call fails, the log is gone on with, and then the power goes", () => {
  const story = (machine: Runtime, acknowledge: Acknowledge): void => {
    let log = openSomehow(machine);
    for (const name of ["second", "third", "fourth"]) {
      if (append(log, name, acknowledge)) continue;
      closeQuietly(log);
      log = openSomehow(machine);
    }
    closeQuietly(log);
  };

  const calls: SeamCall[] = [];
  const watch = { at: (call: SeamCall) => calls.push(call) < 0, error: "EIO" };

  for (const unsealed of [false, true]) {
    const setup = (machine: MemoryRuntime): void => {
      makeLog(machine);
      // Its writer was killed: everything is written anew.
      if (unsealed) machine.syncFileSystem.open("/log", "read-write")?.truncate(72 + 32 + 606);
    };
    it(unsealed ? "of a log that was killed" : "of a log that was closed", () => {
      calls.splice(0);
      const machine = memoryRuntime();
      setup(machine);
      story(faultRuntime(machine, watch).runtime, () => {});
      let states = 0;
      for (const [at, call] of [...calls].entries()) {
        if (call.path.endsWith(".lock")) continue;
        const faults: Fault[] = [{ at, error: "EIO" }];
        if (call.method === "write") {
          faults.push({ at, short: 1, error: "ENOSPC" }, { at, short: 640, error: "ENOSPC" });
        }
        for (const fault of faults) {
          states += survive(`${JSON.stringify(fault)} ${call.method} ${call.path}`, {
            setup,
            run: (machine, acknowledge) => story(faultRuntime(machine, fault).runtime, acknowledge),
          });
        }
      }
      console.log(`  ${calls.length} calls, ${states} states`);
    });
  }
});
