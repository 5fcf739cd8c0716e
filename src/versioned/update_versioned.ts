/**
 * `updateVersioned`, `updateVersionedText` and `updateVersionedJson`: read, change and write without a lock, tried again
 * until no other program was faster.
 */
import type { FileData } from "../core/bytes.ts";
import type { ConflictError } from "../core/errors.ts";
import { conflict } from "../protocol/conflict.ts";
import { type FilePath, readOptions } from "../core/options.ts";
import { type Operation, run, runSync } from "../core/operation.ts";
import { decodeText } from "../file/decode_text.ts";
import { changeJson, type JsonValidation } from "../file/json_change.ts";
import { validatorOption } from "../file/json_validation.ts";
import { checkCallback, type UpdatedValue, withValue } from "../file/update_operation.ts";
import { type JsonSpacing, spaceOption } from "../file/write_json_file.ts";
import { callInside } from "../lock/own_holds.ts";
import { backOff } from "../protocol/back_off.ts";
import { changeOnce, type VersionedResult } from "../protocol/versions/change_version.ts";
import {
  changing,
  gather,
  type UpdateVersionedOptions,
  updateVersionedReaders,
  type UpdateVersionedSyncOptions,
  type VersionedRequest,
  versionedRequest,
} from "./versioned_options.ts";

/** A change of content; undefined leaves it as it is. `path` is where the content was read. */
type VersionChange = (current: Uint8Array | undefined, path: string) => Operation<FileData | undefined>;

function* updateUntilFirst(
  path: FilePath,
  change: VersionChange,
  { retries, ...request }: VersionedRequest & { readonly retries: number },
): Operation<VersionedResult> {
  const { engine, plan: { write: { signal } } } = request;
  return yield* changing(request, { path, verb: "Cannot update" }, function* (file) {
    for (let tries = 0;; tries++) {
      const result = yield* changeOnce(file, function* (base) {
        const data = yield* change(base?.content, base?.path ?? file.target.path);
        return data === undefined ? undefined : yield* gather(engine, data, signal);
      });
      if (result !== undefined) return result;
      if (tries >= retries) throw outrun(file.target.path, tries + 1);
      yield* backOff(engine, tries, signal);
    }
  });
}

function outrun(path: string, tries: number): ConflictError {
  const reason = `another program was faster ${tries === 1 ? "once" : `${tries} times`}`;
  return conflict({ verb: "Cannot update", path }, reason, "link");
}

function readUpdateVersionedOptions(options: UpdateVersionedOptions | undefined, synchronous: boolean) {
  const { retries = Infinity, ...checked } = readOptions(options, updateVersionedReaders);
  return { ...versionedRequest(checked, synchronous), retries };
}

function* changeBytes(
  path: FilePath,
  change: (current: Uint8Array | undefined) => FileData | undefined | PromiseLike<FileData | undefined>,
  options: UpdateVersionedOptions | undefined,
  synchronous: boolean,
): Operation<VersionedResult> {
  checkCallback(change);
  const request = readUpdateVersionedOptions(options, synchronous);
  return yield* updateUntilFirst(path, function* (current) {
    // A copy: a callback that changes it in place and returns it has changed something.
    const given = current === undefined ? undefined : new Uint8Array(current);
    return yield* callInside(request.engine, [], () => change(given));
  }, request);
}

function* changeText(
  path: FilePath,
  change: (current: string | undefined) => string | undefined | PromiseLike<string | undefined>,
  options: UpdateVersionedOptions | undefined,
  synchronous: boolean,
): Operation<VersionedResult & UpdatedValue<string>> {
  checkCallback(change);
  const request = readUpdateVersionedOptions(options, synchronous);
  return yield* withValue((tell) =>
    updateUntilFirst(path, function* (current, place) {
      const text = current === undefined ? undefined : decodeText(current, place);
      const next = yield* callInside(request.engine, [], () => change(text));
      tell(next ?? text);
      return next;
    }, request)
  );
}

