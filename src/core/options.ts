/**
 * Reading a caller's options: once, completely, before any I/O, without keeping or changing the caller's object.
 *
 * `readOptions(options, readers)` returns a frozen object of checked values. A wrong type or an unknown name is a
 * TypeError (a misspelt `mode` would otherwise publish a secret), a number out of range a RangeError.
 */
import { InvalidArgument, OutOfRange } from "./invalid_argument.ts";
import { anyOf } from "./quotation.ts";

/** Checks one value; `name` is for its message. */
export type OptionReader<T> = (value: unknown, name: string) => T;

/** The type a reader returns. */
type OptionValue<R> = R extends OptionReader<infer T> ? T : never;

/** What a table of readers makes of an options object: the same names, each perhaps absent. */
type OptionValues<Readers> = { readonly [Name in keyof Readers]?: OptionValue<Readers[Name]> };

/** Shows a value in a message. */
function show(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value);
  if (Array.isArray(value)) return "an array";
  if (typeof value === "function") return "a function";
  if (typeof value === "object" && value !== null) return "an object";
  return String(value);
}

/** The error for an argument that is not what it must be: it says what it is. */
export function wrongArgument(name: string, wanted: string, value: unknown): TypeError {
  return new InvalidArgument(`${name} must be ${wanted}, not ${show(value)}`);
}

/** Reads options by a table of readers. A value of undefined is an absent option. */
export function readOptions<Readers extends Record<string, OptionReader<unknown>>>(
  options: unknown,
  readers: Readers,
): OptionValues<Readers> {
  if (options === undefined) return Object.freeze({});
  if (typeof options !== "object" || options === null || Array.isArray(options)) {
    throw new InvalidArgument(`Options must be an object, not ${show(options)}`);
  }
  const values: Record<string, unknown> = {};
  // Inherited ones, too: an option that is overlooked is as bad as one that is misspelt.
  for (const name in options) {
    const value: unknown = Reflect.get(options, name);
    if (value === undefined) continue;
    const read = Object.hasOwn(readers, name) ? readers[name] : undefined;
    if (read === undefined) throw new InvalidArgument(`There is no option ${JSON.stringify(name)}`);
    values[name] = read(value, name);
  }
  if (!isPlainObject(options)) readGetters(options, readers, values);
  return Object.freeze(values) as OptionValues<Readers>;
}

/** An object that is written as one has no options but those that a loop over it shows. */
function isPlainObject(options: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(options);
  return prototype === Object.prototype || prototype === null;
}

/** Getters of a class, which no loop shows. */
function readGetters(
  options: object,
  readers: Readonly<Record<string, OptionReader<unknown>>>,
  values: Record<string, unknown>,
): void {
  for (const name in readers) {
    const value: unknown = Object.hasOwn(values, name) ? undefined : Reflect.get(options, name);
    if (value !== undefined) values[name] = readers[name]?.(value, name);
  }
}

/** One of some words. */
export function oneOf<const Word extends string>(...words: Word[]): OptionReader<Word> {
  return (value, name) => {
    const word = words.find((candidate) => candidate === value);
    if (word === undefined) {
      const allowed = words.map((each) => `"${each}"`);
      throw new InvalidArgument(`${name} must be ${anyOf(allowed)}, not ${show(value)}`);
    }
    return word;
  };
}

/** True or false. */
export const flag: OptionReader<boolean> = (value, name) => {
  if (typeof value !== "boolean") throw new InvalidArgument(`${name} must be true or false, not ${show(value)}`);
  return value;
};

/** A whole number from `least` to `most`. */
export function wholeNumber(least: number, most: number): OptionReader<number> {
  return (value, name) => {
    if (typeof value !== "number") throw new InvalidArgument(`${name} must be a number, not ${show(value)}`);
    if (!Number.isInteger(value) || value < least || value > most) {
      throw new OutOfRange(`${name} must be a whole number from ${least} to ${most}, not ${value}`);
    }
    return value;
  };
}

/** How many. */
export const count: OptionReader<number> = wholeNumber(0, Number.MAX_SAFE_INTEGER);

/** A span of time in milliseconds, `least` or more; fractions and Infinity are fine. */
export function millisecondsFrom(least: number): OptionReader<number> {
  return (value, name) => {
    if (typeof value !== "number") {
      throw new InvalidArgument(`${name} must be a number of milliseconds, not ${show(value)}`);
    }
    if (!(value >= least)) throw new OutOfRange(`${name} must be ${least} ms or more, not ${value}`);
    return value;
  };
}

/** Any span of time in milliseconds. */
export const milliseconds: OptionReader<number> = millisecondsFrom(0);

