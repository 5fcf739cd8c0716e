/**
 * `readFile`, `readTextFile` and `readJsonFile`: "there is no file" is `undefined`, and only that; damaged content is an error that
 * says where it is damaged.
 */
import { type FilePath, readOptions } from "../core/options.ts";
import { type Operation, run, runSync } from "../core/operation.ts";
import { type Engine, locate, makeEngine, runtimeOption } from "../protocol/engine.ts";
import { beginReading, translate } from "../protocol/failure.ts";
import { readBytes } from "../protocol/file_call.ts";
import { inRoom } from "../protocol/room.ts";
import { currentRuntime } from "../runtime/current.ts";
import type { Runtime } from "../runtime/runtime.ts";
import { corruption, decodeText, parseJson } from "./decode_text.ts";

/** Options of {@linkcode readFile} and {@linkcode readTextFile}. */
export interface ReadFileOptions {
  /** The machine to work on. Default: the one this code runs on. */
  runtime?: Runtime;
}

/** Options of {@linkcode readJsonFile}. */
export interface ReadJsonFileOptions<T> extends ReadFileOptions {
  /** Turns the parsed value into a `T`, or throws. What it throws is the `cause` of a CorruptionError. */
  validate?: (value: unknown) => T;
}

function* readRaw(
  path: FilePath,
  options: ReadFileOptions | undefined,
  synchronous: boolean,
): Operation<Uint8Array | undefined> {
  const checked = readOptions(options, { runtime: runtimeOption });
  const engine = makeEngine(checked.runtime ?? currentRuntime(), synchronous);
  const location = locate(engine, path);
  try {
    return yield* inRoom(engine, "calls", {}, () => readBytes(engine, location));
  } catch (error) {
    throw translate(error, beginReading("Cannot read", location));
  }
}

function* readText(
  path: FilePath,
  options: ReadFileOptions | undefined,
  synchronous: boolean,
): Operation<string | undefined> {
  const checked = readOptions(options, { runtime: runtimeOption });
  const engine = makeEngine(checked.runtime ?? currentRuntime(), synchronous);
  return yield* readTextAt(engine, locate(engine, path));
}

function* readTextAt(engine: Engine, path: string): Operation<string | undefined> {
  const attempt = beginReading("Cannot read", path);
  try {
    const bytes = yield* inRoom(engine, "calls", {}, () => readBytes(engine, path));
    return bytes === undefined ? undefined : decodeText(bytes, path);
  } catch (error) {
    throw translate(error, attempt);
  }
}

function validator(value: unknown, name: string): (value: unknown) => unknown {
  if (typeof value !== "function") {
    throw new TypeError(`${name} must be a function, not ${value === null ? "null" : typeof value}`);
  }
  return value as (value: unknown) => unknown;
}

function* readJson<T>(
  path: FilePath,
  options: ReadJsonFileOptions<T> | undefined,
  synchronous: boolean,
): Operation<T | undefined> {
  const checked = readOptions(options, { runtime: runtimeOption, validate: validator });
  const engine = makeEngine(checked.runtime ?? currentRuntime(), synchronous);
  const location = locate(engine, path);
  const text = yield* readTextAt(engine, location);
  if (text === undefined) return undefined;
  const value = parseJson(text, location);
  if (checked.validate === undefined) return value as T;
  try {
    return checked.validate(value) as T;
  } catch (error) {
    throw corruption(location, "its content was refused by validate", undefined, error);
  }
}

/**
 * Reads a file's bytes; `undefined` if there is no file, an error for everything else.
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
 * const directory = await Deno.makeTempDir();
 * console.log(await readFile(`${directory}/data`)); // undefined
 * await writeFile(`${directory}/data`, new Uint8Array([1, 2, 3]));
 * console.log((await readFile(`${directory}/data`))?.length); // 3
 * await Deno.remove(directory, { recursive: true });
 * ```
 */
export function readFile(path: FilePath, options?: ReadFileOptions): Promise<Uint8Array | undefined> {
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
export function readFileSync(path: FilePath, options?: ReadFileOptions): Uint8Array | undefined {
  return runSync(() => readRaw(path, options, true));
}

/**
 * Reads a file as UTF-8 text; `undefined` if there is no file, an error for everything else.
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
 * const directory = await Deno.makeTempDir();
 * console.log(await readTextFile(`${directory}/note`)); // undefined
 * await writeFile(`${directory}/note`, "hello");
 * console.log(await readTextFile(`${directory}/note`)); // "hello"
 * await Deno.remove(directory, { recursive: true });
 * ```
 */
export function readTextFile(path: FilePath, options?: ReadFileOptions): Promise<string | undefined> {
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
export function readTextFileSync(path: FilePath, options?: ReadFileOptions): string | undefined {
  return runSync(() => readText(path, options, true));
}

/**
 * Reads a file as JSON; `undefined` if there is no file. An empty or damaged file is an error, never "no file".
 *
 * @param path The file, a path or file: URL.
 * @param options `validate` checks or converts the parsed value.
 * @throws {CorruptionError} Not UTF-8, not JSON (`offset` is the first wrong character, the message has line and
 *   column), or refused by `validate` (its error is the `cause`).
 * @throws {ReadError} The file cannot be read; `code` says why.
 *
 * @example
 * ```ts
 * import { readJsonFile, writeJsonFile } from "@durable/atomic-write";
 *
 * const directory = await Deno.makeTempDir();
 * await writeJsonFile(`${directory}/settings.json`, { theme: "dark" });
 * const settings = await readJsonFile<{ theme: string }>(`${directory}/settings.json`);
 * console.log(settings?.theme); // "dark"
 * await Deno.remove(directory, { recursive: true });
 * ```
 */
export function readJsonFile<T = unknown>(path: FilePath, options?: ReadJsonFileOptions<T>): Promise<T | undefined> {
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
export function readJsonFileSync<T = unknown>(path: FilePath, options?: ReadJsonFileOptions<T>): T | undefined {
  return runSync(() => readJson(path, options, true));
}
