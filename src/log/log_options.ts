/**
 * What callers ask of a log, checked before any I/O.
 */
import { bytesOf } from "../core/bytes.ts";
import { InvalidArgument, OutOfRange } from "../core/errors.ts";
import {
  callback,
  count,
  fileMode,
  type FilePath,
  flag,
  oneOf,
  type OptionReader,
  readOptions,
  wholeNumber,
  wrongArgument,
} from "../core/options.ts";
import { lockPlanOption, refuseSignals } from "../lock/file_lock.ts";
import type { ExclusiveLockOptions, ExclusiveLockSyncOptions, LockPlan } from "../lock/lock_plan.ts";
import { locate, makeEngine, runtimeOption } from "../protocol/engine.ts";
import { longestRecord } from "./record.ts";
import { type Durability, durabilityReaders, writePlan } from "../protocol/write_plan.ts";
import { currentRuntime } from "../runtime/current.ts";
import type { Runtime } from "../runtime/runtime.ts";
import type { LogRequest } from "./log_body.ts";
import type { ReadPlan, SkippedRange } from "./read_log.ts";
import { type UnsafePathOption, unsafePathReader } from "../protocol/unsafe_path.ts";

/** Options of opening a log to read it. */
export interface LogReaderOptions {
  /** The machine to work on. Default: the one this code runs on. */
  runtime?: Runtime;
}

/** Options of opening a log to write it. */
export interface LogOptions extends LogReaderOptions, UnsafePathOption {
  /** How far a record must have reached when `append` resolves. Default `"full"`. */
  durability?: Durability;
  /** When the platform cannot give that durability: report what was reached (default), or throw. */
  whenUnsupported?: "report" | "throw";
  /** When a sync fails with a real error: throw (default), or go on; `durability` then tells. */
  whenSyncFails?: "throw" | "report";
  /** Permission bits of a new log. Default: 0o666 minus the umask. */
  mode?: number;
  /** Make missing directories above a new log, and make each of them durable. Default false. */
  createDirectories?: boolean;
  /** How many of the files that checkpoints have replaced are kept, as hidden backups. Default 0. */
  backup?: number;
  /**
   * How to take the writer's lock. Default: LockBusyError at once when there is another writer, who may have the log
   * open for days. With `timeout` (in milliseconds, or Infinity) or a `signal` it is waited for.
   */
  lock?: ExclusiveLockOptions;
}

/** {@linkcode LogOptions} without what cannot exist synchronously. */
export interface LogSyncOptions extends Omit<LogOptions, "lock"> {
  /** As in {@linkcode LogOptions}, without a signal. */
  lock?: ExclusiveLockSyncOptions;
}

/** Options of a checkpoint. */
export interface CheckpointOptions {
  /** The last sequence that the snapshot covers; later records stay. Default: that of the last record. */
  through?: number;
}

/** Options of reading. */
export interface ReadOptions {
  /** The first sequence to read. Default: the first there is. */
  from?: number;
  /**
   * If records that were durable are damaged: throw a CorruptionError after the records before them, or pass over them
   * and read on at the next whole record.
   *
   * @default "throw"
   */
  whenDamaged?: "throw" | "skip";
  /** Called for all that is passed over, with `whenDamaged: "skip"`. */
  onSkipped?: (range: SkippedRange) => void;
}

/** The writer's lock, which is waited for only where that is asked for. */
export const writersLock: OptionReader<LockPlan> = (value, name) => {
  const plan = lockPlanOption(value, name);
  const waits = Reflect.get(value as object, "timeout") !== undefined || plan.signal !== undefined;
  return waits ? plan : { ...plan, timeout: 0 };
};

const readers = {
  ...durabilityReaders,
  mode: fileMode,
  createDirectories: flag,
  backup: count,
  lock: writersLock,
  runtime: runtimeOption,
  unsafePath: unsafePathReader,
};

/** Reads path and options. */
export function logRequest(
  path: FilePath,
  options: LogOptions | LogSyncOptions | undefined,
  synchronous: boolean,
): { path: string; request: LogRequest } {
  const { runtime, lock = writersLock({}, "lock"), mode, unsafePath, ...rules } = readOptions(options, readers);
  const engine = makeEngine(runtime ?? currentRuntime(), synchronous, undefined, unsafePath);
  refuseSignals(synchronous, undefined, { plan: lock });
  const defaults = mode === undefined ? {} : { defaults: { mode } };
  const request = { engine, plan: writePlan(engine, { ...rules, ...defaults }), lock };
  return { path: locate(engine, path), request };
}

/** Reads path and options of a reader. */
export function readerRequest(path: FilePath, options: LogReaderOptions | undefined, synchronous: boolean) {
  const { runtime } = readOptions(options, { runtime: runtimeOption });
  const engine = makeEngine(runtime ?? currentRuntime(), synchronous);
  return { engine, path: locate(engine, path) };
}

const encoder = new TextEncoder();

/** The bytes of a record. They are copied only when it is written: the caller must not change them until then. */
export function recordBytes(record: unknown): Uint8Array {
  const bytes = typeof record === "string" ? encoder.encode(record) : bytesOf(record);
  if (bytes === undefined) throw wrongArgument("A record", "a string or bytes", record);
  if (bytes.length > longestRecord) throw new OutOfRange(`A record must have ${longestRecord} bytes or less`);
  return bytes;
}

/** The bytes of many records; a text is one record, not many of one character. */
export function manyRecords(records: unknown): Uint8Array[] {
  if (typeof records !== "object" || records === null || !(Symbol.iterator in records) || ArrayBuffer.isView(records)) {
    throw wrongArgument("records", "an iterable of records", records);
  }
  return Array.from(records as Iterable<unknown>, recordBytes);
}

const sequence = wholeNumber(0, Number.MAX_SAFE_INTEGER);

/** How to read. */
export function readPlan(options: ReadOptions | undefined): ReadPlan {
  const { from = 0, whenDamaged, onSkipped } = readOptions(options, {
    from: sequence,
    whenDamaged: oneOf("throw", "skip"),
    onSkipped: callback<NonNullable<ReadOptions["onSkipped"]>>(),
  });
  if (whenDamaged === "skip") return { from, skipped: onSkipped ?? (() => {}) };
  if (onSkipped !== undefined) throw new InvalidArgument('onSkipped needs whenDamaged: "skip"');
  return { from };
}

/** What a snapshot covers. */
export const checkpointThrough = (options: CheckpointOptions | undefined): number | undefined =>
  readOptions(options, { through: sequence }).through;
