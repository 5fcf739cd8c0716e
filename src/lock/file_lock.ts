/**
 * The lock as its holder has it, and the option `lock` of everything that writes.
 */
import { LockBusyError, LockTimeoutError } from "../core/errors.ts";
import { type Operation, run, runSync, wait } from "../core/operation.ts";
import type { OptionReader } from "../core/options.ts";
import type { Engine } from "../protocol/engine.ts";
import { CallerError, translate } from "../protocol/failure.ts";
import { acquire, type HoldChain, holdContext, lockAttempt, type LockHold } from "./lock.ts";
import { type LockBackend, type LockPlan, lockPlan } from "./lock_plan.ts";
import { findLockPlace } from "./lock_place.ts";

/** A lock that is held; `using` and `await using` give it back. */
export interface FileLock extends Disposable, AsyncDisposable {
  /** The file that is locked, absolute, symlinks at its end resolved. */
  readonly path: string;
  /** How it is locked. */
  readonly backend: LockBackend;
  /** Whether others may hold it too, as long as they ask for it shared. Always false in the directory backend. */
  readonly shared: boolean;
  /** Aborts when the lock is lost, which only a lock directory can be; the reason is a LockLostError. */
  readonly signal: AbortSignal;
  /** Gives the lock back; a second time does nothing. On a real file system it is free when the call returns. */
  release(): Promise<void>;
}

const holdOf = Symbol.for("@durable/atomic-write/lock-hold/1");

class HeldFileLock implements FileLock {
  readonly path: string;
  readonly backend: LockBackend;
  readonly shared: boolean;
  readonly signal: AbortSignal;
  readonly [holdOf]: LockHold;

  constructor(hold: LockHold) {
    this.path = hold.place.target.path;
    this.backend = hold.held.backend;
    this.shared = hold.held.shared;
    this.signal = hold.held.signal;
    this[holdOf] = hold;
  }

  release(): Promise<void> {
    return run(() => this[holdOf].release());
  }

  [Symbol.dispose](): void {
    runSync(() => this[holdOf].release());
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

/** The error for a lock that was not had in time. */
export function notInTime(path: string, plan: LockPlan): LockTimeoutError {
  const attempt = `Cannot lock ${JSON.stringify(path)}`;
  const details = { path, step: "lock", targetState: "unchanged" as const };
  if (plan.timeout === 0) return new LockBusyError(attempt, "somebody else holds it", { ...details, code: "EBUSY" });
  return new LockTimeoutError(attempt, `it was not free within ${plan.timeout} ms`, { ...details, code: "ETIMEDOUT" });
}

/** Runs `body` inside the lock: one that is held already, or one that is taken and given back. */
export function* underLock<T>(
  engine: Engine,
  path: string,
  wish: Exclude<LockWish, undefined>,
  signal: AbortSignal | undefined,
  body: (hold: LockHold) => Operation<T>,
): Operation<T> {
  const hold = yield* takeLock(engine, path, wish, signal);
  return yield* "hold" in wish ? body(hold) : inside(hold, body);
}

/** Joins the lock that is held, or takes one, which is then the caller's to release. */
export function* takeLock(
  engine: Engine,
  path: string,
  wish: Exclude<LockWish, undefined>,
  signal: AbortSignal | undefined,
): Operation<LockHold> {
  if ("hold" in wish) {
    const place = yield* findLockPlace(engine, path, undefined, lockAttempt(path));
    if (place.fileKey !== wish.hold.place.fileKey) {
      throw new TypeError(
        `The lock that was given is for ${JSON.stringify(wish.hold.place.target.path)}, not for this`,
      );
    }
    yield* wish.hold.confirm("unchanged");
    return wish.hold;
  }
  const plan = { ...wish.plan, signal: wish.plan.signal ?? signal };
  const hold = yield* acquire(engine, path, plan);
  if (hold === undefined) throw notInTime(path, plan);
  return hold;
}

/** Runs `body` while the lock is held, then gives it back; what `body` throws comes first. */
export function* inside<T>(hold: LockHold, body: (hold: LockHold) => Operation<T>): Operation<T> {
  let result: T;
  try {
    result = yield* body(hold);
  } catch (error) {
    try {
      yield* hold.release();
    } catch {
      // The turn is free in any case, and closing frees the kernel's lock; what `body` threw is what went wrong.
    }
    throw error;
  }
  try {
    yield* hold.release();
  } catch (error) {
    // What was done inside is done; only a lock directory can fail to go away.
    const { path } = hold.place.target;
    throw translate(error, { ...lockAttempt(path), verb: "Cannot give back the lock of", targetState: "unknown" });
  }
  return result;
}

/**
 * Calls the caller's callback such that asking for the same lock in it, however deep, is recognised. What it throws is
 * rethrown to the caller as it is.
 */
export function* askInside<T>(engine: Engine, hold: LockHold, call: () => T | PromiseLike<T>): Operation<T> {
  const chain: HoldChain = { hold, above: holdContext.get() };
  try {
    const answer = holdContext.run(chain, call);
    if (engine.synchronous && typeof answer === "object" && answer !== null && "then" in answer) {
      Promise.resolve(answer).catch(() => {});
      throw new TypeError("The callback of a synchronous function must not return a promise");
    }
    return yield* wait(answer);
  } catch (error) {
    throw new CallerError(error);
  }
}
