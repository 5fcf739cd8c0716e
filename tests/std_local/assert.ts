/**
 * Stands in for `@std/assert` on machines that do not reach JSR: the same names, the same meaning.
 */
import { AssertionError as NodeAssertionError } from "node:assert";
import { inspect } from "node:util";
import { equal, includes } from "./equal.ts";

export { equal };

type Constructor<T> = abstract new (...args: never[]) => T;

/** What every failed assertion throws. */
export class AssertionError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "AssertionError";
  }
}

function show(value: unknown): string {
  return inspect(value, { depth: 10, maxArrayLength: 200, maxStringLength: 10_000, sorted: true });
}

function raise(text: string, message: string | undefined): never {
  throw new AssertionError(message ? `${text}: ${message}` : `${text}.`);
}

function difference(actual: unknown, expected: unknown, operator: string): string {
  return new NodeAssertionError({ actual, expected, operator }).message;
}

export function assert(condition: unknown, message = ""): asserts condition {
  if (!condition) throw new AssertionError(message);
}

export function assertFalse(condition: unknown, message = ""): asserts condition is false {
  if (condition) throw new AssertionError(message);
}

export function assertEquals<T>(actual: T, expected: T, message?: string): void {
  if (equal(actual, expected)) return;
  raise(`Values are not equal\n${difference(actual, expected, "deepStrictEqual")}`, message);
}

export function assertNotEquals<T>(actual: T, expected: T, message?: string): void {
  if (equal(actual, expected)) raise(`Expected actual: ${show(actual)} not to be: ${show(expected)}`, message);
}

export function assertStrictEquals<T>(actual: unknown, expected: T, message?: string): asserts actual is T {
  if (Object.is(actual, expected)) return;
  raise(`Values are not strictly equal\n${difference(actual, expected, "strictEqual")}`, message);
}

export function assertNotStrictEquals<T>(actual: T, expected: T, message?: string): void {
  if (Object.is(actual, expected)) raise(`Expected "actual" to not be strictly equal to: ${show(actual)}`, message);
}

export function assertAlmostEquals(actual: number, expected: number, tolerance?: number, message?: string): void {
  if (Object.is(actual, expected)) return;
  const allowed = tolerance ?? (Number.isFinite(expected) ? Math.abs(expected * 1e-7) : 1e-7);
  if (Math.abs(expected - actual) <= allowed) return;
  raise(`Expected ${actual} to be within ${allowed} of ${expected}`, message);
}

export function assertExists<T>(actual: T, message?: string): asserts actual is NonNullable<T> {
  if (actual === undefined || actual === null) {
    raise(`Expected actual: "${actual}" to not be null or undefined`, message);
  }
}

export function assertGreater<T>(actual: T, expected: T, message?: string): void {
  if (!(actual > expected)) raise(`Expect ${show(actual)} > ${show(expected)}`, message);
}

export function assertGreaterOrEqual<T>(actual: T, expected: T, message?: string): void {
  if (!(actual >= expected)) raise(`Expect ${show(actual)} >= ${show(expected)}`, message);
}

export function assertLess<T>(actual: T, expected: T, message?: string): void {
  if (!(actual < expected)) raise(`Expect ${show(actual)} < ${show(expected)}`, message);
}

export function assertLessOrEqual<T>(actual: T, expected: T, message?: string): void {
  if (!(actual <= expected)) raise(`Expect ${show(actual)} <= ${show(expected)}`, message);
}

export function assertMatch(actual: string, expected: RegExp, message?: string): void {
  // `search` does not look at `lastIndex`, so a global expression gives the same answer every time.
  if (actual.search(expected) < 0) raise(`Expected actual: ${show(actual)} to match: ${show(expected)}`, message);
}

export function assertNotMatch(actual: string, expected: RegExp, message?: string): void {
  if (actual.search(expected) >= 0) raise(`Expected actual: ${show(actual)} to not match: ${show(expected)}`, message);
}

export function assertStringIncludes(actual: string, expected: string, message?: string): void {
  if (!actual.includes(expected)) raise(`Expected actual: ${show(actual)} to contain: ${show(expected)}`, message);
}

