/**
 * A change of a JSON value, from the text that is there to the text that shall be: what every update of JSON shares.
 *
 * parse → validate → the callback → the same value? then nothing → validate → text. A value that is refused is damaged
 * content where it was read, and a ValidationError where it would be written; nothing has changed then.
 */
import { InvalidArgument, ValidationError } from "../core/errors.ts";
import type { Operation } from "../core/operation.ts";
import { callInside } from "../lock/own_holds.ts";
import type { LockHold } from "../lock/lock_hold.ts";
import type { Engine } from "../protocol/engine.ts";
import { withinLimits } from "../protocol/file_call.ts";
import { decodeText, parseJson } from "./decode_text.ts";
import { invalidContent, type JsonValidator, judgeJson, type Refusal } from "./json_validation.ts";
import { jsonText } from "./write_json_file.ts";

/** What values of a file may be. */
export interface JsonValidation<T> {
  /**
   * A Standard Schema or a function, as in {@linkcode readJsonFile}. Checks both the value on disk (CorruptionError),
   * which the callback gets as it was returned, and the value to be written (ValidationError).
   */
  validate?: JsonValidator<T>;
}

/** What is done to a JSON value. */
interface JsonChange<T> {
  readonly engine: Engine;
  /** The locks that are held during the change. */
  readonly holds: readonly LockHold[];
  readonly change: (current: T | undefined) => T | undefined | PromiseLike<T | undefined>;
  readonly validate: JsonValidator<unknown> | undefined;
  readonly space: number | string | undefined;
  /** Called with the value that the file holds afterwards. */
  readonly tell: (value: T | undefined) => void;
}

/** The text of the changed value; undefined leaves the content of `file` as it is. */
export function* changeJson<T>(
  { engine, holds, change, validate, space, tell }: JsonChange<T>,
  current: Uint8Array | undefined,
  file: string,
): Operation<string | undefined> {
  const call = <Answer>(run: () => Answer | PromiseLike<Answer>) => callInside(engine, holds, run);
  let value = current === undefined ? undefined : parseJson(decodeText(current, file), file);
  const before = value === undefined ? undefined : withinLimits(file, () => JSON.stringify(value));
  if (value !== undefined && validate !== undefined) {
    const verdict = yield* judgeJson(call, validate, value);
    if (verdict.refusal !== undefined) throw invalidContent(file, verdict.refusal);
    value = verdict.value;
  }
  const given = validate === undefined || value === undefined ? before : JSON.stringify(value);
  const next = yield* call(() => change(value as T | undefined));
  if (next === undefined && value !== undefined && JSON.stringify(value) !== given) {
    throw new InvalidArgument("change must return the new value; it modified the value and returned undefined");
  }
  tell(next ?? value as T | undefined);
  // The same value in another layout is the same value: a file that was formatted by hand stays so.
  if (next === undefined || (before !== undefined && JSON.stringify(next) === before)) return undefined;
  const verdict = validate && (yield* judgeJson(call, validate, next));
  if (verdict?.refusal !== undefined) throw invalidValue(file, verdict.refusal);
  return jsonText(next, space);
}

function invalidValue(path: string, { reason, cause }: Refusal): ValidationError {
  return new ValidationError("Cannot update", `the new value is not valid: ${reason}`, {
    code: "EINVALID",
    path,
    step: "validate",
    targetState: "unchanged",
    cause,
  });
}
