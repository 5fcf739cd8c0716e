/**
 * What `applyFiles` answers.
 */
import type { Durability } from "../protocol/write_plan.ts";
import type { AppliedDirectory } from "./make_planned_directories.ts";
import type { RecoveryReport } from "./recovery.ts";
import type { StagedChange } from "./transaction.ts";

/** What happened to one file. */
export interface AppliedFile {
  /** The file, absolute, symlinks at its end resolved. */
  path: string;
  /** `"unchanged"`: content, mode and owner were as asked for already, or a file to be removed did not exist. */
  state: "written" | "removed" | "unchanged";
  /** Where the version before is kept. */
  backup?: string;
  /** What the old file had and the new one has not: the words of the result of a write. */
  lost: string[];
  /** What of the old file could not be seen, likewise. */
  unchecked: string[];
}

/** What a transaction did. */
export interface ApplyResult {
  /** Whether any file changed. */
  changed: boolean;
  /** The files, in the order of the plan. */
  files: AppliedFile[];
  /** The directories of the plan, if it has any. */
  directories?: AppliedDirectory[];
  /** The durability that was reached, not the one asked for. */
  durability: Durability;
  /** Unfinished transactions that were found and completed or rolled back first. */
  recovered: RecoveryReport;
  /** Names of this module that could not be removed when all was done: outdated backups, the journal. */
  leftBehind?: string[];
}

/** What happened to a file that was to change. */
export function appliedFile({ participant: { path, home }, backup, staged }: StagedChange): AppliedFile {
  const kept = backup === undefined ? {} : { backup: home.pathOf(backup) };
  if (staged === undefined) return { path, state: "removed", lost: [], unchecked: [], ...kept };
  return { path, state: "written", lost: staged.lost, unchecked: staged.unchecked, ...kept };
}
