/**
 * Reading the options of this package's tools, before anything is built or run. A misspelt `recover` would leave the
 * recovery out, an unknown mode would try nothing, and both would report no violations.
 */
import { InvalidArgument, OutOfRange } from "../core/errors.ts";
import {
  callback,
  count,
  fileMode,
  flag,
  oneOf,
  type OptionReader,
  readOptions,
  wholeNumber,
  wrongArgument,
} from "../core/options.ts";
import { isErrorCode } from "../runtime/error_numbers.ts";
import type { Runtime } from "../runtime/runtime.ts";
import type { CrashOptions } from "./crash/crash.ts";
import type { CrashStateOptions } from "./crash/crash_states.ts";
import type { Fault } from "./faults/fault_file_system.ts";
import type {
  InitialEntry,
  MemoryOptions,
  MountOptions,
  NetworkOptions,
  ProcessOptions,
} from "./machine/memory_options.ts";
import type { ScheduleOptions } from "./schedules/explore_schedules.ts";
import type { FaultSweep } from "./faults/sweep_faults.ts";
import type { TraceOptions } from "./trace_file_system.ts";

type Readers<Options> = { [Name in keyof Required<Options>]: OptionReader<NonNullable<Options[Name]>> };

const positive = wholeNumber(1, Number.MAX_SAFE_INTEGER);

function required<Name extends string>(options: object, ...names: Name[]): void {
  const missing = names.find((name) => Reflect.get(options, name) === undefined);
  if (missing !== undefined) throw new InvalidArgument(`The option ${missing} is missing`);
}

const finite: OptionReader<number> = (value, name) => {
  if (typeof value !== "number" || !Number.isFinite(value)) throw wrongArgument(name, "a number", value);
  return value;
};

const part: OptionReader<number> = (value, name) => {
  const number = finite(value, name);
  if (number < 0 || number > 1) throw new OutOfRange(`${name} must be from 0 to 1, not ${number}`);
  return number;
};

const text: OptionReader<string> = (value, name) => {
  if (typeof value !== "string") throw wrongArgument(name, "a string", value);
  return value;
};

const patternOrNot: OptionReader<RegExp | false> = (value, name) => {
  if (value !== false && !(value instanceof RegExp)) throw wrongArgument(name, "a RegExp or false", value);
  if (value !== false && !value.global) throw new InvalidArgument(`${name} must have the flag g`);
  return value;
};

/** A list of at least one of what `each` reads. */
const listOf = <T>(each: OptionReader<T>): OptionReader<readonly T[]> => (value, name) => {
  if (!Array.isArray(value) || value.length === 0) throw wrongArgument(name, "a list, and not empty", value);
  return value.map((item) => each(item, name));
};

/** An object whose names are paths. */
const byPath = <T>(each: OptionReader<T>): OptionReader<Readonly<Record<string, T>>> => (value, name) => {
  if (typeof value !== "object" || value === null) throw wrongArgument(name, "an object", value);
  return Object.fromEntries(
    Object.entries(value).map(([path, item]) => {
      if (!path.startsWith("/")) throw new InvalidArgument(`${name}: ${JSON.stringify(path)} is not an absolute path`);
      return [path, each(item, `${name}: ${path}`)];
    }),
  );
};

const numbers: OptionReader<Readonly<Record<string, number>>> = (value, name) => {
  if (typeof value !== "object" || value === null) throw wrongArgument(name, "an object", value);
  return Object.fromEntries(Object.entries(value).map(([key, number]) => [key, count(number, `${name}: ${key}`)]));
};

const bytesOrText: OptionReader<string | Uint8Array> = (value, name) => {
  if (typeof value === "string" || ArrayBuffer.isView(value)) return value as string | Uint8Array;
  throw wrongArgument(name, "a string or bytes", value);
};

const attributes: OptionReader<Readonly<Record<string, Uint8Array>>> = (value, name) => {
  const isBytes = (item: unknown): item is Uint8Array => ArrayBuffer.isView(item);
  if (typeof value === "object" && value !== null && Object.values(value).every(isBytes)) return { ...value };
  throw wrongArgument(name, "an object of bytes", value);
};

const entryReaders: Readers<InitialEntry> = {
  attributes,
  content: bytesOrText,
  kind: oneOf("file", "directory", "other"),
  symlink: text,
  link: text,
  mode: fileMode,
  user: count,
  group: count,
};

const entry: OptionReader<string | Uint8Array | InitialEntry> = (value) =>
  typeof value === "string" || ArrayBuffer.isView(value)
    ? value as string | Uint8Array
    : readOptions(value, entryReaders);

const mountReaders: Readers<MountOptions> = {
  readOnly: flag,
  capacity: count,
  inodes: count,
  fileSync: flag,
  directorySync: flag,
  hardLinks: flag,
  owners: flag,
  fileLock: flag,
  clone: flag,
  journal: oneOf("silent", "ext4", "xfs"),
  volatile: flag,
};

const mount: OptionReader<MountOptions> = (value) => readOptions(value, mountReaders);

const processReaders: Readers<ProcessOptions> = {
  user: count,
  group: count,
  groups: (value, name) => Array.isArray(value) && value.length === 0 ? [] : listOf(count)(value, name),
  umask: fileMode,
  workingDirectory: text,
};

