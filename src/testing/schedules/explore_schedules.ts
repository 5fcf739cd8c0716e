/**
 * Several operations at once, in every order of their steps; in every order a call failing; after every step a power cut.
 *
 * 1. `setup` prepares a simulated machine; then all of its disk is durable.
 * 2. The operations start together. An operation that waits, at a call of `runtime.fileSystem`, a sleep, a lock or a
 *    turn, continues when the scheduler chooses it: every order is run in which an operation that could continue is
 *    interrupted at most `preemptions` times, plus `samples` orders drawn by the seed. Orders that differ only in the
 *    order of independent steps are run once (schedules/order_hash.ts).
 * 3. Each order is run again for every call that `faults` selects, with that call failing; its error may arrive later
 *    than the failure itself.
 * 4. When all operations have ended, `ended` examines their results and the disk. An operation that waits forever is a
 *    violation.
 * 5. At every instant of every order, every disk that a power cut may leave is recovered and checked, and so is every
 *    disk that a second power cut may leave during the recovery; not if neither `recover` nor `check` is given.
 *
 * Everything repeats: `schedule` of a violation, given as an option, runs that order alone.
 */
import { type Awaitable, readGiven } from "../../core/operation.ts";
import type { MemoryRuntime } from "../machine/memory_options.ts";
import type { MemoryOptions } from "../machine/memory_options.ts";
import { scheduleOptions } from "../testing_options.ts";
import type { OperationResult, TogetherOperation } from "./order_run_parts.ts";
import type { FailedCall, ScheduleFault } from "./schedule_text.ts";
import { ScheduleExplorer } from "./schedule_explorer.ts";

/** One order, to be looked at when all operations have ended. */
export interface ScheduleOutcome {
  /** How each operation ended. */
  readonly results: readonly OperationResult[];
  /** A process on the machine for looking at what is there. */
  readonly machine: MemoryRuntime;
  /** The processes of the operations, one or several. */
  readonly processes: readonly MemoryRuntime[];
  /** The call that failed on purpose; undefined: none. */
  readonly fault: ScheduleFault | undefined;
  /** Every call, with the letter of its operation. */
  readonly trace: readonly string[];
}

/** What to explore. */
export interface ScheduleOptions {
  /** The machine; see `memoryRuntime`. With `disk: { journal: "silent" }` a failed sync does what it does on ext4 and xfs. */
  machine?: Omit<MemoryOptions, "clock" | "delay">;
  /** Prepares the disk, which is durable afterwards. */
  setup?: (runtime: MemoryRuntime) => Awaitable<unknown>;
  /** What is to be done at once, two or more. Each calls `acknowledge` with what it has promised its user, as soon as it has. */
  together: readonly TogetherOperation[];
  /** `"one"` (default): all are of one process and get one runtime; `"each"`: each is a process of its own. */
  processes?: "one" | "each";
  /** How often an operation that could continue is interrupted, at most. Default 2. */
  preemptions?: number;
  /** Which calls fail, one in each order: `"syncs"` (default), by EIO; `"every"`, also all others; `"none"`. */
  faults?: "syncs" | "every" | "none";
  /**
   * Called after each step that changed the disk, with a process that looks: throws when what readers see is wrong, and
   * may acknowledge what is seen, so that `check` knows in which order it came.
   */
  watch?: (machine: MemoryRuntime, acknowledge: (fact: unknown) => void) => void;
  /** Throws when what they answered, or what is there, is wrong. Returns nothing, as `check` and `watch` do. */
  ended?: (outcome: ScheduleOutcome) => Awaitable<void>;
  /** What the program does when it starts again after a power cut. Throwing is a violation. */
  recover?: (runtime: MemoryRuntime) => Awaitable<unknown>;
  /**
   * Throws when the disk is not as it must be after a power cut, given the facts acknowledged before it, and the call
   * that had failed by then, if one had. A verdict that is returned is a TypeError. The power is cut only where this or
   * `recover` is given.
   */
  check?: (
    runtime: MemoryRuntime,
    acknowledged: readonly unknown[],
    failed: FailedCall | undefined,
  ) => Awaitable<void>;
  /**
   * Most orders to run without a failing call, and then again with each call that fails, so that all of an exploration are
   * at most `limit` times one more than the calls that fail, plus `samples`; beyond, those that are run are a sample.
   * Also the most moments of one order at which the power is cut although only an equivalent order comes to them.
   * Default 20,000.
   */
  limit?: number;
  /** Orders drawn by chance, with any number of interruptions. Default 20. */
  samples?: number;
  /** Most disks to try for one instant. Default 64. */
  disks?: number;
  /** Most disks to try for one instant of a recovery, when the power is cut again. Default 8; 0: it is not. */
  recoveryDisks?: number;
  /** Decides what chance decides. Default 1. */
  seed?: number;
  /** Files whose content makes no difference after a crash, such as lock files. */
  volatile?: (path: string) => boolean;
  /** Bytes that reach the medium together. Default 512. */
  sectorSize?: number;
  /** How many pieces a torn write may be in. Default 2. */
  pieces?: number;
  /** Exploration ends after so many violations. Default 1. */
  stopAfter?: number;
  /** Runs this order alone: the `schedule` of a violation. An error, if the code has come to other steps since. */
  schedule?: string;
  /** Ends the exploration, which then rejects with the signal's reason. */
  signal?: AbortSignal;
}

