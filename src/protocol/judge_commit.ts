/**
 * What a commit has come to that is reported to have failed: a rename or link may have happened all the same
 * (reported_failure.ts).
 *
 * State after it: `attempt.targetState` is what is proven, else `"unknown"`; the temporary name is gone where that can be
 * had, and a backup that was made for a commit which did not happen goes again.
 */
import { ConflictError, FileError } from "../core/errors.ts";
import { type Operation, wait } from "../core/operation.ts";
import { SystemError } from "../runtime/system_error.ts";
import { removeBackup } from "./backups.ts";
import { afterUndoing, type Attempt, attemptFailed } from "./failure.ts";
import { type FileReplacement, TemporaryVanished } from "./file_replacement.ts";
import { holds } from "./reported_failure.ts";
import { removeOwn } from "./stage.ts";
import { isUnsupported } from "./sync_codes.ts";

/** The file exists although it must not. */
export function existsAlready(attempt: Attempt, step: string, cause?: unknown): ConflictError {
  const error = new ConflictError("Cannot create", "it exists already", {
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
function* takeTemporary(write: FileReplacement): Operation<boolean | undefined> {
  const { home, name } = write.temporary;
  try {
    const removed = yield* wait(home.names.remove(name));
    if (removed) write.phase = "discarded";
    return removed;
  } catch {
    return undefined;
  }
}

/** What a rename that is reported to have failed has come to; the error to throw. */
export function* judgeRename(write: FileReplacement, error: SystemError): Operation<unknown> {
  const { target, parent, identity, attempt } = write;
  const removed = yield* takeTemporary(write);
  // What is still there under its old name has got no new one.
  if (removed === true) return error;
  const landed = yield* holds(parent, target.name, identity);
  if (landed === true) {
    write.phase = "committed";
    attempt.targetState = "replaced";
  } else if (removed === false && landed === false && error.code === "ENOENT") {
    return new TemporaryVanished(error);
  } else if (removed === false || landed === undefined) {
    // It was there when the rename began, and is gone: to the target, from which it is gone as well, or is not seen.
    attempt.targetState = "unknown";
  }
  return error;
}

/** The error for a rename onto what somebody else had open until the time for that was over. */
export function stillInUse({ attempt, plan }: FileReplacement, error: unknown): unknown {
  if (!(error instanceof SystemError)) return error;
  const reason = `another program has it open, and still had after ${plan.busyTimeout} ms`;
  return attemptFailed(attempt, error.code, error.call, reason, error);
}

/** The same for a link. */
export function* judgeLink(write: FileReplacement, error: SystemError): Operation<unknown> {
  const { target, parent, identity, attempt } = write;
  if (isUnsupported(error) || error.code === "EPERM") {
    const reason = "this file system has no hard links, without which a file cannot be created exclusively and whole";
    return attemptFailed(attempt, error.code, "link", reason, error);
  }
  const landed = yield* holds(parent, target.name, identity);
  if (landed === true) {
    write.phase = "committed";
    attempt.targetState = "replaced";
    return error;
  }
  if (landed === undefined) attempt.targetState = "unknown";
  const gone = error.code === "ENOENT" && landed === false && (yield* takeTemporary(write)) === false;
  return gone ? new TemporaryVanished(error) : error;
}

/** After a failure before the commit: the backup that was made for it goes again. */
export function* withoutBackup(write: FileReplacement, error: unknown): Operation<unknown> {
  const { engine, parent, attempt, backup } = write;
  if (backup === undefined || attempt.targetState !== "unchanged") return error;
  const undo = backup.beside ? removeOwn(parent, backup.name) : removeBackup(engine, backup.path);
  const vanished = error instanceof TemporaryVanished;
  const undone = yield* afterUndoing(attempt, vanished ? error.cause : error, undo, backup.path);
  const isUndone = !FileError.is(undone) || undone.leftBehind.length === 0;
  return vanished && isUndone ? error : undone;
}
