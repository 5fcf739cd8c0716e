/**
 * The power cut at every instant of an order, and every disk that it may leave recovered and checked.
 *
 * 1. `begin` with a machine and what has been acknowledged; `moved` after each step. 2. `tryAll` when the order has ended:
 * instants that another order has led to in the same way are not tried again, and disks that look alike with the same
 * facts acknowledged are tried once. 3. Where a recovery changes the disk, the power is cut at its instants as well.
 */
import type { Awaitable } from "../../core/operation.ts";
import { CrashRecorder } from "../crash/crash_recorder.ts";
import type { CrashedDisk } from "../crash/crash_space.ts";
import { CrashSpace } from "../crash/crash_space.ts";
import type { DiskImage } from "../machine/disk_node.ts";
import { Machine, type ProcessRecord } from "../machine/machine.ts";
import type { MemoryRuntime } from "../machine/memory_options.ts";
import type { Mistakes } from "../mistakes.ts";
import { picture } from "../machine/picture.ts";
import { SeededRandom } from "../random.ts";
import type { Settlement } from "../crash/settlement.ts";
import { SimulatedProcess } from "../machine/simulated_process.ts";
import { hashText } from "./order_hash.ts";
import { inNewRealm } from "./realm.ts";
import { type FailedCall, type ScheduleFault, shownFact } from "./schedule_text.ts";

interface Instant {
  readonly image: DiskImage;
  readonly facts: number;
  readonly failed: FailedCall | undefined;
  readonly now: number;
  readonly steps: number;
  readonly position: string;
}

/** What is done with a disk. */
interface DiskTrial {
  readonly recover: ((runtime: MemoryRuntime) => Awaitable<unknown>) | undefined;
  readonly check: (
    runtime: MemoryRuntime,
    acknowledged: readonly unknown[],
    failed: FailedCall | undefined,
  ) => Awaitable<void>;
  readonly volatile: ((path: string) => boolean) | undefined;
  readonly settlement: Settlement;
  /** Most disks of one instant, and of one instant of a recovery. */
  readonly disks: number;
  readonly recoveryDisks: number;
  readonly seed: number;
  readonly mistakes: Mistakes;
}

/** A disk that a cut at an instant has left, and who watches its recovery. */
interface CutDisk {
  readonly machine: Machine;
  readonly instant: Instant;
  readonly disk: CrashedDisk;
  readonly recorder: CrashRecorder | undefined;
}

/** A disk that did not pass. */
interface DiskViolation {
  readonly state: string;
  readonly error: unknown;
  readonly acknowledged: readonly unknown[];
  /** Steps of the order before the cut. */
  readonly steps: number;
}

/** The instants of all orders of an exploration. */
export class OrderInstants {
  readonly #trial: DiskTrial;
  readonly #random: SeededRandom;
  readonly #tried = new Set<string>();
  readonly #seen = new Set<string>();
  #instants: Instant[] = [];
  #facts: unknown[] = [];
  #failed: FailedCall | undefined;
  #machine: Machine | undefined;
  #record: ProcessRecord | undefined;
  #version = -1;
  /** Disks that were recovered and checked. */
  states = 0;
  /** How many of them came up by cutting off a recovery. */
  recoveryStates = 0;
  /** Whether every disk of every instant was looked at. */
  exhaustive = true;

  /** Nothing tried yet. */
  constructor(trial: DiskTrial) {
    this.#trial = trial;
    this.#random = new SeededRandom(trial.seed);
  }

  /** An order begins on this machine. */
  begin(machine: Machine, record: ProcessRecord): void {
    this.#machine = machine;
    this.#record = record;
    this.#instants = [];
    this.#facts = [];
    this.#failed = undefined;
    this.#version = -1;
  }

  /** A call has failed on purpose. */
  failed(fault: ScheduleFault): void {
    this.#failed = { fault, acknowledged: this.#facts.length };
    this.#version = -1;
  }

  /** Something is promised to hold from now on. */
  readonly acknowledge = (fact: unknown): void => {
    this.#facts.push(fact);
    this.#version = -1;
  };

