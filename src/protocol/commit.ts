/**
 * The commit: staged content becomes the target's content. `publish` is the commit point, one line.
 *
 * In the target's turn: backup → close → last look at directory, file, lock and signal → overtaken by a later call? →
 * **rename** (or link, where nothing may be replaced). After it: directory sync, then outdated backups and second names go. The temporary
 * file is closed as late as that, because closing it gives up the lock that keeps sweepers away.
 *
 * State after a failure: `attempt.targetState`, moved forward on the line after the rename. What is reported to have
 * failed may have happened (reported_failure.ts): the state is what is proven, else `"unknown"`. A backup made for a commit that failed goes again.
 */
import { ConflictError, FileError } from "../core/errors.ts";
import { type Operation, wait } from "../core/operation.ts";
import type { FileStatus } from "../runtime/runtime.ts";
import { SystemError } from "../runtime/system_error.ts";
import { type Backup, makeBackup, pruneBackups, removeBackup } from "./backups.ts";
import { type Committed, commitTurn, noteLanding, takeAwayLanding, type Ticket } from "./commit_turn.ts";
import { parentOf } from "./engine.ts";
import {
  afterUndoing,
  attachCleanup,
  type Attempt,
  attemptFailed,
  checkAbort,
  type CleanupFailure,
  tidy,
  translate,
} from "./failure.ts";
import { backupDirectoryOf } from "./find_backups.ts";
import { lookOnceMore } from "./late_metadata.ts";
import { noteProven } from "./proven_content.ts";
import { explainRefusal } from "./refused_change.ts";
import { stillHolds } from "./removal_witness.ts";
import { leadsTo } from "./reported_failure.ts";
import { closeStaged, discard, lostBy, removeOwn, type StagedFile, TemporaryVanished } from "./staged_file.ts";
import { checkSyncs, syncDirectory } from "./sync.ts";
import { isUnsupported } from "./sync_codes.ts";
import { reachedDurability, type WriteResult } from "./write_plan.ts";

/**
 * Makes the staged content the target's content. `keepsSecondName`: whoever syncs the directory himself, for many files
 * at once, calls `removeSecondName` after that.
 */
export function* commit(staged: StagedFile, ticket: Ticket, keepsSecondName = false): Operation<WriteResult> {
  const { engine, target, parent, plan, attempt } = staged;
  const failures: CleanupFailure[] = [];
  let backup: Backup | undefined;
  const later = yield* commitTurn(ticket, engine.synchronous, function* (overtaken) {
    if (plan.backup > 0) backup = yield* makeBackup(engine, target, plan, parent, attempt);
    try {
      yield* closeStaged(staged);
      yield* lookOnceMore(staged);
      checkAbort(plan.signal);
      checkSyncs(engine, parent.status.device, plan, attempt);
      const newer = overtaken();
      if (newer !== undefined) {
        if (backup !== undefined) yield* removeBackup(engine, backup.path);
        return newer;
      }
      yield* takeAwayLanding(engine, ticket);
      yield* plan.mustNotExist ? publishNew(staged, failures) : publish(staged, ticket);
    } catch (error) {
      const undone = yield* withoutBackup(staged, backup?.path, error);
      // Taken away by the later call itself.
      const newer = undone instanceof TemporaryVanished ? overtaken() : undefined;
      if (newer === undefined) throw undone;
      return newer;
    }
    return staged.fileSynced;
  });
  if (later !== undefined) return yield* yieldTo(staged, later);
  let directorySynced: boolean;
  try {
    directorySynced = yield* syncParent(staged);
  } catch (error) {
    yield* removeSecondName(staged, failures);
    throw attachCleanup(translate(error, attempt), failures, attempt);
  }
  if (!keepsSecondName) yield* removeSecondName(staged, failures);
  if (plan.backup > 0) {
    const directory = backupDirectoryOf(engine, target.path, plan);
    failures.push(...yield* pruneBackups(engine, target, directory, plan.backup));
  }
  const holds = stillHolds({ engine, device: parent.status.device, rules: plan, attempt }, failures);
  const leftBehind = failures.flatMap((failure) => failure.leftBehind ?? []);
  // A write whose earlier version a power cut may take away has not reached all that was asked for.
  const named = directorySynced && holds && (backup?.durable ?? true);
  if (plan.skipIfEqual === "proven" && named && staged.fileSynced) yield* rememberProven(staged);
  return resultOf(staged, named, staged.fileSynced && holds, {
    ...backup === undefined ? {} : { backup: backup.path },
    ...leftBehind.length === 0 ? {} : { leftBehind },
  });
}

