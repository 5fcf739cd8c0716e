/**
 * An append-only log that a power cut cannot tear: one writer, any number of readers, group commit, checkpoints.
 *
 * - {@linkcode openLog}, {@linkcode openLogSync}: append, checkpoint, read.
 * - {@linkcode openLogReader}, {@linkcode openLogReaderSync}: read alone, beside a writer or after damage.
 *
 * @module
 */
export type { FileData } from "../core/bytes.ts";
export {
  CorruptionError,
  DeadlockError,
  FileError,
  type FileErrorDetails,
  LockBusyError,
  LockError,
  LockLostError,
  LockTimeoutError,
  ReadError,
  type TargetState,
  WriteError,
} from "../core/errors.ts";
export type { FilePath } from "../core/options.ts";
export type { LockBackend, LockInfo } from "../lock/lock_info.ts";
export type { ExclusiveLockOptions, ExclusiveLockSyncOptions, LockOptions, LockWait } from "../lock/lock_plan.ts";
export type { TornTail } from "./records_end.ts";
export type { UnsafePath, UnsafePathOption } from "../protocol/unsafe_path.ts";
export type { Durability } from "../protocol/write_plan.ts";
export { type Log, type LogReader, openLog, openLogReader } from "./log.ts";
export type { CheckpointOptions, LogOptions, LogReaderOptions, LogSyncOptions, ReadOptions } from "./log_options.ts";
export { type LogReaderSync, type LogSync, openLogReaderSync, openLogSync } from "./log_sync.ts";
export type { LogRecord, SkippedRange } from "./read_log.ts";
export {
  repairLog,
  type RepairLogOptions,
  type RepairLogResult,
  repairLogSync,
  type RepairLogSyncOptions,
} from "./repair_log.ts";