/** Options of {@linkcode updateVersionedJson}. */
export interface UpdateVersionedJsonOptions<T> extends UpdateVersionedOptions, JsonSpacing, JsonValidation<T> {}

/** {@linkcode UpdateVersionedJsonOptions} without what cannot exist synchronously. */
export interface UpdateVersionedJsonSyncOptions<T> extends UpdateVersionedSyncOptions, JsonSpacing, JsonValidation<T> {}

function* changeJsonValue<T>(
  path: FilePath,
  change: (current: T | undefined) => T | undefined | PromiseLike<T | undefined>,
  options: UpdateVersionedJsonOptions<T> | undefined,
  synchronous: boolean,
): Operation<VersionedResult & UpdatedValue<T>> {
  checkCallback(change);
  const readers = { ...updateVersionedReaders, space: spaceOption, validate: validatorOption };
  const { space, validate, retries = Infinity, ...checked } = readOptions(options, readers);
  const request = { ...versionedRequest(checked, synchronous), retries };
  const rules = { engine: request.engine, holds: [], change, validate, space };
  return yield* withValue<T, VersionedResult>((tell) =>
    updateUntilFirst(path, (current, place) => changeJson({ ...rules, tell }, current, place), request)
  );
}

/**
 * Changes a file's content without any lock: for network and synchronised file systems, where no lock can be relied on.
 * Among all programs that change the file in this way, on any mix of machines, processes and runtimes, no update is lost,
 * and none is made twice.
 *
 * The callback gets the content of the newest version (`undefined` if there is no file) and returns the next one. If
 * another program has made the next version by then, it is **called again** with that version's content, after a pause,
 * so it should have no other effects. If it returns `undefined` or equal bytes, no version is made, and what is there is synced.
 * If it throws, nothing has changed and the call rejects with that error.
 *
 * When the call returns, the version is durable as asked, and the file itself shows it or a newer one. What is returned
 * by the callback is held in memory.
 *
 * Not guaranteed: programs that write the file directly. What they write is replaced by the next version.
 *
 * @param path The file, a path or file: URL. Symlinks at its end are followed.
 * @param change A function from the current content to the next one.
 * @param options See {@linkcode UpdateVersionedOptions}.
 * @throws {ConflictError} Another program was faster more often than `retries` allows; `targetState` is `"unchanged"`.
 * @throws {CorruptionError} The newest version is damaged.
 * @throws {WriteError} `targetState` says what happened: `"unchanged"`; `"replaced"`: the version is there, and may not
 *   be durable; `"unknown"`: the connection or the disk failed before it was known whose the version is.
 *
 * @example
 * ```ts
 * import { updateVersioned } from "@durable/atomic-write/versioned";
 *
 * await updateVersioned("log.bin", (current) => new Uint8Array([...current ?? [], 1]));
 * ```
 */
export function updateVersioned(
  path: FilePath,
  change: (current: Uint8Array | undefined) => FileData | undefined | PromiseLike<FileData | undefined>,
  options?: UpdateVersionedOptions,
): Promise<VersionedResult> {
  return run(() => changeBytes(path, change, options, false));
}

/**
 * Like {@linkcode updateVersioned}, synchronously. The callback must not return a promise.
 *
 * @param path The file.
 * @param change A function from the current content to the next one.
 * @param options Those of {@linkcode updateVersioned}.
 * @throws What {@linkcode updateVersioned} rejects with.
 *
 * @example
 * ```ts
 * import { updateVersionedSync } from "@durable/atomic-write/versioned";
 *
 * updateVersionedSync("log.bin", (current) => new Uint8Array([...current ?? [], 1]));
 * ```
 */
export function updateVersionedSync(
  path: FilePath,
  change: (current: Uint8Array | undefined) => FileData | undefined,
  options?: UpdateVersionedSyncOptions,
): VersionedResult {
  return runSync(() => changeBytes(path, change, options, true));
}

