/**
 * Which runtime is this: its adapter is made on first use (adapter.ts).
 *
 * `withRuntime` puts another one in its place for everything that a function calls and awaits: the simulated machine of an
 * exploration, of which the code that is proven knows nothing.
 */
import { wrongArgument } from "../core/options.ts";
import { readGiven } from "../core/operation.ts";
import { makeRuntime } from "./adapter.ts";
import { asRuntime, isRuntime } from "./as_runtime.ts";
import { type AsyncContext, asyncContext } from "./async_context.ts";
import type { Runtime } from "./runtime.ts";

let current: Runtime | undefined;

/** What is in its place for code that asks from inside; schedules/realm.ts knows the name. */
export const ambientRuntime: AsyncContext<Runtime> = asyncContext<Runtime>("ambient-runtime/1");

/**
 * The runtime that functions of this package use when their option `runtime` is left out: the one this code runs on, or
 * inside `withRuntime` and the callbacks of an exploration, the one given there.
 *
 * @throws {Error} This is none of Deno, Bun and Node.
 *
 * @example What a write does on the real disk
 * ```ts
 * import { currentRuntime, writeFile } from "@durable/atomic-write";
 * import { traceRuntime } from "@durable/atomic-write/testing";
 * import process from "node:process";
 *
 * const { runtime, trace } = traceRuntime(currentRuntime(), { base: process.cwd() });
 * await writeFile("a.txt", "new", { runtime });
 * console.log(trace.join("\n")); // … create .a.txt.<random>.f.tmp 0666 / write 3 / sync / … rename … / sync .
 * ```
 */
export function currentRuntime(): Runtime {
  return ambientRuntime.get() ?? (current ??= makeRuntime());
}

/**
 * Calls `body` with `runtime` as what {@linkcode currentRuntime} returns, in it and in all it awaits: the functions of this
 * package then work on it without being given it, and so does `simulatedFs()`.
 *
 * Not reached: callbacks that were registered before, such as listeners of an event, and other threads.
 *
 * @returns What `body` returns. If that is a promise, `runtime` is in its place until it settles.
 * @throws Whatever `body` throws.
 * @throws {TypeError} `runtime` is no runtime, or `body` no function.
 *
 * @example
 * ```ts
 * import { writeFileSync } from "@durable/atomic-write";
 * import { memoryRuntime, withRuntime } from "@durable/atomic-write/testing";
 *
 * const machine = memoryRuntime();
 * withRuntime(machine, () => writeFileSync("/a.txt", "nowhere on the real disk"));
 * console.log(machine.files()); // { "/a.txt": "nowhere on the real disk" }
 * ```
 */
export function withRuntime<T>(runtime: Runtime, body: () => T): T {
  const place = readGiven(() => {
    if (typeof body !== "function" && isRuntime(runtime)) {
      throw wrongArgument("The second argument of withRuntime", "a function", body);
    }
    return asRuntime(runtime, "The first argument of withRuntime");
  });
  let result: T;
  try {
    result = ambientRuntime.run(place, body);
  } catch (error) {
    ambientRuntime.end();
    throw error;
  }
  if (!isPromiseLike(result)) {
    ambientRuntime.end();
    return result;
  }
  return Promise.resolve(result).finally(() => ambientRuntime.end()) as T;
}

/** Also of another realm: jest runs tests in one of their own. */
function isPromiseLike(value: unknown): value is PromiseLike<unknown> {
  return typeof value === "object" && value !== null && typeof Reflect.get(value, "then") === "function";
}
