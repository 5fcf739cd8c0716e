/**
 * What is done to the token in a lock directory: each is one atomic rename or removal, and says whether it was done.
 */
import { type Operation, wait } from "../core/operation.ts";
import { childOf, nameOf, parentOf } from "../protocol/engine.ts";
import { closeQuietly } from "../protocol/file_call.ts";
import {
  isTemporaryOf,
  type LockToken,
  newToken,
  parseTemporaryName,
  processProof,
  temporaryName,
  tokenName,
} from "../protocol/names/names.ts";
import { removeSurely } from "../protocol/reported_failure.ts";
import type { DirectoryNames } from "../runtime/runtime.ts";
import { isInTheWay, SystemError } from "../runtime/system_error.ts";
import type { LockDirectoryRequest } from "./held_lock.ts";
import { inLockDirectory, nextToLock } from "./lock_names.ts";

const isMissing = (error: unknown): error is SystemError =>
  error instanceof SystemError && (error.code === "ENOENT" || error.code === "ENOTDIR");

/** Renames a token; false when it is not there any more. */
export function* exchangeToken(request: LockDirectoryRequest, from: string, to: LockToken): Operation<boolean> {
  const name = tokenName(to);
  const isDone = yield* inLockDirectory(request, function* (inside) {
    try {
      yield* wait(inside.rename(from, inside, name));
      return true;
    } catch (error) {
      // A network file system may say so of what it has carried out. The new name is nobody else's, and opening it is
      // what no cache has an answer for.
      if (yield* canOpen(inside, name)) return true;
      if (!isMissing(error)) throw error;
      return false;
    }
  });
  return isDone ?? false;
}

/** Whether there is a file by that name; also one that may not be read. */
function* canOpen(names: DirectoryNames, name: string): Operation<boolean> {
  try {
    const file = yield* wait(names.open(name, "read"));
    if (file !== undefined) yield* closeQuietly(file);
    return file !== undefined;
  } catch (error) {
    if (!(error instanceof SystemError)) throw error;
    return error.code === "EACCES";
  }
}

/** Whether a token is in the lock directory. */
export function* isThere({ engine, lockPath }: LockDirectoryRequest, token: LockToken): Operation<boolean> {
  return (yield* wait(engine.fileSystem.linkStat(childOf(engine, lockPath, tokenName(token))))) !== undefined;
}

/**
 * Frees a lock directory by taking the token out of it; false when it is not there any more.
 *
 * The token goes to a temporary name beside it first, and the directory before that name: an empty directory with nothing
 * beside it that names it is another program's lock (occupant.ts).
 */
export function* discardToken(request: LockDirectoryRequest, token: LockToken): Operation<boolean> {
  const aside = asideName(request);
  const isOut = yield* inLockDirectory(request, (inside, beside) => moveOut(tokenName(token), inside, beside, aside));
  if (isOut !== true) return false;
  try {
    if (yield* isSettled(request)) yield* nextToLock(request, (beside) => removeSurely(() => beside.remove(aside)));
  } catch {
    // The lock is free as it is. As long as the directory is there, so is the name that says whose it is; `sweep` takes it.
  }
  return true;
}

function* moveOut(
  token: string,
  inside: DirectoryNames,
  beside: DirectoryNames,
  aside: string,
): Operation<boolean> {
  try {
    yield* wait(inside.rename(token, beside, aside));
    return true;
  } catch (error) {
    if (!(error instanceof SystemError)) throw error;
    // As in `exchangeToken`. Where nothing may be made beside the directory, the token is removed in it.
    return (yield* canOpen(beside, aside)) || (yield* removeSurely(() => inside.remove(token)));
  }
}

/** Somebody may take the lock and free it again while it is looked at, but not forever. */
const mostLooks = 4;

/** Whether the freed directory is gone, or taken. A file system may call it not empty though it is: then it stays ours. */
function* isSettled(request: LockDirectoryRequest): Operation<boolean> {
  const { engine, lockPath } = request;
  for (let looks = 0; looks < mostLooks; looks++) {
    if (yield* removeEmpty(request)) return true;
    try {
      if ((yield* wait(engine.fileSystem.readDirectory(lockPath)))?.length !== 0) return true;
    } catch (error) {
      // A lock file by now.
      if (!isInTheWay(error)) throw error;
    }
  }
  return false;
}

/** A temporary name of this process, for what goes beside the lock directory. */
function asideName({ engine, lockPath }: LockDirectoryRequest): string {
  const proof = processProof(engine.runtime.process.facts());
  return temporaryName(nameOf(engine, lockPath), proof, (length) => engine.runtime.random(length));
}

/** Whether an empty lock directory is one of ours: freed by a process that was killed before it had removed it. */
export function* isFreed({ engine, lockPath }: LockDirectoryRequest): Operation<boolean> {
  const name = nameOf(engine, lockPath);
  const beside = yield* wait(engine.fileSystem.readDirectory(parentOf(engine, lockPath)));
  return (beside ?? []).some((entry) => {
    const parsed = entry.kind === "file" ? parseTemporaryName(entry.name) : undefined;
    return parsed !== undefined && isTemporaryOf(parsed, name);
  });
}

/**
 * Removes the free lock directory, unless somebody has taken it in the meantime; false when a directory is still there.
 */
export function* removeEmpty(request: LockDirectoryRequest): Operation<boolean> {
  try {
    yield* nextToLock(request, (names, name) => removeSurely(() => names.removeDirectory(name)));
    return true;
  } catch (error) {
    if (!isInTheWay(error)) throw error;
    return error.code === "ENOTDIR";
  }
}

/** Takes a token over and frees the lock; false when it is not there any more. */
export function* removeToken(request: LockDirectoryRequest, name: string, generation: number): Operation<boolean> {
  const { engine } = request;
  const { process } = engine.runtime;
  const ours = newToken(process.facts(), false, generation + 1, (length) => engine.runtime.random(length));
  return (yield* exchangeToken(request, name, ours)) && (yield* discardToken(request, ours));
}
