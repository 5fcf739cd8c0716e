/**
 * Locks on simulated processes, in every order of their steps, with kills between any two: never two holders, and
 * nobody is kept out by the dead.
 */
import { assert, assertEquals, assertThrows } from "@std/assert";
import { describe, it } from "node:test";
import { LockError, LockLostError } from "../../mod.ts";
import { acquire } from "../../src/lock/lock.ts";
import { type LockOptions, lockPlan } from "../../src/lock/lock_plan.ts";
import { runSync, wait } from "../../src/core/operation.ts";
import { JoinedAbove } from "../../src/lock/joined_above.ts";
import type { LockHold } from "../../src/lock/lock_hold.ts";
import { type Engine, makeEngine } from "../../src/protocol/engine.ts";
import { tokenName } from "../../src/protocol/names/names.ts";
import { type MemoryOptions, type MemoryRuntime, memoryRuntime } from "../../src/testing/mod.ts";
import type { ProcessHost } from "../../src/runtime/process_host.ts";
import { byEffort } from "../support/effort.ts";
import { currentRuntime } from "../support/spawn.ts";
import { type Contender, type ContenderState, type ExplorationReport, explore } from "./interleavings.ts";

const path = "/work/a";
const inside = "inside";

/** Takes the lock, is inside, gives it back. */
function contender(options: LockOptions): Contender {
  return function* (engine, mark) {
    const hold = yield* acquire(engine, path, lockPlan(options).plan);
    if (hold === undefined) return "not in time";
    yield* mark(inside);
    yield* mark("leaving");
    yield* hold.release();
    yield* mark("out");
    return "held";
  };
}

const machineWith = (options: MemoryOptions = {}) => (): MemoryRuntime =>
  memoryRuntime({ user: 0, device: "disk", ...options, files: { "/work": { kind: "directory" }, ...options.files } });

/** What must be so at every moment. */
function neverTwo(contenders: readonly ContenderState[]): void {
  const holders = contenders.filter(({ place, killed }) => place === inside && !killed);
  assert(holders.length <= 1, "two hold the lock");
  for (const { ended } of contenders) {
    if (ended !== undefined && "error" in ended && !isUnprovable(ended.error)) throw ended.error;
  }
}

/** Of somebody who stops right after he has made a lock file where there are no kernel locks: nothing can be proven. */
const isUnprovable = (error: unknown): boolean =>
  LockError.is(error) && error.code === "EBUSY" && error.message.includes("remove it when no program uses it");

/** What must be so at the end: the next one gets the lock at once, and nothing is left of those who lived. */
function nobodyKeptOut(options: LockOptions) {
  return (contenders: readonly ContenderState[], machine: MemoryRuntime, over: boolean): void => {
    neverTwo(contenders);
    if (!over) return;
    const alive = contenders.filter(({ killed }) => !killed);
    // check-tests: allow -- all may have been killed
    for (const { process } of alive) assertEquals(process.openHandles, []);
    if (alive.length === contenders.length) {
      const names = Object.keys(machine.files("/work")).filter((name) =>
        name.endsWith(".tmp") || name.includes(".tmp/")
      );
      assertEquals(names, []);
    }
    const engine = makeEngine(machine, true);
    const next = runSync(() => acquire(engine, path, lockPlan({ ...options, timeout: 60 }).plan));
    assert(next !== undefined, "the dead keep the lock");
    runSync(() => next.release());
  };
}

function told(name: string, { states, ends, exhaustive }: ExplorationReport): void {
  console.log(`${name}: ${states} states, ${ends} ends, ${exhaustive ? "all there are" : "a part"}`);
}

// Nothing here depends on the runtime: one of them goes far.
const limit = currentRuntime === "deno" ? byEffort({ quick: 500, normal: 1_000, long: 400_000 }) : 300;

