/**
 * Where the lock of a file is.
 *
 * The lock is beside the file that the path leads to, never on it: the file is replaced by every write. Two paths to one
 * file (symlinks at the end, or in directories above) lead to one lock.
 */
import { type Operation, wait } from "../core/operation.ts";
import { withoutTrailingSeparators } from "../core/path.ts";
import { makingRules, openParent, type ParentDirectory } from "../protocol/directories.ts";
import { childOf, type Engine } from "../protocol/engine.ts";
import { type Attempt, attemptFailed } from "../protocol/failure.ts";
import { distantLockName, lockName } from "../protocol/names/names.ts";
import type { Target } from "../protocol/file_replacement.ts";
import { resolveLocked, resolveTarget } from "../protocol/target.ts";
import type { FileStatus } from "../runtime/runtime.ts";
import { isForbidden, SystemError } from "../runtime/system_error.ts";
import type { LockRequest } from "./held_lock.ts";

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

/** What is to be locked, and where its lock is. */
interface LockSearch {
  readonly engine: Engine;
  /** Absolute. */
  readonly path: string;
  /** Absolute. */
  readonly lockDirectory: string | undefined;
  /** Whether a directory may be locked, too, by any of its names: `dir/` is `dir`. */
  readonly directories: boolean;
  readonly attempt: Attempt;
}

/** Finds the lock of what is at the path. */
export function* findLockPlace(
  { engine, path, lockDirectory, directories, attempt }: LockSearch,
): Operation<LockPlace> {
  const named = directories ? withoutTrailingSeparators(path, engine.capabilities.pathStyle) : path;
  const target = yield* directories
    ? resolveLocked(engine, named, attempt)
    : resolveTarget(engine, named, "follow", attempt);
  const home = lockDirectory ?? target.directory;
  const name = lockDirectory === undefined
    ? lockName(target.name)
    : distantLockName(target.name, roundedIdentity(yield* directoryStatus(engine, target.directory, attempt)));
  return { target, throughLink: target.path !== named, home, name, lockPath: childOf(engine, home, name) };
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

/**
 * Opens the directory of a lock, for what is made in it: nobody can lead that elsewhere by then, and no link of another
 * user's has (protocol/links.ts).
 */
export function* openHome({ engine, home, attempt }: Pick<LockRequest, "engine" | "home" | "attempt">): Operation<
  ParentDirectory
> {
  return yield* openParent(engine, home, makingRules, attempt);
}

/** Whether a failure says that nothing may be made here: not by this user, or by nobody on this file system. */
export const mayNotBeMade = (error: unknown): error is SystemError =>
  isForbidden(error) || (error instanceof SystemError && error.code === "EROFS");

/** What to throw for a failure at the place of a lock: where something is forbidden there, with the way out. */
export function atPlace(
  { attempt, home, lockPath }: Pick<LockRequest, "attempt" | "home" | "lockPath">,
  error: unknown,
): unknown {
  // A missing permission of the runtime's has its own way out: the flag to add.
  if (!mayNotBeMade(error) || error.code === "ENOTCAPABLE") return error;
  const { code, call } = error;
  if (call === "open" && error.path === lockPath) {
    const reason = `its lock file ${
      JSON.stringify(lockPath)
    } cannot be opened; anyone who can read that file can lock it`;
    return attemptFailed(attempt, code, call, reason, error);
  }
  const isMade = call === "create" || call === "makeDirectory";
  if (!isMade && !["rename", "remove", "removeDirectory"].includes(call)) return error;
  const reason = isMade
    ? `its lock ${call === "create" ? "file" : "directory"} cannot be created in ${JSON.stringify(home)}`
    : `${JSON.stringify(lockPath)} is free, but cannot be taken: ask its owner to remove it`;
  return attemptFailed(attempt, code, call, { reason, remedy: { use: "lockDirectory" } }, error);
}

/** Whether two places are those of one file, wherever its locks are. */
export function* isSameFile(engine: Engine, one: Target, other: Target, attempt: Attempt): Operation<boolean> {
  if (one.path === other.path) return true;
  if (one.name !== other.name) return false;
  const home = yield* directoryStatus(engine, one.directory, attempt);
  return home.identity === (yield* directoryStatus(engine, other.directory, attempt)).identity;
}
