/**
 * `readVersioned`, `readVersionedText` and `readVersionedJson`: the newest version's content, and its number.
 */
import { type FilePath, readOptions } from "../core/options.ts";
import { type Operation, run, runSync, wait } from "../core/operation.ts";
import { decodeText } from "../file/decode_text.ts";
import { parseValid, validatorOption } from "../file/json_validation.ts";
import type { ReadFileOptions } from "../file/read_file.ts";
import type { ReadJsonFileOptions } from "../file/read_json_file.ts";
import { type Engine, locate, makeEngine, runtimeOption } from "../protocol/engine.ts";
import { beginReading, translate } from "../protocol/failure.ts";
import { inRoom } from "../protocol/room.ts";
import { resolveTarget } from "../protocol/target.ts";
import { type LatestVersion, latestVersion } from "../protocol/versions/latest_version.ts";
import { currentRuntime } from "../runtime/current.ts";
import type { Runtime } from "../runtime/runtime.ts";

/** What a file contains, and in which version. */
export interface Versioned<Content> {
  /** The content of the newest version. */
  content: Content;
  /** Its number; 0 for a file that was never changed by versions. */
  version: number;
}

function* readNewest<T>(
  path: FilePath,
  runtime: Runtime | undefined,
  synchronous: boolean,
  convert: (found: LatestVersion, engine: Engine) => Operation<T>,
): Operation<Versioned<T> | undefined> {
  const engine = makeEngine(runtime ?? currentRuntime(), synchronous);
  const attempt = beginReading("Cannot read", locate(engine, path));
  try {
    const found = yield* inRoom(engine, "calls", {}, function* () {
      const target = yield* resolveTarget(engine, attempt.path, "follow", attempt);
      const directory = yield* wait(engine.fileSystem.stat(target.directory));
      if (directory === undefined) return undefined;
      return yield* latestVersion({ engine, target, directory, attempt });
    });
    return found && { content: yield* convert(found, engine), version: found.number };
  } catch (error) {
    throw translate(error, attempt);
  }
}

function newestBytes(path: FilePath, options: ReadFileOptions | undefined, synchronous: boolean) {
  const { runtime } = readOptions(options, { runtime: runtimeOption });
  return readNewest(path, runtime, synchronous, ({ content }) => wait(content));
}

function newestText(path: FilePath, options: ReadFileOptions | undefined, synchronous: boolean) {
  const { runtime } = readOptions(options, { runtime: runtimeOption });
  return readNewest(path, runtime, synchronous, (found) => wait(decodeText(found.content, found.path)));
}

function newestJson<T>(path: FilePath, options: ReadJsonFileOptions<T> | undefined, synchronous: boolean) {
  const { runtime, validate } = readOptions(options, { runtime: runtimeOption, validate: validatorOption });
  return readNewest(
    path,
    runtime,
    synchronous,
    (found, engine) => parseValid(engine, validate, found.content, found.path) as Operation<T>,
  );
}

/**
 * Reads the newest version of a file that is changed by {@linkcode updateVersioned} or {@linkcode writeVersioned};
 * `undefined` if there is no file.
 *
 * A file that was never changed by versions is its own version 0. On a network file system whose client answers from a
 * cache, the newest version that this machine knows may have been the newest some seconds ago; its content is whole in
 * any case. A {@linkcode writeVersioned} that expects its number is refused then.
 *
 * @param path The file, a path or file: URL. Symlinks are followed.
 * @param options See {@linkcode ReadFileOptions}.
 * @throws {CorruptionError} The newest version is damaged; nothing older is taken for it.
 * @throws {ReadError} It cannot be read; `code` says why (`"EAGAIN"`: its versions kept changing during 50 looks).
 *
 * @example
 * ```ts
 * import { readVersioned, writeVersioned } from "@durable/atomic-write/versioned";
 *
 * await writeVersioned("state", "one", { expected: null });
 * console.log((await readVersioned("state"))?.version); // 1
 * ```
 */
export function readVersioned(path: FilePath, options?: ReadFileOptions): Promise<Versioned<Uint8Array> | undefined> {
  return run(() => newestBytes(path, options, false));
}

/**
 * Like {@linkcode readVersioned}, synchronously.
 *
 * @param path The file.
 * @param options See {@linkcode ReadFileOptions}.
 * @throws What {@linkcode readVersioned} rejects with.
 *
 * @example
 * ```ts
 * import { readVersionedSync } from "@durable/atomic-write/versioned";
 *
 * console.log(readVersionedSync("/tmp/no such file")); // undefined
 * ```
 */
export function readVersionedSync(path: FilePath, options?: ReadFileOptions): Versioned<Uint8Array> | undefined {
  return runSync(() => newestBytes(path, options, true));
}

/**
 * Like {@linkcode readVersioned}, as text.
 *
 * @param path The file, a path or file: URL.
 * @param options See {@linkcode ReadFileOptions}.
 * @throws {CorruptionError} The newest version is damaged, or not UTF-8; `offset` is the first byte that is not.
 * @throws What {@linkcode readVersioned} rejects with.
 *
 * @example
 * ```ts
 * import { readVersionedText, writeVersioned } from "@durable/atomic-write/versioned";
 *
 * await writeVersioned("state", "one", { expected: null });
 * console.log(await readVersionedText("state")); // { content: "one", version: 1 }
 * ```
 */
export function readVersionedText(path: FilePath, options?: ReadFileOptions): Promise<Versioned<string> | undefined> {
  return run(() => newestText(path, options, false));
}

/**
 * Like {@linkcode readVersionedText}, synchronously.
 *
 * @param path The file.
 * @param options See {@linkcode ReadFileOptions}.
 * @throws What {@linkcode readVersionedText} rejects with.
 *
 * @example
 * ```ts
 * import { readVersionedTextSync } from "@durable/atomic-write/versioned";
 *
 * console.log(readVersionedTextSync("/tmp/no such file")); // undefined
 * ```
 */
export function readVersionedTextSync(path: FilePath, options?: ReadFileOptions): Versioned<string> | undefined {
  return runSync(() => newestText(path, options, true));
}

/**
 * Like {@linkcode readVersioned}, as JSON.
 *
 * @param path The file, a path or file: URL.
 * @param options `validate` checks or converts the parsed value.
 * @throws {CorruptionError} The newest version is damaged, not JSON, or refused by `validate`.
 * @throws What {@linkcode readVersioned} rejects with.
 *
 * @example
 * ```ts
 * import { readVersionedJson, updateVersionedJson } from "@durable/atomic-write/versioned";
 *
 * await updateVersionedJson<number>("counter", (count = 0) => count + 1);
 * console.log(await readVersionedJson<number>("counter")); // { content: 1, version: 1 }
 * ```
 */
export function readVersionedJson<T = unknown>(
  path: FilePath,
  options?: ReadJsonFileOptions<T>,
): Promise<Versioned<T> | undefined> {
  return run(() => newestJson(path, options, false));
}

/**
 * Like {@linkcode readVersionedJson}, synchronously.
 *
 * @param path The file.
 * @param options `validate` checks or converts the parsed value.
 * @throws What {@linkcode readVersionedJson} rejects with.
 *
 * @example
 * ```ts
 * import { readVersionedJsonSync } from "@durable/atomic-write/versioned";
 *
 * console.log(readVersionedJsonSync("/tmp/no such file")); // undefined
 * ```
 */
export function readVersionedJsonSync<T = unknown>(
  path: FilePath,
  options?: ReadJsonFileOptions<T>,
): Versioned<T> | undefined {
  return runSync(() => newestJson(path, options, true));
}
