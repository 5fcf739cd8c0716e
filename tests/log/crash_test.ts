/**
 * Every disk that a power cut may leave, and every call failed once: a log opens, its records are a prefix of what was
 * appended, and what was acknowledged is in it. And bytes that nobody wrote: typed errors, never anything else.
 */
import { assert, assertEquals } from "@std/assert";
import { describe, it } from "node:test";
import { CorruptionError, FileError, openLog, openLogReaderSync, openLogSync } from "../../src/log/mod.ts";
import {
  type CrashOptions,
  type CrashReport,
  exploreCrashes,
  exploreCrashesSync,
  type MemoryRuntime,
  memoryRuntime,
  sweepFaults,
  sweepFaultsSync,
} from "../../src/testing/mod.ts";
import type { Runtime } from "../../src/runtime/runtime.ts";
import { mostlyOnDeno } from "../support/effort.ts";
import { pseudoRandom } from "../store/support.ts";
import { textsOf } from "./support.ts";

const isLock = (path: string): boolean => path.endsWith(".lock");
const limit = mostlyOnDeno({ quick: 1_000, normal: 6_000, long: 60_000 });
/** More than a sector: a batch of these may be torn in many ways. */
const long = (number: number): string => `${number}:${"x".repeat(700)}`;

function report(name: string, result: CrashReport): void {
  const first = result.violations[0];
  assertEquals(result.violations.length, 0, first && `${first.error}\n${first.state}\n${first.trace.join("\n")}`);
  console.log(
    `  ${name}: ${result.operations} calls, ${result.states} states (${result.recoveryStates} in recovery)${
      result.exhaustive ? ", all there are" : ", a sample"
    }`,
  );
}

const explore = (options: CrashOptions): CrashReport =>
  exploreCrashesSync({
    volatile: isLock,
    modes: ["strict", "kill"],
    limit,
    pieces: mostlyOnDeno({ quick: 3, normal: 5, long: 8 }),
    ...options,
  });

/** What the log amounts to: the snapshot is a number of records, each record is its own number. */
function stateOf(machine: MemoryRuntime): number[] {
  if (machine.statusOf("/log") === undefined) return [];
  const log = openLogSync("/log", { runtime: machine });
  const snapshot = log.snapshot();
  const covered = snapshot === undefined ? 0 : Number(new TextDecoder().decode(snapshot).split(":")[0]);
  const found = [...log.read()];
  const numbers = Array.from({ length: covered }, (_, index) => index + 1);
  // check-tests: allow -- a crash before the first append leaves no record; the numbers are compared by the callers
  for (const { sequence, data } of found) {
    const text = new TextDecoder().decode(data);
    assertEquals(text, long(sequence), "a record that is not whole");
    numbers.push(sequence);
  }
  log.close();
  return numbers;
}

/** Records 1, 2, 3 … without a gap, and at least those that were acknowledged. */
function check(machine: MemoryRuntime, acknowledged: readonly unknown[]): void {
  const numbers = stateOf(machine);
  assertEquals(numbers, numbers.map((_, index) => index + 1));
  const most = Math.max(0, ...acknowledged as number[]);
  assert(numbers.length >= most, `${most} records were acknowledged, and ${numbers.length} are there`);
  // Whatever was found is there to stay, and can be gone on from.
  const log = openLogSync("/log", { runtime: machine });
  assertEquals(log.append(long(numbers.length + 1)), numbers.length + 1);
  log.close();
  assertEquals(stateOf(machine).length, numbers.length + 1);
}

