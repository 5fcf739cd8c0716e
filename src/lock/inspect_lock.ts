/**
 * `inspectLock` and `breakLock`: who holds a file's lock, and taking it away from a holder that is known to be dead.
 */
import { LockError } from "../core/errors.ts";
import { type Operation, run, runSync } from "../core/operation.ts";
import { type FilePath, filePath, readOptions, wrongArgument } from "../core/options.ts";
import { lockAttempt } from "./lock_hold.ts";
import type { LockInfo } from "./lock_info.ts";
import { lookAtLock } from "./look_at_lock.ts";
import { findLockPlace } from "./lock_place.ts";
import { occupantOf } from "./occupant.ts";
import { removeToken } from "./token.ts";
import { type Engine, locate, makeEngine, runtimeOption } from "../protocol/engine.ts";
import { translate } from "../protocol/failure.ts";
import { inRoom } from "../protocol/room.ts";
import { currentRuntime } from "../runtime/current.ts";
import type { Runtime } from "../runtime/runtime.ts";

/** Options of {@linkcode inspectLock} and {@linkcode breakLock}. */
export interface InspectLockOptions {
  /** Where the lock lives. Default: beside the file. */
  lockDirectory?: FilePath;
  /** The machine to work on. Default: the one this code runs on. */
  runtime?: Runtime;
}

const readers = { lockDirectory: filePath, runtime: runtimeOption };

interface Inspection {
  readonly engine: Engine;
  readonly path: string;
  readonly lockDirectory: string | undefined;
}

function begin(path: FilePath, options: InspectLockOptions | undefined, synchronous: boolean): Inspection {
  const checked = readOptions(options, readers);
  const engine = makeEngine(checked.runtime ?? currentRuntime(), synchronous, undefined, "allow");
  const lockDirectory = checked.lockDirectory === undefined ? undefined : locate(engine, checked.lockDirectory);
  return { engine, path: locate(engine, path), lockDirectory };
}

function* inspect({ engine, path, lockDirectory }: Inspection): Operation<LockInfo | undefined> {
  const attempt = { ...lockAttempt(path), verb: "Cannot inspect the lock of" };
  try {
    return yield* inRoom(engine, "calls", {}, function* () {
      const { lockPath } = yield* findLockPlace({ engine, path, lockDirectory, directories: true, attempt });
      return yield* lookAtLock({ engine, lockPath, attempt });
    });
  } catch (error) {
    throw translate(error, attempt);
  }
}

function* breakOperation({ engine, path, lockDirectory }: Inspection, info: LockInfo): Operation<boolean> {
  if (typeof info !== "object" || info === null) throw wrongArgument("info", "what inspectLock returned", info);
  const attempt = { ...lockAttempt(path), verb: "Cannot break the lock of" };
  const refusal = info.backend === "flock"
    ? "a kernel lock ends with its process only"
    : info.token === undefined
    ? "it is another program's: an empty directory, which is no lock any more once that program has let it be for 10 s"
    : undefined;
  if (refusal !== undefined) {
    const details = { code: "ENOTSUP", path, step: "lock", targetState: "unchanged" } as const;
    throw new LockError(attempt.verb, refusal, details);
  }
  try {
    const place = yield* findLockPlace({ engine, path, lockDirectory, directories: true, attempt });
    const request = { engine, attempt, lockPath: place.lockPath };
    for (;;) {
      const occupant = yield* occupantOf(request);
      if (occupant.kind !== "held" || occupant.token.random !== info.token) return false;
      // Not there any more: perhaps it was only renewed.
      if (yield* removeToken(request, occupant.name, occupant.token.generation)) return true;
    }
  } catch (error) {
    throw translate(error, attempt);
  }
}

/**
 * Tells who holds the lock of a file; `undefined` when nobody does. Never disturbs holders or waiters.
 *
 * It is known from what the holder wrote, or from the system's own list of locks where that can be read: a program that
 * takes flock(2) without saying so, in another pid namespace, is not seen.
 *
 * @param path The file whose lock it is.
 * @param options See {@linkcode InspectLockOptions}.
 * @throws {LockError} The lock cannot be looked at.
 *
 * @example
 * ```ts
 * import { inspectLock, withLock } from "@durable/atomic-write";
 * import process from "node:process";
 *
 * await withLock("job", async () => {
 *   console.log((await inspectLock("job"))?.pid === process.pid); // true
 * });
 * ```
 */
export function inspectLock(path: FilePath, options?: InspectLockOptions): Promise<LockInfo | undefined> {
  return run(() => inspect(begin(path, options, false)));
}

/**
 * Like {@linkcode inspectLock}, synchronously.
 *
 * @param path The file whose lock it is.
 * @param options See {@linkcode InspectLockOptions}.
 * @throws What {@linkcode inspectLock} rejects with.
 *
 * @example
 * ```ts
 * import { inspectLockSync } from "@durable/atomic-write";
 *
 * console.log(inspectLockSync("job")); // undefined
 * ```
 */
export function inspectLockSync(path: FilePath, options?: InspectLockOptions): LockInfo | undefined {
  return runSync(() => inspect(begin(path, options, true)));
}

/**
 * Takes a lock directory away from the very holder that was inspected, and frees it. For a holder that is known to be
 * dead but cannot be judged from here (another host, another container, before a restart).
 *
 * A holder that is broken while it lives notices before its next commit, and its `signal` aborts.
 *
 * @param path The file whose lock it is.
 * @param info What {@linkcode inspectLock} returned.
 * @param options See {@linkcode InspectLockOptions}.
 * @returns Whether it was broken: false when another holder, or none, is there by now.
 * @throws {LockError} It is a kernel lock, which ends with its process and cannot be broken, or another program's.
 *
 * @example
 * ```ts
 * import { acquireLock, breakLock, inspectLock } from "@durable/atomic-write";
 *
 * const lock = await acquireLock("job", { backend: "directory" });
 * const info = await inspectLock("job");
 * if (info !== undefined) console.log(await breakLock("job", info)); // true
 * await lock.release(); // which has nothing to give back any more
 * ```
 */
export function breakLock(path: FilePath, info: LockInfo, options?: InspectLockOptions): Promise<boolean> {
  return run(() => breakOperation(begin(path, options, false), info));
}

/**
 * Like {@linkcode breakLock}, synchronously.
 *
 * @param path The file whose lock it is.
 * @param info What {@linkcode inspectLockSync} returned.
 * @param options See {@linkcode InspectLockOptions}.
 * @throws What {@linkcode breakLock} rejects with.
 *
 * @example
 * ```ts
 * import { acquireLockSync, breakLockSync, inspectLockSync } from "@durable/atomic-write";
 *
 * {
 *   using _lock = acquireLockSync("job", { backend: "directory" });
 *   const info = inspectLockSync("job");
 *   if (info !== undefined) console.log(breakLockSync("job", info)); // true
 * }
 * ```
 */
export function breakLockSync(path: FilePath, info: LockInfo, options?: InspectLockOptions): boolean {
  return runSync(() => breakOperation(begin(path, options, true), info));
}
