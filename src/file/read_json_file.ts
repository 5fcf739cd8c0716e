/** `readJsonFile`: a file's JSON value; where it is none, or is refused, the error says where and why. */
import { type FilePath, readOptions } from "../core/options.ts";
import { run, runSync } from "../core/operation.ts";
import { type JsonValidator, parseValid, validatorOption } from "./json_validation.ts";
import { type ContentWithDigest, readAs, type ReadFileOptions, readReaders, type WithDigest } from "./read_file.ts";

/** Options of {@linkcode readJsonFile}. */
export interface ReadJsonFileOptions<T> extends ReadFileOptions {
  /**
   * A Standard Schema (zod, valibot, arktype, …), or a function that returns the parsed value as a `T` or throws. What
   * it returns is the result. A refusal is a CorruptionError, whose `cause` is the schema's issues or what the function
   * threw.
   */
  validate?: JsonValidator<T>;
}

function readJson(path: FilePath, options: unknown, synchronous: boolean) {
  const { validate, ...checked } = readOptions(options, { ...readReaders, validate: validatorOption });
  return readAs(path, checked, synchronous, (bytes, location, engine) => parseValid(engine, validate, bytes, location));
}

/**
 * Reads a file as JSON; `undefined` if there is no file. An empty or damaged file is an error, never "no file".
 *
 * @param path The file, a path or file: URL.
 * @param options `validate` checks or converts the parsed value.
 * @throws {CorruptionError} Not UTF-8, not JSON (`offset` is the first wrong character, the message has line and
 *   column), or refused by `validate` (the reason is the `cause`).
 * @throws {TypeError} The function `validate` returned nothing.
 * @throws {ReadError} The file cannot be read; `code` says why.
 *
 * @example
 * ```ts
 * import { readJsonFile, writeJsonFile } from "@durable/atomic-write";
 *
 * await writeJsonFile("settings.json", { theme: "dark" });
 * const settings = await readJsonFile<{ theme: string }>("settings.json");
 * console.log(settings?.theme); // "dark"
 * ```
 */
export function readJsonFile<T = unknown>(path: FilePath, options?: ReadJsonFileOptions<T>): Promise<T | undefined>;

/**
 * Like {@linkcode readJsonFile} without `digest`, and returns the content together with its digest: a change that needs what
 * was read, and is made later without a lock in between, passes it as `ifMatch`.
 *
 * @param path The file, a path or file: URL.
 * @param options `digest: true`, and those of {@linkcode readJsonFile}.
 * @throws What {@linkcode readJsonFile} rejects with.
 *
 * @example
 * ```ts
 * import { readJsonFile, removeFile, writeFile } from "@durable/atomic-write";
 *
 * await writeFile("a", "[1]");
 * const found = await readJsonFile("a", { digest: true });
 * if (found !== undefined) await removeFile("a", { ifMatch: found.digest });
 * ```
 */
export function readJsonFile<T = unknown>(
  path: FilePath,
  options: WithDigest<ReadJsonFileOptions<T>>,
): Promise<ContentWithDigest<T> | undefined>;
export function readJsonFile(path: FilePath, options?: object): Promise<unknown> {
  return run(() => readJson(path, options, false));
}

/**
 * Like {@linkcode readJsonFile}, synchronously.
 *
 * @param path The file.
 * @param options `validate` checks or converts the parsed value.
 * @throws What {@linkcode readJsonFile} rejects with.
 *
 * @example
 * ```ts
 * import { readJsonFileSync } from "@durable/atomic-write";
 *
 * console.log(readJsonFileSync("/no/such/file.json")); // undefined
 * ```
 */
export function readJsonFileSync<T = unknown>(path: FilePath, options?: ReadJsonFileOptions<T>): T | undefined;

/**
 * Like {@linkcode readJsonFileSync} without `digest`, and returns the content together with its digest.
 *
 * @param path The file, a path or file: URL.
 * @param options `digest: true`, and those of {@linkcode readJsonFile}.
 * @throws What {@linkcode readJsonFile} rejects with.
 *
 * @example
 * ```ts
 * import { readJsonFileSync, removeFileSync, writeFileSync } from "@durable/atomic-write";
 *
 * writeFileSync("a", "[1]");
 * const found = readJsonFileSync("a", { digest: true });
 * if (found !== undefined) removeFileSync("a", { ifMatch: found.digest });
 * ```
 */
export function readJsonFileSync<T = unknown>(
  path: FilePath,
  options: WithDigest<ReadJsonFileOptions<T>>,
): ContentWithDigest<T> | undefined;
export function readJsonFileSync(path: FilePath, options?: object): unknown {
  return runSync(() => readJson(path, options, true));
}