/** Seen once more, for its rename has changed it; what somebody else has made of it by then is not ours to prove. */
function* rememberProven({ engine, target, identity, modified, writer }: StagedFile): Operation<void> {
  let now: FileStatus | undefined;
  yield* tidy(
    [],
    (function* () {
      now = yield* wait(engine.fileSystem.linkStat(target.path));
    })(),
  );
  if (now?.identity !== identity || now?.modified !== modified || now?.size !== writer.bytesWritten) return;
  noteProven(engine, now);
}

function* syncParent(staged: StagedFile): Operation<boolean> {
  const { engine, parent, plan, attempt } = staged;
  return yield* syncDirectory(engine, parent, plan, attempt);
}

function resultOf(
  staged: StagedFile,
  directorySynced: boolean,
  fileSynced: boolean,
  more: Partial<WriteResult>,
): WriteResult {
  const { target, plan } = staged;
  return {
    path: target.path,
    bytesWritten: staged.writer.bytesWritten,
    changed: true,
    replaced: target.status !== undefined || staged.previous !== undefined,
    durability: reachedDurability(plan.durability, fileSynced, directorySynced && target.unsyncedAncestors !== true),
    lost: lostBy(staged),
    ...staged.digest === undefined || !plan.digest ? {} : { digest: staged.digest },
    ...more,
  };
}

/** The commit point. */
function* publish(staged: StagedFile, ticket: Ticket): Operation<void> {
  const { engine, temporary, target, attempt } = staged;
  try {
    if (!engine.synchronous) noteLanding(ticket, temporary.path);
    yield* wait(engine.fileSystem.rename(temporary.path, target.path));
  } catch (error) {
    if (!(error instanceof SystemError)) throw error;
    const judged = yield* judgeRename(staged, error);
    const refused = { engine, status: staged.previous ?? target.status, directory: staged.parent.status };
    throw explainRefusal(judged, refused, attempt);
  } finally {
    if (!engine.synchronous) noteLanding(ticket, undefined);
  }
  staged.phase = "committed";
  attempt.targetState = "replaced";
}

/**
 * The commit point of a file that must not exist: link(2) can never replace anything. The temporary name stays until the
 * directory is synced: its removal is then a witness for that sync.
 */
function* publishNew(staged: StagedFile, failures: CleanupFailure[]): Operation<void> {
  const { engine, temporary, target, parent, attempt } = staged;
  try {
    yield* wait(engine.fileSystem.link(temporary.path, target.path));
  } catch (error) {
    if (!(error instanceof SystemError)) throw error;
    if (error.code !== "EEXIST") {
      const judged = yield* judgeLink(staged, error);
      // Linked all the same: the other name must not stay, and nobody else removes it any more.
      if (staged.phase === "committed") {
        yield* tidy(failures, removeOwn(engine, temporary.path, parent), temporary.path);
      }
      throw attachCleanup(translate(judged, attempt), failures, attempt);
    }
    // NFS may answer EEXIST to a repeated request whose first reply was lost: open(2), "NOTES".
    if ((yield* leadsTo(engine, target.path, staged.identity)) !== true) throw conflict(attempt, "link", error);
  }
  staged.phase = "committed";
  attempt.targetState = "replaced";
}

/** A file that was linked has its temporary name, too. */
export function* removeSecondName(
  { engine, plan, temporary, parent }: StagedFile,
  failures: CleanupFailure[],
): Operation<void> {
  if (plan.mustNotExist) yield* tidy(failures, removeOwn(engine, temporary.path, parent), temporary.path);
}

