/**
 * `updateJsonFile`: a file's JSON value, changed inside its lock, checked before and after if `validate` is given.
 */
import { type Operation, run, runSync } from "../core/operation.ts";
import { type FilePath, flag, readOptions } from "../core/options.ts";
import { refuseExpectations, updateOptimistically } from "./optimistic_update.ts";
import { changeJson, type JsonValidation } from "./json_change.ts";
import { validatorOption } from "./json_validation.ts";
import {
  checkCallback,
  update,
  type UpdatedValue,
  type UpdateOptions,
  updateReaders,
  type UpdateResult,
  type UpdateSyncOptions,
  withValue,
} from "./update_operation.ts";
import { type JsonSpacing, spaceOption } from "./write_json_file.ts";
import { writeRequest } from "./write_options.ts";

/** Options of {@linkcode updateJsonFile}. */
export interface UpdateJsonFileOptions<T> extends UpdateOptions, JsonSpacing, JsonValidation<T> {
  /**
   * Call the callback without the lock, which is then taken only to compare and to write: for a callback that takes long.
   * If somebody has changed the file in between, the callback is **called again** with what is there, after a pause; so it
   * should have no other effects. No update is lost. Cannot be combined with a lock that is held, `ifMatch` or
   * `ifExists`.
   *
   * @default false
   */
  optimistic?: boolean;
}

/** Options of {@linkcode updateJsonFileSync}: {@linkcode UpdateJsonFileOptions} without what cannot exist synchronously. */
export interface UpdateJsonFileSyncOptions<T> extends UpdateSyncOptions, JsonSpacing, JsonValidation<T> {
  /** As in {@linkcode UpdateJsonFileOptions}. */
  optimistic?: boolean;
}

function* updateJson<T>(
  path: FilePath,
  change: (current: T | undefined) => T | undefined | PromiseLike<T | undefined>,
  options: UpdateJsonFileOptions<T> | undefined,
  synchronous: boolean,
): Operation<UpdateResult & UpdatedValue<T>> {
  checkCallback(change);
  const readers = { ...updateReaders, space: spaceOption, validate: validatorOption, optimistic: flag };
  const { runtime, space, validate, optimistic = false, ...checked } = readOptions(options, readers);
  const request = writeRequest(checked, runtime, synchronous);
  const rules = { engine: request.engine, change, validate, space };
  if (optimistic) {
    refuseExpectations(request);
    return yield* withValue<T, UpdateResult>((tell) =>
      updateOptimistically(path, (current, file) => changeJson({ ...rules, holds: [], tell }, current, file), request)
    );
  }
  return yield* withValue<T, UpdateResult>((tell) =>
    update(path, (current, file, hold) => changeJson({ ...rules, holds: [hold], tell }, current, file), request)
  );
}

/**
 * Changes a file's JSON value under its lock, like {@linkcode updateFile}: among programs that lock the file, no update
 * is lost.
 *
 * The callback gets the current value (`undefined` if there is no file) and **returns the new one**. Changing the value
 * in place is fine, but return it: a callback that returns `undefined` leaves the file unchanged, and one that has changed
 * the value and returns nothing is a TypeError. If the returned value is the same, however it is formatted on disk,
 * nothing is written. The result has the value that the file holds now, in `value`.
 *
 * @param path The file, a path or a file: URL.
 * @param change A function from the current value to the new one; `undefined` leaves the file unchanged. It must not
 *   request the same lock.
 * @param options Those of {@linkcode updateFile}, `space`, `optimistic`, and `validate`: a Standard Schema or
 *   a function that checks both the value on disk and the new value.
 * @throws {CorruptionError} The file is not JSON (the message says where) or not valid; it is unchanged.
 * @throws {ValidationError} The new value is not valid; the file is unchanged.
 * @throws {TypeError} The callback changed the value and returned nothing; the file is unchanged.
 * @throws What {@linkcode updateFile} rejects with.
 *
 * @example
 * ```ts
 * import { updateJsonFile } from "@durable/atomic-write";
 *
 * const { value } = await updateJsonFile<{ runs: number }>("state.json", (state = { runs: 0 }) => {
 *   state.runs++;
 *   return state;
 * });
 * console.log(value); // { runs: 1 }
 * ```
 */
export function updateJsonFile<T = unknown>(
  path: FilePath,
  change: (current: T | undefined) => T | undefined | PromiseLike<T | undefined>,
  options?: UpdateJsonFileOptions<T>,
): Promise<UpdateResult & UpdatedValue<T>> {
  return run(() => updateJson(path, change, options, false));
}

/**
 * Like {@linkcode updateJsonFile}, synchronously. The callback must not return a promise.
 *
 * @param path The file, a path or a file: URL.
 * @param change A function from the current value to the new one; `undefined` leaves the file unchanged.
 * @param options Those of {@linkcode updateJsonFile}.
 * @throws What {@linkcode updateJsonFile} rejects with.
 *
 * @example
 * ```ts
 * import { updateJsonFileSync } from "@durable/atomic-write";
 *
 * updateJsonFileSync<number>("counter.json", (count = 0) => count + 1);
 * ```
 */
export function updateJsonFileSync<T = unknown>(
  path: FilePath,
  change: (current: T | undefined) => T | undefined,
  options?: UpdateJsonFileSyncOptions<T>,
): UpdateResult & UpdatedValue<T> {
  return runSync(() => updateJson(path, change, options, true));
}
