/**
 * The options of everything that writes one file, and how a write gets under its lock.
 *
 * `lockedWrite` runs a write as its options ask: under no lock, under one that is taken, or under one that is held;
 * with `ifMatch` it compares inside the lock, and the lock is looked at once more right before the commit.
 */
import { followedBy } from "../protocol/links.ts";
import { parseDigest } from "../core/digest.ts";
import { type ConflictError, InvalidArgument } from "../core/errors.ts";
import { notAsExpected } from "../protocol/conflict.ts";
import { type OptionReader, readOptions, wrongArgument } from "../core/options.ts";
import { type Operation, wait } from "../core/operation.ts";
import { type FileLock, lockOption, type LockWish, refuseSignals, underLock } from "../lock/file_lock.ts";
import type { LockHold } from "../lock/lock_hold.ts";
import { type ExclusiveLockOptions, type ExclusiveLockSyncOptions, lockPlan } from "../lock/lock_plan.ts";
import { type Engine, makeEngine } from "../protocol/engine.ts";
import { type Attempt, beginAttempt, translate } from "../protocol/failure.ts";
import { closeQuietly, digestOf } from "../protocol/file_call.ts";
import { ensureTargetDirectory } from "../protocol/replace_file.ts";
import { resolveTarget } from "../protocol/target.ts";
import {
  type CheckedReplaceOptions,
  defaultPlan,
  replaceOptionReaders,
  type ReplaceOptions,
  type WritePlan,
  writePlan,
  type WriteResult,
} from "../protocol/write_plan.ts";
import { currentRuntime } from "../runtime/current.ts";
import { newLockFile } from "../lock/new_lock_file.ts";
import type { Runtime } from "../runtime/runtime.ts";
import { type UnsafePathOption, unsafePathReader } from "../protocol/unsafe_path.ts";

/** Options of `writeFile` and of everything that writes a file. */
export interface WriteFileOptions extends ReplaceOptions, UnsafePathOption {
  /**
   * Write inside the file's lock: `true` or lock options take it for this call; a lock that is held is joined, and calls
   * that join it take turns. Default false: updates of others that hold the lock may be overwritten.
   */
  lock?: boolean | ExclusiveLockOptions | FileLock;
  /**
   * SHA-256 (64 hexadecimal digits) of the content the file must have now, compared inside the file's lock; `null`: the
   * file must not exist, like `ifExists: "fail"`. ConflictError otherwise. Content cannot be compared with `lock: false`,
   * which is a TypeError: `writeVersioned` of `./versioned` compares where no lock can be relied on.
   */
  ifMatch?: string | null;
}

/** {@linkcode WriteFileOptions} without what cannot exist synchronously. */
export interface WriteFileSyncOptions extends Omit<WriteFileOptions, "signal" | "lock"> {
  /** As in {@linkcode WriteFileOptions}. */
  lock?: boolean | ExclusiveLockSyncOptions | FileLock;
}

/** Reads the SHA-256 of content that must be there. */
export const digestOption: OptionReader<string> = (value, name) => {
  const digest = parseDigest(value);
  if (digest === undefined) throw wrongArgument(name, "a SHA-256 in 64 hexadecimal digits", value);
  return digest;
};

const digestOrNull: OptionReader<string | null> = (value, name) => {
  if (value === null) return null;
  const digest = parseDigest(value);
  if (digest === undefined) throw wrongArgument(name, "a SHA-256 in 64 hexadecimal digits, or null", value);
  return digest;
};

/** Reads the option `lock` of what need not have one: `false` says that it must not. */
export const optionalLock: OptionReader<LockWish | false> = (value, name) =>
  value === false ? false : lockOption(value, name);

/** The lock under which content is compared: the one that is given, or the file's. */
export function lockToCompare(lock: LockWish | false): Exclude<LockWish, undefined> {
  if (lock === false) {
    throw new InvalidArgument(
      "ifMatch compares under the lock, and lock is false: writeVersioned compares without one",
    );
  }
  return lock ?? { plan: lockPlan(undefined).plan };
}

/** The readers of {@linkcode WriteFileOptions}. */
export const writeOptionReaders = {
  ...replaceOptionReaders,
  lock: optionalLock,
  ifMatch: digestOrNull,
  unsafePath: unsafePathReader,
};

/** What {@linkcode writeOptionReaders} make of options. */
interface CheckedWriteOptions extends CheckedReplaceOptions, UnsafePathOption {
  readonly lock?: LockWish | false;
  readonly ifMatch?: string | null;
}

