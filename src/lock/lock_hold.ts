/**
 * A lock that is held, as everything that works under it has it: `confirm` right before each commit, `release` once.
 *
 * A second release does nothing. A lock that was taken elsewhere than beside its file may have the one beside it
 * `within` it; both are looked at, and both are given back.
 */
import { FileError, LockError, LockLostError, type TargetState } from "../core/errors.ts";
import { type Operation, runSync } from "../core/operation.ts";
import type { Engine } from "../protocol/engine.ts";
import { type Attempt, beginAttempt, translate } from "../protocol/failure.ts";
import type { HeldLock } from "./held_lock.ts";
import type { LockPlace } from "./lock_place.ts";
import { leaveQueue } from "./turn_queue.ts";
import { noteHold } from "./own_holds.ts";

/** A lock that is held, with its turn. */
export class LockHold {
  readonly engine: Engine;
  readonly place: LockPlace;
  readonly held: HeldLock;
  /** The hold that this one is a user of, or the lock beside the file that was taken with the one elsewhere. */
  readonly within: LockHold | undefined;
  /** The key of its turn. */
  readonly key: string;
  /** Gives back its share of what may be open at once, when it is released. */
  giveShare: (() => void) | undefined;
  #released = false;
  #watch: AbortController | undefined;

  /** Called by `acquire` only. */
  constructor(engine: Engine, place: LockPlace, held: HeldLock, within?: LockHold) {
    this.engine = engine;
    this.place = place;
    this.held = held;
    this.within = within;
    this.key = held.turn.key;
  }

  /** Whether it has not been released. */
  get live(): boolean {
    return !this.#released;
  }

  /** Whether others may hold it, too. */
  get shared(): boolean {
    return this.held.shared;
  }

  /** Aborts when the lock is lost; reading it causes the lock to be checked every few seconds. */
  get signal(): AbortSignal {
    if (this.live && this.#watch === undefined) {
      this.#watch = new AbortController();
      void this.#keepLooking(this.#watch.signal);
    }
    return this.held.loss.signal;
  }

  /** The number of the descriptor that a child may inherit, and the lock with it. */
  handOver(): number | undefined {
    return this.held.handOver?.();
  }

  async #keepLooking(stop: AbortSignal): Promise<void> {
    const { clock } = this.engine.runtime;
    while (!stop.aborted && this.held.loss.error === undefined) {
      try {
        await clock.sleep(watchInterval, stop, { keepAlive: false });
        // At once, so that nothing of the lock's own goes on after it has been released.
        if (!stop.aborted) runSync(() => this.held.check());
      } catch {
        // Released, or a look that failed: the next one may tell, and `confirm` decides before any commit.
      }
    }
  }

  /** Gives backend and turn back; a second time does nothing. */
  *release(): Operation<void> {
    if (this.#released) return;
    this.#released = true;
    this.#watch?.abort();
    noteHold(this);
    try {
      yield* this.held.release();
    } finally {
      leaveQueue(this.held.turn);
      if (this.within !== undefined) yield* this.within.release();
      this.giveShare?.();
    }
  }

  /** Throws a LockLostError unless the lock is still held: called right before a commit. */
  *confirm(targetState: TargetState): Operation<void> {
    const { path } = this.place.target;
    let isHeld = this.live;
    try {
      isHeld &&= yield* this.held.check();
      // The lock beside the file, taken with one elsewhere, must be held as well.
      for (let outer = this.within; isHeld && outer !== undefined; outer = outer.within) {
        if (outer.held !== this.held) isHeld = yield* outer.held.check();
      }
    } catch (error) {
      throw translate(error, { ...lockAttempt(path), verb: "Cannot look at the lock of", targetState });
    }
    if (isHeld) return;
    const reason = this.live ? "the lock has been lost" : "the lock has been released";
    throw new LockLostError("Cannot change", reason, {
      code: "ELOST",
      path,
      step: "lock",
      targetState,
      cause: this.held.loss.error,
    });
  }
}

/** How often a lock is looked at whose signal somebody has asked for, in milliseconds. */
const watchInterval = 5_000;

/** An attempt to lock the file at `path`. */
export const lockAttempt = (path: string): Attempt => ({
  ...beginAttempt("Cannot lock", path),
  errorClass: LockError,
});

/** Gives the lock back after an error, which comes first; a second one is attached to it where that is possible. */
export function* releaseAfter(hold: LockHold, error: unknown): Operation<void> {
  try {
    yield* hold.release();
  } catch (second) {
    if (FileError.is(error)) error.cleanupErrors.push(second);
  }
}
