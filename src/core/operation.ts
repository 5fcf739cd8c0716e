/**
 * One protocol body, two drivers.
 *
 * A protocol step is written once, as a generator that returns an `Operation`. Where it touches the file system it says
 * `yield* wait(fileSystem.rename(a, b))`: a plain value passes straight through, a promise is handed to the driver.
 *
 * - `run(() => operation)` awaits what is handed up: the asynchronous functions of the public surface.
 * - `runSync(() => operation)` refuses promises: the `…Sync` twins, over a file system that never returns one.
 * - `all(operations)` runs several operations together under `run` and one after another under `runSync`; it settles
 *   every one it started before it throws the first error.
 *
 * State after a failure: an error is thrown into the generator at the `wait` that failed, so `finally` blocks run in
 * both drivers alike, and may themselves wait.
 */
import { InvalidArgument } from "./invalid_argument.ts";
import { showCaller } from "./caller_stack.ts";

/** A value, or a promise for it. What every method of the seam may return. */
export type Awaitable<T> = T | PromiseLike<T>;

/** A resumable computation that hands promises to its driver and ends with a `T`. */
export type Operation<T> = Generator<PromiseLike<unknown>, T, unknown>;

/** Hands a promise to the driver; returns a plain value at once. */
export function wait<T>(value: Awaitable<T>): Operation<T> {
  if (typeof value !== "object" || value === null || !("then" in value) || typeof value.then !== "function") {
    there.value = value;
    return there as unknown as Operation<T>;
  }
  return waitFor(value as PromiseLike<T>);
}

function* waitFor<T>(value: PromiseLike<T>): Operation<T> {
  return (yield value) as T;
}

/**
 * The operation that has ended with a value already, as most have: one for all, because `yield*` asks it before anything
 * else runs. A generator for each would be half of a write's garbage.
 */
const there = {
  value: undefined as unknown,
  [Symbol.iterator]: () => there,
  next: (): IteratorResult<never, unknown> => {
    const { value } = there;
    // Nothing is kept alive by the last call that was made.
    there.value = undefined;
    return { done: true, value };
  },
};

/**
 * Runs an operation, awaiting what it waits for. An error thrown by `start` itself becomes a rejection. `within`: how many
 * functions of this module lie between the caller and this one; `kept`: how many of them do more than return this call.
 */
export async function run<T>(start: () => Operation<T>, within = 1, kept = 0): Promise<T> {
  let resumed = false;
  try {
    const operation = start();
    const step = operation.next();
    if (step.done) return step.value;
    resumed = true;
    return await resume(operation, step);
  } catch (error) {
    showCaller(error, run, resumed ? 0 : within, kept);
    throw error;
  }
}

/**
 * Reads what a caller gave, where no operation runs yet: an error begins at the line that called the public function.
 * The public function calls this one itself, and does something with what it returns.
 */
export function readGiven<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    showCaller(error, readGiven, 1, 1);
    throw error;
  }
}

/**
 * Runs an operation as far as it goes without waiting, which on a real file system may be its end. What is left goes on
 * by itself; a failure of that is nobody's.
 */
export function runNow(start: () => Operation<void>): void {
  const operation = start();
  const step = operation.next();
  if (!step.done) resume(operation, step).catch(() => {});
}

async function resume<T>(operation: Operation<T>, first: IteratorResult<PromiseLike<unknown>, T>): Promise<T> {
  let step = first;
  while (!step.done) {
    let value: unknown;
    try {
      value = await step.value;
    } catch (error) {
      step = operation.throw(error);
      continue;
    }
    step = operation.next(value);
  }
  return step.value;
}

/** Runs an operation to its end at once; `kept` as for `run`. A promise handed up is a mistake of the file system or of a callback. */
export function runSync<T>(start: () => Operation<T>, kept = 0): T {
  try {
    const operation = start();
    let step = operation.next();
    while (!step.done) {
      // Nobody will await this promise: its rejection must not surface as an unhandled one.
      Promise.resolve(step.value).catch(() => {});
      step = operation.throw(new InvalidArgument("A synchronous operation was given a promise"));
    }
    return step.value;
  } catch (error) {
    showCaller(error, runSync, 1, kept);
    throw error;
  }
}

type Settled<T> = { value: T } | { error: unknown };

function* settle<T>(start: () => Operation<T>): Operation<Settled<T>> {
  try {
    return { value: yield* start() };
  } catch (error) {
    return { error };
  }
}

/**
 * Runs operations together, at most `limit` at a time, and returns their results in order. All that were started are
 * settled before the first error (in order) is thrown; after an error no further one is started.
 */
export function* all<T>(starts: readonly (() => Operation<T>)[], limit = 16): Operation<T[]> {
  const results: Settled<T>[] = [];
  let next = 0;
  let failed = false;

  function* lane(): Operation<void> {
    while (next < starts.length && !failed) {
      const index = next++;
      const start = starts[index];
      if (start === undefined) return;
      const result = yield* settle(start);
      results[index] = result;
      if ("error" in result) failed = true;
    }
  }

  const pending: Promise<void>[] = [];
  for (let count = 0; count < Math.min(limit, starts.length); count++) {
    // The first step runs here: with a synchronous file system each lane ends before the next one begins, so the
    // first lane runs everything in order and no promise is ever made.
    const operation = lane();
    const step = operation.next();
    if (!step.done) pending.push(resume(operation, step));
  }
  if (pending.length > 0) yield* wait(Promise.all(pending));

  for (const result of results) {
    if (result !== undefined && "error" in result) throw result.error;
  }
  return results.map((result) => (result as { value: T }).value);
}
