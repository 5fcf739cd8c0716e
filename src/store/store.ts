/**
 * What every part of a store works with, and the options of opening one.
 *
 * Opening makes the directory, durably, if it is missing; nothing else is done until something is asked for.
 */
import { CorruptionError, type TargetState } from "../core/errors.ts";
import { fileMode, type FilePath, readOptions } from "../core/options.ts";
import { type Operation, wait } from "../core/operation.ts";
import { lockOptionReaders, type LockPlan, lockPlan } from "../lock/lock_plan.ts";
import { acquire } from "../lock/lock.ts";
import { lockAttempt, type LockHold } from "../lock/lock_hold.ts";
import { inside } from "../lock/file_lock.ts";
import { inRoomFor } from "../lock/room_for.ts";
import { notInTime } from "../lock/not_in_time.ts";
import { ensureDirectory } from "../protocol/made_directories.ts";
import { childOf, type Engine, locate, makeEngine, runtimeOption } from "../protocol/engine.ts";
import { type Attempt, attemptFailed, beginAttempt, translate } from "../protocol/failure.ts";
import { type Digest, objectNames, objectsLockTarget } from "../protocol/names/store.ts";
import {
  type Durability,
  durabilityReaders,
  lesserDurability,
  reachedDurability,
  type WritePlan,
  writePlan,
} from "../protocol/write_plan.ts";
import { currentRuntime } from "../runtime/current.ts";
import type { FileStatus, Runtime } from "../runtime/runtime.ts";
import { type UnsafePathOption, unsafePathReader } from "../protocol/unsafe_path.ts";

/** Options of opening a store or its references. */
export interface StoreOptions extends UnsafePathOption {
  /** How far a change must have reached when its call returns. Default `"full"`. */
  durability?: Durability;
  /** When the platform cannot give that durability: report what was reached (default), or throw. */
  whenUnsupported?: "report" | "throw";
  /** When a sync fails with a real error: throw (default), or let the change land; `durability` then tells. */
  whenSyncFails?: "throw" | "report";
  /** How long to wait for the lock of the store, in milliseconds. Default: until it is free. */
  timeout?: number;
  /** The machine to work on. Default: the one this code runs on. */
  runtime?: Runtime;
}

/** Options of opening a store of objects. */
export interface ObjectStoreOptions extends StoreOptions {
  /**
   * Access to objects: permission bits, of which those for reading count, less the umask. Default: those of the store's
   * directory. What a file may not be read by, its object may not either.
   */
  mode?: number;
}

const readers = {
  ...durabilityReaders,
  timeout: lockOptionReaders.timeout,
  runtime: runtimeOption,
  unsafePath: unsafePathReader,
};
const objectReaders = { ...readers, mode: fileMode };

/** A directory that is a store, or holds references. */
export class StoreContext {
  readonly engine: Engine;
  /** Absolute. */
  readonly directory: string;
  /** How its files are written. */
  readonly plan: WritePlan;
  readonly #lockPath: string;
  readonly #timeout: number | undefined;
  /** The permission bits of its objects, minus the umask. */
  readable: number = 0o444;
  /** Whose the store was when it was opened. */
  like: FileStatus | undefined;
  /** The least that any change so far has reached. */
  reached: Durability;

  /** Called by `openContext`. */
  constructor(engine: Engine, directory: string, plan: WritePlan, lockTarget: string, timeout: number | undefined) {
    this.engine = engine;
    this.directory = directory;
    this.plan = plan;
    this.reached = plan.durability;
    this.#lockPath = childOf(engine, directory, lockTarget);
    this.#timeout = timeout;
  }

  /** Notes what a change has reached. */
  note(reached: Durability): void {
    this.reached = lesserDurability(this.reached, reached);
  }

  /** Makes a directory where it is missing; notes it where its name, or one above it, could not be made durable. */
  *makeDirectory(directory: string, attempt: Attempt): Operation<void> {
    const named = yield* ensureDirectory(this.engine, directory, this.plan, attempt);
    if (!named) this.note(reachedDurability(this.plan.durability, true, false));
  }

  /** An attempt to do something with the file at `path`, or with the whole. */
  attempt(verb: string, path = this.directory): Attempt {
    return beginAttempt(verb, path);
  }

  /** Runs a call that may wait for the lock of the store, or for a source, when there is room for what it opens. */
  *inRoom<T>(body: () => Operation<T>, signal?: AbortSignal): Operation<T> {
    return yield* inRoomFor({ engine: this.engine, lock: undefined, signal }, true, body);
  }

  /** Runs `body` in the lock of the store. `stateAfter`: what `body` has changed, when the lock cannot be given back. */
  *locked<T>(
    shared: boolean,
    body: (hold: LockHold) => Operation<T>,
    stateAfter: (result: T) => TargetState = () => "replaced",
  ): Operation<T> {
    const plan: LockPlan = { ...lockPlan(undefined).plan, shared, timeout: this.#timeout };
    return yield* inside(yield* this.#acquire(plan), body, stateAfter);
  }

  *#acquire(plan: LockPlan): Operation<LockHold> {
    try {
      const hold = yield* acquire(this.engine, this.#lockPath, plan);
      if (hold === undefined) throw yield* notInTime(this.engine, this.#lockPath, plan);
      return hold;
    } catch (error) {
      throw translate(error, lockAttempt(this.#lockPath));
    }
  }

  /** Where an object is. */
  place(digest: Digest): { directory: string; name: string; path: string } {
    const { shard, name } = objectNames(digest);
    const directory = childOf(this.engine, this.directory, shard);
    return { directory, name, path: childOf(this.engine, directory, name) };
  }
}

/** Opens a directory, which is made if it is missing. */
export function* openContext(
  path: FilePath,
  options: ObjectStoreOptions | undefined,
  synchronous: boolean,
  lockTarget: string,
): Operation<StoreContext> {
  const known = lockTarget === objectsLockTarget ? objectReaders : readers;
  const { runtime, timeout, mode, unsafePath, ...rules } = readOptions<typeof objectReaders>(
    options,
    known as typeof objectReaders,
  );
  const engine = makeEngine(runtime ?? currentRuntime(), synchronous, undefined, unsafePath);
  const directory = locate(engine, path).replace(/(?<=[^/\\:])[/\\]+$/, "");
  const context = new StoreContext(
    engine,
    directory,
    writePlan(engine, { ...rules, createDirectories: true, skipIfEqual: true, symlink: "replace" }),
    lockTarget,
    timeout === Infinity ? undefined : timeout,
  );
  const attempt = context.attempt("Cannot open");
  try {
    const status = yield* wait(engine.fileSystem.stat(directory));
    context.readable = 0o444 & (mode ?? status?.mode ?? 0o777);
    if (status === undefined) {
      yield* context.makeDirectory(directory, attempt);
      context.like = yield* wait(engine.fileSystem.stat(directory));
    } else if (status.kind !== "directory") throw attemptFailed(attempt, "ENOTDIR", "stat", "it is not a directory");
    context.like ??= status;
    return context;
  } catch (error) {
    throw translate(error, attempt);
  }
}

/** The error for content that is not what it was. */
export function damaged(path: string, digest: Digest | undefined, reason: string, offset?: number): CorruptionError {
  const error = new CorruptionError("Cannot read", reason, {
    code: "ECORRUPT",
    path,
    step: "read",
    targetState: "unchanged",
  });
  if (digest !== undefined) error.digest = digest;
  if (offset !== undefined) error.offset = offset;
  return error;
}
