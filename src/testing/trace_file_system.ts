/**
 * Every call at the seam, written down: what a protocol does, as text to be read and compared.
 *
 * `traceRuntime(runtime, { base })` answers a runtime that does the same as the given one, and the lines that grow
 * while it is used. A line is added when its call has ended, so under concurrency the order is that of completion. The
 * grammar is in the header of trace_lines.ts and in the documentation of `traceRuntime`.
 */
import { readGiven } from "../core/operation.ts";
import { asRuntime } from "../runtime/as_runtime.ts";
import type { Runtime } from "../runtime/runtime.ts";
import { observed } from "./faults/awaited.ts";
import { type Around, interceptRuntime } from "./faults/intercept.ts";
import { traceOptions } from "./testing_options.ts";
import { pathShower, TraceWriter } from "./trace_lines.ts";

/** How a trace is written. */
export interface TraceOptions {
  /** Paths below this directory are shown relative to it; the directory itself as `.`. */
  base?: string;
  /**
   * What in a path is chance, shown as `<random>`; must have the flag `g`. Default: what stands between two dots and has
   * at least 16 letters and digits. `false`: nothing.
   */
  random?: RegExp | false;
  /** Which calls are written down; default: all. */
  only?: (method: string) => boolean;
}

/** A runtime, and what it was asked to do. */
export interface TracedRuntime {
  /** Does what the given runtime does. */
  readonly runtime: Runtime;
  /** One line for each call that has ended. */
  readonly trace: string[];
}

const randomBetweenDots = /(?<=\.)[A-Za-z0-9_-]{16,}(?=\.)/g;

/**
 * Writes down every call at the seam.
 *
 * A line is `METHOD [PATH] [OPERANDS] [= ANSWER] [! CODE]`. Calls on an open file name it only when it is not the one
 * that the lines before were about. Modes are octal; `write` and `read` show counts of bytes; answers appear only where
 * they say "none", "false" or "not all", and for reads.
 *
 * @throws {TypeError} when `runtime` is none, or an option is misspelt or of the wrong type.
 *
 * @example
 * ```ts
 * import { memoryRuntime, traceRuntime } from "@durable/atomic-write/testing";
 *
 * const { runtime, trace } = traceRuntime(memoryRuntime(), { base: "/" });
 * runtime.syncFileSystem.makeDirectory("/data", 0o755);
 * runtime.syncFileSystem.stat("/data/a.txt");
 * console.log(trace); // ["makeDirectory data 0755", "stat data/a.txt = none"]
 * ```
 */
export function traceRuntime(runtime: Runtime, options: TraceOptions = {}): TracedRuntime {
  const { base, random = randomBetweenDots, only = () => true } = readGiven(() => {
    asRuntime(runtime, "The first argument of traceRuntime");
    return traceOptions(options);
  });
  const trace: string[] = [];
  const writer = new TraceWriter(pathShower(base, random === false ? undefined : random));
  const around: Around = (call, proceed) =>
    observed(proceed, (result) => {
      const line = writer.line(call, result);
      if (only(call.method)) trace.push(line);
    });
  return { runtime: interceptRuntime(runtime, around), trace };
}
