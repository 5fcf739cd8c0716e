/**
 * Where the lock of a file is.
 *
 * The lock is beside the file that the path leads to, never on it: the file is replaced by every write. Two paths to one
 * file (symlinks at the end, or in directories above) lead to one lock.
 */
import { type Operation, wait } from "../core/operation.ts";
import { childOf, type Engine } from "../protocol/engine.ts";
import { type Attempt, attemptFailed } from "../protocol/failure.ts";
import { distantLockName, lockName } from "../protocol/names.ts";
import { resolveTarget, type Target } from "../protocol/target.ts";
import type { FileStatus } from "../runtime/runtime.ts";
import { SystemError } from "../runtime/system_error.ts";

/** Where a lock is. */
export interface LockPlace {
  /** The file that is locked. */
  readonly target: Target;
  /** Whether the path that was given is a symlink to it. */
  readonly throughLink: boolean;
  readonly home: string;
  readonly name: string;
  readonly lockPath: string;
}

/** Finds the lock of the file at the absolute `path`; `lockDirectory` is absolute, too. */
export function* findLockPlace(
  engine: Engine,
  path: string,
  lockDirectory: string | undefined,
  attempt: Attempt,
): Operation<LockPlace> {
  const target = yield* resolveTarget(engine, path, "follow", attempt);
  const home = lockDirectory ?? target.directory;
  const name = lockDirectory === undefined
    ? lockName(target.name)
    : distantLockName(target.name, roundedIdentity(yield* directoryStatus(engine, target.directory, attempt)));
  return { target, throughLink: target.path !== path, home, name, lockPath: childOf(engine, home, name) };
}

/**
 * A directory as every runtime sees it: some round inode numbers beyond 2^53. That two directories may then look like
 * one does no harm: files of one name in them share a lock.
 */
function roundedIdentity({ device, identity }: FileStatus): string {
  const inode = Number.parseInt(identity.slice(device.length + 1));
  return Number.isNaN(inode) ? identity : `${device}:${inode}`;
}

/** The status of a directory that must be there. */
export function* directoryStatus(engine: Engine, directory: string, attempt: Attempt): Operation<FileStatus> {
  const status = yield* wait(engine.fileSystem.stat(directory));
  if (status?.kind === "directory") return status;
  const reason = `there is no directory ${JSON.stringify(directory)}`;
  throw attemptFailed(attempt, status === undefined ? "ENOENT" : "ENOTDIR", "stat", reason);
}

const forbidden = ["EACCES", "EPERM", "EROFS", "ENOTCAPABLE"];

/** Whether a failure says that this user, or this runtime, may not. */
export function isForbidden(error: unknown): error is SystemError {
  return error instanceof SystemError && forbidden.includes(error.code);
}

/** What to throw when a lock cannot be made at its place: where that is forbidden, with the way out. */
export function notMade(
  { attempt, home }: { readonly attempt: Attempt; readonly home: string },
  what: "lock file" | "lock directory",
  error: unknown,
): unknown {
  if (!isForbidden(error)) return error;
  const reason = `its ${what} cannot be created in ${JSON.stringify(home)}; choose a lockDirectory`;
  return attemptFailed(attempt, error.code, error.call, reason, error);
}

/** What to throw when what is at the place, and held by nobody, cannot be taken: where that is forbidden, with the way out. */
export function notTaken(
  { attempt, lockPath }: { readonly attempt: Attempt; readonly lockPath: string },
  error: unknown,
): unknown {
  if (!isForbidden(error) || !["rename", "remove", "removeDirectory"].includes(error.call)) return error;
  const reason = `${JSON.stringify(lockPath)} is not held any more, but this process may not take it: ` +
    "let its owner remove it, or choose a lockDirectory";
  return attemptFailed(attempt, error.code, error.call, reason, error);
}

/** Whether two places are those of one file, wherever its locks are. */
export function* isSameFile(engine: Engine, one: Target, other: Target, attempt: Attempt): Operation<boolean> {
  if (one.path === other.path) return true;
  if (one.name !== other.name) return false;
  const home = yield* directoryStatus(engine, one.directory, attempt);
  return home.identity === (yield* directoryStatus(engine, other.directory, attempt)).identity;
}