describe("locks, in every order of steps", () => {
  const directory: LockOptions = { backend: "directory", timeout: 3 };
  const flock: LockOptions = { backend: "flock", timeout: 3 };
  const auto: LockOptions = { timeout: 3 };
  const dead = { boot: "1".padStart(32, "0"), namespace: "4026531836", pid: 999, started: "1" };
  const token = tokenName({ generation: 1, stamp: undefined, random: "a".repeat(26), facts: dead });
  const ofTheDead: MemoryOptions = { files: { [`${path}.lock/${token}`]: "" } };
  const cases: [name: string, options: LockOptions[], kills: number, machine?: MemoryOptions][] = [
    ["two lock directories", [directory, directory], 0],
    ["two lock directories, one killed", [directory, directory], 1],
    ["three lock directories", [directory, directory, directory], 0],
    ["three lock directories, two killed", [directory, directory, directory], 2],
    ["two lock files", [flock, flock], 0],
    ["two lock files, one killed", [flock, flock], 1],
    ["three lock files, two killed", [flock, flock, flock], 2],
    ["a lock file and a lock directory", [flock, directory], 0],
    ["a lock file and a lock directory, one killed", [flock, directory], 1],
    ["two who take over from the dead", [directory, directory], 0, ofTheDead],
    ["two who take over from the dead, one killed", [directory, directory], 1, ofTheDead],
    ["three who take over from the dead, two killed", [directory, directory, directory], 2, ofTheDead],
    ["a lock file and a lock directory after the dead", [flock, directory], 1, ofTheDead],
    ["two where the file system has no kernel lock", [auto, auto], 0, { disk: { fileLock: false } }],
    ["two lock files and a lock directory, one killed", [flock, flock, directory], 1],
    ["a lock file and two lock directories, one killed", [flock, directory, directory], 1],
  ];
  for (const [name, options, kills, machine] of cases) {
    it(name, () => {
      const report = explore({
        machine: machineWith(machine),
        contenders: options.map(contender),
        kills,
        limit,
        check: nobodyKeptOut(options[0] ?? {}),
      });
      told(name, report);
    });
  }
});

/** Sharers may be inside together; nobody else may be inside with an exclusive holder. */
function neverBeside(options: readonly LockOptions[]) {
  return (contenders: readonly ContenderState[]): void => {
    const isInside = contenders.map(({ place, killed }) => place === inside && !killed);
    const inAll = isInside.filter(Boolean).length;
    const alone = options.some(({ shared }, index) => isInside[index] && !shared);
    assert(!alone || inAll === 1, "somebody is inside with an exclusive holder");
    for (const { ended } of contenders) if (ended !== undefined && "error" in ended) throw ended.error;
  };
}

describe("the gate, in every order of steps", () => {
  const exclusive: LockOptions = { timeout: 3 };
  const shared: LockOptions = { shared: true, timeout: 3 };
  const hasty: LockOptions = { shared: true, timeout: 0 };
  const cases: [name: string, options: LockOptions[], kills: number][] = [
    ["a sharer and one who needs it alone", [shared, exclusive], 0],
    ["two sharers and one who needs it alone", [shared, shared, exclusive], 0],
    ["two sharers and one who needs it alone, one killed", [shared, shared, exclusive], 1],
    ["a sharer and two who need it alone, one killed", [shared, exclusive, exclusive], 1],
    ["a sharer, one who only tries, and one who needs it alone", [shared, hasty, exclusive], 1],
  ];
  for (const [name, options, kills] of cases) {
    it(name, () => {
      const check = neverBeside(options);
      let together = 0;
      const report = explore({
        machine: machineWith(),
        contenders: options.map(contender),
        kills,
        limit,
        check(contenders, machine, over) {
          check(contenders);
          if (contenders.filter(({ place, killed }) => place === inside && !killed).length > 1) together++;
          if (!over) return;
          const alive = contenders.filter(({ killed }) => !killed);
          // check-tests: allow -- all may have been killed
          for (const { process } of alive) assertEquals(process.openHandles, []);
          if (alive.length === contenders.length) {
            assertEquals(
              Object.keys(machine.files()).filter((name) => name !== `${path}.lock`),
              [],
              "the gate is gone",
            );
          }
          const engine = makeEngine(machine, true);
          const next = runSync(() => acquire(engine, path, lockPlan({ timeout: 0 }).plan));
          assert(next !== undefined, "the dead keep the lock");
          runSync(() => next.release());
        },
      });
      assertEquals(together > 0, options.filter((each) => each.shared).length > 1, "sharers were inside together");
      told(name, report);
    });
  }
});

