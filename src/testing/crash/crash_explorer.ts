/**
 * One exploration: see crash.ts for the order of things.
 *
 * Disks of the first level are gathered before any is tried, so that a sample is one of all; those of the second level
 * come up while the first are recovered, and each recovery may try its share of what the limit leaves.
 */
import { type Operation, wait } from "../../core/operation.ts";
import { isTurnDue, nextTurn } from "../../core/event_loop.ts";
import { ambientRuntime, withRuntime } from "../../runtime/current.ts";
import type { CrashOptions, CrashReport, CrashViolation } from "./crash.ts";
import { CrashRecorder, type Instant } from "./crash_recorder.ts";
import { recordRun } from "./crash_run.ts";
import { type CrashedDisk, CrashSpace } from "./crash_space.ts";
import { Machine, type MachinePast } from "../machine/machine.ts";
import { Mistakes, untilPendingShows } from "../mistakes.ts";
import { picture } from "../machine/picture.ts";
import { SeededRandom } from "../random.ts";
import { Settlement } from "./settlement.ts";
import { partsOf, type ProcessParts, SimulatedProcess } from "../machine/simulated_process.ts";

/** How a life of the machine ended. All disks that may be left by it share this. */
interface Cut {
  readonly past: MachinePast;
  readonly facts: readonly unknown[];
  /** Calls before the crash; across an earlier crash, if there was one. */
  trace(): string[];
}

/** A disk to try, and how it came about. */
interface Candidate {
  readonly disk: CrashedDisk;
  readonly cut: Cut;
}

/** Listing more combinations than this many times the limit, to find which differ, takes too long. */
const listingFactor = 20;

/** Runs and tries. */
export class CrashExplorer {
  readonly #options: CrashOptions;
  readonly #limit: number;
  readonly #seed: number;
  readonly #stopAfter: number;
  readonly #random: SeededRandom;
  readonly #settlement: Settlement;
  readonly #seen = new Set<string>();
  readonly #violations: CrashViolation[] = [];
  readonly #mistakes = new Mistakes();
  readonly #synchronous: boolean;
  #exhaustive = true;
  #states = 0;
  #recoveryStates = 0;
  #machine: Machine | undefined;
  #record: ProcessParts["record"] | undefined;

  /** An exploration that has not started. */
  constructor(options: CrashOptions, synchronous: boolean) {
    const { limit = 50_000, seed = 1, sectorSize = 512, pieces = 3, stopAfter = 10 } = options;
    this.#options = options;
    this.#synchronous = synchronous;
    this.#limit = limit;
    this.#seed = seed;
    this.#stopAfter = stopAfter;
    this.#random = new SeededRandom(seed);
    this.#settlement = new Settlement({ sectorSize, pieces });
  }