/** A function, to be called with what `T` says. */
export const callback = <T>(): OptionReader<T> => (value, name) => {
  if (typeof value !== "function") throw new InvalidArgument(`${name} must be a function, not ${show(value)}`);
  return value as T;
};

/**
 * Whether these permission bits are most likely meant to be what their decimal digits say in octal: 600 is 0o1130, sticky,
 * and nothing that anybody wants. (Of four digits there are modes that read so: 0o4755 is 2541.)
 */
export const looksOctal = (mode: number): boolean => mode > 0o777 && /^[0-7]{3}$/.test(`${mode}`);

/** Permission bits. */
export const fileMode: OptionReader<number> = (value, name) => {
  if (typeof value !== "number") {
    throw new InvalidArgument(`${name} must be a number such as 0o600, not ${show(value)}`);
  }
  if (!Number.isInteger(value) || value < 0 || value > 0o7777) {
    const shown = Number.isInteger(value) && value > 0 ? `0o${value.toString(8)}` : value;
    throw new OutOfRange(`${name} must be from 0 to 0o7777, not ${shown}`);
  }
  if (looksOctal(value)) {
    throw new OutOfRange(`${name} must be in octal: ${value} is 0o${value.toString(8)}; 0o${value} is meant`);
  }
  return value;
};

/** The greatest number of a user or group: 4294967295 is the kernel's "leave it", chown(2). */
export const highestOwnerNumber = 0xfffffffe;

/** Whether this can be a user or group: a name, or a number, which may be written in a text. */
export function isOwner(value: string | number): boolean {
  if (typeof value === "string" && !/^[0-9]+$/.test(value)) return value !== "";
  const number = Number(value);
  return Number.isInteger(number) && number >= 0 && number <= highestOwnerNumber;
}

/** An AbortSignal, of whatever realm. */
export const abortSignal: OptionReader<AbortSignal> = (value, name) => {
  if (typeof value !== "object" || value === null || typeof Reflect.get(value, "aborted") !== "boolean") {
    throw new InvalidArgument(`${name} must be an AbortSignal, not ${show(value)}`);
  }
  return value as AbortSignal;
};

/** Refuses a signal where nobody could use it: a synchronous call is over before anything else runs. */
export function refuseSignal(synchronous: boolean, signal: AbortSignal | undefined, name = "signal"): void {
  if (synchronous && signal !== undefined) throw new InvalidArgument(`${name}: a synchronous call cannot be aborted`);
}

/** A path as callers write it. */
export type FilePath = string | URL;

/** A path or file: URL, not yet looked at further. */
export const filePath: OptionReader<FilePath> = (value, name) => {
  if (typeof value !== "string" && !(value instanceof URL)) {
    throw new InvalidArgument(`${name} must be a path or a file: URL, not ${show(value)}`);
  }
  return value;
};

/** The text of a path or file: URL; TypeError for what can name no file. */
export function pathText(path: FilePath, style: "posix" | "windows"): string {
  const text = typeof path === "string" ? path : urlPath(filePath(path, "path") as URL, style);
  if (text === "") throw new InvalidArgument("A path must not be empty");
  if (text.includes("\0")) throw new InvalidArgument(`A path must not contain NUL: ${JSON.stringify(text)}`);
  // Would be written as U+FFFD, as every other lone surrogate is: to another file.
  if (style === "posix" && /\p{Surrogate}/u.test(text)) {
    throw new InvalidArgument(`A path must not contain lone surrogates: ${JSON.stringify(text)}`);
  }
  return text;
}

function urlPath(url: URL, style: "posix" | "windows"): string {
  if (url.protocol !== "file:") {
    throw new InvalidArgument(`A URL must begin with file:, not ${JSON.stringify(url.protocol)}`);
  }
  if (/%2f/i.test(url.pathname) || (style === "windows" && /%5c/i.test(url.pathname))) {
    throw new InvalidArgument(`A file: URL must not contain an encoded separator: ${url.href}`);
  }
  const path = decodedPath(url);
  if (style === "posix") {
    if (url.hostname !== "") throw new InvalidArgument(`A file: URL must not name a host: ${url.href}`);
    return path;
  }
  if (url.hostname !== "") return `\\\\${url.hostname}${path.replaceAll("/", "\\")}`;
  if (!/^\/[A-Za-z]:\//.test(path)) throw new InvalidArgument(`A file: URL must name a drive: ${url.href}`);
  return path.slice(1).replaceAll("/", "\\");
}

/** Bytes that are not UTF-8 can be written in a URL, but no runtime can name a file by them. */
function decodedPath(url: URL): string {
  try {
    return decodeURIComponent(url.pathname);
  } catch (error) {
    throw new InvalidArgument(`A file: URL must contain UTF-8: ${url.href}`, { cause: error });
  }
}
