/**
 * `writeFile`: one file, replaced or made so that nothing half done is ever seen or left.
 */
import { type FileData, sourceOf } from "../core/bytes.ts";
import type { FilePath } from "../core/options.ts";
import { type Operation, run, runSync } from "../core/operation.ts";
import { sourceInside } from "../lock/call_inside.ts";
import type { LockHold } from "../lock/lock.ts";
import { returnTicket, takeTicket } from "../protocol/commit_turn.ts";
import { locate } from "../protocol/engine.ts";
import { fillingFrom, replaceFile } from "../protocol/replace_file.ts";
import type { WriteResult } from "../protocol/write_plan.ts";
import { inRoomFor } from "./room_for.ts";
import {
  lockedWrite,
  readWriteOptions,
  type WriteFileOptions,
  type WriteFileSyncOptions,
  type WriteRequest,
} from "./write_options.ts";

/** The body of everything that writes data it is given. */
export function* writeData(path: FilePath, data: FileData, request: WriteRequest): Operation<WriteResult> {
  const { engine } = request;
  const location = locate(engine, path);
  const { signal } = request.plan;
  const source = sourceOf(data, engine.synchronous);
  const fillingOf = (hold?: LockHold) => fillingFrom(hold === undefined ? source : sourceInside(hold, source), signal);
  // Under a lock the order is that of the lock.
  let ticket = request.lock === undefined ? takeTicket() : undefined;
  try {
    return yield* inRoomFor(
      { engine, lock: request.lock, signal },
      source.kind !== "bytes",
      (enter) =>
        lockedWrite(request, location, (plan, hold) => {
          if (hold !== undefined) enter(hold);
          return replaceFile(engine, location, plan, fillingOf(hold), ticket ??= takeTicket());
        }),
    );
  } catch (error) {
    if (source.kind === "chunks") source.cancel(error);
    throw error;
  } finally {
    if (ticket !== undefined) returnTicket(ticket);
  }
}

/**
 * Replaces or creates a file, atomically and durably.
 *
 * When the promise resolves, the new content, mode, owner and file name are safely on disk, as far as `durability` in
 * the result says: a power cut changes nothing. At any moment, a reader sees the complete old or the complete new
 * content. Calls of one process to one file take effect in the order in which they were made; a call that a later one
 * has overtaken resolves with `superseded: true`.
 *
 * Not guaranteed: other names (hard links) of the file keep the old content; programs that update the same file without
 * a lock can overwrite each other; tmpfs and drives that lie about their cache are never durable.
 *
 * Requires read and write permission for the directory of the file.
 *
 * @param path The file, absolute or relative to the working directory at the time of the call, or a file: URL.
 * @param data The new content. Do not change a buffer before the promise settles.
 * @param options See {@linkcode WriteFileOptions}.
 * @throws {TypeError} An argument is invalid. Nothing was touched.
 * @throws {RangeError} A number is out of range, or a user or group does not exist. Nothing was touched.
 * @throws {ConflictError} `ifExists: "fail"` and the file exists, or `ifMatch` and it has other content;
 *   `targetState` is `"unchanged"`.
 * @throws {LockError} `lock` or `ifMatch`, and the lock could not be taken, or not in time; `"unchanged"`.
 * @throws {UnsupportedError} `whenUnsupported: "throw"` and the durability is not supported here; `"unchanged"`.
 * @throws {WriteError} A step failed; `step` says which, `targetState` what happened to the file: `"unchanged"` before
 *   the commit point, `"replaced"` after it (visible, but not proven durable).
 *
 * @example
 * ```ts
 * import { writeFile } from "@durable/atomic-write";
 *
 * const directory = await Deno.makeTempDir();
 * const result = await writeFile(`${directory}/settings.json`, '{"theme":"dark"}\n', { mode: 0o600 });
 * console.log(result.durability); // "full"
 * await Deno.remove(directory, { recursive: true });
 * ```
 *
 * @see https://www.usenix.org/system/files/conference/osdi14/osdi14-paper-pillai.pdf for what a power cut does to the
 *   usual ways of saving a file
 */
export function writeFile(path: FilePath, data: FileData, options?: WriteFileOptions): Promise<WriteResult> {
  return run(() => writeData(path, data, readWriteOptions(options, false)));
}

/**
 * Replaces or creates a file synchronously: {@linkcode writeFile} with the same guarantees and the same calls in the
 * same order.
 *
 * It cannot wait: an asynchronous `writeFile` to the same file that has not committed yet is overtaken and resolves
 * with `superseded: true`.
 *
 * @param path The file, absolute or relative to the working directory, or a file: URL.
 * @param data The new content: anything except a Blob, an asynchronous iterable or a stream.
 * @param options See {@linkcode WriteFileOptions}.
 * @throws What {@linkcode writeFile} rejects with.
 *
 * @example
 * ```ts
 * import { writeFileSync } from "@durable/atomic-write";
 *
 * const directory = Deno.makeTempDirSync();
 * writeFileSync(`${directory}/counter`, "1\n");
 * Deno.removeSync(directory, { recursive: true });
 * ```
 */
export function writeFileSync(path: FilePath, data: FileData, options?: WriteFileSyncOptions): WriteResult {
  return runSync(() => writeData(path, data, readWriteOptions(options, true)));
}