describe("power cuts", () => {
  it("while a log is made and appended to", () => {
    const result = explore({
      run: (runtime, acknowledge) => {
        const log = openLogSync("/log", { runtime });
        acknowledge(log.append(long(1)));
        acknowledge(log.append(long(2)));
        log.close();
      },
      recover: (runtime) => openLogSync("/log", { runtime }).close(),
      check,
    });
    report("append", result);
  });

  it("while a batch is appended: any part of it may be left, and none of it is trusted beyond the first gap", () => {
    const result = explore({
      setup: (machine) => {
        const log = openLogSync("/log", { runtime: machine });
        log.append(long(1));
        log.close();
      },
      run: (runtime, acknowledge) => {
        const log = openLogSync("/log", { runtime });
        acknowledge(log.appendMany([long(2), long(3), long(4)]).at(-1));
        acknowledge(log.append(long(5)));
        log.close();
      },
      recover: (runtime) => {
        const log = openLogSync("/log", { runtime });
        log.append(long(log.nextSequence));
        log.close();
      },
      check,
    });
    report("batches", result);
  });

  it("while a log is opened that a killed writer has left, visible and not synced", () => {
    const result = explore({
      run: (runtime, acknowledge) => {
        const killed = runtime.fork();
        const log = openLogSync("/log", { runtime: killed, durability: "none" });
        log.appendMany([long(1), long(2)]);
        killed.kill();
        const again = openLogSync("/log", { runtime });
        acknowledge(again.nextSequence - 1);
        acknowledge(again.append(long(3)));
        again.close();
      },
      // Until somebody has opened it anew, nothing was promised: not even that the name leads to a whole log.
      check: (machine, acknowledged) => acknowledged.length > 0 ? check(machine, acknowledged) : undefined,
    });
    report("after a killed writer", result);
  });

  it("while a checkpoint is made, with records that stay and without", () => {
    for (const through of [3, 2]) {
      const result = explore({
        setup: (machine) => {
          const log = openLogSync("/log", { runtime: machine });
          log.appendMany([1, 2, 3].map(long));
          log.close();
        },
        run: (runtime, acknowledge) => {
          acknowledge(3);
          const log = openLogSync("/log", { runtime });
          log.checkpoint(`${through}:${"s".repeat(900)}`, { through });
          acknowledge(log.append(long(4)));
          log.close();
        },
        recover: (runtime) => openLogSync("/log", { runtime }).close(),
        check,
      });
      report(`checkpoint through ${through}`, result);
    }
  });

  it("while several append at once", async () => {
    let states = 0;
    const seeds = mostlyOnDeno({ quick: 1, normal: 4, long: 30 });
    for (let seed = 1; seed <= seeds; seed++) {
      const result = await exploreCrashes({
        machine: { delay: "every", seed },
        seed,
        volatile: isLock,
        modes: ["strict", "kill"],
        limit: mostlyOnDeno({ quick: 300, normal: 1_000, long: 5_000 }),
        run: async (runtime, acknowledge) => {
          const log = await openLog("/log", { runtime });
          const append = async (number: number) => acknowledge(await log.append(long(number)));
          await append(1);
          await Promise.all([append(2), append(3), append(4)]);
          await Promise.all([append(5), log.checkpoint(`5:${"s".repeat(600)}`), append(6)]);
          await log.close();
        },
        check,
      });
      assertEquals(result.violations.map(({ error, trace }) => `${error}\n${trace.join("\n")}`), []);
      states += result.states;
    }
    console.log(`  concurrent appends and a checkpoint: ${states} states over ${seeds} interleavings`);
  });

  it("would be noticed: without syncs, acknowledged records are lost", () => {
    const result = explore({
      run: (runtime, acknowledge) => {
        const log = openLogSync("/log", { runtime, durability: "none" });
        acknowledge(log.append(long(1)));
        log.close();
      },
      check,
    });
    assert(result.violations.length > 0);
  });
});

