/**
 * New contents beside their targets, and second names for the old ones.
 *
 * 1. `stageChanges`: every file, in parallel, synced. 2. `dropEqual`: what came in pieces and turned out to be there
 * already. 3. `backUpChanges`: a hard link to each old file (a copy where there are none), its content synced.
 *
 * No name is durable yet. After a failure `transaction.failed` takes all of it back.
 */
import { all, type Operation, wait } from "../core/operation.ts";
import { placeBackup } from "../protocol/backups.ts";
import { attachCleanup, type Attempt, translate } from "../protocol/failure.ts";
import { lastBackupTime } from "../protocol/names/names.ts";
import { FileReplacement, TemporaryVanished } from "../protocol/file_replacement.ts";
import { beginStage, closeStaged, discard, finishStage } from "../protocol/stage.ts";
import { writeAll } from "../protocol/content_writer.ts";
import { stageName } from "../protocol/names/transaction.ts";
import { lanesFor } from "../protocol/room.ts";
import { SystemError } from "../runtime/system_error.ts";
import { mayBeLeft } from "./compare.ts";
import { backupsOf, type DirectoryScan } from "./scan.ts";
import type { Change, StagedChange, Transaction } from "./transaction.ts";

/** Stages every change, and syncs each. */
export function* stageChanges(
  transaction: Transaction,
  changes: readonly Change[],
  done: () => void,
): Operation<void> {
  yield* all(changes.map((change) => () => stageOne(transaction, change, done)), lanesFor(transaction.engine));
  transaction.changes.sort((a, b) => a.index - b.index);
}

function* stageOne(
  { engine, attempt, journal, changes }: Transaction,
  change: Change,
  done: () => void,
): Operation<void> {
  const { participant, requested: { source, plan, removes }, before, index } = change;
  if (removes) {
    changes.push({ ...change, staged: undefined, backup: undefined, earlier: [], published: false });
    return done();
  }
  const { home } = participant;
  const target = { ...participant.target, status: before.status };
  const name = stageName(participant.name, journal.id, index);
  const about = { ...attempt, path: participant.path };
  const staged = new FileReplacement(target, home, plan, about);
  staged.separates = before.separates;
  try {
    yield* beginStage(staged, true, function* (mode) {
      return { home, name, path: home.pathOf(name), file: yield* wait(home.names.create(name, mode)) };
    });
    changes.push({ ...change, staged, backup: undefined, earlier: [], published: false });
    yield* writeAll(engine, staged.writer, source, plan.signal);
    yield* finishStage(staged);
    yield* closeStaged(staged);
  } catch (error) {
    throw ofFile(error, about);
  }
  done();
}

/** A failed call at one file of the transaction names that file; all else is for the whole to judge. */
export function ofFile(error: unknown, about: Attempt): unknown {
  const cause = error instanceof TemporaryVanished ? error.cause : error;
  return cause instanceof SystemError ? translate(cause, about) : cause;
}

/** Takes out what turned out to be there already. */
export function* dropEqual(transaction: Transaction): Operation<void> {
  const { engine } = transaction;
  const equal = transaction.changes.filter(({ before, staged }) =>
    staged !== undefined && mayBeLeft(engine, before) && staged.digest === before.digest
  );
  for (const { staged } of equal) {
    const failures = staged === undefined ? [] : yield* discard(staged);
    const [failure] = failures;
    if (failure === undefined) continue;
    throw attachCleanup(translate(failure.error, transaction.attempt), failures, transaction.attempt);
  }
  transaction.changes = transaction.changes.filter((change) => !equal.includes(change));
}

/** Gives every old file a second name. */
export function* backUpChanges(
  transaction: Transaction,
  scans: ReadonlyMap<string, DirectoryScan>,
  done: () => void,
): Operation<void> {
  const { changes, engine } = transaction;
  yield* all(changes.map((change) => () => backUpOne(transaction, change, scans, done)), lanesFor(engine));
}

function* backUpOne(
  { attempt, request: { trust } }: Transaction,
  change: StagedChange,
  scans: ReadonlyMap<string, DirectoryScan>,
  done: () => void,
): Operation<void> {
  const { participant: { home, target, path }, before, requested: { plan } } = change;
  const replaced = { ...target, status: before.status };
  const write = change.staged ?? new FileReplacement(replaced, home, plan, { ...attempt, path });
  if (before.status !== undefined) {
    change.earlier = yield* backupsOf(scans.get(home.status.identity), target.name, before.status, trust);
    // A name of a time that cannot be counted on was not made by a clock.
    const times = change.earlier.map(({ time }) => time).filter((time) => time < lastBackupTime);
    const newest = times.length === 0 ? undefined : Math.max(...times);
    try {
      change.backup = (yield* placeBackup(write, home, newest))?.name;
    } catch (error) {
      throw translate(error, write.attempt);
    }
  }
  done();
}
