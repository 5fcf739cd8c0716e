/**
 * `removeFile`: a name taken away so that a power cut does not bring it back.
 *
 * Order: the lock, if asked for → is the content the expected one? → open the directory → unlink (the commit point) →
 * sync the directory. Nothing to remove is still synced: another program may have removed it a moment ago and never
 * synced that. The lock file stays.
 */
import { abortSignal, type FilePath, readOptions } from "../core/options.ts";
import { type Operation, run, runSync, wait } from "../core/operation.ts";
import { type FileLock, refuseSignals, underLock } from "../lock/file_lock.ts";
import type { ExclusiveLockOptions, ExclusiveLockSyncOptions } from "../lock/lock_plan.ts";
import { commitTurn, enterTarget, returnTicket, takeAwayLanding, takeTicket } from "../protocol/commit_turn.ts";
import { closeParent } from "../protocol/directories.ts";
import { type Engine, locate, makeEngine, parentOf, runtimeOption } from "../protocol/engine.ts";
import { type Attempt, beginAnew, beginAttempt, checkAbort, translate } from "../protocol/failure.ts";
import { explainRefusal } from "../protocol/refused_change.ts";
import { removeSurely } from "../protocol/reported_failure.ts";
import type { ReplaceRequest } from "../protocol/replace_file.ts";
import { inRoom } from "../protocol/room.ts";
import { syncDirectory } from "../protocol/sync.ts";
import { openTarget, placeOf } from "../protocol/target.ts";
import {
  defaultPlan,
  type Durability,
  durabilityReaders,
  reachedDurability,
  type WritePlan,
} from "../protocol/write_plan.ts";
import { currentRuntime } from "../runtime/current.ts";
import type { Runtime } from "../runtime/runtime.ts";
import { inRoomFor } from "../lock/room_for.ts";
import { checkMatch, contentConflict, digestOption, lockToCompare, optionalLock } from "./write_options.ts";
import { type UnsafePathOption, unsafePathReader } from "../protocol/unsafe_path.ts";

/** Options of {@linkcode removeFile}. */
export interface RemoveFileOptions extends UnsafePathOption {
  /** How far the removal must have reached on return. Default `"full"`. */
  durability?: Durability;
  /** When the platform cannot give that durability: report what was reached (default), or throw before the commit. */
  whenUnsupported?: "report" | "throw";
  /** When the sync fails with a real error: throw (default), or report what was reached. */
  whenSyncFails?: "throw" | "report";
  /**
   * Remove inside the file's lock: `true` or lock options take it for this call; a lock that is held is joined. Default
   * false: a file that others are updating under the lock may come back with their update.
   */
  lock?: boolean | ExclusiveLockOptions | FileLock;
  /**
   * SHA-256 (64 hexadecimal digits) of the content the file must have now, compared inside the file's lock; ConflictError
   * otherwise, also if there is no file. Of a symlink it is the content that it leads to.
   */
  ifMatch?: string;
  /** Aborts before the commit point. */
  signal?: AbortSignal;
  /** The machine to work on. Default: the one this code runs on. */
  runtime?: Runtime;
}

/** {@linkcode RemoveFileOptions} without what cannot exist synchronously. */
export interface RemoveFileSyncOptions extends Omit<RemoveFileOptions, "signal" | "lock"> {
  /** As in {@linkcode RemoveFileOptions}. */
  lock?: boolean | ExclusiveLockSyncOptions | FileLock;
}

/** What a removal did. */
export interface RemoveResult {
  /** The name, absolute. */
  path: string;
  /** Whether there was anything by that name. */
  removed: boolean;
  /** The durability that was reached: for a removal, `"full"` or `"barrier"` say that the name stays away. */
  durability: Durability;
  /** True when a later write to the file, or a later removal, came first: then nothing was removed here. */
  superseded?: boolean;
}

const readers = {
  ...durabilityReaders,
  lock: optionalLock,
  ifMatch: digestOption,
  signal: abortSignal,
  runtime: runtimeOption,
  unsafePath: unsafePathReader,
};

