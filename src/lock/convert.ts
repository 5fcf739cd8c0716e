/**
 * From one backend to the other, only while the lock is provably free.
 *
 * A lock directory becomes a lock file when it is empty or its holder is proven dead: its token is taken over first, so
 * that nobody else can. A lock file becomes a lock directory when we hold the kernel's lock on it and it still has its
 * name: a process that waits for that lock then finds that the name is gone, and starts again. Held by the other kind:
 * wait within the caller's patience. A lock file that no kernel lock can prove free is a LockError that names the
 * remedy.
 */
import { type Operation, wait } from "../core/operation.ts";
import { attemptFailed } from "../protocol/failure.ts";
import { closeQuietly } from "../protocol/file_call.ts";
import type { OpenFile } from "../runtime/runtime.ts";
import { SystemError } from "../runtime/system_error.ts";
import { refuseHeldAbove } from "./ancestor_holds.ts";
import { isAbandoned } from "./held_directory.ts";
import type { LockRequest } from "./held_lock.ts";
import { directoryTurnKey } from "./lock_directory.ts";
import { fileTurnKey, lacksKernelLock } from "./lock_file.ts";
import { occupantOf } from "./occupant.ts";
import { nextToLock, removeNamed } from "./lock_names.ts";
import { lockContent } from "./open_lock_file.ts";
import { refuseEndless } from "./own_holds.ts";
import { removeEmpty, removeToken } from "./token.ts";
import { pauseBeforeRetry } from "./waiting.ts";

/** Removes a lock directory that is in the way of a lock file. */
export function* convertDirectory(request: LockRequest): Operation<"free" | "timeout" | "held-above"> {
  const { engine, patience } = request;
  const { process } = engine.runtime;
  for (let looks = 0;; looks++) {
    const occupant = yield* occupantOf(request);
    if (occupant.kind === "file") return "free";
    if (occupant.kind === "free") {
      yield* removeEmpty(request);
      return "free";
    }
    if (occupant.kind === "foreign") {
      if (!(yield* pauseBeforeRetry(engine, patience, looks))) return "timeout";
      continue;
    }
    // Not shared: a lock directory never is.
    const turnKey = yield* directoryTurnKey(request);
    refuseEndless({ ...request, shared: false }, turnKey);
    const { facts, generation } = occupant.token;
    const liveness = facts === undefined ? "unknown" : process.liveness(facts);
    if (liveness === "dead" || isAbandoned(occupant.token, turnKey)) {
      if (yield* removeToken(request, occupant.name, generation)) return "free";
      continue;
    }
    if (yield* refuseHeldAbove(request, occupant)) return "held-above";
    // A holder that cannot be judged from here, such as another host's, is waited for like any other.
    if (!(yield* pauseBeforeRetry(engine, patience, looks))) return "timeout";
  }
}

/** Removes a lock file that is in the way of a lock directory. */
export function* convertFile(request: LockRequest): Operation<"free" | "timeout" | "held-above"> {
  const { engine, patience } = request;
  for (let looks = 0;; looks++) {
    const file = yield* openLockFile(request);
    if (file === undefined) return "free";
    let verdict: "removed" | "held" | "unprovable";
    try {
      verdict = yield* removeIfFree(request, file, looks < mostMoments);
      if (verdict === "held" && (yield* refuseHeldAbove(request, yield* wait(file.stat())))) return "held-above";
    } finally {
      yield* closeQuietly(file);
    }
    if (verdict === "removed") return "free";
    if (verdict === "unprovable") yield* aMoment(request);
    else if (!(yield* pauseBeforeRetry(engine, patience, looks))) return "timeout";
  }
}

/** The file at the place; undefined when there is none. */
function* openLockFile(request: LockRequest): Operation<OpenFile | undefined> {
  try {
    return yield* nextToLock(request, (names, name) => wait(names.open(name, "read")));
  } catch (error) {
    // Converted by somebody else in the meantime, or something else altogether, which the next look will refuse.
    if (error instanceof SystemError && ["EISDIR", "ELOOP", "ENXIO"].includes(error.code)) return undefined;
    throw error;
  }
}

function* removeIfFree(
  request: LockRequest,
  file: OpenFile,
  mayWait: boolean,
): Operation<"removed" | "held" | "unprovable"> {
  const { engine, attempt, lockPath } = request;
  const count = yield* lockContent(file);
  if (count === undefined) {
    const reason = `${JSON.stringify(lockPath)} is another program's file, not a lock`;
    throw attemptFailed(attempt, "EEXIST", "read", { reason, remedy: { use: "lockDirectory" } });
  }
  const { identity } = yield* wait(file.stat());
  refuseEndless({ ...request, shared: false }, fileTurnKey(request.engine, identity));
  try {
    if (engine.capabilities.fileLock === "none") throw unprovable(request);
    if (!(yield* wait(file.tryLock(false)))) return "held";
  } catch (error) {
    // A program that makes a lock file, and finds that there are no kernel locks, removes it at once.
    if (lacksKernelLock(error) && count === 0 && mayWait) return "unprovable";
    throw lacksKernelLock(error) ? unprovable(request, error) : error;
  }
  yield* removeNamed(request, identity);
  return "removed";
}

function unprovable({ attempt, lockPath }: LockRequest, cause?: unknown): unknown {
  const reason = `${JSON.stringify(lockPath)} is a lock file, and there is no kernel lock here to prove that nobody ` +
    "holds it; remove it when no program uses it";
  return attemptFailed(attempt, "EBUSY", "lock", reason, cause);
}

const mostMoments = 10;
const moment = 10;

/** Waits whatever the caller's patience: this has an end. */
function* aMoment({ engine }: LockRequest): Operation<void> {
  const { clock } = engine.runtime;
  if (engine.synchronous) clock.pause(moment);
  else yield* wait(clock.sleep(moment));
}
