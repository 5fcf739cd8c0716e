/**
 * The directory backend, for places without a kernel lock: every step that changes hands is one atomic rename.
 *
 * 1. Take the turn within this process. 2. Prepare a directory beside the place, with one empty file in it: the token,
 * whose *name* says who holds the lock. 3. Rename it to the place. A directory with a token in it is in the way of every
 * rename: the lock is held. 4. Held by somebody proven dead: rename its token to ours. A late contender finds no such
 * token. 5. Release: remove our token, then the directory, which is free from the moment it is empty.
 *
 * Death is proven, never guessed: an owner that cannot be judged from here keeps its lock. Only with `staleAfter`, and
 * only from a holder whose token says that it is renewed, is a lock taken after watching the token stay the same for
 * that long on our own monotonic clock. After a failure nothing is held; what was prepared is removed.
 */
import { type Operation, wait } from "../core/operation.ts";
import { type CleanupFailure, tidy } from "../protocol/failure.ts";
import { type LockToken, newToken } from "../protocol/names/names.ts";
import { outside } from "../protocol/room.ts";
import { SystemError } from "../runtime/system_error.ts";
import { nameOf, parentOf } from "../protocol/engine.ts";
import type { HeldLock, LockDirectoryRequest, LockRequest, NotHeld } from "./held_lock.ts";
import { refuseHeldAbove } from "./ancestor_holds.ts";
import { heldDirectory, isAbandoned } from "./held_directory.ts";
import { inLockDirectory } from "./lock_names.ts";
import { directoryStatus } from "./lock_place.ts";
import { type Occupant, occupantOf } from "./occupant.ts";
import { joinTurn } from "./own_holds.ts";
import { PreparedDirectory } from "./prepared_directory.ts";
import { exchangeToken, removeEmpty } from "./token.ts";
import { leaveQueue, type Turn } from "./turn_queue.ts";
import { pauseBeforeRetry, waitForTurn } from "./waiting.ts";

/** The key of the turns for a lock directory: not that of one in a directory that is gone, whose inode number is used again. */
export function* directoryTurnKey({ engine, attempt, lockPath }: LockDirectoryRequest): Operation<string> {
  const { identity, created = 0 } = yield* directoryStatus(engine, parentOf(engine, lockPath), attempt);
  return `${engine.runtime.process.pid} ${identity} ${created}/${nameOf(engine, lockPath)}`;
}

/** Takes the lock directory at the place. */
export function* acquireLockDirectory(request: LockRequest): Operation<HeldLock | NotHeld> {
  // There is no sharing here: the turn, too, is for one at a time.
  const turn = joinTurn({ ...request, shared: false }, yield* directoryTurnKey(request));
  if (turn === undefined) return "timeout";
  const { engine } = request;
  if (turn.granted !== undefined) {
    if (!(yield* outside(engine, request.patience, waitForTurn(turn, request)))) return "timeout";
  }
  let kept = false;
  try {
    const outcome = yield* takePlace(request, turn);
    kept = typeof outcome !== "string";
    return outcome;
  } finally {
    if (!kept) leaveQueue(turn);
  }
}

/** A free place that cannot be taken is not looked at again and again without a pause, nor forever. */
const hastyLooks = 4;
/** Enough to tell a refusal from a moment's: the last ones came after a pause. */
const fewRefusals = hastyLooks + 2;
const mostRefusals = 20;

function* takePlace(request: LockRequest, turn: Turn): Operation<HeldLock | NotHeld> {
  const { engine, patience } = request;
  const prepared = new PreparedDirectory(request);
  const watch = new StaleWatch(request);
  const failures: CleanupFailure[] = [];
  // In a sticky directory the one who is about to remove an empty one may be the only one who may.
  let refusals = 0;
  try {
    for (let looks = 0;; looks++) {
      // Another program's lock is an empty directory, which the rename would replace: looked at as late as can be.
      const isForeign = (yield* occupantOf(request)).kind === "foreign";
      if (!isForeign && (yield* prepared.moveToPlace())) return heldDirectory(request, prepared.token, turn);
      const occupant = yield* occupantOf(request);
      if (occupant.kind === "file") return "other-backend";
      if (occupant.kind === "free") {
        // Not every system renames one directory over another, empty or not.
        const refusal = yield* removeFree(request);
        refusals = refusal === undefined ? 0 : refusals + 1;
        if (refusals >= (patience.left() === 0 ? fewRefusals : mostRefusals)) throw refusal;
        if (looks < hastyLooks) continue;
      } else if (occupant.kind === "held") {
        const taken = yield* takeOver(request, occupant, watch, turn.key);
        if (taken !== undefined) return heldDirectory(request, taken, turn);
        if (yield* refuseHeldAbove(request, occupant)) return "held-above";
      }
      if (!(yield* pauseBeforeRetry(engine, patience, looks))) return "timeout";
    }
  } finally {
    // What cannot be removed is left for `sweep` to find; the first error is the one to tell.
    yield* tidy(failures, prepared.remove());
  }
}

/** Removes the free one; undefined, or the refusal to do so. */
function* removeFree(request: LockRequest): Operation<SystemError | undefined> {
  try {
    yield* removeEmpty(request);
  } catch (error) {
    if (!(error instanceof SystemError && ["EPERM", "EACCES", "EBUSY"].includes(error.code))) throw error;
    return error;
  }
  return undefined;
}

/** Renames the token of a holder who is proven dead, or stale by its own rule, to ours. */
function* takeOver(
  request: LockRequest,
  occupant: Occupant & { readonly kind: "held" },
  watch: StaleWatch,
  turnKey: string,
): Operation<LockToken | undefined> {
  const { engine } = request;
  const { process } = engine.runtime;
  const { facts, generation } = occupant.token;
  const dead = facts !== undefined && process.liveness(facts) === "dead";
  if (!dead && !isAbandoned(occupant.token, turnKey) && !watch.isStale(occupant)) return undefined;
  if (!occupant.alone) {
    // Who took it over would hold the lock together with the holder of the other token.
    yield* inLockDirectory(request, (inside) => wait(inside.remove(occupant.name)));
    return undefined;
  }
  const random = (length: number) => engine.runtime.random(length);
  const ours = newToken(process.facts(), request.staleAfter !== undefined, generation + 1, random);
  return (yield* exchangeToken(request, occupant.name, ours)) ? ours : undefined;
}

/** A pause between two looks that is longer than this was no watching: this process was stopped, or busy. */
const longestLook = 1_000;

/** Watches a token stay the same, by our own clock: nobody's time of day is trusted. */
class StaleWatch {
  readonly #request: LockRequest;
  #name = "";
  #looked = 0;
  #watched = 0;

  constructor(request: LockRequest) {
    this.#request = request;
  }

  isStale(occupant: Occupant & { readonly kind: "held" }): boolean {
    const { staleAfter, engine } = this.#request;
    if (staleAfter === undefined || occupant.token.stamp === undefined) return false;
    const now = engine.runtime.clock.monotonic();
    // Time in which we were stopped may be time in which the holder was stopped with us: it does not count.
    this.#watched = occupant.name === this.#name ? this.#watched + Math.min(now - this.#looked, longestLook) : 0;
    this.#name = occupant.name;
    this.#looked = now;
    return this.#watched >= staleAfter;
  }
}
