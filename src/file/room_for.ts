/**
 * The room that a call waits for before it opens anything: that of calls which wait for the disk alone, or that of calls
 * which may wait for a lock, a callback or a source. What runs inside the callback of a call in there goes in beyond the
 * bound, because that call waits for it; so does what joins a lock that somebody holds outside of it.
 */
import type { Operation } from "../core/operation.ts";
import type { LockWish } from "../lock/file_lock.ts";
import type { LockHold } from "../lock/lock_hold.ts";
import { isInsideAny } from "../lock/own_holds.ts";
import type { Engine } from "../protocol/engine.ts";
import { inRoom, keepPlace } from "../protocol/room.ts";

/** Locks that calls in a room have taken. */
const taken = new WeakSet<object>();

/** What of a call decides which room it waits for. */
interface RoomRequest {
  readonly engine: Engine;
  readonly lock: LockWish;
  readonly signal: AbortSignal | undefined;
}

/** Runs `body`, which says which lock it has taken, when there is room. `asks`: it waits for what the caller makes. */
export function* inRoomFor<T>(
  { engine, lock, signal }: RoomRequest,
  asks: boolean,
  body: (enter: (hold: LockHold) => void) => Operation<T>,
): Operation<T> {
  const enter = (hold: LockHold) => void taken.add(hold);
  if (!asks && lock === undefined) return yield* inRoom(engine, "calls", { signal }, () => body(enter));
  return yield* inRoom(engine, "callers", { signal, beyond: isInside(lock) }, () => body(enter));
}

/** Takes a place for a file that stays open until its owner closes it; answers how to give it back. */
export function* placeFor({ engine, lock, signal }: RoomRequest): Operation<() => void> {
  return yield* keepPlace(engine, { signal, beyond: isInside(lock) });
}

/** Whether somebody inside waits for this call. */
const isInside = (lock: LockWish): boolean => (lock !== undefined && "hold" in lock) || isInsideAny(taken);