/** A program that starts others, and the lock that it holds. */
interface Parent {
  readonly engine: Engine;
  hold?: LockHold | undefined;
}

function isAlive(engine: Engine | undefined): boolean {
  const facts = engine?.runtime.process.facts();
  return facts !== undefined && engine?.runtime.process.liveness(facts) === "alive";
}

/** What the kernel and the environment tell a program that the parent has started. */
function below(engine: Engine, parent: Parent | undefined): Engine {
  const { process } = engine.runtime;
  const holder = () => isAlive(parent?.engine) ? parent?.hold : undefined;
  const pid = parent?.engine.runtime.process.pid ?? 0;
  const host: ProcessHost = {
    ...process,
    environment: () => {
      const hold = holder();
      return hold && JSON.stringify([{ mark: hold.held.mark, pid, shared: false }]);
    },
    ancestors: () => [pid],
    lockHolder: () => holder() === undefined ? undefined : { pid, shared: false },
  };
  return makeEngine({ ...engine.runtime, process: host }, false);
}

describe("a lock that is joined, in every order of steps", () => {
  for (const backend of ["flock", "directory"] as const) {
    for (const kills of [0, 1]) {
      it(`its joiners never at once, and none goes on when it is not held any more (${backend}, ${kills} killed)`, () => {
        let confirmed = 0;
        let lost = 0;
        const options: LockOptions = { backend, timeout: 3 };
        const contenders = () => {
          let parent: Parent | undefined;
          /** Who holds the lock itself, once the first one does not. */
          let later: Engine | undefined;
          const first: Contender = function* (engine, mark) {
            parent = { engine };
            const hold = yield* acquire(engine, path, lockPlan(options).plan);
            if (hold === undefined) return "not in time";
            parent.hold = hold;
            yield* mark("holds");
            yield* mark("leaving");
            parent.hold = undefined;
            yield* hold.release();
            return "held";
          };
          const joiner: Contender = function* (engine, mark) {
            const hold = yield* acquire(below(engine, parent), path, lockPlan({ ...options, join: true }).plan);
            if (hold === undefined) return "not in time";
            const isJoined = hold.held instanceof JoinedAbove;
            if (!isJoined) later = engine;
            yield* mark(isJoined ? inside : "holds");
            try {
              yield* hold.confirm("unchanged");
              confirmed++;
              assert(!isJoined || !isAlive(later), "a joiner goes on although another program has the lock");
            } catch (error) {
              if (!LockLostError.is(error)) throw error;
              lost++;
            }
            yield* mark("out");
            if (!isJoined) later = undefined;
            yield* hold.release();
            return isJoined ? "joined" : "held";
          };
          const other: Contender = function* (engine, mark) {
            const hold = yield* acquire(engine, path, lockPlan(options).plan);
            if (hold === undefined) return "not in time";
            later = engine;
            yield* mark("holds");
            later = undefined;
            yield* hold.release();
            return "held";
          };
          return [first, joiner, joiner, other];
        };
        const report = explore({ machine: machineWith(), contenders, kills, limit, check: neverTwo });
        // Where few orders are tried, no lock may get lost in any of them.
        assert(confirmed > 0 && (lost > 0 || limit <= 500), `${confirmed} confirmed, ${lost} lost`);
        told(`joined, ${backend}, ${kills} killed`, report);
      });
    }

    for (const ends of ["gives it back", "is killed"]) {
      it(`a program that joined changes nothing once the first ${ends} (${backend})`, () => {
        const kills = ends === "is killed" ? 1 : 0;
        const told = new Set<string>();
        const contenders = () => {
          let parent: Parent | undefined;
          let joined = false;
          const first: Contender = function* (engine, mark) {
            const hold = yield* acquire(engine, path, lockPlan({ backend }).plan);
            parent = { engine, hold };
            yield* mark("holds", () => joined && kills === 0);
            parent.hold = undefined;
            if (hold !== undefined) yield* hold.release();
          };
          const joiner: Contender = function* (engine, mark) {
            yield* mark("waits", () => parent?.hold !== undefined);
            const hold = yield* acquire(
              below(engine, parent),
              path,
              lockPlan({ backend, join: true, timeout: 3 }).plan,
            );
            if (!(hold?.held instanceof JoinedAbove)) return;
            joined = true;
            yield* mark(inside, () => !isAlive(parent?.engine) || parent?.hold === undefined);
            try {
              yield* hold.confirm("unchanged");
              told.add("confirmed");
            } catch (error) {
              told.add(LockLostError.is(error) ? "lost" : String(error));
            }
            yield* hold.release();
          };
          return [first, joiner];
        };
        explore({ machine: machineWith(), contenders, kills, limit, check: () => {} });
        assertEquals([...told], ["lost"]);
      });
    }
  }
});

