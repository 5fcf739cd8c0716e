/**
 * `writeFile`: one file, replaced or made so that nothing half done is ever seen or left.
 */
import { type FileData, type Source, sourceOf } from "../core/bytes.ts";
import { InvalidArgument } from "../core/invalid_argument.ts";
import { type FilePath, flag, readOptions } from "../core/options.ts";
import { type Operation, run, runSync } from "../core/operation.ts";
import { sourceInside } from "../lock/own_holds.ts";
import { returnTicket, takeTicket, type Ticket } from "../protocol/commit_turn.ts";
import { locate } from "../protocol/engine.ts";
import { fillingFrom, replaceFile } from "../protocol/replace_file.ts";
import type { WriteResult } from "../protocol/write_plan.ts";
import { inRoomFor } from "../lock/room_for.ts";
import { type CoalesceOption, mayCollapse, writeCoalesced } from "./coalesced_write.ts";
import {
  lockedWrite,
  readWriteOptions,
  type WriteFileOptions,
  type WriteFileSyncOptions,
  writeOptionReaders,
  type WriteRequest,
  writeRequest,
} from "./write_options.ts";

/** The readers of the options of what writes content that newer content may make pointless. */
export const coalescingReaders = { ...writeOptionReaders, coalesce: flag };

/** A write, and whether it gives way to newer ones. */
interface DataRequest extends WriteRequest {
  readonly coalesce?: boolean | undefined;
}

/** The body of everything that writes data it is given. */
export function* writeData(file: FilePath, data: FileData, request: DataRequest): Operation<WriteResult> {
  const { engine, plan, lock, coalesce } = request;
  const path = locate(engine, file);
  const source = sourceOf(data, engine.synchronous);
  if (coalesce === true && source.kind === "bytes" && mayCollapse(request)) {
    return yield* writeCoalesced(source.bytes, path, request);
  }
  if (lock !== undefined) return yield* writeUnderLock(request, path, source);
  const ticket = takeTicket();
  const asks = source.kind === "chunks";
  try {
    return yield* inRoomFor(
      { engine, lock, signal: plan.signal },
      asks,
      () => replaceFile({ engine, path, plan, ticket }, fillingFrom(source)),
    );
  } catch (error) {
    if (asks) source.cancel(error);
    throw error;
  } finally {
    returnTicket(ticket);
  }
}

/** The order is that of the lock: the place among other commits is taken inside it. */
function* writeUnderLock(request: WriteRequest, path: string, source: Source): Operation<WriteResult> {
  const { engine, lock, plan: { signal } } = request;
  let ticket: Ticket | undefined;
  try {
    return yield* inRoomFor(
      { engine, lock, signal },
      source.kind !== "bytes",
      (enter) =>
        lockedWrite(request, path, (plan, hold) => {
          if (hold !== undefined) enter(hold);
          const filling = fillingFrom(hold === undefined ? source : sourceInside(hold, source));
          return replaceFile({ engine, path, plan, ticket: ticket ??= takeTicket() }, filling);
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
 * @param options See {@linkcode WriteFileOptions} and {@linkcode CoalesceOption}.
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
 * const result = await writeFile("settings.json", '{"theme":"dark"}\n', { mode: 0o600 });
 * console.log(result.durability); // "full"
 * ```
 *
 * @see https://www.usenix.org/system/files/conference/osdi14/osdi14-paper-pillai.pdf for what a power cut does to the
 *   usual ways of saving a file
 */
export function writeFile(
  path: FilePath,
  data: FileData,
  options?: WriteFileOptions & CoalesceOption,
): Promise<WriteResult> {
  return run(() => writeData(path, data, readDataRequest(options, false)));
}

function readDataRequest(options: (WriteFileOptions & CoalesceOption) | undefined, synchronous: boolean): DataRequest {
  if (options === undefined) return readWriteOptions(options, synchronous);
  const { runtime, coalesce, ...checked } = readOptions(options, coalescingReaders);
  return dataRequest(writeRequest(checked, runtime, synchronous), coalesce);
}

/** A write that gives way to newer ones, if that is asked for. */
export function dataRequest(request: WriteRequest, coalesce: boolean | undefined): DataRequest {
  if (coalesce && request.engine.synchronous) {
    throw new InvalidArgument(
      "coalesce is for asynchronous calls: a synchronous one has nothing under way to wait for",
    );
  }
  return { ...request, coalesce };
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
 * writeFileSync("counter", "1\n");
 * ```
 */
export function writeFileSync(path: FilePath, data: FileData, options?: WriteFileSyncOptions): WriteResult {
  return runSync(() => writeData(path, data, readDataRequest(options, true)));
}
