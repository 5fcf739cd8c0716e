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
import { ConflictError, FileError } from "../core/errors.ts";
import { type Operation, wait } from "../core/operation.ts";
import type { LockHold } from "../lock/lock.ts";
import { checkParent } from "../protocol/directories.ts";
import { attemptFailed, beginAnew, checkAbort } from "../protocol/failure.ts";
import { syncHomes } from "./participants.ts";
import type { StagedChange, Transaction } from "./transaction.ts";

/** Decides; whether the decision is known to be durable. */
export function* commitTransaction(transaction: Transaction, holds: readonly LockHold[]): Operation<boolean> {
  const { engine, journal, attempt, request: { rules } } = transaction;
  yield* journal.write(transaction.record(), rules, attempt);
  const namesSynced = yield* syncHomes(engine, transaction.homes, rules, attempt);
  for (const home of transaction.homes) {
    const path = transaction.changes.find(({ participant }) => participant.home === home)?.participant.path;
    yield* checkParent(engine, home, path === undefined ? attempt : { ...attempt, path });
  }
  for (const change of transaction.changes) yield* checkUnchanged(transaction, change);
  for (const hold of holds) yield* hold.confirm("unchanged");
  checkAbort(rules.signal);
  yield* journal.moveTo("committed");
  transaction.state = "committed";
  try {
    return (yield* journal.sync(rules, attempt)) && namesSynced;
  } catch (error) {
    throw yield* recant(transaction, error);
  }
}

/** Programs that take no lock may have come in between. */
function* checkUnchanged(
  { engine, attempt }: Transaction,
  { participant: { path }, before: { status } }: StagedChange,
): Operation<void> {
  const now = yield* wait(engine.fileSystem.linkStat(path));
  const same = now?.identity === status?.identity && now?.size === status?.size && now?.modified === status?.modified;
  if (same) return;
  const reason = `${JSON.stringify(path)} was changed meanwhile by a program that takes no lock`;
  throw new ConflictError(`${attempt.verb} ${JSON.stringify(attempt.path)}`, reason, {
    code: "ECONFLICT",
    path,
    step: "stat",
    targetState: "unchanged",
  });
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
    const reason = "it is not known whether the commit record is on the medium; recoverTransactions will tell";
    const code = FileError.is(error) ? error.code : "EIO";
    const failure = attemptFailed(attempt, code, "syncDirectory", reason, error);
    failure.leftBehind.push(journal.path);
    return failure;
  }
  transaction.state = "open";
  return error;
}
