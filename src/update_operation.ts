/**
 * Read, change and write as one step that nobody's update gets lost in: what all `update…` functions share.
 *
 * Order: lock → read inside the lock → the callback → equal? then only sync → stage → look at the lock once more →
 * commit → release. A throwing callback changes nothing. Programs that take no lock can still slip in between.
 */
import { type FileData, sourceOf } from "./core/bytes.ts";
import type { Operation } from "./core/operation.ts";
import { type FilePath, readOptions } from "./core/options.ts";
import { underLock } from "./lock/file_lock.ts";
import type { LockHold } from "./lock/lock.ts";
import { lockPlan } from "./lock/lock_plan.ts";
import { returnTicket, takeTicket } from "./protocol/commit_turn.ts";
import { closeParent, openParent } from "./protocol/directories.ts";
import { locate } from "./protocol/engine.ts";
import { type Attempt, translate } from "./protocol/failure.ts";
import { readBytes } from "./protocol/file_call.ts";
import { ensureTargetDirectory, fillingFrom, findTarget, replaceFile } from "./protocol/replace_file.ts";
import { syncDirectory } from "./protocol/sync.ts";
import { reachedDurability, type WritePlan, type WriteResult } from "./protocol/write_plan.ts";
import {
  checkMatch,
  guarded,
  type WriteFileOptions,
  writeOptionReaders,
  type WriteRequest,
  writeRequest,
} from "./write_options.ts";

/** Options of {@linkcode updateFile}: those of a write, but that equal content is always left alone. */
export type UpdateOptions = Omit<WriteFileOptions, "skipIfEqual">;

/** {@linkcode UpdateOptions} without what cannot exist synchronously. */
export type UpdateSyncOptions = Omit<UpdateOptions, "signal">;

/** What an update did: `changed` is false when the content stayed the same. */
export type UpdateResult = WriteResult;

/** A change of content; undefined leaves it as it is. */
export type Change = (current: Uint8Array | undefined, path: string, hold: LockHold) => Operation<FileData | undefined>;

/** The readers of {@linkcode UpdateOptions}. */
export const { skipIfEqual: _always, ...updateReaders } = writeOptionReaders;

/** Runs a change of the file at `path` under its lock. */
export function* update(path: FilePath, change: Change, request: WriteRequest): Operation<UpdateResult> {
  const { engine } = request;
  const location = locate(engine, path);
  const attempt: Attempt = { verb: "Cannot update", path: location, targetState: "unchanged" };
  const wish = request.lock ?? { plan: lockPlan(undefined).plan };
  try {
    if (request.plan.createDirectories) yield* ensureTargetDirectory(engine, location, request.plan, attempt);
    return yield* underLock(engine, location, wish, request.plan.signal, function* (hold) {
      const plan = { ...guarded(request.plan, hold), skipIfEqual: true };
      const target = yield* findTarget(engine, location, plan, attempt);
      if (request.ifMatch !== undefined) yield* checkMatch(engine, target.path, request.ifMatch, plan, attempt);
      const current = yield* readBytes(engine, target.path);
      const data = (yield* change(current, target.path, hold)) ?? current;
      if (data === undefined) return yield* stayAbsent(request, target.path, target.directory, plan, attempt);
      const filling = fillingFrom(sourceOf(data, engine.synchronous), plan.signal);
      const ticket = takeTicket();
      try {
        return yield* replaceFile(engine, target.path, plan, filling, ticket);
      } finally {
        returnTicket(ticket);
      }
    });
  } catch (error) {
    throw translate(error, attempt);
  }
}

/** There was no file and there shall be none: that, too, is made durable. */
function* stayAbsent(
  { engine }: WriteRequest,
  path: string,
  directory: string,
  plan: WritePlan,
  attempt: Attempt,
): Operation<UpdateResult> {
  const parent = yield* openParent(engine, directory, plan, attempt);
  try {
    const { handle, status } = parent;
    const synced = handle !== undefined && (yield* syncDirectory(engine, handle, status.identity, plan, attempt));
    const durability = reachedDurability(plan.durability, synced, synced);
    return { path, bytesWritten: 0, changed: false, replaced: false, durability, lost: [] };
  } finally {
    yield* closeParent(parent);
  }
}

/** TypeError for a callback that is none. */
export function checkCallback(change: unknown): void {
  if (typeof change !== "function") throw new TypeError("change must be a function of the current content");
}

/** Reads the options of an update. */
export function readUpdateOptions(options: UpdateOptions | undefined, synchronous: boolean): WriteRequest {
  const { runtime, ...checked } = readOptions(options, updateReaders);
  return writeRequest(checked, runtime, synchronous);
}
