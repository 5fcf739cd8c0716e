/**
 * Calls at the seam that fail on purpose.
 *
 * `faultRuntime(runtime, fault)` counts every call, on both file systems and on every open file, from 0; the one at
 * `at` throws a `SystemError` as an adapter would, without being done. Two calls differ, as they do in a kernel: a
 * `close` that fails has closed the file, and a `sync` that fails on a simulated disk leaves the pending changes in
 * doubt permanently: later syncs succeed and do not write them.
 *
 * After the operation, `calls`, `fired` and `openHandles` say what happened; nothing needs to be undone.
 */
import { type Awaitable, readGiven } from "../../core/operation.ts";
import { asRuntime } from "../../runtime/as_runtime.ts";
import type { OpenFile, Runtime } from "../../runtime/runtime.ts";
import { SystemError } from "../../runtime/system_error.ts";
import { undecidedSyncs } from "./fault_codes.ts";
import { observed, whenKnown } from "./awaited.ts";
import { type Around, dropUnsynced, interceptRuntime, type SeamCall } from "./intercept.ts";
import { StaleNames } from "../stale_names.ts";
import { errorCode, faultOptions } from "../testing_options.ts";
import { pathShower, TraceWriter } from "../trace_lines.ts";

/** Which call fails, and how. */
export interface Fault {
  /** The number of the call, from 0, or which calls to choose from. */
  at: number | ((call: SeamCall, index: number) => boolean);
  /** The code, such as `"ENOSPC"`. May be left out where `short` is given. */
  error?: string | ((call: SeamCall) => string);
  /** `"once"` (default): the first call chosen; `"always"`: with a number, that call and all further ones of the same method; else every call chosen. */
  times?: "once" | "always";
  /**
   * A write that is chosen is not refused but stores only so many bytes. Where `error` is given too, the next write is
   * refused with it: a disk that runs full.
   */
  short?: number;
  /**
   * `"none"` (default): the call is not done. `"done"`: it is done, and only then reported to have failed, as a network
   * file system does when the answer is lost. `"hidden"`: likewise, and looks at a name that it has changed
   * (`linkStat`, `stat`, `readLink`) return what was there before until the name changes again, as a cache does.
   */
  effect?: "none" | "done" | "hidden";
}

/** A runtime with a fault in it, and what came of it. */
export interface FaultyRuntime {
  /** Does what the given runtime does, but for the fault. */
  readonly runtime: Runtime;
  /** How many calls there were so far. */
  readonly calls: number;
  /** How often the fault has struck. */
  readonly fired: number;
  /** The call that the fault struck first. */
  readonly struck: SeamCall | undefined;
  /** Paths of files opened through this runtime and not closed yet. */
  readonly openHandles: string[];
  /** Every call as a line of a trace; those that failed with `! CODE`. */
  readonly trace: readonly string[];
}

/**
 * Lets calls at the seam fail.
 *
 * @throws {TypeError} when `runtime` is none, `at` is missing, something is misspelt or of the wrong type, or there is no such error code.
 * @throws {RangeError} when `at` is no count, or neither `error` nor `short` is given.
 *
 * @example
 * ```ts
 * import { faultRuntime, memoryRuntime } from "@durable/atomic-write/testing";
 *
 * const faulty = faultRuntime(memoryRuntime(), { at: (call) => call.method === "rename", error: "EACCES" });
 * try {
 *   faulty.runtime.syncFileSystem.rename("/a", "/b");
 * } catch (error) {
 *   console.log((error as { code: string }).code, faulty.fired); // EACCES 1
 * }
 * ```
 */
export function faultRuntime(runtime: Runtime, fault: Fault): FaultyRuntime {
  const { at, error, times = "once", short, effect = "none" } = readGiven(() => {
    asRuntime(runtime, "The first argument of faultRuntime");
    return faultOptions(fault);
  });
  const trace: string[] = [];
  const writer = new TraceWriter(pathShower(undefined, undefined));
  const open = new Map<OpenFile, string>();
  const stale = new StaleNames(runtime.syncFileSystem);
  let calls = 0;
  let fired = 0;
  let struck: SeamCall | undefined;
  let running = false;

  const chosen = (call: SeamCall, index: number): boolean => {
    if (running && call.method === "write") return true;
    if (times === "once" && fired > 0) return false;
    // Only a write can be short.
    if (error === undefined && call.method !== "write") return false;
    if (typeof at === "function") return at(call, index);
    return index === at || (times === "always" && struck?.method === call.method);
  };

  const struckCall = <T>(call: SeamCall, proceed: (limit?: number) => Awaitable<T>, file?: OpenFile): Awaitable<T> => {
    fired++;
    struck ??= call;
    if (short !== undefined && call.method === "write" && !running) {
      running = error !== undefined;
      return proceed(short);
    }
    running = running && times === "always";
    if (error === undefined) return proceed(short);
    const code = typeof error === "function" ? errorCode(error(call), "error") : error;
    const failure = new SystemError(code, call.method, call.path);
    if (call.method === "close" || effect !== "none") {
      if (effect === "hidden") stale.remember(call);
      // Nobody will ever hold a file whose opening was reported to have failed.
      const undone = (value: T) => isOpenFile(value) ? value.close() : undefined;
      return whenKnown(proceed(), (value) => whenKnown(undone(value), () => fail(failure)));
    }
    if (call.method === "sync" && file !== undefined && !undecidedSyncs.has(code)) dropUnsynced(file, call.operands[0]);
    return fail(failure);
  };

  const around: Around = <T>(call: SeamCall, proceed: (limit?: number) => Awaitable<T>, file?: OpenFile) => {
    const strikes = chosen(call, calls++);
    const cached = strikes ? undefined : stale.answer(call);
    const answered = (): Awaitable<T> => cached === undefined ? proceed() : cached.value as T;
    return observed(() => strikes ? struckCall(call, proceed, file) : answered(), (result) => {
      if (!strikes && "value" in result) stale.forget(call);
      trace.push(writer.line(call, result));
      if (call.method === "close" && file !== undefined) open.delete(file);
      if ("value" in result && isOpenFile(result.value)) open.set(result.value, call.path);
    });
  };

  return {
    runtime: interceptRuntime(runtime, around),
    get calls() {
      return calls;
    },
    get fired() {
      return fired;
    },
    get struck() {
      return struck;
    },
    get openHandles() {
      return [...open.values()];
    },
    trace,
  };
}

function fail(error: unknown): never {
  throw error;
}

function isOpenFile(value: unknown): value is OpenFile {
  return typeof value === "object" && value !== null && "tryLock" in value;
}
