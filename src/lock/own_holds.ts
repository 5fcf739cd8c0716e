/**
 * What this process holds already, and requests that could therefore never be granted.
 *
 * A lock asked for by code that holds it would wait for itself; a synchronous call for a lock that code of its thread
 * holds, or waits for, would stop the very thread that must go on. Both are refused at once.
 */
import { DeadlockError } from "../core/errors.ts";
import type { Attempt } from "../protocol/failure.ts";
import { asyncContext } from "../runtime/async_context.ts";
import type { LockRequest } from "./held_lock.ts";
import { isFree, joinQueue, type Turn } from "./turn_queue.ts";

/** What is known of a hold by code that runs inside it, also when another copy of this module took it. */
interface EnclosingHold {
  /** Whether it has not been released. */
  readonly live: boolean;
  readonly shared: boolean;
  /** The key of its turn. */
  readonly key: string;
  /** The hold that this one is a user of. */
  readonly within: EnclosingHold | undefined;
}

/** The holds of the callbacks this code runs in, innermost first. */
export interface HoldChain {
  readonly hold: EnclosingHold;
  readonly above: HoldChain | undefined;
}

/** Follows a callback through everything it awaits. */
export const holdContext = asyncContext<HoldChain>("lock-holds/1");

function enclosingHold(key: string): EnclosingHold | undefined {
  for (let chain = holdContext.get(); chain !== undefined; chain = chain.above) {
    for (let hold: EnclosingHold | undefined = chain.hold; hold !== undefined; hold = hold.within) {
      // A task that outlives its callback is no longer inside the lock.
      if (hold.live && hold.key === key) return hold;
    }
  }
  return undefined;
}

/** Whether this code runs inside one of these holds. */
export function isInsideAny(holds: WeakSet<object>): boolean {
  for (let chain = holdContext.get(); chain !== undefined; chain = chain.above) {
    if (chain.hold.live && holds.has(chain.hold)) return true;
  }
  return false;
}

function deadlock(attempt: Attempt, reason: string): DeadlockError {
  return new DeadlockError("Cannot lock", reason, {
    code: "EDEADLK",
    path: attempt.path,
    step: "lock",
    targetState: "unchanged",
  });
}

/** The part of a request that turns are about. */
type TurnRequest = Pick<LockRequest, "engine" | "attempt" | "patience" | "shared">;

/** Throws a DeadlockError for what could never be granted. True: this code holds it shared, and may so once more. */
export function refuseEndless({ engine, attempt, patience, shared }: TurnRequest, key: string): boolean {
  const own = enclosingHold(key);
  if (own !== undefined && !(own.shared && shared)) {
    throw deadlock(
      attempt,
      own.shared
        ? "this code holds it shared, and a shared lock cannot become exclusive: release it and request it again"
        : "this code already holds the lock it requests: pass the lock it holds (`lock: held`), or leave it out",
    );
  }
  if (engine.synchronous && !isFree(key, shared) && patience.left() !== 0) {
    const reason = "code of this thread holds it or waits for it, and cannot continue while a synchronous call waits";
    throw deadlock(attempt, reason);
  }
  return own !== undefined;
}

/** Takes a place among the requests of this process; undefined: somebody has the turn, and the caller will not wait. */
export function joinTurn(request: TurnRequest, key: string): Turn | undefined {
  const holdsShared = refuseEndless(request, key);
  const { synchronous } = request.engine;
  if (synchronous && !isFree(key, request.shared)) return undefined;
  return joinQueue(key, request.shared, holdsShared || synchronous);
}
