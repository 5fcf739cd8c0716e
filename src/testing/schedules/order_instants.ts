/**
 * The power cut at every moment of an order (order_moments.ts), and every disk that it may leave recovered and checked.
 *
 * `tryAll` when an order has ended: moments that another order has led to in the same way are not tried again, and disks
 * that look alike with the same facts acknowledged are tried once. Where a recovery changes the disk, the power is cut at
 * its instants as well.
 */
import type { Awaitable } from "../../core/operation.ts";
import { CrashRecorder } from "../crash/crash_recorder.ts";
import type { CrashedDisk } from "../crash/crash_space.ts";
import { CrashSpace } from "../crash/crash_space.ts";
import type { DiskImage } from "../machine/disk_node.ts";
import { Machine, type MachinePlan, type ProcessRecord } from "../machine/machine.ts";
import type { MemoryRuntime } from "../machine/memory_options.ts";
import type { Mistakes } from "../mistakes.ts";
import { picture } from "../machine/picture.ts";
import { SeededRandom } from "../random.ts";
import type { Settlement } from "../crash/settlement.ts";
import { SimulatedProcess } from "../machine/simulated_process.ts";
import { hashText } from "./order_hash.ts";
import { inNewRealm } from "./realm.ts";
import type { Cut, OrderMoments } from "./order_moments.ts";
import { type FailedCall, shownFact } from "./schedule_text.ts";

/** Where every order begins. */
export interface Beginning {
  readonly plan: MachinePlan;
  readonly image: DiskImage;
  readonly record: ProcessRecord;
  readonly now: number;
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
  /** Most moments of one order that it did not itself come to. */
  readonly moments: number;
  readonly seed: number;
  readonly mistakes: Mistakes;
}

/** A disk that a cut at an instant has left, and who watches its recovery. */
interface CutDisk {
  readonly cut: Cut;
  readonly now: number;
  readonly disk: CrashedDisk;
  readonly recorder: CrashRecorder | undefined;
}

/** A disk that did not pass. */
interface DiskViolation {
  readonly state: string;
  readonly error: unknown;
  readonly acknowledged: readonly unknown[];
  /** Which steps of the order come before the cut. */
  readonly steps: readonly number[];
}

/** The moments of all orders of an exploration. */
export class OrderInstants {
  readonly #trial: DiskTrial;
  readonly #beginning: Beginning;
  readonly #random: SeededRandom;
  readonly #tried = new Set<string>();
  readonly #seen = new Set<string>();
  /** Disks that were recovered and checked. */
  states = 0;
  /** How many of them came up by cutting off a recovery. */
  recoveryStates = 0;
  /** Whether every disk of every moment was looked at. */
  exhaustive = true;

  /** Nothing tried yet. */
  constructor(trial: DiskTrial, beginning: Beginning) {
    this.#trial = trial;
    this.#beginning = beginning;
    this.#random = new SeededRandom(trial.seed);
  }

  /** Tries what an order has led to, up to the first disk that does not pass. */
  async tryAll(moments: OrderMoments): Promise<DiskViolation | undefined> {
    for (const cut of moments.cuts(this.#beginning.image, this.#tried, this.#trial.moments)) {
      const violation = await this.#tryCut(cut);
      if (violation !== undefined) return violation;
    }
    if (moments.left) this.exhaustive = false;
    return undefined;
  }

  async #tryCut(cut: Cut): Promise<DiskViolation | undefined> {
    const { now } = cut;
    for (const disk of this.#disks(this.#space(cut.image()), this.#trial.disks)) {
      const recorder = new CrashRecorder();
      const found = await this.#tryDisk({ cut, now, disk, recorder });
      if (found === "seen") continue;
      if (found !== undefined) return found;
      const second = await this.#tryRecovery(cut, recorder);
      if (second !== undefined) return second;
    }
    return undefined;
  }

  /** The power fails again while the recovery that was recorded is at work. */
  async #tryRecovery(cut: Cut, recorder: CrashRecorder): Promise<DiskViolation | undefined> {
    const { recoveryDisks } = this.#trial;
    if (recoveryDisks === 0) return undefined;
    // The first is the disk that the recovery has found.
    for (const { image, now } of recorder.instants.slice(1)) {
      for (const disk of this.#disks(this.#space(image), recoveryDisks)) {
        const found = await this.#tryDisk({ cut, now, disk, recorder: undefined });
        if (found === "seen") continue;
        this.recoveryStates++;
        if (found !== undefined) return { ...found, state: `after a second power cut, in a recovery:\n${found.state}` };
      }
    }
    return undefined;
  }

  /** Recovers and checks a disk; undefined: it has passed. */
  async #tryDisk({ cut, now, disk, recorder }: CutDisk): Promise<DiskViolation | "seen" | undefined> {
    const { facts, failed, steps } = cut;
    const { plan, record } = this.#beginning;
    // The machine of the order was in its second life.
    const past = { starts: 1, lives: 2, now, end: "power cut" } as const;
    const machine = new Machine(plan, disk.image(), past, recorder?.around);
    const runtime = new SimulatedProcess(machine, record);
    const state = picture(machine);
    const { one, two } = hashText(`${state}\n${facts.map(shownFact).join("\n")}\n${failed?.acknowledged}`);
    const key = `${one} ${two}`;
    if (this.#seen.has(key)) return "seen";
    this.#seen.add(key);
    this.states++;
    let verdict: unknown;
    try {
      await inNewRealm(runtime, async () => {
        recorder?.start(machine);
        const recovered = this.#trial.recover?.(runtime);
        if (recovered !== undefined) await recovered;
        recorder?.stop();
        verdict = await this.#trial.check(runtime, facts, failed);
      });
    } catch (error) {
      return { state, error, acknowledged: facts, steps };
    }
    this.#trial.mistakes.refuseVerdict("check", verdict);
    machine.end(() => this.#trial.mistakes.late("check"));
    return undefined;
  }

  #space(image: DiskImage): CrashSpace {
    return new CrashSpace(image, this.#beginning.plan, this.#trial.settlement, this.#trial.volatile);
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
}
