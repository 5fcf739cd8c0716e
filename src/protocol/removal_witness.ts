/**
 * Removals as witnesses: a name that has to go anyway goes after the last sync, for a file system that has given up
 * refuses that (EROFS, EIO), where it has answered the sync with success because the error went to somebody else.
 *
 * 1. The syncs of the operation. 2. The removals, their failures gathered by `tidy`. 3. `stillHolds`: whether what was
 * synced may be acknowledged. It costs nothing but the order of the calls.
 *
 * A failure of another kind (no permission) is a name that stays, and says nothing of the syncs.
 */
import type { SystemError } from "../runtime/system_error.ts";
import type { Engine } from "./engine.ts";
import { attachCleanup, type Attempt, attemptFailed, type CleanupFailure } from "./failure.ts";
import type { SyncRules } from "./sync.ts";
import { saysFailed } from "./sync_codes.ts";
import { noteFailure, syncsOn } from "./sync_ledger.ts";

/** What is about to be acknowledged. */
interface Claim {
  readonly engine: Engine;
  /** The file system that it is on. */
  readonly device: string;
  readonly rules: SyncRules;
  readonly attempt: Attempt;
}

/** Whether a name could not be removed because the whole file system has failed: its syncs may have lied. */
export const witnessOf = (failures: readonly CleanupFailure[]): SystemError | undefined =>
  failures.map(({ error }) => error).find(saysFailed);

/** Whether the claim may be made after these removals; an error where it may not, and the caller wants to know. */
export function stillHolds({ engine, device, rules, attempt }: Claim, failures: readonly CleanupFailure[]): boolean {
  const witness = witnessOf(failures);
  if (witness === undefined || rules.durability === "none") return true;
  noteFailure(syncsOn(engine, device), witness);
  if (rules.whenSyncFails === "report") return false;
  const reason =
    "everything was done and synced, but the file system refuses further changes: it may have lost what it reported as synced";
  throw attachCleanup(attemptFailed(attempt, witness.code, witness.call, reason, witness), failures, attempt);
}
