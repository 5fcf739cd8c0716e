/**
 * Several files, one outcome: all of them replaced and what depends on them activated, or everything as it was; across
 * crashes, too. And whole directories, published by one switch.
 *
 * @module
 */
export { applyFiles, applyFilesSync } from "./apply_files.ts";
export type { ApplyOptions, ApplyPlan, ApplyPlanSync, ApplyProgress, PlannedFile } from "./apply_plan.ts";
export type { AppliedFile, ApplyResult } from "./apply_result.ts";
export {
  type KeptTransaction,
  type RecoverOptions,
  recoverTransactions,
  recoverTransactionsSync,
  type RecoveryReport,
} from "./recover_transactions.ts";
export { publishDirectory, publishDirectorySync, type PublishResult } from "./publish_directory.ts";
export type { PublishOptions, SwitchOptions } from "./publish_options.ts";
export { rollBackDirectory, rollBackDirectorySync, type RollBackResult } from "./roll_back_directory.ts";
