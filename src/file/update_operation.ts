/**
 * Read, change and write as one step that nobody's update gets lost in: what all `update…` functions share.
 *
 * Order: lock → read inside the lock → the callback → equal? then only sync → stage → look at the lock once more →
 * commit → release. A throwing callback changes nothing. Programs that take no lock can still slip in between.
 */
import { type FileData, sourceOf } from "../core/bytes.ts";
import { type Operation, wait } from "../core/operation.ts";
import { type FilePath, readOptions, wrongArgument } from "../core/options.ts";
import { sourceInside } from "../lock/own_holds.ts";
import { type FileLock, neededLockOption, underLock } from "../lock/file_lock.ts";
import type { LockHold } from "../lock/lock_hold.ts";
import { type ExclusiveLockOptions, type ExclusiveLockSyncOptions, lockPlan } from "../lock/lock_plan.ts";
import { enterTarget, returnTicket, takeTicket } from "../protocol/commit_turn.ts";
import { closeParent } from "../protocol/directories.ts";
import { locate } from "../protocol/engine.ts";
import { settleEqual } from "../protocol/equal_content.ts";
import { type Attempt, attemptFailed, beginAnew, beginAttempt, translate } from "../protocol/failure.ts";
import { closeQuietly, readAll, readBytes } from "../protocol/file_call.ts";
import { ensureTargetDirectory, fillingFrom, findTarget, replaceFound } from "../protocol/replace_file.ts";
import type { FileReplacement } from "../protocol/file_replacement.ts";
import { syncDirectory } from "../protocol/sync.ts";
import { isDistrusted } from "../protocol/sync_ledger.ts";
import { isEnd, resolveTarget } from "../protocol/target.ts";
import { reachedDurability, type WriteResult } from "../protocol/write_plan.ts";
import type { OpenFile } from "../runtime/runtime.ts";
import { SystemError } from "../runtime/system_error.ts";
import { inRoomFor } from "../lock/room_for.ts";
import {
  checkMatch,
  guarded,
  lockLike,
  type WriteFileOptions,
  writeOptionReaders,
  type WriteRequest,
  writeRequest,
} from "./write_options.ts";

/** Options of {@linkcode updateFile}: those of a write, except that equal content is never written. */
export interface UpdateOptions extends Omit<WriteFileOptions, "skipIfEqual" | "lock"> {
  /**
   * How to take the file's lock, or a lock that is already held, to join it. An update always has a lock.
   *
   * @default true
   */
  lock?: true | ExclusiveLockOptions | FileLock;
}

/** {@linkcode UpdateOptions} without what cannot exist synchronously. */
export interface UpdateSyncOptions extends Omit<UpdateOptions, "signal" | "lock"> {
  /** As in {@linkcode UpdateOptions}. */
  lock?: true | ExclusiveLockSyncOptions | FileLock;
}

/** What an update did: `changed` is false if the content stayed the same. */
export type UpdateResult = WriteResult;

/** The value that an update has left in the file. */
export interface UpdatedValue<T> {
  /** What the file holds now: the new value, or the one it had if it was left unchanged; undefined if there is no file. */
  readonly value: T | undefined;
}

/** Runs an update that tells the value it leaves, and adds it to the result. A change that is made again tells it again. */
export function* withValue<T, R extends object>(
  body: (tell: (value: T | undefined) => void) => Operation<R>,
): Operation<R & UpdatedValue<T>> {
  let value: T | undefined;
  const result = yield* body((told) => void (value = told));
  return { ...result, value };
}

/** A change of content; undefined leaves it as it is. */
type Change = (current: Uint8Array | undefined, path: string, hold: LockHold) => Operation<FileData | undefined>;

const { skipIfEqual: _always, ...writeReaders } = writeOptionReaders;

/** The readers of {@linkcode UpdateOptions}. */
export const updateReaders = { ...writeReaders, lock: neededLockOption };

/** A path that leads to another file again and again is not to be updated. */
const mostTurnings = 20;

/** Runs a change of the file at `path` under its lock. */
export function* update(path: FilePath, change: Change, request: WriteRequest): Operation<UpdateResult> {
  const location = locate(request.engine, path);
  const wish = request.lock ?? lockLike(request.engine, request.plan, { plan: lockPlan(undefined).plan });
  return yield* inRoomFor(
    { engine: request.engine, lock: wish, signal: request.plan.signal },
    true,
    (enter) =>
      updateAt({ ...request, lock: wish }, location, (current, target, hold) => {
        enter(hold);
        return change(current, target, hold);
      }),
  );
}

function* updateAt(
  request: WriteRequest & { readonly lock: Exclude<WriteRequest["lock"], undefined> },
  location: string,
  change: Change,
): Operation<UpdateResult> {
  const { engine, plan } = request;
  const attempt = beginAttempt("Cannot update", location);
  try {
    if (plan.createDirectories) yield* ensureTargetDirectory(engine, location, plan, attempt);
    for (let turnings = 0; turnings < mostTurnings; turnings++) {
      const done = yield* underLock(
        engine,
        location,
        request.lock,
        plan.signal,
        (hold) => updateInside(request, location, hold, change, attempt),
        (result) => result?.changed ? "replaced" : "unchanged",
      );
      if (done !== undefined) return done;
    }
    throw attemptFailed(attempt, "ELOOP", "resolve", "the path keeps leading to another file");
  } catch (error) {
    throw translate(error, attempt);
  }
}