/**
 * Like {@linkcode updateVersioned}, for text.
 *
 * @param path The file, a path or file: URL.
 * @param change A function from the current text to the next one.
 * @param options See {@linkcode UpdateVersionedOptions}.
 * @throws {CorruptionError} The newest version is damaged, or not UTF-8.
 * @throws What {@linkcode updateVersioned} rejects with.
 *
 * @example
 * ```ts
 * import { updateVersionedText } from "@durable/atomic-write/versioned";
 *
 * await updateVersionedText("notes", (text = "") => `${text}one more line\n`);
 * ```
 */
export function updateVersionedText(
  path: FilePath,
  change: (current: string | undefined) => string | undefined | PromiseLike<string | undefined>,
  options?: UpdateVersionedOptions,
): Promise<VersionedResult & UpdatedValue<string>> {
  return run(() => changeText(path, change, options, false));
}

/**
 * Like {@linkcode updateVersionedText}, synchronously. The callback must not return a promise.
 *
 * @param path The file.
 * @param change A function from the current text to the next one.
 * @param options Those of {@linkcode updateVersioned}.
 * @throws What {@linkcode updateVersionedText} rejects with.
 *
 * @example
 * ```ts
 * import { updateVersionedTextSync } from "@durable/atomic-write/versioned";
 *
 * updateVersionedTextSync("notes", (text = "") => `${text}one more line\n`);
 * ```
 */
export function updateVersionedTextSync(
  path: FilePath,
  change: (current: string | undefined) => string | undefined,
  options?: UpdateVersionedSyncOptions,
): VersionedResult & UpdatedValue<string> {
  return runSync(() => changeText(path, change, options, true));
}

/**
 * Like {@linkcode updateVersioned}, for a JSON value. The callback **returns the new value**; changing the old one in
 * place is fine, but return it. If the value stays the same, however it is formatted, no version is made.
 *
 * @param path The file, a path or file: URL.
 * @param change A function from the current value to the next one.
 * @param options Those of {@linkcode updateVersioned}, `space`, and `validate`: a Standard Schema or a function that
 *   checks both the value in the newest version and the new one.
 * @throws {CorruptionError} The newest version is damaged, not JSON or not valid.
 * @throws {ValidationError} The new value is not valid; nothing has changed.
 * @throws What {@linkcode updateVersioned} rejects with.
 *
 * @example
 * ```ts
 * import { updateVersionedJson } from "@durable/atomic-write/versioned";
 *
 * const result = await updateVersionedJson<number>("counter.json", (count = 0) => count + 1);
 * console.log(result.version); // 1
 * ```
 */
export function updateVersionedJson<T = unknown>(
  path: FilePath,
  change: (current: T | undefined) => T | undefined | PromiseLike<T | undefined>,
  options?: UpdateVersionedJsonOptions<T>,
): Promise<VersionedResult & UpdatedValue<T>> {
  return run(() => changeJsonValue(path, change, options, false));
}

/**
 * Like {@linkcode updateVersionedJson}, synchronously. The callback must not return a promise.
 *
 * @param path The file.
 * @param change A function from the current value to the next one.
 * @param options Those of {@linkcode updateVersionedJson}.
 * @throws What {@linkcode updateVersionedJson} rejects with.
 *
 * @example
 * ```ts
 * import { updateVersionedJsonSync } from "@durable/atomic-write/versioned";
 *
 * updateVersionedJsonSync<number>("counter.json", (count = 0) => count + 1);
 * ```
 */
export function updateVersionedJsonSync<T = unknown>(
  path: FilePath,
  change: (current: T | undefined) => T | undefined,
  options?: UpdateVersionedJsonSyncOptions<T>,
): VersionedResult & UpdatedValue<T> {
  return runSync(() => changeJsonValue(path, change, options, true));
}
