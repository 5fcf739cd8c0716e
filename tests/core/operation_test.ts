/** One protocol body, two drivers: what `run`, `runSync` and `all` promise. */
import { assert, assertEquals, assertRejects, assertStrictEquals, assertThrows } from "@std/assert";
import { test } from "node:test";
import { all, type Awaitable, type Operation, run, runSync, wait } from "../../src/core/operation.ts";

const later = <T>(value: T): Promise<T> => new Promise((resolve) => setTimeout(() => resolve(value), 0));

function* add(a: Awaitable<number>, b: Awaitable<number>): Operation<number> {
  return (yield* wait(a)) + (yield* wait(b));
}

test("runSync passes plain values straight through", () => {
  assertEquals(runSync(() => add(1, 2)), 3);
});

test("run awaits what is handed up, promise or not", async () => {
  assertEquals(await run(() => add(later(1), 2)), 3);
  assertEquals(await run(() => add(1, 2)), 3);
});

test("run begins before it returns", () => {
  const events: string[] = [];
  const promise = run(function* () {
    events.push("begun");
    yield* wait(later(0));
  });
  assertEquals(events, ["begun"]);
  return promise;
});

test("run turns an error of the start itself into a rejection", async () => {
  const start = (): Operation<void> => {
    throw new RangeError("at once");
  };
  await assertRejects(() => run(start), RangeError, "at once");
  // deno-lint-ignore require-yield -- an operation whose first step fails
  const first = function* (): Operation<void> {
    throw new RangeError("first step");
  };
  await assertRejects(() => run(first), RangeError, "first step");
});

test("run throws into the operation where it waited, and runs its finally blocks, which may wait", async () => {
  const events: unknown[] = [];
  const reason = new Error("refused");
  const operation = function* (): Operation<void> {
    try {
      yield* wait(Promise.reject(reason));
    } catch (error) {
      events.push(error);
      throw error;
    } finally {
      events.push(yield* wait(later("tidied")));
    }
  };
  const thrown = await assertRejects(() => run(operation));
  assertStrictEquals(thrown, reason);
  assertEquals(events, [reason, "tidied"]);
});

test("runSync refuses a promise with a TypeError at the place of the wait, and runs the finally blocks", () => {
  const events: string[] = [];
  const operation = function* (): Operation<void> {
    try {
      yield* wait(later(1));
    } finally {
      events.push("tidied");
    }
  };
  assertThrows(() => runSync(operation), TypeError, "given a promise");
  assertEquals(events, ["tidied"]);
});

test("runSync leaves no unhandled rejection behind when it refuses a promise that fails", async () => {
  assertThrows(() => runSync(() => wait(Promise.reject(new Error("later")))), TypeError);
  // An unhandled rejection would end the process, or fail this file, in one of these turns.
  await later(0);
  await later(0);
});

test("wait takes any thenable for a promise, and an object without then for a value", async () => {
  const thenable: PromiseLike<number> = {
    then: (resolve) => Promise.resolve(resolve ? resolve(7) : undefined) as never,
  };
  assertEquals(await run(() => wait<unknown>(thenable)), 7);
  const value = { size: 1 };
  assertStrictEquals(runSync(() => wait(value)), value);
});

test("all returns results in the order of the starts, whatever the order of completion", async () => {
  const delayed = (turns: number, value: string) =>
    function* (): Operation<string> {
      for (let turn = 0; turn < turns; turn++) yield* wait(later(0));
      return value;
    };
  assertEquals(await run(() => all([delayed(3, "a"), delayed(1, "b"), delayed(0, "c")])), ["a", "b", "c"]);
});

test("all runs no more than the limit at once, and all of them", async () => {
  let running = 0;
  let most = 0;
  const start = function* (): Operation<void> {
    most = Math.max(most, ++running);
    yield* wait(later(0));
    running--;
  };
  const results = await run(() => all(Array.from({ length: 20 }, () => start), 4));
  assertEquals([most, results.length], [4, 20]);
});

test("all under runSync runs one after another, in order", () => {
  const events: number[] = [];
  const starts = [0, 1, 2].map((index) =>
    // deno-lint-ignore require-yield -- nothing to wait for
    function* (): Operation<number> {
      events.push(index);
      return index * 10;
    }
  );
  assertEquals(runSync(() => all(starts)), [0, 10, 20]);
  assertEquals(events, [0, 1, 2]);
});

test("all settles everything it started before it throws the first error in order, and starts nothing after it", async () => {
  const settled: string[] = [];
  const start = (name: string, turns: number, fails: boolean) =>
    function* (): Operation<string> {
      for (let turn = 0; turn < turns; turn++) yield* wait(later(0));
      settled.push(name);
      if (fails) throw new Error(name);
      return name;
    };
  const starts = [start("slow", 5, true), start("quick", 1, true), start("never", 0, false)];
  await assertRejects(() => run(() => all(starts, 2)), Error, "slow");
  assertEquals(settled, ["quick", "slow"]);
});

test("all of nothing is nothing", async () => {
  assertEquals(runSync(() => all([])), []);
  assert(Array.isArray(await run(() => all([]))));
});
