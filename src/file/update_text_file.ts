/**
 * `updateTextFile`: a file's text, changed inside its lock.
 */
import { type FilePath, wrongArgument } from "../core/options.ts";
import { type Operation, run, runSync } from "../core/operation.ts";
import { callInside } from "../lock/own_holds.ts";
import { decodeText } from "./decode_text.ts";
import {
  checkCallback,
  readUpdateOptions,
  update,
  type UpdatedValue,
  type UpdateOptions,
  type UpdateResult,
  type UpdateSyncOptions,
  withValue,
} from "./update_operation.ts";

function* updateText(
  path: FilePath,
  change: (current: string | undefined) => string | undefined | PromiseLike<string | undefined>,
  options: UpdateOptions | undefined,
  synchronous: boolean,
): Operation<UpdateResult & UpdatedValue<string>> {
  checkCallback(change);
  const request = readUpdateOptions(options, synchronous);
  const { engine } = request;
  return yield* withValue((tell) =>
    update(path, function* (current, file, hold) {
      const text = current === undefined ? undefined : decodeText(current, file);
      const next = yield* callInside(engine, [hold], () => change(text));
      if (next !== undefined && typeof next !== "string") {
        throw wrongArgument("what change returns", "a string or undefined", next);
      }
      tell(next ?? text);
      return next;
    }, request)
  );
}

/**
 * {@linkcode updateFile} for UTF-8 text. The result has the text that the file holds now, in `value`.
 *
 * @param path The file.
 * @param change From the current text to the new one; `undefined` leaves it.
 * @param options Those of {@linkcode updateFile}.
 * @throws {CorruptionError} The content is not UTF-8; the file is untouched.
 * @throws What {@linkcode updateFile} rejects with.
 *
 * @example
 * ```ts
 * import { updateTextFile } from "@durable/atomic-write";
 *
 * await updateTextFile("hosts", (text = "") => `${text}127.0.0.1 example\n`);
 * ```
 */
export function updateTextFile(
  path: FilePath,
  change: (current: string | undefined) => string | undefined | PromiseLike<string | undefined>,
  options?: UpdateOptions,
): Promise<UpdateResult & UpdatedValue<string>> {
  return run(() => updateText(path, change, options, false));
}

/**
 * Like {@linkcode updateTextFile}, synchronously.
 *
 * @param path The file.
 * @param change From the current text to the new one; `undefined` leaves it.
 * @param options Those of {@linkcode updateFile}.
 * @throws What {@linkcode updateTextFile} rejects with.
 *
 * @example
 * ```ts
 * import { updateTextFileSync } from "@durable/atomic-write";
 *
 * updateTextFileSync("hosts", (text = "") => `${text}127.0.0.1 example\n`);
 * ```
 */
export function updateTextFileSync(
  path: FilePath,
  change: (current: string | undefined) => string | undefined,
  options?: UpdateSyncOptions,
): UpdateResult & UpdatedValue<string> {
  return runSync(() => updateText(path, change, options, true));
}
