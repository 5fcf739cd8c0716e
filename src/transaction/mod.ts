/**
 * Several files, one outcome: all of them replaced and what depends on them activated, or everything as it was; across
 * crashes, too. And whole directories, published by one switch.
 *
 * - {@linkcode applyFiles}: files that only make sense together, validated before and activated after.
 * - {@linkcode recoverTransactions}: what a crash has cut off is finished or undone.
 * - {@linkcode publishDirectory}, {@linkcode rollBackDirectory}: a directory by a symlink that is switched.
 *
 * @module
 */
export type { FileData } from "../core/bytes.ts";
export {
  ActivationError,
  ConflictError,
  FileError,
  type FileErrorDetails,
  LockError,
  LockTimeoutError,
  RollbackFailedError,
  type RolledBackFile,
  type TargetState,
  UnsupportedError,
  ValidationError,
  WriteError,
} from "../core/errors.ts";
export type { FilePath } from "../core/options.ts";
export type { FileLock } from "../lock/file_lock.ts";
export type { CallbackContext, CallbackTimeouts } from "../lock/timed_callback.ts";
export type { LockBackend, LockInfo } from "../lock/lock_info.ts";
export type { ExclusiveLockOptions, ExclusiveLockSyncOptions, LockOptions, LockWait } from "../lock/lock_plan.ts";
export type { NewFileDefaults, Owner } from "../protocol/mode_and_owner.ts";
export type { Durability } from "../protocol/write_plan.ts";
export { applyFiles, applyFilesSync } from "./apply_files.ts";
export type {
  ApplyOptions,
  ApplyPlan,
  ApplyPlanSync,
  ApplyProgress,
  ApplySyncOptions,
  PlannedDirectory,
  PlannedFile,
  PlannedRemoval,
} from "./apply_plan.ts";
export type { AppliedFile, ApplyResult } from "./apply_result.ts";
export type { AppliedDirectory } from "./make_planned_directories.ts";
export type { KeptReason, KeptTransaction, RecoveryReport } from "./recovery.ts";
export type { Trust, TrustOption } from "../protocol/trust.ts";
export type { UnsafePath, UnsafePathOption } from "../protocol/unsafe_path.ts";
export { publishDirectory, publishDirectorySync, type PublishResult } from "../publication/publish_directory.ts";
export {
  listGenerations,
  type ListGenerationsOptions,
  listGenerationsSync,
  type PublishedGeneration,
} from "../publication/list_generations.ts";
export type {
  PublishOptions,
  PublishSyncOptions,
  RollBackOptions,
  RollBackSyncOptions,
  SwitchOptions,
  SwitchSyncOptions,
} from "../publication/publish_options.ts";
export {
  type RecoverOptions,
  type RecoverSyncOptions,
  recoverTransactions,
  recoverTransactionsSync,
} from "./recover_transactions.ts";
export { rollBackDirectory, rollBackDirectorySync, type RollBackResult } from "../publication/roll_back_directory.ts";