describe("every call failed once", () => {
  const make = (): MemoryRuntime => {
    const machine = memoryRuntime();
    const log = openLogSync("/log", { runtime: machine });
    log.append(long(1));
    log.close();
    return machine;
  };

  const checkSweep = (mayBe: readonly number[]) =>
  ({ machine, faulty, fault, result }: {
    machine: MemoryRuntime;
    faulty: { openHandles: string[] };
    fault: unknown;
    result: object;
  }): void => {
    assertEquals(faulty.openHandles, []);
    const numbers = stateOf(machine);
    assertEquals(numbers, numbers.map((_, index) => index + 1));
    if (!("error" in result)) return assertEquals(numbers.length, mayBe.at(-1));
    assert(fault !== undefined, String(result.error));
    assert(FileError.is(result.error), `not of ours: ${result.error}`);
    assert(mayBe.includes(numbers.length), `${numbers.length} records`);
    const { targetState, path, leftBehind } = result.error;
    if (path === "/log" && targetState === "unchanged") assertEquals(numbers.length, mayBe[0], result.error.message);
    const left = Object.keys(machine.files()).filter((name) => name.endsWith(".tmp") && !leftBehind.includes(name));
    assertEquals(left, []);
  };

  async function appendTwo(runtime: Runtime): Promise<void> {
    const log = await openLog("/log", { runtime });
    try {
      await log.appendMany([long(2), long(3)]);
    } finally {
      // Whatever closing says, the first failure is the one that is thrown.
      await log.close().catch(() => {});
    }
  }

  function appendTwoSync(runtime: Runtime): void {
    const log = openLogSync("/log", { runtime });
    try {
      log.appendMany([long(2), long(3)]);
    } finally {
      try {
        log.close();
      } catch {
        // What the append threw comes first.
      }
    }
  }

  it("of an append", async () => {
    const synchronous = sweepFaultsSync({ make, operation: appendTwoSync, check: checkSweep([1, 3]) });
    assertEquals(await sweepFaults({ make, operation: appendTwo, check: checkSweep([1, 3]) }), synchronous);
    console.log(`  append: ${synchronous.calls} calls, ${synchronous.runs} faults`);
  });

  it("of making a log", () => {
    const { calls, runs } = sweepFaultsSync({
      make: () => memoryRuntime(),
      operation: (runtime) => {
        const log = openLogSync("/log", { runtime });
        try {
          log.append(long(1));
        } finally {
          log.close();
        }
      },
      check: checkSweep([0, 1]),
    });
    console.log(`  making: ${calls} calls, ${runs} faults`);
  });

  it("of a checkpoint", () => {
    const { calls, runs } = sweepFaultsSync({
      make,
      operation: (runtime) => {
        const log = openLogSync("/log", { runtime });
        try {
          log.checkpoint("1:snapshot");
        } finally {
          try {
            log.close();
          } catch {
            // What the checkpoint threw comes first.
          }
        }
      },
      check: checkSweep([1, 1]),
    });
    console.log(`  checkpoint: ${calls} calls, ${runs} faults`);
  });
});

describe("bytes that nobody wrote", () => {
  const rounds = mostlyOnDeno({ quick: 300, normal: 3_000, long: 50_000 });

  function whole(): Uint8Array {
    const machine = memoryRuntime();
    const log = openLogSync("/log", { runtime: machine });
    log.appendMany(["one", "two"]);
    log.checkpoint("snapshot", { through: 1 });
    log.append("three");
    log.appendMany(["four", "five", long(6)]);
    log.close();
    return machine.readBytes("/log") ?? new Uint8Array();
  }

  function open(bytes: Uint8Array): void {
    const machine = memoryRuntime({ files: { "/log": bytes } });
    const reader = openLogReaderSync("/log", { runtime: machine });
    const found: string[] = [];
    let damage: unknown;
    try {
      for (const { data } of reader.read()) found.push(new TextDecoder().decode(data));
    } catch (error) {
      damage = error;
      assert(CorruptionError.is(error), String(error));
    }
    try {
      reader.snapshot();
    } catch (error) {
      assert(CorruptionError.is(error), String(error));
    }
    try {
      const log = openLogSync("/log", { runtime: machine });
      assertEquals(damage, undefined, "a reader and a writer judge alike");
      assertEquals(textsOf(log.read()).length, found.length);
      log.append("next");
      assertEquals(textsOf(log.read()).length, found.length + 1);
      log.close();
    } catch (error) {
      assert(CorruptionError.is(error), String(error));
      assert(damage !== undefined);
    }
    const expected = ["two", "three", "four", "five", long(6)];
    assertEquals(found, expected.slice(0, found.length), "records that were never written");
    assertEquals(machine.openHandles, []);
  }

  it("at random: typed errors only, never a record that was not written", () => {
    const random = pseudoRandom(5);
    for (let round = 0; round < rounds; round++) {
      const bytes = Uint8Array.from({ length: Math.floor(random() * 300) }, () => random() * 256);
      if (round % 2 === 0) bytes.set(whole().subarray(0, Math.min(80, bytes.length)));
      open(bytes);
    }
  });

  it("by mutation: flipped, cut, doubled, moved", () => {
    const random = pseudoRandom(6);
    const original = whole();
    for (let round = 0; round < rounds; round++) {
      let bytes = original.slice();
      const place = () => Math.floor(random() * bytes.length);
      for (let count = 0; count <= round % 3; count++) {
        const kind = Math.floor(random() * 5);
        if (kind === 0) bytes[place()] = random() * 256;
        else if (kind === 1) bytes = bytes.slice(0, place());
        else if (kind === 2) bytes.fill(0, place());
        else if (kind === 3) bytes.copyWithin(place(), place(), place());
        else bytes = new Uint8Array([...bytes, ...bytes.subarray(place())]);
        if (bytes.length === 0) break;
      }
      open(bytes);
    }
  });
});