/** A write that is ready to begin. */
export interface WriteRequest {
  readonly engine: Engine;
  readonly plan: WritePlan;
  readonly lock: LockWish;
  readonly ifMatch: string | undefined;
}

/** From checked options to a request. */
export function writeRequest(
  options: CheckedWriteOptions,
  runtime: Runtime | undefined,
  synchronous: boolean,
): WriteRequest {
  const { ifMatch, lock: given, unsafePath, ...rest } = options;
  const lock = typeof ifMatch === "string" ? lockToCompare(given) : given || undefined;
  refuseSignals(synchronous, rest.signal, lock);
  if (ifMatch !== undefined && ifMatch !== null && rest.ifExists === "fail") {
    throw new InvalidArgument('ifMatch names content, ifExists: "fail" says that there must be none');
  }
  if (ifMatch === null && rest.ifExists === "replace") {
    throw new InvalidArgument('ifMatch: null says that the file must not exist, ifExists: "replace" that it may');
  }
  const engine = makeEngine(runtime ?? currentRuntime(), synchronous, followedBy(rest.symlink), unsafePath);
  const plan = writePlan(engine, ifMatch === null ? { ...rest, ifExists: "fail" } : rest);
  return {
    engine,
    plan,
    lock: lockLike(engine, plan, lock),
    ifMatch: ifMatch ?? undefined,
  };
}

/** The lock of a file that is not there yet is for those whom the file is going to be for. */
export function lockLike<Wish extends LockWish>(engine: Engine, plan: WritePlan, lock: Wish): Wish {
  if (lock === undefined || !("plan" in lock) || lock.plan.newFile !== undefined) return lock;
  const newFile = newLockFile(engine, plan);
  if (newFile === undefined) return lock;
  return { ...lock, plan: { ...lock.plan, newFile } };
}

/** Reads the options of a write. */
export function readWriteOptions(options: WriteFileOptions | undefined, synchronous: boolean): WriteRequest {
  if (options === undefined) {
    const engine = makeEngine(currentRuntime(), synchronous, followedBy(undefined));
    return { engine, plan: defaultPlan, lock: undefined, ifMatch: undefined };
  }
  const { runtime, ...checked } = readOptions(options, writeOptionReaders);
  return writeRequest(checked, runtime, synchronous);
}

/** Runs a write under the lock it asks for, with a plan that looks at the lock right before the commit. */
export function* lockedWrite(
  request: WriteRequest,
  path: string,
  body: (plan: WritePlan, hold?: LockHold) => Operation<WriteResult>,
): Operation<WriteResult> {
  const { engine, plan, lock, ifMatch } = request;
  if (lock === undefined) return yield* body(plan);
  const attempt = beginAttempt("Cannot replace", path);
  try {
    // The lock lives in the file's directory.
    if (plan.createDirectories) yield* ensureTargetDirectory(engine, path, plan, attempt);
    return yield* underLock(engine, path, lock, plan.signal, function* (hold) {
      if (ifMatch !== undefined) yield* checkMatch(engine, path, ifMatch, plan, attempt);
      return yield* body(guarded(plan, hold), hold);
    }, ({ changed }) => changed ? "replaced" : "unchanged");
  } catch (error) {
    throw translate(error, attempt);
  }
}

/** The plan of a write under a lock. */
export function guarded(plan: WritePlan, hold: LockHold): WritePlan {
  return { ...plan, guard: () => hold.confirm("unchanged") };
}

/** SHA-256 of the file's content, which may be larger than memory; null when there is none. */
function* contentDigest(engine: Engine, path: string, signal: AbortSignal | undefined): Operation<string | null> {
  const file = yield* wait(engine.fileSystem.open(path, "read"));
  if (file === undefined) return null;
  try {
    return yield* digestOf(engine, file, signal);
  } finally {
    yield* closeQuietly(file);
  }
}

/** Throws a ConflictError unless the file has the expected content now. */
export function* checkMatch(
  engine: Engine,
  path: string,
  expected: string,
  plan: WritePlan,
  attempt: Attempt,
): Operation<void> {
  const target = yield* resolveTarget(engine, path, plan.symlink, attempt);
  const actual = yield* contentDigest(engine, target.path, plan.signal);
  if (actual !== expected) throw contentConflict(target.path, expected, actual, attempt.verb);
}

/** The error for a file that has other content than was expected; null: there is none. */
export function contentConflict(
  path: string,
  expected: string,
  actual: string | null,
  verb = "Cannot replace",
): ConflictError {
  const found = actual === null ? "there is no file" : `its content is ${actual}`;
  return notAsExpected({ verb, path }, found, expected, { expected, actual });
}
