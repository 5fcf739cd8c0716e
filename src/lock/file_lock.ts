/**
 * The lock as its holder has it, and the option `lock` of everything that writes.
 */
import { FileError, type TargetState } from "../core/errors.ts";
import { withoutTurns } from "../core/event_loop.ts";
import { type Operation, run, runNow } from "../core/operation.ts";
import { type OptionReader, refuseSignal } from "../core/options.ts";
import type { Engine } from "../protocol/engine.ts";
import { translate } from "../protocol/failure.ts";
import { joinHold } from "./joined_hold.ts";
import { acquire, lockAttempt, type LockHold, releaseAfter } from "./lock.ts";
import { type LockBackend, type LockPlan, lockPlan } from "./lock_plan.ts";
import { findLockPlace, isSameFile } from "./lock_place.ts";
import { notInTime } from "./not_in_time.ts";

/** A lock that is held; `using` and `await using` give it back. */
export interface FileLock extends Disposable, AsyncDisposable {
  /** The file that is locked, absolute, symlinks at its end resolved. */
  readonly path: string;
  /** How it is locked. */
  readonly backend: LockBackend;
  /** Whether others may hold it too, as long as they ask for it shared. Always false in the directory backend. */
  readonly shared: boolean;
  /**
   * Aborts with a LockLostError when the lock is found to be lost. A lock directory that renews its stamp
   * (`staleAfter`) finds out by itself; every other lock when it is looked at, right before a commit that was given it.
   */
  readonly signal: AbortSignal;
  /**
   * Gives the lock back; a second time does nothing. On a real file system it is free when the call returns. Rejects
   * with a LockError when the token of a lock directory cannot be removed: others are then kept out until this process
   * takes the lock once more, or ends.
   */
  release(): Promise<void>;
}

const holdOf = Symbol.for("@durable/atomic-write/lock-hold/1");

class HeldFileLock implements FileLock {
  readonly path: string;
  readonly backend: LockBackend;
  readonly shared: boolean;
  readonly [holdOf]: LockHold;
  #released: Promise<void> | undefined;

  constructor(hold: LockHold) {
    this.path = hold.place.target.path;
    this.backend = hold.held.backend;
    this.shared = hold.held.shared;
    this[holdOf] = hold;
  }

  get signal(): AbortSignal {
    return this[holdOf].held.loss.signal;
  }

  release(): Promise<void> {
    return this.#released ??= withoutTurns(() => run(() => releaseTold(this[holdOf], "unknown")));
  }

  [Symbol.dispose](): void {
    withoutTurns(() => runNow(() => releaseTold(this[holdOf], "unknown")));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.release();
  }
}

/** The lock as its holder has it. */
export function fileLock(hold: LockHold): FileLock {
  return new HeldFileLock(hold);
}

/** The option `lock` as it was given: none, a plan for one, or one that is held. */
export type LockWish = { readonly plan: LockPlan } | { readonly hold: LockHold } | undefined;

/** Reads the option `lock`. */
export const lockOption: OptionReader<LockWish> = (value, name) => {
  if (value === false) return undefined;
  if (value === true) return { plan: lockPlan(undefined).plan };
  if (typeof value !== "object" || value === null) {
    throw new TypeError(`${name} must be true, false, lock options, or a lock that is held`);
  }
  const hold = Reflect.get(value, holdOf) as LockHold | undefined;
  if (hold !== undefined) {
    if (hold.held.shared) throw new TypeError(`${name} is held shared: a write needs it exclusive`);
    return { hold };
  }
  const { plan, runtime } = lockPlan(value);
  if (plan.shared) throw new TypeError(`${name} must not be shared: a write needs it exclusive`);
  if (runtime !== undefined) throw new TypeError(`${name} must not name a runtime of its own`);
  return { plan };
};

/** Reads how a lock is to be taken, where none is done without and none that is held could be joined. */
export const lockPlanOption: OptionReader<LockPlan> = (value, name) => {
  const wish = typeof value === "object" ? lockOption(value, name) : undefined;
  if (wish === undefined || "hold" in wish) throw new TypeError(`${name} must be lock options`);
  return wish.plan;
};