  /** Explores. Once. */
  *explore(): Operation<CrashReport> {
    if (this.#synchronous) return yield* this.#explored();
    // What was not awaited still finds its machine, and is refused there.
    ambientRuntime.keep();
    try {
      const report = yield* this.#explored();
      yield* wait(untilPendingShows());
      this.#mistakes.throwFirst();
      return report;
    } finally {
      ambientRuntime.end();
    }
  }

  *#explored(): Operation<CrashReport> {
    const [seed, synchronous, mistakes] = [this.#seed, this.#synchronous, this.#mistakes];
    const { recorder, machine, record } = yield* recordRun({ options: this.#options, seed, synchronous, mistakes });
    this.#machine = machine;
    this.#record = record;
    const candidates = this.#gathered(recorder, machine);
    for (const [index, candidate] of candidates.entries()) {
      if (this.#stopped()) break;
      yield* this.#turn();
      yield* this.#try(candidate, candidates.length - index);
    }
    return {
      operations: recorder.calls,
      states: this.#states,
      exhaustive: this.#exhaustive && !this.#stopped(),
      violations: this.#violations,
      instants: recorder.instants.length,
      recoveryStates: this.#recoveryStates,
    };
  }

  /** Lets the rest of the program have a turn when it is due, and the signal be heard. */
  *#turn(): Operation<void> {
    if (this.#synchronous) return;
    if (isTurnDue()) yield* wait(nextTurn());
    this.#options.signal?.throwIfAborted();
  }

  #stopped(): boolean {
    return this.#violations.length >= this.#stopAfter;
  }

  #space(instant: Instant, machine: Machine): CrashSpace {
    return new CrashSpace(instant.image, machine.plan, this.#settlement, this.#options.volatile);
  }

  /** The disks of the first level. */
  #gathered(recorder: CrashRecorder, machine: Machine): Candidate[] {
    const { modes = ["strict"] } = this.#options;
    const found: Candidate[] = [];
    if (modes.includes("strict")) {
      const spaces = recorder.instants.map((instant) => ({ instant, space: this.#space(instant, machine) }));
      const quotas = this.#quotas(spaces.map(({ space }) => space.count));
      for (const [index, { instant, space }] of spaces.entries()) {
        const cut = this.#cut(instant, recorder, machine);
        for (const disk of this.#newDisks(space, instant, quotas[index] ?? 0)) found.push({ disk, cut });
      }
    }
    if (modes.includes("kill")) {
      for (const [index, instant] of recorder.instants.entries()) {
        const disk: CrashedDisk = { key: `killed at ${index}`, image: () => instant.image };
        found.push({ disk, cut: this.#cut(instant, recorder, machine, "kill") });
      }
    }
    return this.#limited(found, this.#limit);
  }

  /** How many disks to take from each of these spaces: all, or fair shares of the limit. */
  #quotas(counts: readonly number[]): number[] {
    const quotas = counts.map(() => Infinity);
    if (counts.reduce((sum, count) => sum + count, 0) <= this.#limit * listingFactor) return quotas;
    let left = this.#limit;
    const order = [...counts.keys()].sort((one, two) => (counts[one] ?? 0) - (counts[two] ?? 0));
    for (const [position, index] of order.entries()) {
      const share = Math.ceil(left / (order.length - position));
      quotas[index] = share;
      left -= Math.min(share, counts[index] ?? 0);
    }
    return quotas;
  }

  /** Disks that have not come up yet: all, if there are no more than the quota, else as many, drawn by chance. */
  *#newDisks(space: CrashSpace, instant: Instant, quota: number): Generator<CrashedDisk> {
    if (space.count <= quota) {
      for (const disk of space.disks()) if (this.#isNew(disk.key, instant.facts)) yield disk;
      return;
    }
    this.#exhaustive = false;
    const losses = [0, 1, 0.5, 0.1, 0.9, 0.3, 0.7];
    let left = quota;
    for (let draw = 0; draw < quota * 3 && left > 0; draw++) {
      const disk = space.chance(this.#random, losses[draw < 2 ? draw : 2 + draw % 5] ?? 0.5);
      if (!this.#isNew(disk.key, instant.facts)) continue;
      left--;
      yield disk;
    }
  }

  #isNew(key: string, facts: number): boolean {
    const whole = `${facts} ${key}`;
    if (this.#seen.has(whole)) return false;
    this.#seen.add(whole);
    return true;
  }

  /** At most `count` of them, and the part that was asked for, in their order. */
  #limited(candidates: Candidate[], count: number): Candidate[] {
    const { fraction = 1 } = this.#options;
    const part = Math.min(candidates.length, count, Math.ceil(candidates.length * fraction));
    if (part === candidates.length) return candidates;
    this.#exhaustive = false;
    let left = part;
    return candidates.filter((_, index) => {
      const taken = this.#random.chance(left / (candidates.length - index));
      if (taken) left--;
      return taken;
    });
  }

  #cut(
    instant: Instant,
    recorder: CrashRecorder,
    machine: Machine,
    end: MachinePast["end"] = "power cut",
    before: () => string[] = () => [],
  ): Cut {
    return {
      past: { starts: machine.starts, lives: machine.lives, now: instant.now, end },
      facts: recorder.facts.slice(0, instant.facts),
      trace: () => [...before(), ...recorder.trace(instant.calls), `--- ${end} ---`],
    };
  }

  /** A machine that starts on a disk, and the process that looks at it. */
  #start({ disk, cut }: Candidate, recorder?: CrashRecorder): SimulatedProcess {
    if (this.#machine === undefined || this.#record === undefined) throw new Error("Nothing has run yet");
    const machine = new Machine(this.#machine.plan, disk.image(), cut.past, recorder?.around);
    return new SimulatedProcess(machine, this.#record);
  }

  *#try(candidate: Candidate, candidatesLeft: number): Operation<void> {
    const { recover } = this.#options;
    if (recover === undefined) return yield* this.#check(candidate, this.#start(candidate));
    const recorder = new CrashRecorder(candidate.cut.facts);
    const runtime = this.#start(candidate, recorder);
    const { machine } = partsOf(runtime);
    recorder.start(machine);
    yield* this.#check(candidate, runtime, () => recorder.stop());
    const again = this.#gatheredAgain(candidate, recorder, machine, candidatesLeft);
    for (const second of again) {
      if (this.#stopped()) return;
      this.#recoveryStates++;
      yield* this.#check(second, this.#start(second));
    }
  }

  /** Disks that have not come up yet, after cutting off a recovery. */
  #gatheredAgain(candidate: Candidate, recorder: CrashRecorder, machine: Machine, candidatesLeft: number): Candidate[] {
    const found: Candidate[] = [];
    const share = Math.max(1, Math.ceil((2 * (this.#limit - this.#recoveryStates)) / candidatesLeft));
    for (const instant of recorder.instants) {
      const space = this.#space(instant, machine);
      const quota = space.count <= share * listingFactor ? Infinity : share;
      const cut = this.#cut(instant, recorder, machine, "power cut", () => candidate.cut.trace());
      for (const disk of this.#newDisks(space, instant, quota)) found.push({ disk, cut });
    }
    return this.#limited(found, share);
  }

  *#check(candidate: Candidate, runtime: SimulatedProcess, recovered: () => void = () => {}): Operation<void> {
    const { recover, check } = this.#options;
    const { facts, trace } = candidate.cut;
    this.#states++;
    let verdict: unknown;
    try {
      try {
        if (recover !== undefined) yield* wait(withRuntime(runtime, () => recover(runtime)));
      } finally {
        recovered();
      }
      verdict = yield* wait(withRuntime(runtime, () => check(runtime, facts)));
    } catch (error) {
      this.#violations.push({
        state: picture(partsOf(this.#start(candidate)).machine),
        trace: trace(),
        error,
        acknowledged: facts,
        seed: this.#seed,
      });
    }
    this.#mistakes.refuseVerdict("check", verdict);
    partsOf(runtime).machine.end(() => this.#mistakes.late("check"));
  }
}