describe("a holder who cannot be judged", () => {
  it("is not robbed, whatever became of it", () => {
    const options: LockOptions = { backend: "directory", timeout: 3 };
    const report = explore({
      machine: machineWith({ processFacts: false }),
      contenders: [contender(options), contender(options)],
      kills: 1,
      limit,
      check: (contenders, machine, over) => {
        neverTwo(contenders);
        const robbed = contenders.some(({ place, killed }) => place === inside && killed);
        if (!robbed) return;
        assert(contenders.every(({ place, killed }) => killed || place !== inside), "it was robbed");
        if (!over) return;
        const engine = makeEngine(machine, true);
        assertEquals(runSync(() => acquire(engine, path, lockPlan({ ...options, timeout: 60 }).plan)), undefined);
      },
    });
    told("one who cannot be judged", report);
  });
});

describe("the explorer", () => {
  it("finds the two holders of a lock that is taken over without comparing (the negative control)", () => {
    const naive: Contender = function* (engine, mark) {
      const { fileSystem, runtime } = engine;
      const own = `${path}.lock/${runtime.process.pid}`;
      for (let looks = 0; looks < 3; looks++) {
        if (yield* wait(fileSystem.makeDirectory(`${path}.lock`, 0o755))) {
          (yield* wait(fileSystem.create(own, 0o644))).close();
          yield* mark(inside);
          yield* mark("out");
          return;
        }
        const [token] = (yield* wait(fileSystem.readDirectory(`${path}.lock`))) ?? [];
        if (token === undefined || (token.name !== "999" && looks < 2)) continue;
        // Thought to be dead: as by its age.
        yield* wait(fileSystem.remove(`${path}.lock/${token.name}`));
        yield* wait(fileSystem.removeDirectory(`${path}.lock`));
      }
    };
    const error = assertThrows(() =>
      explore({
        machine: machineWith({ files: { "/work/a.lock/999": "" } }),
        contenders: [naive, naive],
        limit: 5_000,
        check: twoOnly,
      }), Error);
    assert(error.message.startsWith("two hold the lock"), error.message);
  });

  it("finds the two holders of a lock file that is removed when it is given back", () => {
    const naive: Contender = function* (engine, mark) {
      const { fileSystem } = engine;
      for (let looks = 0; looks < 2; looks++) {
        const file = (yield* wait(fileSystem.open(`${path}.lock`, "read"))) ??
          (yield* wait(fileSystem.create(`${path}.lock`, 0o644)));
        if (yield* wait(file.tryLock(false))) {
          yield* mark(inside);
          yield* mark("out");
          yield* wait(fileSystem.remove(`${path}.lock`));
          yield* wait(file.close());
          return;
        }
        yield* wait(file.close());
      }
    };
    const options = { machine: machineWith(), contenders: [naive, naive, naive], limit: 5_000 };
    const error = assertThrows(() => explore({ ...options, check: twoOnly }), Error);
    assert(error.message.startsWith("two hold the lock"), error.message);
  });
});

/** Only that: the naive ones may fail in other ways, too. */
function twoOnly(contenders: readonly ContenderState[]): void {
  assert(contenders.filter(({ place, killed }) => place === inside && !killed).length <= 1, "two hold the lock");
}