function* remove(
  path: FilePath,
  options: RemoveFileOptions | undefined,
  synchronous: boolean,
): Operation<RemoveResult> {
  const { unsafePath, ...checked } = readOptions(options, readers);
  const engine = makeEngine(checked.runtime ?? currentRuntime(), synchronous, undefined, unsafePath);
  const location = locate(engine, path);
  const attempt = beginAttempt("Cannot remove", location);
  const { lock: given, ifMatch, runtime: _runtime, ...asked } = checked;
  const lock = ifMatch === undefined ? given || undefined : lockToCompare(given);
  const plan: WritePlan = { ...defaultPlan, ...asked, symlink: "replace" };
  const { signal } = plan;
  refuseSignals(synchronous, signal, lock);
  // Under a lock the order is that of the lock.
  let ticket = lock === undefined ? takeTicket() : undefined;
  const body = (guard?: () => Operation<void>) =>
    removeTarget({ engine, path: location, plan: { ...plan, guard }, ticket: ticket ??= takeTicket() }, attempt);
  try {
    if (lock === undefined) return yield* inRoom(engine, "calls", { signal }, body);
    // There is nothing to lock either.
    if (yield* isDirectoryMissing(engine, location)) {
      if (ifMatch !== undefined) throw contentConflict(location, ifMatch, null, attempt.verb);
      return { path: location, removed: false, durability: "none" };
    }
    return yield* inRoomFor({ engine, lock, signal }, true, () =>
      underLock(
        engine,
        location,
        lock,
        signal,
        function* (hold) {
          if (ifMatch !== undefined) yield* checkMatch(engine, location, ifMatch, plan, attempt);
          return yield* body(() => hold.confirm("unchanged"));
        },
        ({ removed }) => removed ? "replaced" : "unchanged",
      ));
  } catch (error) {
    throw translate(error, attempt);
  } finally {
    if (ticket !== undefined) returnTicket(ticket);
  }
}

function* isDirectoryMissing(engine: Engine, path: string): Operation<boolean> {
  return (yield* wait(engine.fileSystem.stat(parentOf(engine, path)))) === undefined;
}

function* removeTarget({ engine, path, plan, ticket }: ReplaceRequest, attempt: Attempt): Operation<RemoveResult> {
  checkAbort(plan.signal);
  // Whatever failed while it was waited for the lock was before anything of this.
  beginAnew(attempt);
  const { directory } = placeOf(engine, path, attempt);
  if ((yield* wait(engine.fileSystem.stat(directory))) === undefined) {
    return { path, removed: false, durability: "none" };
  }
  const { target, parent, turnKey } = yield* openTarget(engine, path, plan, attempt);
  try {
    enterTarget(ticket, turnKey);
    let removed = false;
    const later = yield* commitTurn(ticket, engine.synchronous, function* (overtaken) {
      if (plan.guard !== undefined) yield* plan.guard();
      checkAbort(plan.signal);
      const newer = overtaken();
      if (newer !== undefined) return newer;
      yield* takeAwayLanding(engine, ticket);
      try {
        removed = yield* removeSurely(() => parent.names.remove(target.name));
      } catch (error) {
        throw explainRefusal(error, { engine, status: target.status, directory: parent.status }, attempt);
      }
      if (removed) attempt.targetState = "replaced";
      return true;
    });
    const synced = yield* syncDirectory(engine, parent, plan, attempt);
    const durability = reachedDurability(plan.durability, synced, synced);
    return { path: target.path, removed, durability, ...later === undefined ? {} : { superseded: true } };
  } finally {
    yield* closeParent(parent);
  }
}

/**
 * Removes a file (or a symlink itself) so that it stays removed after a power cut.
 *
 * Nothing by that name is no error: `removed` is then false, and the directory is synced all the same.
 *
 * @param path The file, a path or file: URL.
 * @param options See {@linkcode RemoveFileOptions}.
 * @throws {WriteError} A step failed. `targetState` is `"unchanged"`, or `"replaced"` when the name is gone but that is
 *   not proven durable.
 * @throws {ConflictError} `ifMatch`, and the file has other content, or is not there; `"unchanged"`.
 * @throws {LockError} `lock` or `ifMatch`, and the lock could not be taken, or not in time; `"unchanged"`.
 *
 * @example
 * ```ts
 * import { removeFile, writeFile } from "@durable/atomic-write";
 *
 * await writeFile("session", "secret", { mode: 0o600 });
 * const { removed } = await removeFile("session");
 * console.log(removed); // true
 * ```
 */
export function removeFile(path: FilePath, options?: RemoveFileOptions): Promise<RemoveResult> {
  return run(() => remove(path, options, false));
}

/**
 * Like {@linkcode removeFile}, synchronously.
 *
 * @param path The file, a path or file: URL.
 * @param options See {@linkcode RemoveFileOptions}.
 * @throws What {@linkcode removeFile} rejects with.
 *
 * @example
 * ```ts
 * import { removeFileSync } from "@durable/atomic-write";
 *
 * console.log(removeFileSync("nothing").removed); // false
 * ```
 */
export function removeFileSync(path: FilePath, options?: RemoveFileSyncOptions): RemoveResult {
  return runSync(() => remove(path, options, true));
}
