/**
 * Taking a lock: the turn within this process first, then the backend, each within the caller's patience.
 *
 * 1. Find the place. 2. Refuse what could never end: a lock asked for by code that holds it, a synchronous call for one
 * that this thread holds. 3. Wait for the turn. 4. Take the kernel's lock, or the lock directory. 5. `release`: the
 * backend first, then the turn; a second release does nothing.
 *
 * After a failure or a timeout neither turn nor lock is held.
 */
import { DeadlockError, LockError, LockLostError, type TargetState } from "../core/errors.ts";
import { type Operation, wait } from "../core/operation.ts";
import type { Engine } from "../protocol/engine.ts";
import { type Attempt, attemptFailed, checkAbort } from "../protocol/failure.ts";
import { isUnsupported } from "../protocol/sync.ts";
import { asyncContext } from "../runtime/async_context.ts";
import { SystemError } from "../runtime/system_error.ts";
import { convertDirectory, convertFile } from "./convert.ts";
import type { HeldLock, LockRequest, NotHeld } from "./held_lock.ts";
import { acquireLockDirectory } from "./lock_directory.ts";
import { acquireLockFile } from "./lock_file.ts";
import { type LockBackend, type LockPlan, patienceOf } from "./lock_plan.ts";
import { findLockPlace, type LockPlace } from "./lock_place.ts";
import { isFree, joinQueue, leaveQueue, type Turn } from "./turn_queue.ts";
import { waitForTurn } from "./waiting.ts";

/** A lock that is held, with its turn. */
export class LockHold {
  readonly place: LockPlace;
  readonly held: HeldLock;
  readonly #turn: Turn;
  #released = false;

  /** Called by `acquire` only. */
  constructor(place: LockPlace, held: HeldLock, turn: Turn) {
    this.place = place;
    this.held = held;
    this.#turn = turn;
  }

  /** Whether it has not been released. */
  get live(): boolean {
    return !this.#released;
  }

  /** Gives backend and turn back; a second time does nothing. */
  *release(): Operation<void> {
    if (this.#released) return;
    this.#released = true;
    try {
      yield* this.held.release();
    } finally {
      leaveQueue(this.#turn);
    }
  }

  /** Throws a LockLostError unless the lock is still held: called right before a commit. */
  *confirm(targetState: TargetState): Operation<void> {
    if (this.live && (yield* this.held.check())) return;
    const { path } = this.place.target;
    const reason = this.live ? "the lock was lost meanwhile" : "the lock was released meanwhile";
    throw new LockLostError(`Cannot change ${JSON.stringify(path)}`, reason, {
      code: "ELOST",
      path,
      step: "lock",
      targetState,
      cause: this.held.signal.reason,
    });
  }
}

/** The holds of the callbacks this code runs in, innermost first. */
export interface HoldChain {
  readonly hold: LockHold;
  readonly above: HoldChain | undefined;
}

/** Follows a callback through everything it awaits. */
export const holdContext = asyncContext<HoldChain>("lock-holds/1");

function ownHold(key: string): LockHold | undefined {
  for (let chain = holdContext.get(); chain !== undefined; chain = chain.above) {
    // A task that outlives its callback is no longer inside the lock.
    if (chain.hold.live && chain.hold.place.key === key) return chain.hold;
  }
  return undefined;
}

/** An attempt to lock the file at `path`. */
export const lockAttempt = (path: string): Attempt => ({
  verb: "Cannot lock",
  path,
  targetState: "unchanged",
  errorClass: LockError,
});

function deadlock(attempt: Attempt, reason: string): DeadlockError {
  return new DeadlockError(`Cannot lock ${JSON.stringify(attempt.path)}`, reason, {
    code: "EDEADLK",
    path: attempt.path,
    step: "lock",
    targetState: "unchanged",
  });
}

/** Takes the lock of the file at the absolute `path`; undefined: not in time. */
export function* acquire(
  engine: Engine,
  path: string,
  plan: LockPlan,
  attempt: Attempt = lockAttempt(path),
): Operation<LockHold | undefined> {
  checkAbort(plan.signal);
  const patience = patienceOf(plan, engine.runtime.clock);
  const place = yield* findLockPlace(engine, path, plan.lockDirectory, attempt);
  const own = ownHold(place.key);
  if (own !== undefined && !(own.held.shared && plan.shared)) {
    throw deadlock(
      attempt,
      own.held.shared
        ? "this code holds it shared, and a shared lock cannot become exclusive: release it and ask again"
        : "this code runs inside the very lock it asks for: pass the lock it holds (`lock: held`), or leave it out",
    );
  }
  if (engine.synchronous && !isFree(place.key, plan.shared)) {
    throw deadlock(attempt, "this thread holds it, and a synchronous call cannot let the holder finish");
  }
  const turn = joinQueue(place.key, plan.shared, own !== undefined || engine.synchronous);
  if (turn.granted !== undefined && !(yield* wait(waitForTurn(turn, patience, engine.runtime.clock)))) return undefined;
  try {
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
    const held = yield* acquireBackend(request, plan.backend);
    if (held !== "timeout") return new LockHold(place, held, turn);
  } catch (error) {
    leaveQueue(turn);
    throw error;
  }
  leaveQueue(turn);
  return undefined;
}

/** A conversion that others undo again and again is no conversion. */
const mostConversions = 20;

function* acquireBackend(request: LockRequest, wanted: "auto" | LockBackend): Operation<HeldLock | "timeout"> {
  let backend = chooseBackend(request, wanted);
  for (let conversions = 0; conversions < mostConversions; conversions++) {
    let outcome: HeldLock | NotHeld;
    try {
      outcome = backend === "flock" ? yield* acquireLockFile(request) : yield* acquireLockDirectory(request);
    } catch (error) {
      // A file system that has no flock, on a machine that has.
      const lacking = error instanceof SystemError && ["tryLock", "lock"].includes(error.call) &&
        (isUnsupported(error) || error.code === "ENOLCK");
      if (wanted !== "auto" || backend !== "flock" || !lacking) throw error;
      backend = "directory";
      continue;
    }
    if (outcome !== "other-backend") return outcome;
    // Backends are never mixed on a held lock: what is of the other kind must first be proven free, and goes then.
    const converted = backend === "flock" ? yield* convertDirectory(request) : yield* convertFile(request);
    if (converted === "timeout") return "timeout";
  }
  throw attemptFailed(request.attempt, "EBUSY", "lock", "the lock changes its kind again and again");
}

function chooseBackend(request: LockRequest, wanted: "auto" | LockBackend): LockBackend {
  const { fileLock } = request.engine.capabilities;
  if (wanted === "flock" && fileLock === "none") {
    throw attemptFailed(request.attempt, "ENOTSUP", "lock", "this machine has no kernel lock (flock) to offer");
  }
  return wanted === "directory" || (wanted === "auto" && fileLock === "none") ? "directory" : "flock";
}