/** Refuses the signals of a call that is synchronous: its own, and that of the lock it takes. */
export function refuseSignals(synchronous: boolean, signal: AbortSignal | undefined, lock?: LockWish): void {
  refuseSignal(synchronous, signal);
  if (lock !== undefined && "plan" in lock) refuseSignal(synchronous, lock.plan.signal, "lock.signal");
}

/** Reads the option `lock` where there is nothing without one. */
export const neededLockOption: OptionReader<Exclude<LockWish, undefined>> = (value, name) => {
  const wish = lockOption(value, name);
  if (wish === undefined) {
    throw new TypeError(`${name} must not be false: it is the lock that keeps changes from being lost`);
  }
  return wish;
};

/**
 * Runs `body` inside the lock: one that is held already, or one that is taken and given back. `stateAfter` tells what happened to the file when `body` has succeeded but the lock cannot be given back.
 */
export function* underLock<T>(
  engine: Engine,
  path: string,
  wish: Exclude<LockWish, undefined>,
  signal: AbortSignal | undefined,
  body: (hold: LockHold) => Operation<T>,
  stateAfter: (result: T) => TargetState,
): Operation<T> {
  return yield* inside(yield* takeLock(engine, path, wish, signal), body, stateAfter);
}

/** Joins the lock that is held, or takes one. What is answered is the caller's to release. */
export function* takeLock(
  engine: Engine,
  path: string,
  wish: Exclude<LockWish, undefined>,
  signal: AbortSignal | undefined,
): Operation<LockHold> {
  const attempt = lockAttempt(path);
  try {
    if ("hold" in wish) return yield* joined(engine, path, wish.hold, signal);
    const plan = { ...wish.plan, signal: wish.plan.signal ?? signal };
    const hold = yield* acquire(engine, path, plan, attempt);
    if (hold === undefined) throw yield* notInTime(engine, attempt.path, plan);
    return hold;
  } catch (error) {
    throw translate(error, attempt);
  }
}

function* joined(
  engine: Engine,
  path: string,
  held: LockHold,
  signal: AbortSignal | undefined,
): Operation<LockHold> {
  const attempt = lockAttempt(path);
  const locked = held.place.target;
  const hold = yield* joinHold(engine, held, signal);
  try {
    const { target } = yield* findLockPlace(engine, path, undefined, attempt);
    if (!(yield* isSameFile(engine, target, locked, attempt))) {
      throw new TypeError(`The lock that was given is for ${JSON.stringify(locked.path)}, not for this`);
    }
    yield* hold.confirm("unchanged");
    return hold;
  } catch (error) {
    yield* releaseAfter(hold, error);
    throw error;
  }
}

/** Runs `body` while the lock is held, then gives it back; what `body` throws comes first. */
export function* inside<T>(
  hold: LockHold,
  body: (hold: LockHold) => Operation<T>,
  stateAfter: (result: T) => TargetState,
): Operation<T> {
  let result: T;
  try {
    result = yield* body(hold);
  } catch (error) {
    yield* releaseAfter(hold, error);
    throw error;
  }
  yield* giveBack(hold, result, stateAfter(result));
  return result;
}

/** Gives the lock back after a success; an error says what the success has made of the file, and what it left behind. */
export function* giveBack(hold: LockHold, result: unknown, targetState: TargetState): Operation<void> {
  try {
    yield* releaseTold(hold, targetState);
  } catch (error) {
    throw withNames(error, result);
  }
}

/** An error that takes the place of a result still says what the result would have said of the file. */
function withNames(error: unknown, result: unknown): unknown {
  if (!FileError.is(error) || typeof result !== "object" || result === null) return error;
  for (const name of ["leftBehind", "lost"] as const) {
    const said: unknown = Reflect.get(result, name);
    if (Array.isArray(said)) error[name].push(...said as string[]);
  }
  return error;
}

function* releaseTold(hold: LockHold, targetState: TargetState): Operation<void> {
  try {
    yield* hold.release();
  } catch (error) {
    throw translate(error, { ...lockAttempt(hold.place.target.path), verb: "Cannot unlock", targetState });
  }
}