export function assertArrayIncludes<T>(
  actual: ArrayLike<T> & object,
  expected: ArrayLike<T> & object,
  message?: string,
): void {
  const present = Array.from(actual);
  const missing = Array.from(expected).filter((item) => !present.some((other) => equal(item, other)));
  if (missing.length === 0) return;
  raise(`Expected actual: ${show(actual)} to include: ${show(expected)}\nmissing: ${show(missing)}`, message);
}

export function assertObjectMatch(
  actual: object,
  expected: Record<PropertyKey, unknown>,
  message?: string,
): void {
  if (includes(actual, expected)) return;
  raise(`Expected actual: ${show(actual)} to match: ${show(expected)}`, message);
}

export function assertInstanceOf<T>(actual: unknown, expected: Constructor<T>, message?: string): asserts actual is T {
  if (actual instanceof expected) return;
  raise(`Expected object to be an instance of "${expected.name}" but was ${show(actual)}`, message);
}

export function assertNotInstanceOf<A, T>(
  actual: A,
  unexpected: Constructor<T>,
  message?: string,
): asserts actual is Exclude<A, T> {
  if (actual instanceof unexpected) raise(`Expected object to not be an instance of "${unexpected.name}"`, message);
}

export function assertIsError<E extends Error = Error>(
  error: unknown,
  type?: Constructor<E>,
  matches?: string | RegExp,
  message?: string,
): asserts error is E {
  if (!(error instanceof Error)) raise(`Expected "error" to be an Error object but was ${show(error)}`, message);
  if (type !== undefined && !(error instanceof type)) {
    raise(
      `Expected error to be instance of "${type.name}", but was "${error.constructor.name}": ${show(error)}`,
      message,
    );
  }
  const found = matches === undefined ||
    (typeof matches === "string" ? error.message.includes(matches) : error.message.search(matches) >= 0);
  if (!found) raise(`Expected error message to include ${show(matches)}, but got ${show(error.message)}`, message);
}

/** The arguments after the function are either a message, or an error class, part of its message, and a message. */
function expectation<E extends Error>(
  typeOrMessage: Constructor<E> | string | undefined,
  included: string | undefined,
  message: string | undefined,
): { message: string | undefined; check: (error: unknown) => void } {
  if (typeof typeOrMessage === "string") return { message: typeOrMessage, check: () => {} };
  if (typeOrMessage === undefined) return { message, check: () => {} };
  return { message, check: (error) => assertIsError(error, typeOrMessage, included, message) };
}

export function assertThrows(run: () => unknown, message?: string): unknown;
export function assertThrows<E extends Error = Error>(
  run: () => unknown,
  type: Constructor<E>,
  included?: string,
  message?: string,
): E;
export function assertThrows<E extends Error = Error>(
  run: () => unknown,
  typeOrMessage?: Constructor<E> | string,
  included?: string,
  message?: string,
): unknown {
  const expected = expectation(typeOrMessage, included, message);
  try {
    run();
  } catch (error) {
    expected.check(error);
    return error;
  }
  return raise("Expected function to throw", expected.message);
}

export function assertRejects(run: () => PromiseLike<unknown>, message?: string): Promise<unknown>;
export function assertRejects<E extends Error = Error>(
  run: () => PromiseLike<unknown>,
  type: Constructor<E>,
  included?: string,
  message?: string,
): Promise<E>;
export async function assertRejects<E extends Error = Error>(
  run: () => PromiseLike<unknown>,
  typeOrMessage?: Constructor<E> | string,
  included?: string,
  message?: string,
): Promise<unknown> {
  const expected = expectation(typeOrMessage, included, message);
  let promise: PromiseLike<unknown> | undefined;
  try {
    promise = run();
  } catch (error) {
    raise(`Function throws when expected to reject with ${show(error)}`, expected.message);
  }
  if (typeof promise?.then !== "function") raise("Function throws when expected to reject", expected.message);
  try {
    await promise;
  } catch (error) {
    expected.check(error);
    return error;
  }
  return raise("Expected function to reject", expected.message);
}

export function fail(message?: string): never {
  raise("Failed assertion", message);
}

export function unreachable(reason?: string): never {
  raise("Unreachable", reason);
}

export function unimplemented(reason?: string): never {
  raise("Unimplemented", reason);
}
