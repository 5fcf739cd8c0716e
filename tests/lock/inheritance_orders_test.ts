/**
 * A lock that a child inherits, in every order of steps and with kills between any two: as long as the child runs nobody
 * else is inside, whatever becomes of its parent; and what the child leaves running keeps nobody out.
 */
import { assert, assertEquals, assertThrows } from "@std/assert";
import { describe, it } from "node:test";
import { acquire } from "../../src/lock/lock.ts";
import { type LockOptions, lockPlan } from "../../src/lock/lock_plan.ts";
import { type Operation, runSync, wait } from "../../src/core/operation.ts";
import { makeEngine } from "../../src/protocol/engine.ts";
import { type MemoryRuntime, memoryRuntime } from "../../src/testing/mod.ts";
import { byEffort } from "../support/effort.ts";
import { currentRuntime } from "../support/spawn.ts";
import { notEmpty } from "../support/tally.ts";
import {
  type Contender,
  type ContenderState,
  type Exploration,
  explore,
  type Mark,
  type Start,
} from "./interleavings.ts";

const path = "/work/a";

/** The places that matter: with the lock, as its child, and left behind by the child. */
const [holds, releases, child, daemon] = ["holds the lock", "releases it", "is the child", "was left running"] as const;

const isAt = (place: string) => (each: ContenderState) =>
  each.place === place && !each.killed && each.ended === undefined;

/** Starts a program that inherits the descriptor, leaves something running that inherits it, too, and ends. */
function* command(mark: Mark, start: Start, descriptor: number | undefined): Operation<void> {
  const given = { inherits: descriptor === undefined ? [] : [descriptor] };
  yield* mark(holds);
  const started = start(function* (_engine, markChild, startAnother) {
    yield* markChild(child);
    startAnother((_engine, markDaemon) => markDaemon(daemon, () => false), given);
    yield* markChild(child);
  }, given);
  yield* mark(holds, () => started.ended !== undefined || started.killed);
  yield* mark(releases);
}

/** Takes the lock, runs a program, and gives the lock back: `atomic-write lock [--close] a COMMAND`. */
function parent(options: LockOptions, closes = false): Contender {
  return function* (engine, mark, start) {
    const hold = yield* acquire(engine, path, lockPlan(options).plan);
    if (hold === undefined) return "not in time";
    yield* command(mark, start, closes ? undefined : hold.handOver());
    yield* hold.release();
    yield* mark("out");
    return "held";
  };
}

/** Another program that wants the lock. */
function other(options: LockOptions): Contender {
  return function* (engine, mark) {
    const hold = yield* acquire(engine, path, lockPlan(options).plan);
    if (hold === undefined) return "not in time";
    yield* mark("another is inside");
    yield* mark("leaves");
    yield* hold.release();
    return "held";
  };
}

/** Nobody else is inside with the parent or with its child. */
function neverBetween(contenders: readonly ContenderState[]): void {
  const inside = contenders.filter(isAt("another is inside")).length;
  const ours = contenders.some(isAt(holds)) || contenders.some(isAt(child));
  assert(inside <= (ours ? 0 : 1), "another program is inside, too");
  for (const { ended } of contenders) if (ended !== undefined && "error" in ended) throw ended.error;
}

/** At the end the lock is free, but for what a parent that was killed has left running. */
function onlyOrphansKeepIt(contenders: readonly ContenderState[], machine: MemoryRuntime): void {
  const [first] = contenders;
  const isLeft = contenders.some(isAt(child)) || contenders.some(isAt(daemon));
  const isKept = machine.isLocked(`${path}.lock`);
  if (first?.killed && first.place === holds) assertEquals(isKept, isLeft, "orphans keep the lock");
  // Killed in the middle of that, it may have unlocked or not.
  else if (!first?.killed || first.place !== releases) assert(!isKept, "what was left running has the lock");
  const engine = makeEngine(machine, true);
  const next = runSync(() => acquire(engine, path, lockPlan({ timeout: 0 }).plan));
  if (next !== undefined) runSync(() => next.release());
  // check-tests: allow -- all may have been killed
  for (const { process, killed, place } of contenders) {
    if (!killed && place !== daemon) assertEquals(process.openHandles, []);
  }
}

// Nothing here depends on the runtime: one of them goes far.
const limit = currentRuntime === "deno" ? byEffort({ quick: 500, normal: 1_200, long: 400_000 }) : 500;

/** Machines whose kernel lock is a call, and those that run flock(1): there only closing gives it back. */
const locks = ["call", "program"] as const;

function rules(fileLock: (typeof locks)[number], kills: number): Omit<Exploration, "contenders" | "check"> {
  const capabilities = { fileLock };
  const files = { "/work": { kind: "directory" }, [path]: "" } as const;
  return { machine: () => memoryRuntime({ user: 0, device: "disk", capabilities, files }), kills, limit };
}

describe("a lock that a child inherits, in every order of steps", () => {
  const exclusive: LockOptions = { backend: "flock", timeout: 3 };
  const shared: LockOptions = { ...exclusive, shared: true };
  const cases: [name: string, own: LockOptions, others: LockOptions[], kills: number][] = [
    ["one other", exclusive, [exclusive], 0],
    ["one other, one killed", exclusive, [exclusive], 1],
    ["one other, two killed", exclusive, [exclusive], 2],
    ["two others, one killed", exclusive, [exclusive, exclusive], 1],
    ["held shared, two others, one killed", shared, [exclusive, exclusive], 1],
  ];
  for (const fileLock of locks) {
    for (const [name, own, others, kills] of notEmpty(cases.slice(0, fileLock === "call" ? undefined : 3))) {
      it(`nobody else gets in between: ${name} (flock as a ${fileLock})`, () => {
        const seen = { orphans: 0, left: 0 };
        const report = explore({
          ...rules(fileLock, kills),
          contenders: [parent(own), ...others.map(other)],
          check(contenders, machine, over) {
            neverBetween(contenders);
            if (contenders[0]?.killed && contenders.some(isAt(child))) seen.orphans++;
            if (!over) return;
            if (!contenders[0]?.killed && contenders.some(isAt(daemon))) seen.left++;
            onlyOrphansKeepIt(contenders, machine);
          },
        });
        assert(seen.left > 0 && seen.orphans > 0 === kills > 0, JSON.stringify(seen));
        console.log(`${name}, ${fileLock}: ${report.states} states, ${report.exhaustive ? "all there are" : "a part"}`);
      });
    }
  }

  it("without it others get in when the parent is killed (the negative control)", () => {
    const contenders = [parent(exclusive, true), other(exclusive)];
    const error = assertThrows(
      () => explore({ ...rules("call", 1), limit: 5_000, contenders, check: neverBetween }),
      Error,
    );
    assert(error.message.startsWith("another program is inside, too"), error.message);
  });

  it("closing alone would leave it to what the child has left running (the negative control)", () => {
    const naive: Contender = function* ({ fileSystem }, mark, start) {
      const file = yield* wait(fileSystem.create(`${path}.lock`, 0o644));
      if (!(yield* wait(file.tryLock(false)))) return;
      yield* command(mark, start, file.descriptor);
      yield* wait(file.close());
    };
    const check: Exploration["check"] = (all, machine, over) => over && onlyOrphansKeepIt(all, machine);
    const error = assertThrows(() => explore({ ...rules("call", 0), contenders: [naive], check }), Error);
    assert(error.message.includes("what was left running has the lock"), error.message);
  });
});
