/**
 * Fails every call of an operation once.
 *
 * 1. One run without a fault tells how many calls there are, and which.
 * 2. For each call N, each error that fits it, once and from then on always, and short writes: `make` a runtime, run
 *    `operation` with that fault, `check` what is left.
 *
 * The first check that throws ends the sweep, with an error that names the fault and carries the trace.
 */
import { InvalidArgument } from "../../core/errors.ts";
import { type Awaitable, type Operation, run, runSync, wait } from "../../core/operation.ts";
import { withRuntime } from "../../runtime/current.ts";
import type { Runtime } from "../../runtime/runtime.ts";
import { fittingErrors } from "./fault_codes.ts";
import { type Fault, faultRuntime, type FaultyRuntime } from "./fault_file_system.ts";
import type { SeamCall } from "./intercept.ts";
import { refuseSignal } from "../../core/options.ts";
import { isTurnDue, nextTurn } from "../../core/event_loop.ts";
import { asRuntime } from "../../runtime/as_runtime.ts";
import { callOn, Mistakes } from "../mistakes.ts";
import { nothingExplored } from "../nothing_explored.ts";
import { machineBehind } from "../machine/simulated_process.ts";
import { sweepOptions } from "../testing_options.ts";

/** One run of the operation, to be checked. */
export interface FaultOutcome<R extends Runtime> {
  /** What `make` made: without the fault, for looking at what is left. */
  readonly machine: R;
  /** The runtime that the operation was given. */
  readonly faulty: FaultyRuntime;
  /** The fault; undefined in the run without one. */
  readonly fault: Fault | undefined;
  /** What the operation returned or threw. */
  readonly result: { readonly value: unknown } | { readonly error: unknown };
}

/** What to sweep over. */
export interface FaultSweep<R extends Runtime> {
  /** A new runtime each time, in the state the operation starts from. */
  make: () => R;
  /** What is to survive. Gets the runtime with the fault. */
  operation: (runtime: Runtime) => Awaitable<unknown>;
  /** Throws when what is left is wrong. Returns nothing: a verdict that is returned is a TypeError. */
  check: (outcome: FaultOutcome<R>) => Awaitable<void>;
  /** The errors to try at a call; default: all that fit it. */
  errors?: readonly string[] | ((call: SeamCall) => readonly string[]);
  /** Default: both. */
  times?: readonly ("once" | "always")[];
  /** Counts at which a write stops short, alone and before an ENOSPC; default: `[1]`. */
  short?: readonly number[];
  /** Ends the sweep, which then rejects with the signal's reason. Not for `sweepFaultsSync`. */
  signal?: AbortSignal;
}

/** What a sweep did. */
export interface FaultSweepReport {
  /** Calls of the operation when nothing fails. */
  readonly calls: number;
  /** Runs with a fault. */
  readonly runs: number;
}

/**
 * Runs `operation` with every fault: the Nth call fails, for every N and every error that fits that call.
 *
 * @throws {TypeError} something is misspelt, missing or of the wrong type, `make` returned no machine or one that it had
 * returned before, or `check` returned something; RangeError for a number that makes no sense.
 * @throws {Error} the operation did not use the simulated machine: nothing was swept over; if it threw as well, that is the `cause`.
 * @throws {Error} the operation has ended while calls were pending: something was not awaited.
 * @throws {Error} the first check that throws; the message names the fault and lists the calls, `cause` is what was thrown.
 *
 * @example
 * ```ts
 * import { memoryRuntime, sweepFaults } from "@durable/atomic-write/testing";
 *
 * const report = await sweepFaults({
 *   make: () => memoryRuntime({ files: { "/a.txt": "old" } }),
 *   operation: ({ syncFileSystem }) => syncFileSystem.rename("/a.txt", "/b.txt"),
 *   check: ({ machine, result }) => {
 *     const expected = "error" in result ? "/a.txt" : "/b.txt";
 *     if (machine.readText(expected) !== "old") throw new Error("lost");
 *   },
 * });
 * console.log(report.calls); // 1
 * ```
 */
export function sweepFaults<R extends Runtime>(sweep: FaultSweep<R>): Promise<FaultSweepReport> {
  return run(() => new Sweep(sweepOptions("sweepFaults", sweep), false).run());
}

/**
 * {@linkcode sweepFaults} for an operation and a check that return no promises; TypeError for one that does.
 *
 * @example
 * ```ts
 * import { memoryRuntime, sweepFaultsSync } from "@durable/atomic-write/testing";
 *
 * const { runs } = sweepFaultsSync({
 *   make: () => memoryRuntime({ files: { "/a.txt": "old" } }),
 *   operation: ({ syncFileSystem }) => syncFileSystem.remove("/a.txt"),
 *   check: ({ machine, result }) => {
 *     if ("error" in result && machine.readText("/a.txt") !== "old") throw new Error("removed all the same");
 *   },
 * });
 * console.log(runs > 0); // true
 * ```
 */
