/**
 * Where an error comes from, in its `stack`: the line of the caller, not the inside of this module.
 *
 * The drivers (operation.ts) call `showCaller` once with each error that leaves them. An error of this module then
 * begins at the line that called the public function; an error of the caller's own (thrown by a callback or a stream)
 * keeps its frames, and those of that line follow. Where the runtime tells no frames (a promise that no async function
 * awaits), the stack stays as it is.
 */
import { FileError } from "./file_error.ts";
import { isInvalidArgument } from "./invalid_argument.ts";

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

/** What shows the frames below `driver`, without those of the functions of this module that called it. */
function captureCaller(driver: Driver, within: number, kept: number): () => string[] {
  const holder: { stack?: unknown } = {};
  capture?.(holder, driver);
  return () => {
    if (typeof holder.stack !== "string") return [];
    const frames = holder.stack.split("\n").filter((line) => /^\s+at /.test(line));
    return within === 0 ? frames : frames.slice(hasTailFrames() ? within : kept);
  };
}

/** What shows the stack that an error has by itself. */
function ownStack(error: Error): () => string | undefined {
  const { get, value } = Object.getOwnPropertyDescriptor(error, "stack") ?? {};
  return () => get === undefined ? value : Reflect.apply(get, error, []);
}

/**
 * Gives `error` the frames of the code that called the public function. `driver`: the function that runs the operation;
 * `within`: how many functions of this module called it, none once it has waited: then those that await it follow.
 * `kept`: how many of these do more than return that call, and so have a frame in JavaScriptCore, too.
 *
 * The text is made when somebody asks for it: Deno reads source maps for that, and ends the process where it finds no
 * free descriptor ("panicked at stacker", Deno 2.9.6).
 */
export function showCaller(error: unknown, driver: Driver, within: number, kept: number): void {
  if (!(error instanceof Error) || shown.has(error) || !Object.isExtensible(error)) return;
  shown.add(error);
  const callerFrames = captureCaller(driver, within, kept);
  const before = ownStack(error);
  const define = (value: unknown) =>
    Object.defineProperty(error, "stack", { value, configurable: true, enumerable: false, writable: true });
  const made = (): string | undefined => {
    const frames = callerFrames();
    const [first] = frames;
    if (first === undefined) return before();
    const own = FileError.is(error) || isInvalidArgument(error) ? `${error.name}: ${error.message}` : before();
    // Short ways into a callback leave room for the caller in its own frames.
    return own?.split("\n").includes(first) ? own : `${own}\n${frames.join("\n")}`;
  };
  Reflect.defineProperty(error, "stack", {
    configurable: true,
    enumerable: false,
    get: () => {
      const text = made();
      define(text);
      return text;
    },
    set: define,
  });
}