/** The file exists although it must not. */
export function conflict(attempt: Attempt, step: string, cause?: unknown): ConflictError {
  const error = new ConflictError(`Cannot create ${JSON.stringify(attempt.path)}`, "it exists already", {
    code: "EEXIST",
    path: attempt.path,
    step,
    targetState: "unchanged",
    cause,
  });
  error.expected = null;
  return error;
}

/** Whether the temporary name was still there: it is removed, as it is after every failure. Undefined: not removed. */
function* takeTemporary(staged: StagedFile): Operation<boolean | undefined> {
  try {
    const removed = yield* wait(staged.engine.fileSystem.remove(staged.temporary.path));
    if (removed) staged.phase = "discarded";
    return removed;
  } catch {
    return undefined;
  }
}

function* judgeRename(staged: StagedFile, error: SystemError): Operation<unknown> {
  const { engine, target, identity, attempt } = staged;
  const removed = yield* takeTemporary(staged);
  // What is still there under its old name has got no new one.
  if (removed === true) return error;
  const landed = yield* leadsTo(engine, target.path, identity);
  if (landed === true) {
    staged.phase = "committed";
    attempt.targetState = "replaced";
  } else if (removed === false && landed === false && error.code === "ENOENT") {
    return new TemporaryVanished(error);
  } else if (removed === false || landed === undefined) {
    // It was there when the rename began, and is gone: to the target, from which it is gone as well, or is not seen.
    attempt.targetState = "unknown";
  }
  return error;
}

function* judgeLink(staged: StagedFile, error: SystemError): Operation<unknown> {
  const { engine, target, identity, attempt } = staged;
  if (isUnsupported(error) || error.code === "EPERM") {
    const reason = "this file system has no hard links, without which a file cannot be created exclusively and whole";
    return attemptFailed(attempt, error.code, "link", reason, error);
  }
  const landed = yield* leadsTo(engine, target.path, identity);
  if (landed === true) {
    staged.phase = "committed";
    attempt.targetState = "replaced";
    return error;
  }
  if (landed === undefined) attempt.targetState = "unknown";
  const gone = error.code === "ENOENT" && landed === false && (yield* takeTemporary(staged)) === false;
  return gone ? new TemporaryVanished(error) : error;
}

/** After a failure before the commit: the backup that was made for it goes again. */
function* withoutBackup(
  { engine, parent, attempt }: StagedFile,
  backup: string | undefined,
  error: unknown,
): Operation<unknown> {
  if (backup === undefined || attempt.targetState !== "unchanged") return error;
  const beside = parentOf(engine, backup) === parent.path;
  const undo = beside ? removeOwn(engine, backup, parent) : removeBackup(engine, backup);
  const vanished = error instanceof TemporaryVanished;
  const undone = yield* afterUndoing(attempt, vanished ? error.cause : error, undo, backup);
  const isUndone = !FileError.is(undone) || undone.leftBehind.length === 0;
  return vanished && isUndone ? error : undone;
}

/** A later call has committed: this one's content never shows, but what shows is made as durable as it can be. */
function* yieldTo(staged: StagedFile, later: Committed): Operation<WriteResult> {
  const { engine, plan, target, attempt } = staged;
  // To create a file that a later call has created is no success, be it that call's own content or not.
  if (plan.mustNotExist && (yield* wait(engine.fileSystem.linkStat(target.path))) !== undefined) {
    throw conflict(attempt, "link");
  }
  const failures = yield* discard(staged);
  const failure = failures[0];
  if (failure !== undefined) throw attachCleanup(translate(failure.error, attempt), failures, attempt);
  // What shows was made visible by the other call, perhaps before a sync failed that this one has not lived through.
  attempt.since = Math.min(attempt.since, later.since);
  const directorySynced = yield* syncParent(staged);
  return resultOf(staged, directorySynced, later.fileSynced, {
    bytesWritten: 0,
    changed: false,
    superseded: true,
    lost: [],
  });
}
