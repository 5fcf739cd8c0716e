/**
 * After the commit point something has failed: every file becomes the old one again.
 *
 * `.rolling-back`, synced → every file → a sync of every directory → what was staged goes → `activate` once more → the
 * end. Only removals, and renames over names that are there (protocol/names/transaction.ts): it works on a full disk.
 *
 * What it answers is the error for the caller. State after a failure: where the first step fails, every file stays as it
 * is, because a recovery would finish what was committed; where a later one fails, the journal stays for a recovery, or
 * as `.settled` when only the activation is owed; the RollbackFailedError says what is where.
 */
import { ActivationError, type FileErrorDetails, RollbackFailedError, type RolledBackFile } from "../core/errors.ts";
import { type Operation, wait } from "../core/operation.ts";
import { attachCleanup, beginAnew, CallerError, type CleanupFailure, tidy, translate } from "../protocol/failure.ts";
import { witnessOf } from "../protocol/removal_witness.ts";
import { SystemError } from "../runtime/system_error.ts";
import { activateInTime } from "../lock/timed_callback.ts";
import { tellQuietly } from "./apply_plan.ts";
import { payDebts } from "./debts.ts";
import { endTransaction } from "./end_transaction.ts";
import type { Entered } from "./enter.ts";
import { syncHomes } from "./participants.ts";
import { isNew, isOld, lookAt, restoreFile, type SettledFile } from "./settle.ts";
import type { Transaction } from "./transaction.ts";

/** Whether all that has been changed can be taken back. */
const isRestorable = ({ changes }: Transaction): boolean =>
  changes.every(({ published, backup, before }) => !published || backup !== undefined || before.status === undefined);

/** Takes a committed transaction back because of `cause`; the error for the caller. */
export function* rollBack(
  transaction: Transaction,
  entered: Pick<Entered, "holds" | "debts">,
  cause: unknown,
  activated: boolean,
): Operation<unknown> {
  const { engine, journal, attempt, request: { rules } } = transaction;
  // A sync that has failed may be the cause: what comes after it is judged by its own syncs.
  beginAnew(attempt);
  const places = transaction.places();
  const failed = (errors: unknown[], reason: string) => rollbackFailed(transaction, places, cause, errors, reason);
  if (!isRestorable(transaction)) {
    if (activated) return yield* notRestorable(transaction, entered, cause);
    return yield* failed([], "rolling back failed: some files were replaced, and no backups were kept (backup: 0)");
  }
  tellQuietly(transaction.request, { step: "roll back", done: 0, total: places.length });
  try {
    yield* journal.moveTo("rolling-back");
    yield* journal.sync(rules, attempt);
  } catch (error) {
    return yield* failed([error], "rolling back failed: the decision to do so could not be recorded");
  }
  const problems = yield* restoreAll(transaction, places);
  if (problems.length > 0) return yield* failed(problems, "rolling back failed: not every file could be restored");
  try {
    yield* syncHomes(engine, transaction.homes, rules, attempt);
    for (const { home, stage } of places) yield* wait(home.names.remove(stage));
    // Where nothing had taken effect yet, programs that load files by themselves may still have seen some of them.
    yield* activateInTime(transaction.request, entered.holds);
  } catch (error) {
    if (!(error instanceof CallerError)) {
      return yield* failed([error], "rolling back failed: not every file could be restored durably");
    }
    yield* tidy([], owe(transaction, entered));
    const reason = activated
      ? "activating the new files failed; every file was restored, but activating that failed, too"
      : "not every file could be replaced; every file was restored, but activating that failed";
    return yield* failed([error.reason], reason);
  }
  const failures: CleanupFailure[] = [];
  yield* tidy(failures, endTransaction(journal, transaction.marked, rules, attempt), journal.path);
  attempt.targetState = witnessOf(failures) === undefined ? "unchanged" : "unknown";
  return attachCleanup(restored(transaction, cause, activated), failures, attempt);
}

