/**
 * Reading the options of this package's tools, before anything is built or run. A misspelt `recover` would leave the
 * recovery out, an unknown mode would try nothing, and both would report no violations.
 */
import { InvalidArgument, OutOfRange } from "../core/errors.ts";
import { abortSignal, count, oneOf, type OptionReader, wrongArgument } from "../core/options.ts";
import { isErrorCode } from "../runtime/error_numbers.ts";
import type { Runtime } from "../runtime/runtime.ts";
import type { CrashOptions } from "./crash/crash.ts";
import type { CrashStateOptions } from "./crash/crash_states.ts";
import type { Fault } from "./faults/fault_file_system.ts";
import type { FaultSweep } from "./faults/sweep_faults.ts";
import { explorableMachine, schedulableMachine } from "./machine/machine_options.ts";
import {
  finite,
  given,
  listOf,
  part,
  patternOrNot,
  positive,
  type Readers,
  readOptionsOf,
  required,
  text,
} from "./option_readers.ts";
import type { ScheduleOptions } from "./schedules/explore_schedules.ts";
import type { TraceOptions } from "./trace_file_system.ts";

const stateReaders: Readers<CrashStateOptions> = {
  sectorSize: positive,
  pieces: positive,
  volatile: given<NonNullable<CrashStateOptions["volatile"]>>(),
};

/** How states differ. */
export const crashStateOptions = (options: unknown): CrashStateOptions =>
  readOptionsOf("crashStates", options, stateReaders);

const crashReaders: Readers<CrashOptions> = {
  ...stateReaders,
  machine: explorableMachine,
  setup: given<NonNullable<CrashOptions["setup"]>>(),
  run: given<CrashOptions["run"]>(),
  recover: given<NonNullable<CrashOptions["recover"]>>(),
  check: given<CrashOptions["check"]>(),
  limit: positive,
  seed: finite,
  modes: listOf(oneOf("strict", "kill")),
  fraction: part,
  stopAfter: positive,
  signal: abortSignal,
};

/** What to explore. */
export function crashOptions(who: string, options: unknown): CrashOptions {
  const values = readOptionsOf(who, options, crashReaders);
  required(who, values, "run", "check");
  return values as CrashOptions;
}

const operations: OptionReader<ScheduleOptions["together"]> = (value, name) => {
  const list = listOf(given<ScheduleOptions["together"][number]>())(value, name);
  if (list.length < 2 || list.length > 26) throw new OutOfRange(`${name} must be 2 to 26 operations`);
  return list;
};

const scheduleReaders: Readers<ScheduleOptions> = {
  ...stateReaders,
  machine: schedulableMachine,
  setup: given<NonNullable<ScheduleOptions["setup"]>>(),
  together: operations,
  processes: oneOf("one", "each"),
  preemptions: count,
  faults: oneOf("syncs", "every", "none"),
  watch: given<NonNullable<ScheduleOptions["watch"]>>(),
  ended: given<NonNullable<ScheduleOptions["ended"]>>(),
  recover: given<NonNullable<ScheduleOptions["recover"]>>(),
  check: given<NonNullable<ScheduleOptions["check"]>>(),
  limit: positive,
  samples: count,
  disks: positive,
  recoveryDisks: count,
  seed: finite,
  stopAfter: positive,
  schedule: text,
  signal: abortSignal,
};

/** What to run in every order. */
export function scheduleOptions(options: unknown): ScheduleOptions {
  const values = readOptionsOf("exploreSchedules", options, scheduleReaders);
  required("exploreSchedules", values, "together");
  return values as ScheduleOptions;
}

/** A code that a kernel or runtime gives: a fault that says anything else would prove nothing. */
export const errorCode: OptionReader<string> = (value, name) => {
  if (typeof value !== "string") throw wrongArgument(name, `a code such as "ENOSPC"`, value);
  if (!isErrorCode(value)) throw new InvalidArgument(`${name}: there is no error code ${JSON.stringify(value)}`);
  return value;
};

const codeOf: OptionReader<NonNullable<Fault["error"]>> = (value, name) =>
  typeof value === "function" ? value as Exclude<Fault["error"], string | undefined> : errorCode(value, name);

const often = oneOf("once", "always");

const faultReaders: Readers<Fault> = {
  at: (value, name) => typeof value === "function" ? value as Exclude<Fault["at"], number> : count(value, name),
  error: codeOf,
  times: often,
  short: count,
  effect: oneOf("none", "done", "hidden"),
};

/** Which call fails, and how. */
export function faultOptions(options: unknown): Fault {
  const values = readOptionsOf("faultRuntime", options, faultReaders);
  required("faultRuntime", values, "at");
  if ((values.error ?? values.short) === undefined) throw new OutOfRange("A fault needs `error`, `short`, or both");
  return values as Fault;
}

const sweepReaders = {
  make: given<unknown>(),
  operation: given<unknown>(),
  check: given<unknown>(),
  errors: (value, name) => typeof value === "function" ? value : listOf(errorCode)(value, name),
  times: listOf(often),
  short: (value, name) => Array.isArray(value) && value.length === 0 ? [] : listOf(count)(value, name),
  signal: abortSignal,
} satisfies Record<keyof FaultSweep<Runtime>, OptionReader<unknown>>;

/** What to sweep over. */
export function sweepOptions<R extends Runtime>(who: string, options: FaultSweep<R>): FaultSweep<R> {
  const values = readOptionsOf(who, options, sweepReaders);
  required(who, values, "make", "operation", "check");
  return values as unknown as FaultSweep<R>;
}

const traceReaders: Readers<TraceOptions> = {
  base: text,
  random: patternOrNot,
  only: given<NonNullable<TraceOptions["only"]>>(),
};

/** How a trace is written. */
export const traceOptions = (options: unknown): TraceOptions => readOptionsOf("traceRuntime", options, traceReaders);
