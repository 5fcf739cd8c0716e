/**
 * `withLock`, `acquireLock`, `tryLock`: a file's lock for a callback, or for as long as its holder keeps it.
 *
 * The lock excludes every program that locks the same file: this module on any runtime, flock(1), and programs that call
 * flock(2) on `NAME.lock`. It is advisory: programs that don't take the lock are not blocked.
 */
import { type FilePath, refuseSignal, wrongArgument } from "../core/options.ts";
import { type Operation, run as drive, runSync } from "../core/operation.ts";
import { callInside } from "./own_holds.ts";
import { type FileLock, fileLock, inside } from "./file_lock.ts";
import { acquire } from "./lock.ts";
import { lockAttempt, type LockHold } from "./lock_hold.ts";
import {
  type LockOptions,
  type LockPlan,
  lockPlan,
  type LockSyncOptions,
  refuseOnWait,
  type TryLockOptions,
  tryLockPlan,
  type TryLockSyncOptions,
} from "./lock_plan.ts";
import { notInTime } from "./not_in_time.ts";
import { type Engine, locate, makeEngine } from "../protocol/engine.ts";
import { translate } from "../protocol/failure.ts";
import { currentRuntime } from "../runtime/current.ts";

interface LockCall {
  readonly engine: Engine;
  readonly path: string;
  readonly plan: LockPlan;
}

function begin(
  path: FilePath,
  { plan, runtime, unsafePath }: ReturnType<typeof lockPlan>,
  synchronous: boolean,
): LockCall {
  refuseSignal(synchronous, plan.signal);
  if (synchronous) refuseOnWait(plan);
  const engine = makeEngine(runtime ?? currentRuntime(), synchronous, undefined, unsafePath);
  return { engine, path: locate(engine, path), plan: { ...plan, directories: true } };
}

function* take({ engine, path, plan }: LockCall): Operation<LockHold | undefined> {
  try {
    return yield* acquire(engine, path, plan);
  } catch (error) {
    throw translate(error, lockAttempt(path));
  }
}

function* takeInTime(call: LockCall): Operation<LockHold> {
  const hold = yield* take(call);
  if (hold === undefined) throw yield* notInTime(call.engine, call.path, call.plan);
  return hold;
}

function* acquireLockOperation(call: LockCall): Operation<FileLock> {
  return fileLock(yield* takeInTime(call));
}

function* tryLockOperation(call: LockCall): Operation<FileLock | undefined> {
  const hold = yield* take(call);
  return hold === undefined ? undefined : fileLock(hold);
}

function* withLockOperation<T>(call: LockCall, body: (lock: FileLock) => T | PromiseLike<T>): Operation<T> {
  if (typeof body !== "function") throw wrongArgument("run", "a function", body);
  const hold = yield* takeInTime(call);
  try {
    return yield* inside(hold, (held) => callInside(call.engine, [held], () => body(fileLock(held))), () => "unknown");
  } catch (error) {
    throw translate(error, lockAttempt(call.path));
  }
}

/**
 * Waits for the lock of a file and takes it. It is held until `release`, the end of an `await using` scope, or the end of
 * the process, however it ends.
 *
 * The lock is on the sibling `NAME.lock`, never on the file itself, which writes replace. That file stays where it is:
 * do not delete it. Waiters of one process are served in order.
 *
 * @param path The file to lock; it need not exist, its directory must.
 * @param options See {@linkcode LockOptions}.
 * @throws {LockTimeoutError} It was not free within `timeout`; LockBusyError when that is 0.
 * @throws {DeadlockError} The caller runs inside a callback that holds this lock.
 * @throws {LockError} The lock file cannot be made or opened, or is somebody's file. The file is unchanged in every case.
 *
 * @example
 * ```ts
 * import { acquireLock } from "@durable/atomic-write";
 *
 * {
 *   await using lock = await acquireLock("state.json", { timeout: 5_000 });
 *   console.log(lock.backend); // "flock"
 * }
 * ```
 *
 * @see https://man7.org/linux/man-pages/man2/flock.2.html
 */
