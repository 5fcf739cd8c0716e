/**
 * Where an error comes from, in its `stack`: the line of the caller, not the inside of this module.
 *
 * The drivers (operation.ts) call `showCaller` once with each error that leaves them. An error of this module then
 * begins at the line that called the public function; an error of the caller's own (thrown by a callback or a stream)
 * keeps its frames, and those of that line follow. Where the runtime tells no frames (a promise that no async function
 * awaits), the stack stays as it is. On Bun the functions that open something show a frame of their own first.
 */
import { FileError } from "./file_error.ts";

/** Errors whose stack has been looked at: the innermost call knows best. */
const shown = new WeakSet<object>();

/** A driver of operations. */
type Driver = (start: never) => unknown;

/** V8's, in JavaScriptCore too: <https://v8.dev/docs/stack-trace-api>. */
const capture: ((target: object, driver: Driver) => void) | undefined = Reflect.get(Error, "captureStackTrace");

const probe: Driver = () => {
  const holder: { stack?: unknown } = {};
  capture?.(holder, probe);
  return String(holder.stack).includes("tailCaller");
};

/** Whether who returns a call has a frame while it runs: not in JavaScriptCore, which drops it (proper tail calls). */
function hasTailFrames(): boolean {
  function tailCaller(): unknown {
    return probe(undefined as never);
  }
  return tailCaller() === true;
}

/** The frames below `driver`, without those of the functions of this module that called it. */
function callerFrames(driver: Driver, within: number): string[] {
  const holder: { stack?: unknown } = {};
  capture?.(holder, driver);
  if (typeof holder.stack !== "string") return [];
  const frames = holder.stack.split("\n").filter((line) => /^\s+at /.test(line));
  return within === 0 || !hasTailFrames() ? frames : frames.slice(within);
}

/**
 * Gives `error` the frames of the code that called the public function. `driver`: the function that runs the operation;
 * `within`: how many functions of this module called it, none once it has waited: then those that await it follow.
 */
export function showCaller(error: unknown, driver: Driver, within: number): void {
  if (!(error instanceof Error) || shown.has(error)) return;
  shown.add(error);
  const frames = callerFrames(driver, within);
  const [first] = frames;
  if (first === undefined) return;
  const own = FileError.is(error) ? `${error.name}: ${error.message}` : error.stack;
  // Short ways into a callback leave room for the caller in its own frames.
  if (own?.split("\n").includes(first)) return;
  // What the caller throws may be frozen.
  if (own !== undefined) Reflect.set(error, "stack", `${own}\n${frames.join("\n")}`);
}
