/**
 * Write, update and lock files on Deno, Bun and Node so that a crash, a full disk, a kill or a competing process never
 * leaves half a file or loses an update.
 *
 * {@linkcode writeFile} replaces a file completely and durably, or not at all. {@linkcode updateFile} and
 * {@linkcode withLock} make read-modify-write safe among all programs that lock the same file, on any mix of runtimes.
 * Errors say what happened to the file (`targetState`), and results say what was reached (`durability`).
 *
 * ```ts
 * import { updateJsonFile, writeFile } from "@durable/atomic-write";
 *
 * await writeFile("settings.json", '{"theme":"dark"}\n', { mode: 0o600, backup: 3 });
 * await updateJsonFile<{ runs: number }>("state.json", (state = { runs: 0 }) => ({ runs: state.runs + 1 }));
 * ```
 *
 * On Deno, `--allow-read=DIR --allow-write=DIR` is enough for files in DIR; relative paths need `--allow-read` of the
 * working directory. Nothing ever prompts.
 *
 * @module
 */
export { type Backup, listBackups, type ListBackupsOptions, listBackupsSync } from "./src/file/backups.ts";
export {
  restoreBackup,
  type RestoreBackupOptions,
  restoreBackupSync,
  type RestoreBackupSyncOptions,
} from "./src/file/restore_backup.ts";
export {
  copyFile,
  type CopyFileOptions,
  copyFileSync,
  type CopyFileSyncOptions,
  type CopyProgress,
  type CopyTimes,
} from "./src/file/copy_file.ts";
export type { FileChunk, FileData } from "./src/core/bytes.ts";
export {
  ActivationError,
  ConflictError,
  CorruptionError,
  DeadlockError,
  type FailedFile,
  FileError,
  type FileErrorDetails,
  LockBusyError,
  LockError,
  LockLostError,
  LockTimeoutError,
  ReadError,
  type Remedy,
  RollbackFailedError,
  type RolledBackFile,
  type Subject,
  type TargetState,
  UnsupportedError,
  ValidationError,
  WriteError,
  WriteFilesError,
} from "./src/core/errors.ts";
export type { FilePath } from "./src/core/options.ts";
export type { Trust, TrustOption } from "./src/protocol/trust.ts";
export type { UnsafePath, UnsafePathOption } from "./src/protocol/unsafe_path.ts";
export { currentRuntime } from "./src/runtime/current.ts";
export { type FileWriter, type FileWriterSync, openFileWriter, openFileWriterSync } from "./src/file/file_writer.ts";
export {
  breakLock,
  breakLockSync,
  inspectLock,
  type InspectLockOptions,
  inspectLockSync,
} from "./src/lock/inspect_lock.ts";
export type { FileLock } from "./src/lock/file_lock.ts";
export type { LockBackend, LockInfo } from "./src/lock/lock_info.ts";
export type {
  ExclusiveLockOptions,
  ExclusiveLockSyncOptions,
  LockOptions,
  LockSyncOptions,
  LockWait,
  TryLockOptions,
  TryLockSyncOptions,
} from "./src/lock/lock_plan.ts";
export type { StandardIssue, StandardResult, StandardSchemaV1 } from "./src/core/standard_schema.ts";
export type { NewFileDefaults, Owner } from "./src/protocol/mode_and_owner.ts";
export type { Durability, ReplaceOptions, WriteResult } from "./src/protocol/write_plan.ts";
export {
  type ContentWithDigest,
  readFile,
  type ReadFileOptions,
  readFileSync,
  type WithDigest,
} from "./src/file/read_file.ts";
export { readJsonFile, type ReadJsonFileOptions, readJsonFileSync } from "./src/file/read_json_file.ts";
export { readTextFile, readTextFileSync } from "./src/file/read_text_file.ts";
export {
  removeFile,
  type RemoveFileOptions,
  removeFileSync,
  type RemoveFileSyncOptions,
  type RemoveResult,
} from "./src/file/remove_file.ts";
export { type KeptTemporaryFile, sweep, type SweepOptions, type SweepResult, sweepSync } from "./src/file/sweep.ts";
export { updateFile, updateFileSync } from "./src/file/update_file.ts";
export type { JsonValidation } from "./src/file/json_change.ts";
export type { JsonValidator } from "./src/file/json_validation.ts";
export {
  updateJsonFile,
  type UpdateJsonFileOptions,
  updateJsonFileSync,
  type UpdateJsonFileSyncOptions,
} from "./src/file/update_json_file.ts";
export type { UpdatedValue, UpdateOptions, UpdateResult, UpdateSyncOptions } from "./src/file/update_operation.ts";
export { updateTextFile, updateTextFileSync } from "./src/file/update_text_file.ts";
export { acquireLock, acquireLockSync, tryLock, tryLockSync, withLock, withLockSync } from "./src/lock/with_lock.ts";
export type { CoalesceOption } from "./src/file/coalesced_write.ts";
export { writeFile, writeFileSync } from "./src/file/write_file.ts";
export { writeFiles } from "./src/file/write_files.ts";
export type { FileToWrite, WriteFilesOptions, WriteFilesResult } from "./src/file/write_files_options.ts";
export type { WriteFileOptions, WriteFileSyncOptions } from "./src/file/write_options.ts";
export {
  type JsonSpacing,
  writeJsonFile,
  type WriteJsonFileOptions,
  writeJsonFileSync,
  type WriteJsonFileSyncOptions,
} from "./src/file/write_json_file.ts";
