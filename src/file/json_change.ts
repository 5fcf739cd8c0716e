/**
 * A change of a JSON value, from the text that is there to the text that shall be: what every update of JSON shares.
 *
 * parse → the schema → the callback → the same value? then nothing → the schema → text. A value that the schema refuses
 * is damaged content where it was read, and a ValidationError where it would be written; nothing has changed then.
 */
import { InvalidArgument, ValidationError } from "../core/errors.ts";
import type { Operation } from "../core/operation.ts";
import type { OptionReader } from "../core/options.ts";
import { issuesText, type StandardSchemaV1 } from "../core/standard_schema.ts";
import { callInside } from "../lock/own_holds.ts";
import type { LockHold } from "../lock/lock_hold.ts";
import type { Engine } from "../protocol/engine.ts";
import { withinLimits } from "../protocol/file_call.ts";
import { corruption, decodeText, parseJson } from "./decode_text.ts";
import { jsonText } from "./write_json_file.ts";

/** What values of a file may be. */
export interface JsonValidation<T> {
  /** Checks both the value on disk (CorruptionError) and the value to be written (ValidationError). */
  validate?: StandardSchemaV1<T>;
}

/** Reads the option `validate`. */
export const schemaOption: OptionReader<StandardSchemaV1> = (value, name) => {
  const standard: unknown = (typeof value === "object" && value !== null) || typeof value === "function"
    ? Reflect.get(value, "~standard")
    : undefined;
  const found = typeof standard === "object" && standard !== null && "validate" in standard;
  if (!found) throw new InvalidArgument(`${name} must be a Standard Schema (it has no "~standard"."validate")`);
  return value as StandardSchemaV1;
};

/** What is done to a JSON value. */
interface JsonChange<T> {
  readonly engine: Engine;
  /** The locks that are held meanwhile. */
  readonly holds: readonly LockHold[];
  readonly change: (current: T | undefined) => T | undefined | PromiseLike<T | undefined>;
  readonly validate: StandardSchemaV1 | undefined;
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
  const check = (value: unknown) => callInside(engine, holds, () => validate?.["~standard"].validate(value));
  let value = current === undefined ? undefined : parseJson(decodeText(current, file), file);
  const before = value === undefined ? undefined : withinLimits(file, () => JSON.stringify(value));
  if (value !== undefined) {
    const result = yield* check(value);
    if (result?.issues !== undefined) {
      throw corruption(file, `its content is not valid: ${issuesText(result.issues)}`, undefined, result.issues);
    }
    if (result !== undefined) value = result.value;
  }
  const given = validate === undefined || value === undefined ? before : JSON.stringify(value);
  const next = yield* callInside(engine, holds, () => change(value as T | undefined));
  if (next === undefined && value !== undefined && JSON.stringify(value) !== given) {
    throw new InvalidArgument("change has changed the value, and returned nothing: it must return the new value");
  }
  tell(next ?? value as T | undefined);
  // The same value in another layout is the same value: a file that was formatted by hand stays so.
  if (next === undefined || (before !== undefined && JSON.stringify(next) === before)) return undefined;
  const result = yield* check(next);
  if (result?.issues !== undefined) throw invalidValue(file, issuesText(result.issues), result.issues);
  return jsonText(next, space);
}

function invalidValue(path: string, reason: string, cause: unknown): ValidationError {
  return new ValidationError("Cannot update", `the new value is not valid: ${reason}`, {
    code: "EINVALID",
    path,
    step: "validate",
    targetState: "unchanged",
    cause,
  });
}
