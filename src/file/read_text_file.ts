/** `readTextFile`: a file's content as UTF-8 text; where it is none, the error says at which byte. */
import { type FilePath, readOptions } from "../core/options.ts";
import { run, runSync, wait } from "../core/operation.ts";
import { decodeText } from "./decode_text.ts";
import { type ContentWithDigest, readAs, type ReadFileOptions, readReaders, type WithDigest } from "./read_file.ts";

function readText(path: FilePath, options: unknown, synchronous: boolean) {
  return readAs(
    path,
    readOptions(options, readReaders),
    synchronous,
    (bytes, location) => wait(decodeText(bytes, location)),
  );
}

/**
 * Reads a file as UTF-8 text; `undefined` if there is no file. Any other failure is an error.
 *
 * If `writeFile` replaces the file at the same time, the old or the new content is read, never a mixture.
 *
 * @param path The file, a path or file: URL. Symlinks are followed.
 * @param options See {@linkcode ReadFileOptions}.
 * @throws {CorruptionError} The content is not UTF-8; `offset` is the first byte that is not.
 * @throws {ReadError} The file cannot be read; `code` says why (`"EFBIG"`: it is too large for the runtime).
 *
 * @example
 * ```ts
 * import { readTextFile, writeFile } from "@durable/atomic-write";
 *
 * console.log(await readTextFile("note")); // undefined
 * await writeFile("note", "hello");
 * console.log(await readTextFile("note")); // "hello"
 * ```
 */
export function readTextFile(path: FilePath, options?: ReadFileOptions): Promise<string | undefined>;

/**
 * Like {@linkcode readTextFile} without `digest`, and returns the content together with its digest: a change that needs what
 * was read, and is made later without a lock in between, passes it as `ifMatch`.
 *
 * @param path The file, a path or file: URL.
 * @param options `digest: true`, and those of {@linkcode readTextFile}.
 * @throws What {@linkcode readTextFile} rejects with.
 *
 * @example
 * ```ts
 * import { readTextFile, removeFile, writeFile } from "@durable/atomic-write";
 *
 * await writeFile("a", "one");
 * const found = await readTextFile("a", { digest: true });
 * if (found !== undefined) await removeFile("a", { ifMatch: found.digest });
 * ```
 */
export function readTextFile(
  path: FilePath,
  options: WithDigest<ReadFileOptions>,
): Promise<ContentWithDigest<string> | undefined>;
export function readTextFile(path: FilePath, options?: object): Promise<unknown> {
  return run(() => readText(path, options, false));
}

/**
 * Like {@linkcode readTextFile}, synchronously.
 *
 * @param path The file.
 * @param options See {@linkcode ReadFileOptions}.
 * @throws What {@linkcode readTextFile} rejects with.
 *
 * @example
 * ```ts
 * import { readTextFileSync } from "@durable/atomic-write";
 *
 * console.log(readTextFileSync("/no/such/file")); // undefined
 * ```
 */
export function readTextFileSync(path: FilePath, options?: ReadFileOptions): string | undefined;

/**
 * Like {@linkcode readTextFileSync} without `digest`, and returns the content together with its digest.
 *
 * @param path The file, a path or file: URL.
 * @param options `digest: true`, and those of {@linkcode readTextFile}.
 * @throws What {@linkcode readTextFile} rejects with.
 *
 * @example
 * ```ts
 * import { readTextFileSync, removeFileSync, writeFileSync } from "@durable/atomic-write";
 *
 * writeFileSync("a", "one");
 * const found = readTextFileSync("a", { digest: true });
 * if (found !== undefined) removeFileSync("a", { ifMatch: found.digest });
 * ```
 */
export function readTextFileSync(
  path: FilePath,
  options: WithDigest<ReadFileOptions>,
): ContentWithDigest<string> | undefined;
export function readTextFileSync(path: FilePath, options?: object): unknown {
  return runSync(() => readText(path, options, true));
}
