/**
 * `updateFile`: a file's bytes, changed inside its lock.
 */
import type { FileData } from "../core/bytes.ts";
import type { FilePath } from "../core/options.ts";
import { type Operation, run, runSync } from "../core/operation.ts";
import { callInside } from "../lock/own_holds.ts";
import {
  checkCallback,
  readUpdateOptions,
  update,
  type UpdateOptions,
  type UpdateResult,
  type UpdateSyncOptions,
} from "./update_operation.ts";

function* updateBytes(
  path: FilePath,
  change: (current: Uint8Array | undefined) => FileData | undefined | PromiseLike<FileData | undefined>,
  options: UpdateOptions | undefined,
  synchronous: boolean,
): Operation<UpdateResult> {
  checkCallback(change);
  const request = readUpdateOptions(options, synchronous);
  const { engine } = request;
  return yield* update(path, function* (current, _path, hold) {
    // A copy: a callback that changes it in place and returns it has changed something.
    const given = current === undefined ? undefined : new Uint8Array(current);
    return yield* callInside(engine, [hold], () => change(given));
  }, request);
}

/**
 * Changes a file's content under its lock: among programs that lock the file, no update is lost, on any mix of runtimes
 * and processes.
 *
 * The callback gets the current content, read under the lock (`undefined` if there is no file), and returns the new one.
 * If it returns `undefined` or equal bytes, the file is left unchanged, but synced all the same. If the callback throws,
 * nothing has changed and the call rejects with that error. The guarantees of the write are those of `writeFile`.
 *
 * Not guaranteed: programs that write the file without its lock can still overwrite an update.
 *
 * @param path The file, a path or file: URL.
 * @param change A function from the current content to the new one. It must not request the same lock.
 * @param options Those of a write; `lock` to choose how to lock, or to join a lock that is held.
 * @throws {LockError} The lock could not be taken, or not in time; `targetState` is `"unchanged"`.
 * @throws {LockLostError} The lock was lost before the commit: `"unchanged"`; or in the moment of the commit:
 *   `"replaced"`, and another program's update may overwrite this one.
 * @throws {WriteError} As with `writeFile`.
 *
 * @example
 * ```ts
 * import { updateFile } from "@durable/atomic-write";
 *
 * await updateFile("log.bin", (current) => new Uint8Array([...current ?? [], 1]));
 * ```
 */
export function updateFile(
  path: FilePath,
  change: (current: Uint8Array | undefined) => FileData | undefined | PromiseLike<FileData | undefined>,
  options?: UpdateOptions,
): Promise<UpdateResult> {
  return run(() => updateBytes(path, change, options, false));
}

/**
 * Like {@linkcode updateFile}, synchronously. The callback must not return a promise.
 *
 * @param path The file.
 * @param change A function from the current content to the new one.
 * @param options Those of {@linkcode updateFile}.
 * @throws {DeadlockError} Asynchronous code of this thread holds the lock.
 * @throws What {@linkcode updateFile} rejects with.
 *
 * @example
 * ```ts
 * import { updateFileSync } from "@durable/atomic-write";
 *
 * updateFileSync("log.bin", (current) => new Uint8Array([...current ?? [], 1]));
 * ```
 */
export function updateFileSync(
  path: FilePath,
  change: (current: Uint8Array | undefined) => FileData | undefined,
  options?: UpdateSyncOptions,
): UpdateResult {
  return runSync(() => updateBytes(path, change, options, true));
}