/** An order that did not pass. */
export interface ScheduleViolation {
  /** The order, and the call that failed: to be given as an option. */
  readonly schedule: string;
  /** What is wrong: an operation waits forever, `ended` threw, or a disk after a power cut did not pass. */
  readonly kind: "stuck" | "ended" | "power cut";
  /** What was thrown. */
  readonly error: unknown;
  /** Every call, with the letter of its operation, up to the cut. */
  readonly trace: readonly string[];
  /** The disk: a line for each name. */
  readonly state: string;
  /** What had been acknowledged. */
  readonly acknowledged: readonly unknown[];
  /** The seed of the exploration. */
  readonly seed: number;
}

/** What an exploration did. */
export interface ScheduleReport {
  /** Orders that were run to their end, those with a failing call among them. */
  readonly orders: number;
  /** Orders that were given up because another one had come to the same point. */
  readonly pruned: number;
  /** Calls that failed, each in every order. */
  readonly faults: number;
  /** Steps of all orders. */
  readonly steps: number;
  /** Disks that were recovered and checked. */
  readonly states: number;
  /** How many of the disks came up by cutting off a recovery. */
  readonly recoveryStates: number;
  /** Whether these were all orders within the bound, and all disks of every instant. */
  readonly exhaustive: boolean;
  /** What did not pass. */
  readonly violations: readonly ScheduleViolation[];
}

/** The exploration that was asked for last. All of them share what this package keeps for the process. */
let latest: Promise<unknown> = Promise.resolve();

/**
 * Runs operations at once in every order of their steps, with calls failing and the power cut. Explorations of one process
 * run one after another.
 *
 * What operations share in memory is taken into account as far as it shows: in who waits, and in what this package keeps
 * for the whole process. Calls of `runtime.syncFileSystem` are part of the step they are made in.
 *
 * @throws whatever `setup` throws. What the operations, `recover`, `ended` and `check` throw is in the report.
 * @throws {TypeError} an option is misspelt, missing or of the wrong type, `ended`, `check` or `watch` returned something,
 * or `acknowledge` was called without a fact; RangeError for a number that makes no sense.
 * @throws {Error} no operation used the simulated machine: nothing was explored; if it threw as well, that is the `cause`.
 * @throws {Error} a callback has ended while calls were pending: something was not awaited.
 * @throws {Error} the code does not take the steps of `schedule`, or not all of them.
 *
 * @example
 * ```ts
 * import { updateTextFile } from "@durable/atomic-write";
 * import { exploreSchedules } from "@durable/atomic-write/testing";
 *
 * const report = await exploreSchedules({
 *   machine: { files: { "/counter": "0" } },
 *   together: ["a", "b"].map(() => (runtime) => updateTextFile("/counter", (old) => `${Number(old) + 1}`, { runtime })),
 *   faults: "none",
 *   ended: ({ machine }) => {
 *     if (machine.readText("/counter") !== "2") throw new Error("an update was lost");
 *   },
 * });
 * console.log(report.violations.length); // 0
 * ```
 */
export async function exploreSchedules(options: ScheduleOptions): Promise<ScheduleReport> {
  const explorer = new ScheduleExplorer(readGiven(() => scheduleOptions(options)));
  const report = latest.then(() => explorer.explore());
  latest = report.catch(() => {});
  return await report;
}
