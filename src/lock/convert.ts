/**
 * From one backend to the other, only while the lock is provably free.
 *
 * A lock directory becomes a lock file when it is empty or its holder is proven dead: his token is taken over first, so
 * that nobody else can. A lock file becomes a lock directory when we hold the kernel's lock on it and it still has its
 * name: whoever waits for that lock then finds that the name is gone, and begins again. Held by the other kind: wait
 * within the caller's patience; what cannot be judged is a LockError that names the remedy.
 */
import { type Operation, wait } from "../core/operation.ts";
import { attemptFailed } from "../protocol/failure.ts";
import { closeQuietly } from "../protocol/file_call.ts";
import { SystemError } from "../runtime/system_error.ts";
import type { LockRequest } from "./held_lock.ts";
import { occupantOf } from "./occupant.ts";
import { removeEmpty, removeToken } from "./lock_directory.ts";
import { isLockContent } from "./owner_record.ts";
import { pauseBeforeRetry } from "./waiting.ts";

/** Removes a lock directory that is in the way of a lock file. */
export function* convertDirectory(request: LockRequest): Operation<"free" | "timeout"> {
  const { engine, attempt, lockPath, patience } = request;
  const { process } = engine.runtime;
  for (let looks = 0;; looks++) {
    const occupant = yield* occupantOf(request);
    if (occupant.kind === "file") return "free";
    if (occupant.kind === "free") {
      yield* removeEmpty(request);
      return "free";
    }
    const { facts, generation } = occupant.token;
    const liveness = facts === undefined ? "unknown" : process.liveness(facts);
    if (liveness === "unknown") {
      const reason = `${JSON.stringify(lockPath)} is a lock directory whose holder cannot be judged from here; ` +
        'use backend: "directory", or breakLock when it is known to be dead';
      throw attemptFailed(attempt, "EBUSY", "lock", reason);
    }
    if (liveness === "dead") {
      if (yield* removeToken(request, occupant.name, generation)) return "free";
      continue;
    }
    if (!(yield* pauseBeforeRetry(engine, patience, looks))) return "timeout";
  }
}

/** Removes a lock file that is in the way of a lock directory. */
export function* convertFile(request: LockRequest): Operation<"free" | "timeout"> {
  const { engine, attempt, lockPath, patience } = request;
  const { fileSystem } = engine;
  for (let looks = 0;; looks++) {
    const file = yield* wait(fileSystem.open(lockPath, "read", { follow: false }));
    if (file === undefined) return "free";
    try {
      const start = new Uint8Array(64);
      const count = yield* wait(file.read(start));
      if (!isLockContent(start.subarray(0, count))) {
        const reason = `${JSON.stringify(lockPath)} is somebody's file, not a lock; choose a lockDirectory`;
        throw attemptFailed(attempt, "EEXIST", "lock", reason);
      }
      if (yield* lockForRemoval(request, file)) {
        const named = yield* wait(fileSystem.linkStat(lockPath));
        if (named?.identity === (yield* wait(file.stat())).identity) yield* wait(fileSystem.remove(lockPath));
        return "free";
      }
    } finally {
      yield* closeQuietly(file);
    }
    if (!(yield* pauseBeforeRetry(engine, patience, looks))) return "timeout";
  }
}

function* lockForRemoval(request: LockRequest, file: { tryLock(shared: boolean): unknown }): Operation<boolean> {
  const unprovable = (cause?: unknown) =>
    attemptFailed(
      request.attempt,
      "EBUSY",
      "lock",
      `${
        JSON.stringify(request.lockPath)
      } is a lock file, and there is no kernel lock here to prove that nobody holds ` +
        "it; remove it when no program uses it",
      cause,
    );
  if (request.engine.capabilities.fileLock === "none") throw unprovable();
  try {
    return (yield* wait(file.tryLock(false))) === true;
  } catch (error) {
    if (error instanceof SystemError && error.call === "tryLock") throw unprovable(error);
    throw error;
  }
}