  /** Keeps the instant, if it differs from the last one. */
  moved(order: string, steps: number): void {
    const machine = this.#machine;
    if (machine === undefined || machine.disk.version === this.#version) return;
    this.#version = machine.disk.version;
    this.#instants.push({
      image: machine.disk.snapshot(),
      facts: this.#facts.length,
      failed: this.#failed,
      now: machine.scheduler.now(),
      steps,
      position: `${order} ${this.#facts.length} ${this.#failed?.acknowledged}`,
    });
  }

  /** Tries what this order has led to, up to the first disk that does not pass. */
  async tryAll(): Promise<DiskViolation | undefined> {
    for (const instant of this.#instants) {
      if (this.#tried.has(instant.position)) continue;
      this.#tried.add(instant.position);
      const violation = await this.#tryInstant(instant);
      if (violation !== undefined) return violation;
    }
    return undefined;
  }

  async #tryInstant(instant: Instant): Promise<DiskViolation | undefined> {
    const machine = this.#machine;
    if (machine === undefined) return undefined;
    for (const disk of this.#disks(this.#space(machine, instant.image), this.#trial.disks)) {
      const recorder = new CrashRecorder();
      const found = await this.#tryDisk({ machine, instant, disk, recorder });
      if (found === "seen") continue;
      if (found !== undefined) return found;
      const second = await this.#tryRecovery(machine, instant, recorder);
      if (second !== undefined) return second;
    }
    return undefined;
  }

  /** The power fails again while the recovery that was recorded is at work. */
  async #tryRecovery(
    machine: Machine,
    instant: Instant,
    recorder: CrashRecorder,
  ): Promise<DiskViolation | undefined> {
    const { recoveryDisks } = this.#trial;
    if (recoveryDisks === 0) return undefined;
    // The first is the disk that the recovery has found.
    for (const { image, now } of recorder.instants.slice(1)) {
      for (const disk of this.#disks(this.#space(machine, image), recoveryDisks)) {
        const found = await this.#tryDisk({ machine, instant: { ...instant, now }, disk, recorder: undefined });
        if (found === "seen") continue;
        this.recoveryStates++;
        if (found !== undefined) return { ...found, state: `after a second power cut, in a recovery:\n${found.state}` };
      }
    }
    return undefined;
  }

  /** Recovers and checks a disk; undefined: it has passed. */
  async #tryDisk({ machine, instant, disk, recorder }: CutDisk): Promise<DiskViolation | "seen" | undefined> {
    const facts = this.#facts.slice(0, instant.facts);
    const found = this.#start(machine, { instant, disk, recorder });
    const state = picture(found.machine);
    const { one, two } = hashText(`${state}\n${facts.map(shownFact).join("\n")}\n${instant.failed?.acknowledged}`);
    const key = `${one} ${two}`;
    if (this.#seen.has(key)) return "seen";
    this.#seen.add(key);
    this.states++;
    let verdict: unknown;
    try {
      await inNewRealm(found.runtime, async () => {
        recorder?.start(found.machine);
        const recovered = this.#trial.recover?.(found.runtime);
        if (recovered !== undefined) await recovered;
        recorder?.stop();
        verdict = await this.#trial.check(found.runtime, facts, instant.failed);
      });
    } catch (error) {
      return { state, error, acknowledged: facts, steps: instant.steps };
    }
    this.#trial.mistakes.refuseVerdict("check", verdict);
    found.machine.end(() => this.#trial.mistakes.late("check"));
    return undefined;
  }

  #space(machine: Machine, image: DiskImage): CrashSpace {
    return new CrashSpace(image, machine.plan, this.#trial.settlement, this.#trial.volatile);
  }

  *#disks(space: CrashSpace, most: number): Generator<CrashedDisk> {
    if (space.count <= most) return yield* space.disks();
    this.exhaustive = false;
    const losses = [0, 1, 0.5, 0.2, 0.8];
    const seen = new Set<string>();
    for (let draw = 0; draw < most; draw++) {
      const disk = space.chance(this.#random, losses[draw < 2 ? draw : 2 + draw % 3] ?? 0.5);
      if (!seen.has(disk.key)) yield disk;
      seen.add(disk.key);
    }
  }

  #start(
    machine: Machine,
    { instant, disk, recorder }: Omit<CutDisk, "machine">,
  ): { machine: Machine; runtime: SimulatedProcess } {
    const past = { starts: machine.starts, lives: machine.lives, now: instant.now, end: "power cut" } as const;
    const started = new Machine(machine.plan, disk.image(), past, recorder?.around);
    if (this.#record === undefined) throw new Error("No order has started");
    return { machine: started, runtime: new SimulatedProcess(started, this.#record) };
  }
}
