/**
 * A value that follows a call through everything it awaits (AsyncLocalStorage), loaded with the first use.
 *
 * 1. `run` a body with a value, or `keep` those that others run. 2. `end` once for each of both, when nobody needs that value any more.
 *
 * It hangs on `globalThis` under a versioned name, so that two copies of the module see each other's values. Between
 * uses it is switched off: on Node 20 and 22 an AsyncLocalStorage that has been run makes every await of the whole
 * program cost three times as much (52 → 186 ns) until `disable` takes its hooks away again.
 * https://nodejs.org/api/async_context.html#asynclocalstoragedisable
 */
import { builtin } from "./builtin.ts";

/** What is used of AsyncLocalStorage. */
interface Storage<T> {
  run<R>(value: T, body: () => R): R;
  getStore(): T | undefined;
  disable(): void;
}

interface Shared<T> {
  readonly storage: Storage<T>;
  users: number;
}

/** A named context. */
// check-layers: allow -- the declarations of what is a context name it
export interface AsyncContext<T> {
  /** Runs `body` with `value` as what `get` answers in it and in all it awaits. */
  run<R>(value: T, body: () => R): R;
  /** As a `run` of nothing: what others have run finds its value until the `end` of this, too. */
  keep(): void;
  /** Says that the value of one `run` is not needed any more. When it was the last, `get` answers undefined. */
  end(): void;
  /** The innermost value; undefined outside. */
  get(): T | undefined;
}

/** The context by that name. */
export function asyncContext<T>(name: string): AsyncContext<T> {
  const symbol = Symbol.for(`@durable/atomic-write/${name}`);
  const holder = globalThis as { [key: symbol]: Shared<T> | undefined };
  const used = (): Shared<T> => {
    const shared = holder[symbol] ??= { storage: new (builtin("node:async_hooks").AsyncLocalStorage)<T>(), users: 0 };
    shared.users++;
    return shared;
  };
  return {
    run: (value, body) => used().storage.run(value, body),
    keep: () => void used(),
    end() {
      const shared = holder[symbol];
      if (shared !== undefined && --shared.users === 0) shared.storage.disable();
    },
    // Nobody runs anything in it: nothing to load, nothing to look for.
    get() {
      const shared = holder[symbol];
      return shared === undefined || shared.users === 0 ? undefined : shared.storage.getStore();
    },
  };
}
