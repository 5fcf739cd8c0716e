/**
 * A value that follows a call through everything it awaits (AsyncLocalStorage), loaded with the first use.
 *
 * It hangs on `globalThis` under a versioned name, so that two copies of the module see each other's values.
 */
import { builtin } from "./builtin.ts";

/** What is used of AsyncLocalStorage. */
interface Storage<T> {
  run<R>(value: T, body: () => R): R;
  getStore(): T | undefined;
}

/** A named context. */
export interface AsyncContext<T> {
  /** Runs `body` with `value` as what `get` answers in it and in all it awaits. */
  run<R>(value: T, body: () => R): R;
  /** The innermost value; undefined outside. */
  get(): T | undefined;
}

/** The context by that name. */
export function asyncContext<T>(name: string): AsyncContext<T> {
  const symbol = Symbol.for(`@durable/atomic-write/${name}`);
  const holder = globalThis as { [key: symbol]: Storage<T> | undefined };
  return {
    run(value, body) {
      const storage = holder[symbol] ??= new (builtin("node:async_hooks").AsyncLocalStorage)<T>();
      return storage.run(value, body);
    },
    // Nobody has run anything in it yet: nothing to load.
    get: () => holder[symbol]?.getStore(),
  };
}
