/**
 * The names of a lock, as every step reaches them that opens, moves or removes one: in the directory of the lock, and
 * in a lock directory, neither of which anybody can exchange in the meantime (protocol/in_directory.ts).
 */
import { type Operation, wait } from "../core/operation.ts";
import { nameOf, parentOf } from "../protocol/engine.ts";
import { closeQuietly } from "../protocol/file_call.ts";
import { inDirectory, isGone, namesByPath } from "../protocol/in_directory.ts";
import { isSafeWay } from "../protocol/safe_way.ts";
import type { DirectoryNames } from "../runtime/runtime.ts";
import type { LockDirectoryRequest } from "./held_lock.ts";

/** Runs a step with the names beside a lock, and the name that the lock has there. */
export function* nextToLock<T>(
  { engine, lockPath, attempt }: LockDirectoryRequest,
  step: (names: DirectoryNames, name: string) => Operation<T>,
): Operation<T> {
  const name = nameOf(engine, lockPath);
  const directory = parentOf(engine, lockPath);
  return yield* inDirectory({ engine, directory, attempt }, (names) => step(names, name));
}

/** Runs a step with the names in a lock directory, and those beside it; undefined when there may be no such directory. */
export function* inLockDirectory<T>(
  request: LockDirectoryRequest,
  step: (inside: DirectoryNames, beside: DirectoryNames) => Operation<T>,
): Operation<T | undefined> {
  const { engine, lockPath } = request;
  const directory = parentOf(engine, lockPath);
  if (isSafeWay(engine, directory)) return yield* step(namesByPath(engine, lockPath), namesByPath(engine, directory));
  try {
    return yield* nextToLock(request, function* (beside, name) {
      const opened = yield* wait(beside.openDirectory(name));
      if (opened === undefined) return undefined;
      try {
        opened.anchor?.();
        return yield* step(opened.names, beside);
      } finally {
        yield* closeQuietly(opened);
      }
    });
  } catch (error) {
    if (isGone(error)) return undefined;
    throw error;
  }
}

/** Removes the lock file with this identity, unless another one has its name by now. */
export function* removeNamed(request: LockDirectoryRequest, identity: string): Operation<void> {
  yield* nextToLock(request, function* (names, name) {
    if ((yield* wait(names.linkStat(name)))?.identity === identity) yield* wait(names.remove(name));
  });
}