function* restoreAll(transaction: Transaction, places: readonly SettledFile[]): Operation<unknown[]> {
  const problems: unknown[] = [];
  for (const [index, place] of places.entries()) {
    try {
      const settlement = yield* restoreFile(transaction.engine, place);
      if (settlement === "conflict") problems.push(new Error(`${place.path} is neither the old nor the new file`));
      else tellQuietly(transaction.request, { step: "roll back", done: index + 1, total: places.length });
    } catch (error) {
      problems.push(
        error instanceof SystemError ? translate(error, { ...transaction.attempt, path: place.path }) : error,
      );
    }
  }
  return problems;
}

/** Every file is as it was; `attempt.targetState` says whether that is proven. */
function restored({ attempt }: Transaction, cause: unknown, activated: boolean): unknown {
  // Before anything was activated it is the reason of an abort.
  if (!activated || !(cause instanceof CallerError)) return translate(cause, attempt);
  const reason = "activating the new files failed; every file was restored and activated again";
  return new ActivationError(attempt.verb, reason, {
    code: "EACTIVATE",
    path: attempt.path,
    step: "activate",
    targetState: attempt.targetState,
    cause: cause.reason,
  });
}

/** Only the activation is owed; with it, what earlier transactions over these files owed. */
function* owe(
  { engine, journal, attempt, changes, request: { rules } }: Transaction,
  { debts }: Pick<Entered, "debts">,
): Operation<void> {
  yield* journal.moveTo("settled");
  yield* journal.dropPlaceholders();
  yield* journal.sync(rules, attempt);
  const participants = changes.map(({ participant }) => participant);
  yield* payDebts(engine, { debts, participants }, rules, attempt);
}

/** The new files stay, and the next transaction over them activates them, even if it finds nothing to change. */
function* notRestorable(
  transaction: Transaction,
  entered: Pick<Entered, "debts">,
  cause: unknown,
): Operation<unknown> {
  const { attempt, journal } = transaction;
  const failures: CleanupFailure[] = [];
  yield* tidy(failures, owe(transaction, entered));
  const reason = "activating the new files failed; they stay, because no backups were kept (backup: 0)";
  const error = new ActivationError(attempt.verb, reason, {
    code: "EACTIVATE",
    path: attempt.path,
    step: "activate",
    targetState: "replaced",
    cause: cause instanceof CallerError ? cause.reason : cause,
  });
  error.leftBehind.push(journal.path);
  return attachCleanup(error, failures, attempt);
}

function* rollbackFailed(
  { attempt, journal }: Transaction,
  places: readonly SettledFile[],
  cause: unknown,
  errors: unknown[],
  reason: string,
): Operation<RollbackFailedError> {
  const files: RolledBackFile[] = [];
  for (const place of places) files.push(yield* whatIsAt(place));
  const all = (content: RolledBackFile["content"]) => files.every((file) => file.content === content);
  // What is there now, if a recovery will come to the same state.
  const lasts = all("old") ? journal.state !== "committed" : all("new") && journal.state === "committed";
  const details: FileErrorDetails = {
    code: "EROLLBACK",
    path: attempt.path,
    step: "roll back",
    targetState: !lasts ? "unknown" : all("old") ? "unchanged" : "replaced",
    cause: cause instanceof CallerError ? cause.reason : translate(cause, attempt),
  };
  const error = new RollbackFailedError(attempt.verb, reason, details);
  error.files = files;
  error.journal = journal.path;
  error.rollbackErrors = errors;
  error.leftBehind.push(journal.path);
  return error;
}

function* whatIsAt({ path, home, record, backup }: SettledFile): Operation<RolledBackFile> {
  let content: RolledBackFile["content"] = "unknown";
  let kept = false;
  try {
    const seen = yield* lookAt(home, record.name);
    content = isOld(seen, record) ? "old" : isNew(seen, record) ? "new" : "other";
    kept = backup !== undefined && (yield* wait(home.names.linkStat(backup))) !== undefined;
  } catch {
    // The error that is thrown says more.
  }
  return { path, content, ...kept && backup !== undefined ? { backup: home.pathOf(backup) } : {} };
}
