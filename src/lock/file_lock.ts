/**
 * The lock as its holder has it, and the option `lock` of everything that writes.
 */
import { FileError, InvalidArgument, type TargetState } from "../core/errors.ts";
import { withoutTurns } from "../core/event_loop.ts";
import { type Operation, run, runNow, wait } from "../core/operation.ts";
import { type OptionReader, refuseSignal, wrongArgument } from "../core/options.ts";
import type { Engine } from "../protocol/engine.ts";
import { translate } from "../protocol/failure.ts";
import { heldLocks } from "./ancestor_holds.ts";
import { joinHold } from "./joined_hold.ts";
import { acquire } from "./lock.ts";
import { lockAttempt, type LockHold, releaseAfter } from "./lock_hold.ts";
import type { LockBackend } from "./lock_info.ts";
import { type LockPlan, lockPlan, refuseOnWait } from "./lock_plan.ts";
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
   * Aborts with a LockLostError when the lock is found to be lost: its lock file was deleted or replaced, or its lock
   * directory taken away. The lock is looked at right before each commit that was given it, and every 5 seconds from
   * when this signal is first asked for; that keeps no process alive.
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
    return this[holdOf].signal;
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

/** What a program that runs inside a lock is given. */
export interface InsideLock {
  /** Tells it which lock it is inside of: see ancestor_holds.ts. */
  readonly environment: Record<string, string>;
  /**
   * The descriptor that keeps the lock in a program that inherits it; undefined where there is none: a lock directory, or
   * a system that does not tell it.
   */
  readonly inherit: number | undefined;
}

/** What a program that is started inside this lock is given; `inherits`: also the lock. */
export function insideLock(lock: FileLock, inherits: boolean): InsideLock {
  if (!(lock instanceof HeldFileLock)) return { environment: {}, inherit: undefined };
  const hold = lock[holdOf];
  return { environment: heldLocks([hold]), inherit: inherits ? hold.handOver() : undefined };
}

/** The option `lock` as it was given: none, a plan for one, or one that is held. */
export type LockWish = { readonly plan: LockPlan } | { readonly hold: LockHold } | undefined;

/** Reads the option `lock`. */
export const lockOption: OptionReader<LockWish> = (value, name) => {
  if (value === false) return undefined;
  if (value === true) return { plan: lockPlan(undefined).plan };
  if (typeof value !== "object" || value === null) {
    throw wrongArgument(name, "true, false, lock options, or a lock that is held", value);
  }
  const hold = Reflect.get(value, holdOf) as LockHold | undefined;
  if (hold !== undefined) {
    if (hold.held.shared) throw new InvalidArgument(`${name} is held shared: a write needs it exclusive`);
    return { hold };
  }
  const { plan, runtime, unsafePath } = lockPlan(value);
  if (plan.shared) throw new InvalidArgument(`${name} must not be shared: a write needs it exclusive`);
  if (runtime !== undefined) throw new InvalidArgument(`${name} must not name a runtime of its own`);
  if (unsafePath !== undefined) throw new InvalidArgument(`unsafePath is an option of the call, not of its ${name}`);
  return { plan };
};

/** Reads how a lock is to be taken, where none is done without and none that is held could be joined. */
export const lockPlanOption: OptionReader<LockPlan> = (value, name) => {
  const wish = typeof value === "object" ? lockOption(value, name) : undefined;
  if (wish === undefined || "hold" in wish) throw new InvalidArgument(`${name} must be lock options`);
  return wish.plan;
};

/** Refuses the signals of a call that is synchronous: its own, and that of the lock it takes. */
export function refuseSignals(synchronous: boolean, signal: AbortSignal | undefined, lock?: LockWish): void {
  refuseSignal(synchronous, signal);
  if (lock === undefined || !("plan" in lock)) return;
  refuseSignal(synchronous, lock.plan.signal, "lock.signal");
  if (synchronous) refuseOnWait(lock.plan, "lock.onWait");
}

/** Reads the option `lock` where there is nothing without one. */
export const neededLockOption: OptionReader<Exclude<LockWish, undefined>> = (value, name) => {
  const wish = lockOption(value, name);
  if (wish === undefined) {
    throw new InvalidArgument(`${name} must not be false: it is the lock that keeps changes from being lost`);
  }
  return wish;
};

/**
 * Runs `body` inside the lock: one that is held already, or one that is taken and given back. `stateAfter` tells what
 * happened to the file when `body` has succeeded but the lock was lost by then, or cannot be given back.
 */
export function* underLock<T>(
  engine: Engine,
  path: string,
  wish: Exclude<LockWish, undefined>,
  signal: AbortSignal | undefined,
  body: (hold: LockHold) => Operation<T>,
  stateAfter: (result: T) => TargetState,
): Operation<T> {
  const isOwn = "plan" in wish;
  return yield* inside(yield* takeLock(engine, path, wish, signal), function* (hold) {
    try {
      return yield* body(hold);
    } catch (error) {
      if (isOwn) yield* discardUnused(hold);
      throw error;
    }
  }, stateAfter);
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
    const { target } = yield* findLockPlace({ engine, path, lockDirectory: undefined, directories: false, attempt });
    if (!(yield* isSameFile(engine, target, locked, attempt))) {
      throw new InvalidArgument(`The lock that was given is for ${JSON.stringify(locked.path)}, not for this`);
    }
    yield* hold.confirm("unchanged");
    return hold;
  } catch (error) {
    yield* releaseAfter(hold, error);
    throw error;
  }
}

/**
 * Runs `body` while the lock is held, then gives it back; what `body` throws comes first. `stateAfter` as for `underLock`.
 */
export function* inside<T>(
  hold: LockHold,
  body: (hold: LockHold) => Operation<T>,
  stateAfter: (result: T) => TargetState,
): Operation<T> {
  let result: T;
  try {
    result = yield* body(hold);
    // Was it lost between the last look and the change, its next holder may have read what was there before, and take
    // this change back. If it is still held, its next holder reads what was written.
    if (stateAfter(result) === "replaced") yield* stillHeld(hold, result);
  } catch (error) {
    yield* releaseAfter(hold, error);
    throw error;
  }
  yield* giveBack(hold, result, stateAfter(result));
  return result;
}

function* stillHeld(hold: LockHold, result: unknown): Operation<void> {
  try {
    yield* hold.confirm("replaced");
  } catch (error) {
    throw withNames(error, result);
  }
}

/** A lock file that was made for a file which is not there after all goes with the lock. */
function* discardUnused(hold: LockHold): Operation<void> {
  const { engine, place: { target } } = hold;
  if (target.status !== undefined || hold.held.discard === undefined) return;
  try {
    if ((yield* wait(engine.fileSystem.linkStat(target.path))) === undefined) hold.held.discard();
  } catch {
    // It is not known: the lock file stays.
  }
}

/** Gives the lock back of which nothing has come. */
export function releaseUnused(lock: FileLock): Promise<void> {
  if (!(lock instanceof HeldFileLock)) return lock.release();
  const hold = lock[holdOf];
  return withoutTurns(() => run(() => discardUnused(hold))).then(() => lock.release());
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
