/**
 * An update whose callback runs without the lock, for changes that take long and would keep everybody else out.
 *
 * 1. Read. 2. The callback. 3. Under the lock: is the content still what was read? Then write, as every update does.
 * Otherwise all of it again, after a pause that grows. Every turn in which this one has to begin again is one in which
 * somebody else has got on; a `signal` ends it.
 *
 * After a failure the file is what it was, or the error says what happened to it, as with every update.
 */
import { InvalidArgument } from "../core/errors.ts";
import type { FilePath } from "../core/options.ts";
import type { Operation } from "../core/operation.ts";
import { locate } from "../protocol/engine.ts";
import { beginAttempt, translate } from "../protocol/failure.ts";
import { readBytes } from "../protocol/file_call.ts";
import { inRoom } from "../protocol/room.ts";
import { backOff } from "../protocol/back_off.ts";
import { update, type UpdateResult } from "./update_operation.ts";
import type { WriteRequest } from "./write_options.ts";

/** A change that can be made again; undefined leaves the content as it is. */
type RepeatableChange = (current: Uint8Array | undefined, path: string) => Operation<string | undefined>;

/** Refuses what an update that begins again cannot mean. */
export function refuseExpectations({ lock, ifMatch, plan }: WriteRequest): void {
  if (lock !== undefined && "hold" in lock) {
    throw new InvalidArgument(
      "optimistic takes the lock by itself, and only to write: lock must not be one that is held",
    );
  }
  if (ifMatch !== undefined || plan.mustNotExist) {
    throw new InvalidArgument(
      "optimistic begins again with whatever is there: ifMatch and ifExists cannot be combined with it",
    );
  }
}

/** Runs it until nobody has changed the file in between. */
export function* updateOptimistically(
  path: FilePath,
  change: RepeatableChange,
  request: WriteRequest,
): Operation<UpdateResult> {
  const { engine, plan: { signal } } = request;
  const location = locate(engine, path);
  try {
    for (let tries = 0;; tries++) {
      const read = yield* inRoom(engine, "calls", { signal }, () => readBytes(engine, location));
      const wanted = yield* change(read, location);
      const result = yield* writeUnlessChanged(path, read, wanted, request);
      if (result !== undefined) return result;
      yield* backOff(engine, tries, signal);
    }
  } catch (error) {
    throw translate(error, beginAttempt("Cannot update", location));
  }
}

/** Writes what is wanted in place of what was read; undefined if that is not there any more. */
function* writeUnlessChanged(
  path: FilePath,
  read: Uint8Array | undefined,
  wanted: string | undefined,
  request: WriteRequest,
): Operation<UpdateResult | undefined> {
  const changed = new Error("The content has changed");
  try {
    return yield* update(path, function* (current) {
      if (!hasSameBytes(read, current)) throw changed;
      return wanted;
    }, request);
  } catch (error) {
    if (error === changed) return undefined;
    throw error;
  }
}

function hasSameBytes(one: Uint8Array | undefined, other: Uint8Array | undefined): boolean {
  if (one === undefined || other === undefined) return one === other;
  return one.length === other.length && one.every((byte, index) => byte === other[index]);
}
