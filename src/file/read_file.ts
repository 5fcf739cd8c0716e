/**
 * `readFile`, and what all readers of files have in common: "there is no file" is `undefined`, and only that; damaged
 * content is an error that says where it is damaged. With the content goes, if it is asked for, the digest by which a
 * later `writeFile` or `removeFile` (`ifMatch`) finds out whether it is still there.
 */
import { type FilePath, flag, readOptions } from "../core/options.ts";
import { type Operation, run, runSync, wait } from "../core/operation.ts";
import { type Engine, locate, makeEngine, runtimeOption } from "../protocol/engine.ts";
import { beginReading, translate } from "../protocol/failure.ts";
import { readBytes } from "../protocol/file_call.ts";
import { inRoom } from "../protocol/room.ts";
import { currentRuntime } from "../runtime/current.ts";
import type { Runtime } from "../runtime/runtime.ts";

/** Options of {@linkcode readFile} and {@linkcode readTextFile}. */
export interface ReadFileOptions {
  /**
   * `true`: return the content together with its digest ({@linkcode ContentWithDigest}), for `ifMatch` of a later call.
   *
   * @default false
   */
  digest?: false;
  /** The machine to work on. Default: the one this code runs on. */
  runtime?: Runtime;
}

/** These options of a reader, with `digest: true`. */
export type WithDigest<Options extends ReadFileOptions> = Omit<Options, "digest"> & {
  /** Return the content together with its digest. */
  digest: true;
};

/** What a reader with `digest: true` returns. */
export interface ContentWithDigest<T> {
  /** What the reader returns without it. */
  content: T;
  /** SHA-256 of the file's bytes, in 64 hexadecimal digits. */
  digest: string;
}

/** The readers of {@linkcode ReadFileOptions}. */
export const readReaders = { digest: flag, runtime: runtimeOption };

/** The options of a reader, checked. */
interface Reading {
  readonly digest?: boolean;
  readonly runtime?: Runtime;
}

/** Reads a file and converts its bytes; with their digest if that is requested. */
export function* readAs<T>(
  path: FilePath,
  { digest = false, runtime = currentRuntime() }: Reading,
  synchronous: boolean,
  convert: (bytes: Uint8Array, location: string, engine: Engine) => Operation<T>,
): Operation<T | ContentWithDigest<T> | undefined> {
  const engine = makeEngine(runtime, synchronous);
  const location = locate(engine, path);
  const attempt = beginReading("Cannot read", location);
  try {
    const bytes = yield* inRoom(engine, "calls", {}, () => readBytes(engine, location));
    if (bytes === undefined) return undefined;
    const content = yield* convert(bytes, location, engine);
    if (!digest) return content;
    const hash = runtime.createHash();
    hash.update(bytes);
    return { content, digest: hash.digest() };
  } catch (error) {
    throw translate(error, attempt);
  }
}

function readRaw(path: FilePath, options: unknown, synchronous: boolean) {
  return readAs(path, readOptions(options, readReaders), synchronous, (bytes) => wait(bytes));
}

/**
 * Reads a file's bytes; `undefined` if there is no file. Any other failure is an error.
 *
 * If `writeFile` replaces the file at the same time, the old or the new content is read, never a mixture.
 *
 * @param path The file, a path or file: URL. Symlinks are followed.
 * @param options See {@linkcode ReadFileOptions}.
 * @throws {ReadError} The file cannot be read; `code` says why (`"EFBIG"`: it is too large for the runtime).
 *
 * @example
 * ```ts
 * import { readFile, writeFile } from "@durable/atomic-write";
 *
 * console.log(await readFile("data")); // undefined
 * await writeFile("data", new Uint8Array([1, 2, 3]));
 * console.log((await readFile("data"))?.length); // 3
 * ```
 */
export function readFile(path: FilePath, options?: ReadFileOptions): Promise<Uint8Array | undefined>;

/**
 * Like {@linkcode readFile} without `digest`, and returns the content together with its digest: a change that needs what
 * was read, and is made later without a lock in between, passes it as `ifMatch`.
 *
 * @param path The file, a path or file: URL.
 * @param options `digest: true`, and those of {@linkcode readFile}.
 * @throws What {@linkcode readFile} rejects with.
 *
 * @example
 * ```ts
 * import { readFile, removeFile, writeFile } from "@durable/atomic-write";
 *
 * await writeFile("a", "one");
 * const found = await readFile("a", { digest: true });
 * if (found !== undefined) await removeFile("a", { ifMatch: found.digest });
 * ```
 */
export function readFile(
  path: FilePath,
  options: WithDigest<ReadFileOptions>,
): Promise<ContentWithDigest<Uint8Array> | undefined>;
export function readFile(path: FilePath, options?: object): Promise<unknown> {
  return run(() => readRaw(path, options, false));
}

/**
 * Like {@linkcode readFile}, synchronously.
 *
 * @param path The file.
 * @param options See {@linkcode ReadFileOptions}.
 * @throws What {@linkcode readFile} rejects with.
 *
 * @example
 * ```ts
 * import { readFileSync } from "@durable/atomic-write";
 *
 * console.log(readFileSync("/no/such/file")); // undefined
 * ```
 */
export function readFileSync(path: FilePath, options?: ReadFileOptions): Uint8Array | undefined;

/**
 * Like {@linkcode readFileSync} without `digest`, and returns the content together with its digest.
 *
 * @param path The file, a path or file: URL.
 * @param options `digest: true`, and those of {@linkcode readFile}.
 * @throws What {@linkcode readFile} rejects with.
 *
 * @example
 * ```ts
 * import { readFileSync, removeFileSync, writeFileSync } from "@durable/atomic-write";
 *
 * writeFileSync("a", "one");
 * const found = readFileSync("a", { digest: true });
 * if (found !== undefined) removeFileSync("a", { ifMatch: found.digest });
 * ```
 */
export function readFileSync(
  path: FilePath,
  options: WithDigest<ReadFileOptions>,
): ContentWithDigest<Uint8Array> | undefined;
export function readFileSync(path: FilePath, options?: object): unknown {
  return runSync(() => readRaw(path, options, true));
}