const capability: Readers<NonNullable<MemoryOptions["capabilities"]>> = {
  directorySync: flag,
  anchored: flag,
  fileLock: oneOf("call", "program", "none"),
  owner: flag,
  mode: flag,
  attributes: flag,
  replacesOpenFiles: flag,
  symbolicLinks: flag,
  barrierSync: flag,
};

const networkReaders: Readers<NetworkOptions> = {
  cachedLooks: count,
  lostReplies: listOf(oneOf("rename", "link", "symbolicLink", "remove", "makeDirectory", "removeDirectory")),
};

const machineReaders: Readers<MemoryOptions> = {
  network: (value) => readOptions(value, networkReaders),
  ...processReaders,
  seed: finite,
  disk: mount,
  mounts: byPath(mount),
  bindMounts: byPath(text),
  files: byPath(entry),
  userNumbers: numbers,
  groupNumbers: numbers,
  capabilities: (value) => readOptions(value, capability),
  processFacts: flag,
  device: text,
  startTime: finite,
  clock: oneOf("automatic", "manual"),
  delay: oneOf("none", "syncs", "every"),
  protectedLinks: flag,
  openFileLimit: count,
  renameOverOpen: oneOf("EPERM", "EACCES", "EBUSY"),
  mandatoryLocks: flag,
};

/** The options of a machine and its first process. */
export const machineOptions = (options: unknown): MemoryOptions => readOptions(options, machineReaders);

/** The options of another process. */
export const processOptions = (options: unknown): ProcessOptions => readOptions(options, processReaders);

const stateReaders: Readers<CrashStateOptions> = {
  sectorSize: positive,
  pieces: positive,
  volatile: callback<NonNullable<CrashStateOptions["volatile"]>>(),
};

/** How states are distinguished. */
export const crashStateOptions = (options: unknown): CrashStateOptions => readOptions(options, stateReaders);

const crashReaders: Readers<CrashOptions> = {
  ...stateReaders,
  machine: machineOptions,
  setup: callback<NonNullable<CrashOptions["setup"]>>(),
  run: callback<CrashOptions["run"]>(),
  recover: callback<NonNullable<CrashOptions["recover"]>>(),
  check: callback<CrashOptions["check"]>(),
  limit: positive,
  seed: finite,
  modes: listOf(oneOf("strict", "kill")),
  fraction: part,
  stopAfter: positive,
};

/** What to explore. */
export function crashOptions(options: unknown): CrashOptions {
  const values = readOptions(options, crashReaders);
  required(values, "run", "check");
  return values as CrashOptions;
}

const operations: OptionReader<ScheduleOptions["together"]> = (value, name) => {
  const list = listOf(callback<ScheduleOptions["together"][number]>())(value, name);
  if (list.length < 2 || list.length > 26) throw new OutOfRange(`${name} must be 2 to 26 operations`);
  return list;
};

const scheduleReaders: Readers<ScheduleOptions> = {
  ...stateReaders,
  machine: (value) => {
    const { clock: _clock, delay: _delay, ...readers } = machineReaders;
    return readOptions(value, readers);
  },
  setup: callback<NonNullable<ScheduleOptions["setup"]>>(),
  together: operations,
  processes: oneOf("one", "each"),
  preemptions: count,
  faults: oneOf("syncs", "every", "none"),
  watch: callback<NonNullable<ScheduleOptions["watch"]>>(),
  ended: callback<NonNullable<ScheduleOptions["ended"]>>(),
  recover: callback<NonNullable<ScheduleOptions["recover"]>>(),
  check: callback<NonNullable<ScheduleOptions["check"]>>(),
  limit: positive,
  samples: count,
  disks: positive,
  recoveryDisks: count,
  seed: finite,
  stopAfter: positive,
  schedule: text,
};

/** What to run in every order. */
export function scheduleOptions(options: unknown): ScheduleOptions {
  const values = readOptions(options, scheduleReaders);
  required(values, "together");
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
  const values = readOptions(options, faultReaders);
  required(values, "at");
  if ((values.error ?? values.short) === undefined) throw new OutOfRange("A fault needs `error`, `short`, or both");
  return values as Fault;
}

const sweepReaders = {
  make: callback<unknown>(),
  operation: callback<unknown>(),
  check: callback<unknown>(),
  errors: (value, name) => typeof value === "function" ? value : listOf(errorCode)(value, name),
  times: listOf(often),
  short: (value, name) => Array.isArray(value) && value.length === 0 ? [] : listOf(count)(value, name),
} satisfies Record<keyof FaultSweep<Runtime>, OptionReader<unknown>>;

/** What to sweep over. */
export function sweepOptions<R extends Runtime>(options: FaultSweep<R>): FaultSweep<R> {
  const values = readOptions(options, sweepReaders);
  required(values, "make", "operation", "check");
  return values as unknown as FaultSweep<R>;
}

const traceReaders: Readers<TraceOptions> = {
  base: text,
  random: patternOrNot,
  only: callback<NonNullable<TraceOptions["only"]>>(),
};

/** How a trace is written. */
export const traceOptions = (options: unknown): TraceOptions => readOptions(options, traceReaders);
