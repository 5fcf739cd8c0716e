/** What is done with a value that may still be promised, and when a call has ended. */
import type { Awaitable } from "../../core/operation.ts";

function isPromise<T>(value: Awaitable<T>): value is PromiseLike<T> {
  return typeof value === "object" && value !== null && "then" in value;
}

/** `next` on a value that may still be promised. */
export function whenKnown<T, R>(value: Awaitable<T>, next: (value: T) => Awaitable<R>): Awaitable<R> {
  return isPromise(value) ? value.then(next) : next(value);
}

/** Calls `settled` when a call has ended, either way. */
export function observed<T>(start: () => Awaitable<T>, settled: (result: { value: T } | { error: unknown }) => void) {
  let value: Awaitable<T>;
  try {
    value = start();
  } catch (error) {
    settled({ error });
    throw error;
  }
  if (!isPromise(value)) {
    settled({ value });
    return value;
  }
  return value.then(
    (value) => {
      settled({ value });
      return value;
    },
    (error) => {
      settled({ error });
      throw error;
    },
  );
}