export function acquireLock(path: FilePath, options?: LockOptions): Promise<FileLock> {
  return drive(() => acquireLockOperation(begin(path, lockPlan(options), false)));
}

/**
 * Like {@linkcode acquireLock}, synchronously: the thread waits. A lock that code of this thread holds is a DeadlockError
 * at once, since the holder could never go on.
 *
 * @param path The file to lock.
 * @param options See {@linkcode LockOptions}.
 * @throws What {@linkcode acquireLock} rejects with.
 *
 * @example
 * ```ts
 * import { acquireLockSync } from "@durable/atomic-write";
 *
 * {
 *   using _lock = acquireLockSync("state.json");
 * }
 * ```
 */
export function acquireLockSync(path: FilePath, options?: LockSyncOptions): FileLock {
  return runSync(() => acquireLockOperation(begin(path, lockPlan(options), true)));
}

/**
 * Takes the lock of a file if it is free now; `undefined` when somebody holds it.
 *
 * @param path The file to lock.
 * @param options See {@linkcode TryLockOptions}.
 * @throws What {@linkcode acquireLock} rejects with, but for the timeouts.
 *
 * @example
 * ```ts
 * import { tryLock } from "@durable/atomic-write";
 *
 * const lock = await tryLock("job");
 * console.log(lock !== undefined); // true
 * await lock?.release();
 * ```
 */
export function tryLock(path: FilePath, options?: TryLockOptions): Promise<FileLock | undefined> {
  return drive(() => tryLockOperation(begin(path, tryLockPlan(options), false)));
}

/**
 * Like {@linkcode tryLock}, synchronously.
 *
 * @param path The file to lock.
 * @param options See {@linkcode TryLockOptions}.
 * @throws What {@linkcode tryLock} rejects with.
 *
 * @example
 * ```ts
 * import { tryLockSync } from "@durable/atomic-write";
 *
 * const lock = tryLockSync("job");
 * lock?.[Symbol.dispose]();
 * ```
 */
export function tryLockSync(path: FilePath, options?: TryLockSyncOptions): FileLock | undefined {
  return runSync(() => tryLockOperation(begin(path, tryLockPlan(options), true)));
}

/**
 * Runs a callback while the lock of a file is held.
 *
 * Inside, `writeFile(path, …)` simply works. With `{ lock }`, the lock that the callback receives, it also checks right
 * before its commit that the lock is still held, and calls that share the lock run one after the other. Asking for the
 * same lock again inside the callback, however deep, is a DeadlockError; in a task that outlives the callback it is an
 * ordinary wait, so give such tasks a `timeout`.
 *
 * @param path The file to lock; it need not exist, its directory must.
 * @param run What to do inside; its value is returned.
 * @param options See {@linkcode LockOptions}.
 * @throws What {@linkcode acquireLock} rejects with, and whatever the callback throws, unchanged.
 *
 * @example
 * ```ts
 * import { readTextFile, withLock, writeFile } from "@durable/atomic-write";
 *
 * await withLock("counter", async () => {
 *   const count = Number(await readTextFile("counter") ?? "0");
 *   await writeFile("counter", `${count + 1}\n`);
 * });
 * ```
 */
export function withLock<T>(
  path: FilePath,
  run: (lock: FileLock) => T | PromiseLike<T>,
  options?: LockOptions,
): Promise<T> {
  return drive(() => withLockOperation(begin(path, lockPlan(options), false), run));
}

/**
 * Like {@linkcode withLock}, synchronously. The callback must not return a promise.
 *
 * @param path The file to lock.
 * @param run What to do inside; its value is returned.
 * @param options See {@linkcode LockOptions}.
 * @throws {TypeError} The callback returned a promise.
 * @throws What {@linkcode withLock} rejects with.
 *
 * @example
 * ```ts
 * import { withLockSync, writeFileSync } from "@durable/atomic-write";
 *
 * withLockSync("state", () => writeFileSync("state", "1"));
 * ```
 */
export function withLockSync<T>(path: FilePath, run: (lock: FileLock) => T, options?: LockSyncOptions): T {
  return runSync(() => withLockOperation(begin(path, lockPlan(options), true), run));
}
