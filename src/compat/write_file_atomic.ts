/**
 * The signature of write-file-atomic 7 over this module's engine.
 *
 * Asynchronous writes to one file wait for each other in the order of the calls; synchronous ones cannot wait, and
 * overtake. Inside a turn everything is `writeFile`: stage, tell the caller the temporary file's name, write, commit.
 * State after a failure: that of `writeFile`, as the error's `targetState` says.
 */
import { type FileData, sourceOf } from "../core/bytes.ts";
import { type FilePath, wrongArgument } from "../core/options.ts";
import { type Operation, run, runSync, wait } from "../core/operation.ts";
import { inRoomFor } from "../lock/room_for.ts";
import { joinQueue, leaveQueue } from "../lock/turn_queue.ts";
import { returnTicket, takeTicket } from "../protocol/commit_turn.ts";
import { locate } from "../protocol/engine.ts";
import { type Filling, fillingFrom, replaceFile } from "../protocol/replace_file.ts";
import { idly } from "../protocol/room.ts";
import { encodeText } from "../runtime/text_encoding.ts";
import { type CompatibleRequest, readCompatibleOptions, type WriteFileAtomicOptions } from "./options.ts";

/** What can be written: a string, bytes, and everything else that {@linkcode FileData} allows; nothing is an empty file. */
export type CompatibleData = FileData | number | bigint | boolean | null | undefined;

/** Called once, with the error if there was one. */
export type WriteCallback = (error?: Error) => void;

function bytesOrSource(data: CompatibleData, encoding: string): FileData {
  if (data === null || data === undefined) return "";
  const isText = typeof data === "string" || typeof data === "number" || typeof data === "bigint" ||
    typeof data === "boolean";
  return isText ? encodeText(String(data), encoding) : data;
}

function compatibleFilling({ engine, encoding, created }: CompatibleRequest, data: CompatibleData): Filling {
  const filling = fillingFrom(sourceOf(bytesOrSource(data, encoding), engine.synchronous));
  if (created === undefined) return filling;
  return {
    bytes: filling.bytes,
    repeatable: filling.repeatable,
    *fill(write) {
      const told = created(write.temporary.path);
      if (!engine.synchronous) yield* idly(engine, told);
      yield* filling.fill(write);
    },
    cancel: (reason) => filling.cancel(reason),
  };
}

function* write(path: FilePath, data: CompatibleData, request: CompatibleRequest): Operation<void> {
  const { engine, plan } = request;
  const location = locate(engine, path);
  const filling = compatibleFilling(request, data);
  const turn = engine.synchronous
    ? undefined
    : joinQueue(`write-file-atomic ${engine.runtime.process.pid} ${location}`, false, false);
  let ticket: ReturnType<typeof takeTicket> | undefined;
  try {
    if (turn?.granted !== undefined) yield* wait(turn.granted);
    ticket = takeTicket();
    const replacement = { engine, path: location, plan, ticket };
    const asks = filling.bytes === undefined || request.created !== undefined;
    yield* inRoomFor({ engine }, asks, () => replaceFile(replacement, filling));
  } finally {
    if (ticket !== undefined) returnTicket(ticket);
    if (turn !== undefined) leaveQueue(turn);
  }
}

/** The function that `require("write-file-atomic")` returns. */
export interface WriteFileAtomic {
  /** Replaces or creates a file; resolves when it is safely on disk. */
  (path: FilePath, data: CompatibleData, options?: WriteFileAtomicOptions | string | null): Promise<void>;
  /** The same with a callback, which is called once; the promise resolves after that, whatever the outcome. */
  (path: FilePath, data: CompatibleData, callback: WriteCallback): Promise<void>;
  /** The same with options and a callback. */
  (
    path: FilePath,
    data: CompatibleData,
    options: WriteFileAtomicOptions | string | null | undefined,
    callback: WriteCallback | undefined,
  ): Promise<void>;
  /** Replaces or creates a file before it returns. */
  sync(path: FilePath, data: CompatibleData, options?: WriteFileAtomicOptions | string | null): void;
}

/**
 * Replaces or creates a file before it returns: write-file-atomic's `sync`.
 *
 * @param path The file, absolute or relative to the working directory.
 * @param data Its new content.
 * @param options See {@linkcode WriteFileAtomicOptions}; a string is the encoding.
 * @throws {TypeError} An argument is not what it must be. Nothing was touched.
 * @throws {WriteError} A step failed; `targetState` says what happened to the file.
 *
 * @example
 * ```ts
 * import { sync as writeFileAtomicSync } from "@durable/atomic-write/compat";
 *
 * writeFileAtomicSync("message.txt", "Hello", { mode: 0o600 });
 * ```
 */
export function sync(path: FilePath, data: CompatibleData, options?: WriteFileAtomicOptions | string | null): void {
  runSync(() => write(path, data, readCompatibleOptions(options, true)), 1);
}

function asynchronous(
  path: FilePath,
  data: CompatibleData,
  options?: WriteFileAtomicOptions | string | null | WriteCallback,
  callback?: WriteCallback,
): Promise<void> {
  if (typeof options === "function") return asynchronous(path, data, undefined, options);
  const calls = callback !== undefined && callback !== null;
  // Before the write begins: what is refused must not happen.
  if (calls && typeof callback !== "function") {
    return run(() => {
      throw wrongArgument("callback", "a function", callback);
    });
  }
  const written = run(() => write(path, data, readCompatibleOptions(options, false)), 1, 1);
  if (!calls) return written;
  // In a task of its own: what a callback throws is its caller's, and no reason to call it again.
  return written.then(
    () => queueMicrotask(() => callback()),
    (error) => queueMicrotask(() => callback(error)),
  );
}

/**
 * Replaces or creates a file: write-file-atomic's signature and promises, with this module's guarantees.
 *
 * When the promise resolves, or the callback is called without an error, content, mode, owner and name are safely on disk, as far as the file system can. Calls to one file take effect one after another in their order. Readers see
 * the whole old or the whole new content at any moment.
 *
 * Not promised: what {@linkcode https://jsr.io/@durable/atomic-write | writeFile} does not promise either; the result
 * that says which durability was reached is only there.
 *
 * @param path The file, absolute or relative to the working directory. A symlink is written through.
 * @param data Its new content.
 * @param options See {@linkcode WriteFileAtomicOptions}; a string is the encoding. Or the callback.
 * @param callback Called once, with the error if there was one.
 * @throws {TypeError} An argument is not what it must be. Nothing was touched.
 * @throws {WriteError} A step failed; `targetState` says what happened to the file.
 *
 * @example
 * ```ts
 * import writeFileAtomic from "@durable/atomic-write/compat";
 *
 * await writeFileAtomic("message.txt", "Hello", { fsync: true });
 * ```
 *
 * @see https://github.com/npm/write-file-atomic for the package that it replaces
 */
export const writeFileAtomic: WriteFileAtomic = Object.assign(asynchronous, { sync });

/** The same as {@linkcode writeFileAtomic}: `import writeFileAtomic from "@durable/atomic-write/compat"`. */
const byDefault: WriteFileAtomic = writeFileAtomic;

/** The same as {@linkcode writeFileAtomic}: what `require("@durable/atomic-write/compat")` returns. */
const required: WriteFileAtomic = writeFileAtomic;

export { byDefault as default, required as "module.exports" };
