/**
 * The commit point of a transaction.
 *
 * What is decided is written and synced → all names are synced → a last look at directories, files, locks and signal →
 * **the journal gets its name, and its directory is synced**.
 *
 * State after a failure: before the rename nothing is decided. Where the sync after it fails, nobody knows what a power
 * cut would leave: the journal is renamed once more, to `.rolling-back`, and only when *that* is durable may anything be
 * taken back; else all of it stays for a recovery, and `state` is `"undecided"`.
 */
import { type ConflictError, FileError } from "../core/errors.ts";
import { conflict } from "../protocol/conflict.ts";
import { type Operation, wait } from "../core/operation.ts";
import type { LockHold } from "../lock/lock_hold.ts";
import { checkParent } from "../protocol/directories.ts";
import { parentOf } from "../protocol/engine.ts";
import { type Attempt, attemptFailed, beginAnew, checkAbort } from "../protocol/failure.ts";
import { keepLatest, keepsOld, mostCorrections } from "../protocol/late_metadata.ts";
import type { FileStatus } from "../runtime/runtime.ts";
import { confirmLocks } from "../lock/lock_files.ts";
import { syncHomes } from "./participants.ts";
import { ofFile } from "./stage_changes.ts";
import type { Transaction } from "./transaction.ts";

/** Decides; whether the decision is known to be durable. */
export function* commitTransaction(transaction: Transaction, holds: readonly LockHold[]): Operation<boolean> {
  const { engine, journal, attempt, request: { rules } } = transaction;
  yield* journal.write(transaction.record(), rules, attempt);
  const namesSynced = yield* syncHomes(engine, transaction.homes, rules, attempt);
  for (let corrections = 0, corrected = true; corrected; corrections++) {
    corrected = yield* lookOnceMore(transaction, corrections < mostCorrections);
  }
  yield* confirmLocks(holds);
  checkAbort(rules.signal);
  yield* journal.moveTo("committed");
  transaction.state = "committed";
  try {
    return (yield* journal.sync(rules, attempt)) && namesSynced;
  } catch (error) {
    throw yield* recant(transaction, error);
  }
}

/** The last look at directories and files; whether something that is kept of a file had to be corrected. */
function* lookOnceMore(transaction: Transaction, corrects: boolean): Operation<boolean> {
  const { engine, attempt, homes, changes, standing } = transaction;
  for (const home of homes) {
    const path = changes.find(({ participant }) => participant.home === home)?.participant.path;
    yield* checkParent(home, path === undefined ? attempt : { ...attempt, path });
  }
  for (const { path, name, home, status } of standing.files) {
    if (!isUnchanged(yield* wait(home.names.linkStat(name)), status)) throw changedMeanwhile(attempt, path);
  }
  let corrected = false;
  for (const { staged, participant: { path, name, home }, before } of changes) {
    const now = yield* wait(home.names.linkStat(name));
    if (!isUnchanged(now, before.status)) throw changedMeanwhile(attempt, path);
    if (!corrects || staged === undefined || !keepsOld(engine, staged.plan)) continue;
    try {
      corrected = (yield* keepLatest(staged, now)) || corrected;
    } catch (error) {
      throw ofFile(error, { ...attempt, path });
    }
  }
  return corrected;
}

const isUnchanged = (now: FileStatus | undefined, before: FileStatus | undefined): boolean =>
  now?.identity === before?.identity && now?.size === before?.size && now?.modified === before?.modified;

/** Programs that take no lock may have come in between. */
function changedMeanwhile(attempt: Attempt, path: string): ConflictError {
  const reason = `${JSON.stringify(path)} was changed by a program that does not take the lock`;
  return conflict({ verb: attempt.verb, path, named: attempt.path }, reason, "stat");
}

/** The commit record is visible, but nothing has followed from it yet. */
function* recant(transaction: Transaction, error: unknown): Operation<unknown> {
  const { journal, attempt, request: { rules } } = transaction;
  transaction.state = "undecided";
  // What comes now comes after the failure: it is judged by its own syncs.
  beginAnew(attempt);
  try {
    yield* journal.moveTo("rolling-back");
    yield* journal.sync(rules, attempt);
  } catch {
    attempt.targetState = "unknown";
    const reason = {
      reason: "it is not known whether the commit record is safely on disk",
      remedy: { use: "recoverTransactions", path: parentOf(transaction.engine, journal.path) },
    } as const;
    const code = FileError.is(error) ? error.code : "EIO";
    const failure = attemptFailed(attempt, code, "syncDirectory", reason, error);
    failure.leftBehind.push(journal.path);
    return failure;
  }
  transaction.state = "open";
  return error;
}