/** Undefined when the path leads to another file than the one that is locked. */
function* updateInside(
  request: WriteRequest,
  path: string,
  hold: LockHold,
  change: Change,
  attempt: Attempt,
): Operation<UpdateResult | undefined> {
  const { engine } = request;
  const plan = { ...guarded(request.plan, hold), skipIfEqual: true };
  // Whatever failed while it was waited for the lock was before anything of this.
  beginAnew(attempt);
  const write = yield* findTarget(engine, path, plan, attempt);
  try {
    return yield* updateFound(request, write, hold, change);
  } finally {
    yield* closeParent(write.parent);
  }
}

/** The same when the file has been found; what is read and written is so through its open directory. */
function* updateFound(
  request: WriteRequest,
  write: FileReplacement,
  hold: LockHold,
  change: Change,
): Operation<UpdateResult | undefined> {
  const { engine, target, plan, attempt } = write;
  // Nothing keeps a symlink from being put there between the look at the path and the lock.
  const isOwn = request.lock === undefined || "plan" in request.lock;
  const follows = plan.symlink === "follow" || plan.symlink === "trust";
  if (isOwn && follows && target.path !== hold.place.target.path) return undefined;
  if (request.ifMatch !== undefined) yield* checkMatch(engine, target.path, request.ifMatch, plan, attempt);
  const read = yield* readFound(write);
  if (read === "exchanged") return undefined;
  const { current } = read;
  const asked = yield* change(current, target.path, hold);
  // What is there may be in memory alone, once a sync has failed: only what is written anew can be proven.
  const isDoubtful = current !== undefined && target.status !== undefined && isDistrusted(engine, target.status.device);
  const wanted = asked ?? (isDoubtful ? current : undefined);
  const left = wanted === undefined ? yield* leave(write, current) : undefined;
  if (left !== undefined) return left;
  const data = wanted ?? current;
  if (data === undefined) throw attemptFailed(attempt, "EAGAIN", "open", "it has appeared and cannot be read");
  const filling = fillingFrom(sourceInside(hold, sourceOf(data, engine.synchronous)));
  const ticket = takeTicket();
  try {
    beginAnew(attempt);
    const status = yield* wait(write.parent.names.linkStat(target.name));
    // All links have been followed. One that is put there by now leads to a file whose lock is another.
    if (status !== undefined) isEnd(status, plan.symlink === "replace" ? "replace" : "refuse", attempt);
    write.target = { ...target, status };
    return yield* replaceFound(write, filling, ticket);
  } catch (error) {
    const thrown = translate(error, attempt);
    filling.cancel(thrown);
    throw thrown;
  } finally {
    returnTicket(ticket);
  }
}

/** What is there; `"exchanged"` when that is no longer what was found. */
function* readFound(
  { engine, target, parent, attempt }: FileReplacement,
): Operation<{ readonly current: Uint8Array | undefined } | "exchanged"> {
  // What a link that is replaced leads to is what its path shows.
  if (target.status?.kind === "symlink") {
    // Whose link that is counts as it does where it is followed: its content becomes that of a file which others may read.
    const { path } = yield* resolveTarget(engine, target.path, "follow", { ...attempt, path: target.path });
    return { current: yield* readBytes(engine, path) };
  }
  let file: OpenFile | undefined;
  try {
    file = yield* wait(parent.names.open(target.name, "read"));
  } catch (error) {
    if (error instanceof SystemError && error.code === "ELOOP") return "exchanged";
    throw error;
  }
  if (file === undefined) return { current: undefined };
  try {
    return { current: yield* readAll(file) };
  } finally {
    yield* closeQuietly(file);
  }
}

/** Somebody who replaces a file so often while it is looked at is not going to stop. */
const mostLooks = 20;

/**
 * The file stays as it is, which is made durable: another program may have written or removed it and never synced that.
 * It is not written with the content that was read, since who takes no lock may have changed it: unless only a new file
 * can have what is asked for (undefined).
 */
function* leave(write: FileReplacement, current: Uint8Array | undefined): Operation<UpdateResult | undefined> {
  const { engine, target: { path }, parent, plan, attempt } = write;
  for (let looks = 0; looks < mostLooks; looks++) {
    const status = yield* wait(engine.fileSystem.stat(path));
    if (status?.kind !== "file") {
      const synced = yield* syncDirectory(engine, parent, plan, attempt);
      const durability = reachedDurability(plan.durability, synced, synced);
      return { path, bytesWritten: 0, changed: false, replaced: false, durability, lost: [], unchecked: [] };
    }
    const ticket = takeTicket();
    try {
      enterTarget(write.ticket = ticket, write.turnKey);
      const settled = yield* settleEqual(write, { status, bytes: current });
      if (typeof settled === "object") return settled;
      // A symlink or a directory that has taken its place is looked at anew.
      if (settled === "needs a new file" && (yield* wait(engine.fileSystem.stat(path)))?.kind === "file") {
        return undefined;
      }
    } finally {
      returnTicket(ticket);
    }
  }
  throw attemptFailed(attempt, "EAGAIN", "stat", "it keeps being replaced");
}

/** TypeError for a callback that is none. */
export function checkCallback(change: unknown): void {
  if (typeof change !== "function") throw wrongArgument("change", "a function of the current content", change);
}

/** Reads the options of an update. */
export function readUpdateOptions(options: UpdateOptions | undefined, synchronous: boolean): WriteRequest {
  const { runtime, ...checked } = readOptions(options, updateReaders);
  return writeRequest(checked, runtime, synchronous);
}
