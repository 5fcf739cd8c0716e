/**
 * The option `validate` of everything that reads or changes JSON: a Standard Schema, or a function that returns the
 * value or throws. One meaning everywhere: `validatorOption` reads the option, `judgeJson` calls it, and readers use
 * `parseValid`.
 *
 * A refusal is no failure here: the caller says what it means. A schema that throws and a function that returns nothing
 * are mistakes of the program, and are thrown. Nothing on disk changes.
 */
import { type CorruptionError, InvalidArgument } from "../core/errors.ts";
import type { Operation } from "../core/operation.ts";
import { type OptionReader, wrongArgument } from "../core/options.ts";
import { issuesText, type StandardSchemaV1 } from "../core/standard_schema.ts";
import { callBack } from "../protocol/call_back.ts";
import type { Engine } from "../protocol/engine.ts";
import { CallerError } from "../protocol/failure.ts";
import { corruption, decodeText, parseJson } from "./decode_text.ts";

/**
 * What checks a JSON value: a Standard Schema (zod, valibot, arktype, …), or a function that returns the value as a `T`
 * and throws if it is not valid.
 */
export type JsonValidator<T> = StandardSchemaV1<T> | ((value: unknown) => T | PromiseLike<T>);

/** Why a value is not valid. */
export interface Refusal {
  /** For people. */
  readonly reason: string;
  /** The issues of a schema, or what a function threw. */
  readonly cause: unknown;
}

/** What a validator says of a value. */
type JsonVerdict = { readonly value: unknown; readonly refusal?: undefined } | { readonly refusal: Refusal };

function isSchema(value: unknown): value is StandardSchemaV1 {
  if ((typeof value !== "object" || value === null) && typeof value !== "function") return false;
  const standard: unknown = Reflect.get(value, "~standard");
  return typeof standard === "object" && standard !== null && "validate" in standard;
}

/** Reads the option `validate`. */
export const validatorOption: OptionReader<JsonValidator<unknown>> = (value, name) => {
  if (isSchema(value)) return value;
  if (typeof value === "function") return value as (value: unknown) => unknown;
  throw wrongArgument(name, "a function or a Standard Schema", value);
};

/** How a validator is called: inside the locks that are held. */
type CallValidator = <T>(call: () => T | PromiseLike<T>) => Operation<T>;

/** Lets a validator check a value. */
export function* judgeJson(
  call: CallValidator,
  validate: JsonValidator<unknown>,
  value: unknown,
): Operation<JsonVerdict> {
  if (isSchema(validate)) {
    const result = yield* call(() => validate["~standard"].validate(value));
    if (result.issues === undefined) return { value: result.value };
    return { refusal: { reason: issuesText(result.issues), cause: result.issues } };
  }
  try {
    const answer = yield* call(() => validate(value));
    // Undefined would mean that there is no file, and an update would start anew.
    if (answer === undefined) {
      throw new InvalidArgument("validate returned nothing: it must return the value, or throw");
    }
    return { value: answer };
  } catch (error) {
    if (!(error instanceof CallerError) || error.reason instanceof InvalidArgument) throw error;
    const { reason: cause } = error;
    return { refusal: { reason: cause instanceof Error ? cause.message : "validate threw", cause } };
  }
}

/** The error for content that its validator refuses. */
export function invalidContent(path: string, { reason, cause }: Refusal): CorruptionError {
  return corruption(path, `its content is not valid: ${reason}`, undefined, cause);
}

/**
 * The JSON value in these bytes of a file, as its validator returns it; CorruptionError where it is none or not valid.
 */
export function* parseValid(
  engine: Engine,
  validate: JsonValidator<unknown> | undefined,
  bytes: Uint8Array,
  file: string,
): Operation<unknown> {
  const value = parseJson(decodeText(bytes, file), file);
  if (validate === undefined) return value;
  const verdict = yield* judgeJson((call) => callBack(engine, call), validate, value);
  if (verdict.refusal !== undefined) throw invalidContent(file, verdict.refusal);
  return verdict.value;
}
