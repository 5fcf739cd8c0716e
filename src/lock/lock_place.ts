/**
 * Where the lock of a file is, and what it is called among the turns of this process.
 *
 * The lock is beside the file that the path leads to, never on it: the file is replaced by every write. Two paths to one
 * file (symlinks at the end, or in directories above) lead to one lock.
 */
import { type Operation, wait } from "../core/operation.ts";
import type { FilePath } from "../core/options.ts";
import { childOf, type Engine, locate } from "../protocol/engine.ts";
import { type Attempt, attemptFailed } from "../protocol/failure.ts";
import { distantLockName, lockName } from "../protocol/names.ts";
import { resolveTarget, type Target } from "../protocol/target.ts";

/** Where a lock is. */
export interface LockPlace {
  /** The file that is locked. */
  readonly target: Target;
  readonly home: string;
  readonly name: string;
  readonly lockPath: string;
  /** Equal for two requests of this process exactly when they are for one lock. */
  readonly key: string;
  /** Equal exactly when they are for one file, wherever its lock is. */
  readonly fileKey: string;
}

/** Finds the lock of the file at the absolute `path`. */
export function* findLockPlace(
  engine: Engine,
  path: string,
  lockDirectory: FilePath | undefined,
  attempt: Attempt,
): Operation<LockPlace> {
  const target = yield* resolveTarget(engine, path, "follow", attempt);
  const directory = yield* statusOf(engine, target.directory, attempt);
  const home = lockDirectory === undefined ? target.directory : locate(engine, lockDirectory);
  const beside = home === target.directory;
  const name = lockDirectory === undefined ? lockName(target.name) : distantLockName(target.name, directory.identity);
  const homeIdentity = beside ? directory.identity : (yield* statusOf(engine, home, attempt)).identity;
  return {
    target,
    home,
    name,
    lockPath: childOf(engine, home, name),
    key: `${engine.runtime.process.pid} ${homeIdentity} ${name}`,
    fileKey: `${engine.runtime.process.pid} ${directory.identity} ${target.name}`,
  };
}

function* statusOf(engine: Engine, directory: string, attempt: Attempt) {
  const status = yield* wait(engine.fileSystem.stat(directory));
  if (status?.kind === "directory") return status;
  const reason = `there is no directory ${JSON.stringify(directory)}`;
  throw attemptFailed(attempt, status === undefined ? "ENOENT" : "ENOTDIR", "stat", reason);
}
