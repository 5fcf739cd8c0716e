/**
 * Taking a lock, with one backend or the other.
 *
 * 1. Find the place. 2. The backend: the turn within this process, then the kernel's lock or the lock directory, each
 * within the caller's patience. 3. What is of the other backend's kind is converted when it is provably free. 4. Whoever
 * had to wait, or came through a symlink, looks whether the path still leads to the file whose lock he has.
 * 5. `release`: the backend first, then the turn; a second release does nothing.
 *
 * After a failure or a timeout neither turn nor lock is held.
 */
import { FileError, LockError, LockLostError, type TargetState } from "../core/errors.ts";
import type { Operation } from "../core/operation.ts";
import { type Engine, locate } from "../protocol/engine.ts";
import { type Attempt, attemptFailed, beginAttempt, checkAbort, translate } from "../protocol/failure.ts";
import { convertDirectory, convertFile } from "./convert.ts";
import type { HeldLock, LockRequest } from "./held_lock.ts";
import { acquireLockDirectory } from "./lock_directory.ts";
import { acquireLockFile } from "./lock_file.ts";
import { type LockBackend, type LockPlan, patienceOf } from "./lock_plan.ts";
import { atPlace, findLockPlace, type LockPlace } from "./lock_place.ts";
import { leaveQueue } from "./turn_queue.ts";
import { pauseBeforeRetry } from "./waiting.ts";

/** A lock that is held, with its turn. */
export class LockHold {
  readonly place: LockPlace;
  readonly held: HeldLock;
  /** The hold that this one is a user of. */
  readonly within: LockHold | undefined;
  #released = false;

  /** Called by `acquire` only. */
  constructor(place: LockPlace, held: HeldLock) {
    this.place = place;
    this.held = held;
  }

  /** Whether it has not been released. */
  get live(): boolean {
    return !this.#released;
  }

  /** Whether others may hold it, too. */
  get shared(): boolean {
    return this.held.shared;
  }

  /** The key of its turn. */
  get key(): string {
    return this.held.turn.key;
  }

  /** Gives backend and turn back; a second time does nothing. */
  *release(): Operation<void> {
    if (this.#released) return;
    this.#released = true;
    try {
      yield* this.held.release();
    } finally {
      leaveQueue(this.held.turn);
    }
  }

  /** Throws a LockLostError unless the lock is still held: called right before a commit. */
  *confirm(targetState: TargetState): Operation<void> {
    const { path } = this.place.target;
    let isHeld: boolean;
    try {
      isHeld = this.live && (yield* this.held.check());
    } catch (error) {
      throw translate(error, { ...lockAttempt(path), verb: "Cannot look at the lock of", targetState });
    }
    if (isHeld) return;
    const reason = this.live ? "the lock was lost meanwhile" : "the lock was released meanwhile";
    throw new LockLostError("Cannot change", reason, {
      code: "ELOST",
      path,
      step: "lock",
      targetState,
      cause: this.held.loss.error,
    });
  }
}

/** An attempt to lock the file at `path`. */
export const lockAttempt = (path: string): Attempt => ({
  ...beginAttempt("Cannot lock", path),
  errorClass: LockError,
});

/** Somebody who turns a symlink again and again is not waiting for the lock. */
const mostTurnings = 20;

/** Takes the lock of the file at the absolute `path`; undefined: not in time. */
export function* acquire(
  engine: Engine,
  path: string,
  plan: LockPlan,
  attempt: Attempt = lockAttempt(path),
): Operation<LockHold | undefined> {
  checkAbort(plan.signal);
  const patience = patienceOf(plan, engine.runtime.clock);
  const home = plan.lockDirectory === undefined ? undefined : locate(engine, plan.lockDirectory);
  let place = yield* findLockPlace(engine, path, home, attempt);
  for (let turnings = 0; turnings < mostTurnings; turnings++) {
    const request: LockRequest = {
      engine,
      attempt,
      lockPath: place.lockPath,
      home: place.home,
      name: place.name,
      like: place.target.status,
      shared: plan.shared,
      patience,
      staleAfter: plan.staleAfter,
    };
    let held: HeldLock | "timeout";
    try {
      held = yield* acquireBackend(request, plan.backend);
    } catch (error) {
      throw atPlace(request, error);
    }
    if (held === "timeout") return undefined;
    const hold = new LockHold(place, held);
    if (!place.throughLink && !patience.waited) return hold;
    const now = yield* stillLeading(hold, findLockPlace(engine, path, home, attempt));
    if (now.lockPath === place.lockPath) return hold;
    yield* hold.release();
    place = now;
  }
  throw attemptFailed(attempt, "ELOOP", "resolve", "the path keeps leading to another file");
}

/** Where the path leads now; the lock is given back when that cannot be told. */
function* stillLeading(hold: LockHold, find: Operation<LockPlace>): Operation<LockPlace> {
  try {
    return yield* find;
  } catch (error) {
    yield* releaseAfter(hold, error);
    throw error;
  }
}

/** Gives the lock back after an error, which comes first; a second one is attached to it where that is possible. */
export function* releaseAfter(hold: LockHold, error: unknown): Operation<void> {
  try {
    yield* hold.release();
  } catch (second) {
    if (FileError.is(error)) error.cleanupErrors.push(second);
  }
}

/** Others may undo a conversion; after a few times it is better to let them finish. */
const hastyConversions = 4;
const mostConversions = 400;

function* acquireBackend(request: LockRequest, wanted: "auto" | LockBackend): Operation<HeldLock | "timeout"> {
  const { attempt } = request;
  let backend = chooseBackend(request, wanted);
  for (let conversions = 0; conversions < mostConversions; conversions++) {
    const outcome = backend === "flock" ? yield* acquireLockFile(request) : yield* acquireLockDirectory(request);
    if (outcome === "no-kernel-lock") {
      if (wanted === "flock") {
        throw attemptFailed(attempt, "ENOTSUP", "lock", "this file system has no kernel lock (flock) to offer");
      }
      backend = "directory";
    } else if (outcome === "other-backend") {
      // Backends are never mixed on a held lock: what is of the other kind must first be proven free, and goes then.
      const converted = backend === "flock" ? yield* convertDirectory(request) : yield* convertFile(request);
      if (converted === "timeout") return "timeout";
      if (conversions < hastyConversions) continue;
      if (!(yield* pauseBeforeRetry(request.engine, request.patience, conversions))) return "timeout";
    } else return outcome;
  }
  throw attemptFailed(attempt, "EBUSY", "lock", "the lock keeps changing its kind");
}

function chooseBackend(request: LockRequest, wanted: "auto" | LockBackend): LockBackend {
  const { fileLock } = request.engine.capabilities;
  if (wanted === "flock" && fileLock === "none") {
    throw attemptFailed(request.attempt, "ENOTSUP", "lock", "this machine has no kernel lock (flock) to offer");
  }
  return wanted === "directory" || (wanted === "auto" && fileLock === "none") ? "directory" : "flock";
}
