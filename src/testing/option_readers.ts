/**
 * What the options of the testing tools are read by, beside core/options.ts.
 *
 * People write these options by hand, one test at a time: each refusal names the tool that was called, the option, and
 * what there is instead. Nothing is read as empty that was not written as empty: a Map of files, or a promise of options,
 * has no names of its own and would make a machine with nothing on it.
 */
import { InvalidArgument, OutOfRange } from "../core/errors.ts";
import { callback, count, type OptionReader, readOptions, wholeNumber, wrongArgument } from "../core/options.ts";

/** A reader for each option. */
export type Readers<Options> = { [Name in keyof Required<Options>]: OptionReader<NonNullable<Options[Name]>> };

/** What a table of readers returns. */
type Read<Table extends Record<string, OptionReader<unknown>>> = ReturnType<typeof readOptions<Table>>;

/** Whether somebody will have to wait for it. */
export const isPromiseLike = (value: unknown): value is PromiseLike<unknown> =>
  typeof value === "object" && value !== null && typeof Reflect.get(value, "then") === "function";

/** An object whose own names are what it says. */
function namesOf(value: unknown, name: string): Readonly<Record<string, unknown>> {
  if (isPromiseLike(value)) {
    throw new InvalidArgument(`${name} must be an object, not a promise: was something not awaited?`);
  }
  if (typeof value !== "object" || value === null) throw wrongArgument(name, "an object", value);
  if (Symbol.iterator in value) {
    throw new InvalidArgument(
      `${name} must be a plain object, not a list or a Map (of which Object.fromEntries makes one)`,
    );
  }
  return value as Readonly<Record<string, unknown>>;
}

function refuseUnknown(who: string, options: object, readers: object): void {
  for (const name in options) {
    if (Object.hasOwn(readers, name) || Reflect.get(options, name) === undefined) continue;
    const known = Object.keys(readers).sort().join(", ");
    throw new InvalidArgument(`${who}: there is no option ${JSON.stringify(name)}; its options are ${known}`);
  }
}

/** Reads the options of a tool by a table of readers. */
export function readOptionsOf<Table extends Record<string, OptionReader<unknown>>>(
  who: string,
  options: unknown,
  readers: Table,
): Read<Table> {
  if (options !== undefined) refuseUnknown(who, namesOf(options, `The options of ${who}`), readers);
  return readOptions(options, readers);
}

/** Reads options that are an option themselves: what is wrong in them is said with its name. */
export function within<Table extends Record<string, OptionReader<unknown>>>(
  readers: Table,
): OptionReader<Read<Table>> {
  return (value, name) => {
    const named = Object.fromEntries(
      Object.entries(readers).map(([inner, read]) => [inner, (item: unknown) => read(item, `${name}: ${inner}`)]),
    );
    refuseUnknown(name, namesOf(value, name), readers);
    return readOptions(value, named) as Read<Table>;
  };
}

/** Refuses options without which there is nothing to do. */
export function required<Name extends string>(who: string, options: object, ...names: Name[]): void {
  for (const name of names) {
    if (Reflect.get(options, name) === undefined) throw new InvalidArgument(`${who}: the option ${name} is missing`);
  }
}

/** A function; not what it has returned when it was called instead of being passed. */
export const given = <T>(): OptionReader<T> => (value, name) => {
  if (isPromiseLike(value)) {
    throw new InvalidArgument(`${name} must be a function, not a promise: was it called instead of being passed?`);
  }
  return callback<T>()(value, name);
};

/** One or more. */
export const positive: OptionReader<number> = wholeNumber(1, Number.MAX_SAFE_INTEGER);

/** A number. */
export const finite: OptionReader<number> = (value, name) => {
  if (typeof value !== "number" || !Number.isFinite(value)) throw wrongArgument(name, "a number", value);
  return value;
};

/** A share of a whole. */
export const part: OptionReader<number> = (value, name) => {
  const number = finite(value, name);
  if (number < 0 || number > 1) throw new OutOfRange(`${name} must be from 0 to 1, not ${number}`);
  return number;
};

/** A string. */
export const text: OptionReader<string> = (value, name) => {
  if (typeof value !== "string") throw wrongArgument(name, "a string", value);
  return value;
};

/** A list of at least one of what `each` reads. */
export const listOf = <T>(each: OptionReader<T>): OptionReader<readonly T[]> => (value, name) => {
  if (!Array.isArray(value) || value.length === 0) throw wrongArgument(name, "a list, and not empty", value);
  return value.map((item, index) => each(item, `${name}[${index}]`));
};

/** An object whose names are paths. */
export const byPath = <T>(each: OptionReader<T>): OptionReader<Readonly<Record<string, T>>> => (value, name) =>
  Object.fromEntries(
    Object.entries(namesOf(value, name)).map(([path, item]) => {
      if (!path.startsWith("/")) throw new InvalidArgument(`${name}: ${JSON.stringify(path)} is not an absolute path`);
      return [path, each(item, `${name}: ${path}`)];
    }),
  );

/** An object of numbers. */
export const numbers: OptionReader<Readonly<Record<string, number>>> = (value, name) =>
  Object.fromEntries(
    Object.entries(namesOf(value, name)).map(([key, number]) => [key, count(number, `${name}: ${key}`)]),
  );

/** An object of bytes. */
export const namedBytes: OptionReader<Readonly<Record<string, Uint8Array>>> = (value, name) => {
  const isBytes = (item: unknown): item is Uint8Array => ArrayBuffer.isView(item);
  const items = { ...namesOf(value, name) };
  for (const [key, item] of Object.entries(items)) {
    if (!isBytes(item)) throw wrongArgument(`${name}: ${key}`, "bytes", item);
  }
  return items as Readonly<Record<string, Uint8Array>>;
};

/** A pattern that finds every match, or none. */
export const patternOrNot: OptionReader<RegExp | false> = (value, name) => {
  if (value !== false && !(value instanceof RegExp)) throw wrongArgument(name, "a RegExp or false", value);
  if (value !== false && !value.global) throw new InvalidArgument(`${name} must have the flag g`);
  return value;
};