export function sweepFaultsSync<R extends Runtime>(sweep: FaultSweep<R>): FaultSweepReport {
  return runSync(() => {
    const options = sweepOptions("sweepFaultsSync", sweep);
    refuseSignal(true, options.signal);
    return new Sweep(options, true).run();
  });
}

/** One sweep. */
class Sweep<R extends Runtime> {
  readonly #sweep: FaultSweep<R>;
  readonly #synchronous: boolean;
  readonly #mistakes = new Mistakes();
  /** Machines that were given a run: another one on the same would find what that has left. */
  readonly #used = new WeakSet<object>();

  constructor(sweep: FaultSweep<R>, synchronous: boolean) {
    this.#sweep = sweep;
    this.#synchronous = synchronous;
  }

  /** Sweeps. Once. */
  *run(): Operation<FaultSweepReport> {
    const { errors = fittingErrors, signal } = this.#sweep;
    const calls: SeamCall[] = [];
    const watch: Fault = {
      at: (call) => {
        calls.push(call);
        return false;
      },
      error: "EIO",
    };
    yield* this.#attempt(watch, undefined);
    let runs = 0;
    for (const [index, call] of [...calls].entries()) {
      const codes = typeof errors === "function" ? errors(call) : errors;
      for (const fault of faultsAt(this.#sweep, call, index, codes)) {
        if (!this.#synchronous && isTurnDue()) yield* wait(nextTurn());
        signal?.throwIfAborted();
        yield* this.#attempt(fault, fault);
        runs++;
      }
    }
    return { calls: calls.length, runs };
  }

  #make(): R {
    const machine: R = this.#sweep.make();
    asRuntime(machine, "What make returns");
    const behind = machineBehind(machine);
    if (this.#used.has(behind)) {
      throw new InvalidArgument(
        "make must return a new machine each time, and has returned one that an earlier run has changed: " +
          "make: () => memoryRuntime({ files: … })",
      );
    }
    this.#used.add(behind);
    return machine;
  }

  *#attempt(given: Fault, fault: Fault | undefined): Operation<void> {
    const machine = this.#make();
    const faulty = faultRuntime(machine, given);
    const result = yield* this.#operate(faulty);
    if (fault === undefined && faulty.calls === 0) {
      throw nothingExplored("the operation", "error" in result ? result.error : undefined);
    }
    let verdict: unknown;
    try {
      verdict = yield* wait(withRuntime(machine, () => this.#sweep.check({ machine, faulty, fault, result })));
    } catch (error) {
      const what = fault === undefined ? "without a fault" : `with ${describe(fault)}`;
      const reason = error instanceof Error ? error.message : String(error);
      throw new Error(`${what}: ${reason}\n${faulty.trace.join("\n")}`, { cause: error });
    }
    this.#mistakes.refuseVerdict("check", verdict);
  }

  /** Runs the operation to its end. */
  *#operate(faulty: FaultyRuntime): Operation<FaultOutcome<R>["result"]> {
    const { operation } = this.#sweep;
    let promised = false;
    let ended: number | undefined;
    const begin = () => {
      const returned = operation(faulty.runtime);
      promised = this.#synchronous && returned instanceof Promise;
      return returned;
    };
    const end = () => {
      ended = faulty.calls;
      if (faulty.trace.length < faulty.calls) this.#mistakes.late("the operation");
    };
    let result: FaultOutcome<R>["result"];
    try {
      result = { value: yield* callOn(faulty.runtime, this.#synchronous, begin, end) };
    } catch (error) {
      // Not an outcome to be checked, but a sweep that would try nothing.
      if (promised) throw new InvalidArgument("The operation returned a promise: use sweepFaults", { cause: error });
      result = { error };
    }
    if (ended !== undefined && faulty.calls > ended) this.#mistakes.late("the operation");
    this.#mistakes.throwFirst();
    return result;
  }
}

function faultsAt<R extends Runtime>(
  sweep: FaultSweep<R>,
  call: SeamCall,
  at: number,
  codes: readonly string[],
): Fault[] {
  const { times = ["once", "always"], short = [1] } = sweep;
  const faults: Fault[] = [];
  for (const often of times) {
    for (const error of codes) faults.push({ at, error, times: often });
    if (call.method !== "write") continue;
    for (const count of short) {
      faults.push({ at, short: count, times: often }, { at, short: count, error: "ENOSPC", times: often });
    }
  }
  return faults;
}

function describe({ at, error, times, short }: Fault): string {
  const parts = [error === undefined ? undefined : String(error), short === undefined ? undefined : `short ${short}`];
  return `${parts.filter((part) => part !== undefined).join(" after ")} at call ${at}, ${times}`;
}
