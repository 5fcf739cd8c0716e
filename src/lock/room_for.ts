/**
 * The room that a call waits for before it opens anything: that of calls which wait for the disk alone, or that of calls
 * which may wait for a lock, a callback or a source. What runs inside the callback of such a call has a room of its own,
 * because that call waits for it. What joins a lock that somebody holds goes in beyond the bound: all who are in may wait
 * for that lock, and those who join it do so one after another.
 */
import type { Operation } from "../core/operation.ts";
import type { Engine } from "../protocol/engine.ts";
import { inRoom, keepPlace, type OpenPlace } from "../protocol/room.ts";
import type { LockWish } from "./file_lock.ts";
import type { LockHold } from "./lock_hold.ts";
import { isInsideAny, isInsideHold } from "./own_holds.ts";

/** Locks that calls in a room have taken. */
const taken = new WeakSet<object>();

/** What of a call decides which room it waits for. */
interface RoomRequest {
  readonly engine: Engine;
  readonly lock?: LockWish;
  readonly signal?: AbortSignal | undefined;
}

/** Runs `body`, which says which lock it has taken, when there is room. `asks`: it waits for what the caller makes. */
export function* inRoomFor<T>(
  { engine, lock, signal }: RoomRequest,
  asks: boolean,
  body: (enter: (hold: LockHold) => void) => Operation<T>,
): Operation<T> {
  const enter = (hold: LockHold) => void taken.add(hold);
  if (!asks && lock === undefined) return yield* inRoom(engine, "calls", { signal }, () => body(enter));
  const name = isInsideAny(taken) ? "inner" : "callers";
  return yield* inRoom(engine, name, { signal, beyond: joins(lock) }, () => body(enter));
}

/** Takes a place for what stays open until its owner closes it, and needs `weight` descriptors while it is opened. */
export function* placeFor({ engine, lock, signal }: RoomRequest, weight: number): Operation<OpenPlace> {
  return yield* keepPlace(engine, weight, { signal, beyond: joins(lock), inside: isInsideHold() });
}

const joins = (lock: LockWish): boolean => lock !== undefined && "hold" in lock;
