/**
 * What a recovery is given, and what it has found and done: the context of all of its steps.
 */
import type { Operation } from "../core/operation.ts";
import type { LockHold } from "../lock/lock_hold.ts";
import type { LockPlan } from "../lock/lock_plan.ts";
import type { Attempt } from "../protocol/failure.ts";
import type { SyncRules } from "../protocol/sync.ts";
import type { Trust } from "../protocol/trust.ts";
import type { Homes } from "../protocol/homes.ts";

/**
 * Why a transaction is left alone. `"alive"`: its owner is at work. `"unproven"`: it cannot be proven from here that
 * its owner is dead. `"untrusted"`: it is another user's, who may have planted it. `"unreachable"`: a directory that
 * takes part is not there (perhaps not mounted). `"corrupt"`: it does not say what a journal says.
 */
export type KeptReason = "alive" | "unproven" | "untrusted" | "unreachable" | "corrupt";

/** A transaction that stays as it is, and why. */
export interface KeptTransaction {
  /** Its journal or, where that is out of reach, its marker. */
  path: string;
  /**
   * `"alive"`: its owner is at work. `"unproven"`: it cannot be proven from here that its owner is dead. `"untrusted"`:
   * it is another user's, who may have planted it; `user` says whose. `"unreachable"`: a directory that takes part is not there (perhaps its file system
   * is not mounted). `"corrupt"`: it does not say what a journal says.
   */
  reason: KeptReason;
  /**
   * For `"unreachable"`: the directory that is not there or, where there is one of that name, holds nothing of the
   * transaction. When it is at its place again, the transaction can be recovered.
   */
  missing?: string;
  /** For `"untrusted"`: the number of the user whose it is. That user can recover it; so can others, with `trust`. */
  user?: number;
}

/** What was recovered. */
export interface RecoveryReport {
  /** Files of transactions that had been decided, and are finished now. */
  finished: string[];
  /** Files of transactions that had not been decided, or were being rolled back: they are as they were before. */
  undone: string[];
  /** Files that are neither what they were nor what they were to be: somebody else has written them; left alone. */
  conflicts: string[];
  /** Journals of transactions that have changed files (or restored them) and may not have come to activating them. */
  needsActivation: string[];
  /** What was left alone. */
  kept: KeptTransaction[];
}

/** Nothing yet. */
export const emptyReport = (): RecoveryReport => ({
  finished: [],
  undone: [],
  conflicts: [],
  needsActivation: [],
  kept: [],
});

/** How a recovery goes about it. */
export interface RecoveryRules {
  readonly lock: LockPlan;
  readonly sync: SyncRules;
  /** Whose journals count. */
  readonly trust: Trust;
  /** What is done about a transaction whose owner may still be running. */
  readonly unproven: "keep" | "recover";
  /** Called for a transaction that is settled and needs an activation; when it returns, none is owed any more. */
  readonly activate?: ((journal: string, holds: readonly LockHold[]) => Operation<void>) | undefined;
}

/** A recovery that is going on. */
export interface Recovery {
  readonly rules: RecoveryRules;
  /** The directories that have been opened for it. */
  readonly homes: Homes;
  readonly attempt: Attempt;
  readonly report: RecoveryReport;
}
