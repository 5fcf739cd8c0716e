/**
 * Every disk that a program may find when the power comes back, tried.
 *
 * 1. `setup` prepares a simulated machine; then all of its disk is durable.
 * 2. `run` is run once, to its end, on the file system whose calls are recorded. It says what it promises its user, when
 *    it does, by `acknowledge(fact)`.
 * 3. For every instant of that run (crash_recorder.ts) every disk that a power cut may leave there (crash_space.ts) is
 *    put into a machine that starts anew: everything on it durable, no locks, another boot id, five minutes later.
 * 4. `recover`, if there is one, runs there; then `check(runtime, acknowledged)` throws if something is lost or broken.
 * 5. Where `recover` is given, the power is also cut at every instant of every recovery; every disk that has not come up
 *    yet is recovered and checked likewise.
 *
 * Disks that nothing tells apart, with the same facts acknowledged, are tried once. Up to `limit` at each of the two
 * levels all are; beyond that, a sample that the seed decides, and `exhaustive` is false.
 */
import { type Awaitable, run, runSync } from "../../core/operation.ts";
import { CrashExplorer } from "./crash_explorer.ts";
import type { MemoryRuntime } from "../machine/memory_options.ts";
import type { MemoryOptions } from "../machine/memory_options.ts";
import { refuseSignal } from "../../core/options.ts";
import { crashOptions } from "../testing_options.ts";

/**
 * How a run is cut off: `"strict"`, the power fails, and of what was not synced anything may be left; `"kill"`, all its
 * processes are killed, and the machine runs on: what programs saw stays, whether synced or not.
 */
export type CrashMode = "strict" | "kill";

/** What to explore. */
export interface CrashOptions {
  /** The machine; see `memoryRuntime`. */
  machine?: MemoryOptions;
  /** Prepares the disk, which is durable afterwards. */
  setup?: (runtime: MemoryRuntime) => Awaitable<unknown>;
  /** What is to survive. Calls `acknowledge` with whatever it has promised its user, as soon as it has. */
  run: (runtime: MemoryRuntime, acknowledge: (fact: unknown) => void) => Awaitable<unknown>;
  /** What the program does when it starts again. Throwing is a violation. */
  recover?: (runtime: MemoryRuntime) => Awaitable<unknown>;
  /**
   * Throws when the disk is not as it must be, given the facts acknowledged before the cut. Returns nothing: a verdict
   * that is returned is a TypeError.
   */
  check: (runtime: MemoryRuntime, acknowledged: readonly unknown[]) => Awaitable<void>;
  /** Most disks to try at each level. Default 50,000. */
  limit?: number;
  /** Decides what chance decides. Default 1. */
  seed?: number;
  /** Default: `["strict"]`. */
  modes?: readonly CrashMode[];
  /** Part of all disks to try, from 0 to 1, chosen by the seed. Default 1. */
  fraction?: number;
  /** Bytes that reach the medium together. Default 512. */
  sectorSize?: number;
  /** In how many pieces, at sector boundaries, a write may be torn. Default 3. */
  pieces?: number;
  /** Files whose content makes no difference after a crash, such as lock files; their names still do. Their content is as last seen. */
  volatile?: (path: string) => boolean;
  /** Exploration ends after so many violations. Default 10. */
  stopAfter?: number;
  /** Ends the exploration, which then rejects with the signal's reason. Not for `exploreCrashesSync`. */
  signal?: AbortSignal;
}

/** A disk that did not pass. */
export interface CrashViolation {
  /** The disk as found after the crash: a line for each name. */
  readonly state: string;
  /** The calls up to the crash, as lines (see `traceRuntime`); where recovery was cut off too, its calls follow. */
  readonly trace: string[];
  /** What `recover` or `check` threw. */
  readonly error: unknown;
  /** What had been acknowledged. */
  readonly acknowledged: readonly unknown[];
  /** The seed of the exploration. */
  readonly seed: number;
}

/** What an exploration did. */
export interface CrashReport {
  /** Calls of the simulated machine that `run` made. */
  readonly operations: number;
  /** Disks that were tried: recovered, where there is a recovery, and checked. */
  readonly states: number;
  /** Whether these were all there are, at the granularity asked for. */
  readonly exhaustive: boolean;
  /** What did not pass. Empty: proven. */
  readonly violations: readonly CrashViolation[];
  /** How many instants of `run` the power was cut at. */
  readonly instants: number;
  /** How many of the disks came up by cutting off a recovery. */
  readonly recoveryStates: number;
}

/**
 * Tries every disk that `run` may leave when the power fails. Callbacks may return promises; with
 * `machine: { delay: "every" }` so does every call of `runtime.fileSystem`.
 *
 * @throws whatever `setup` or `run` throws. What `recover` and `check` throw is in the report.
 * @throws {Error} `run` did not use the simulated machine: nothing was explored; if it threw as well, that is the `cause`.
 * @throws {Error} A callback has ended while calls were pending: something was not awaited.
 * @throws {TypeError} an option is misspelt, missing or of the wrong type, `check` returned something, or `acknowledge`
 * was called without a fact; RangeError for a number that makes no sense.
 *
 * @example
 * ```ts
 * import { exploreCrashes } from "@durable/atomic-write/testing";
 *
 * const report = await exploreCrashes({
 *   machine: { files: { "/a.txt": "old!" } },
 *   run: ({ syncFileSystem }) => {
 *     const file = syncFileSystem.open("/a.txt", "read-write");
 *     file?.write(new TextEncoder().encode("new?"));
 *     file?.sync("full");
 *     file?.close();
 *   },
 *   check: (runtime) => {
 *     const text = runtime.readText("/a.txt");
 *     if (text !== "old!" && text !== "new?") throw new Error(`neither old nor new: ${text}`);
 *   },
 * });
 * console.log(`${report.states} states, ${report.violations.length} violations`); // 4 states, 2 violations
 * ```
 */
export function exploreCrashes(options: CrashOptions): Promise<CrashReport> {
  return run(() => new CrashExplorer(crashOptions("exploreCrashes", options), false).explore());
}

/**
 * {@linkcode exploreCrashes} for callbacks that return no promises: `runtime.syncFileSystem`, and `fileSystem` without
 * delay.
 *
 * @example
 * ```ts
 * import { exploreCrashesSync } from "@durable/atomic-write/testing";
 *
 * const report = exploreCrashesSync({
 *   machine: { files: { "/a.txt": "old" } },
 *   run: ({ syncFileSystem }) => syncFileSystem.rename("/a.txt", "/b.txt"),
 *   check: (runtime) => {
 *     if ((runtime.readText("/a.txt") ?? runtime.readText("/b.txt")) !== "old") throw new Error("lost");
 *   },
 * });
 * console.log(report.violations.length); // 0
 * ```
 */
export function exploreCrashesSync(options: CrashOptions): CrashReport {
  return runSync(() => {
    const explored = crashOptions("exploreCrashesSync", options);
    refuseSignal(true, explored.signal);
    return new CrashExplorer(explored, true).explore();
  });
}
