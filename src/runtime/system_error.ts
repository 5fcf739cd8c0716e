/**
 * Native errors of every runtime, translated once: a portable `code`, the seam's `call` that failed, the `path`.
 *
 * Nobody above floor 1 sees a native error except as `cause`. Adapters translate in one of two ways:
 *
 * - Calls that every write makes catch for themselves, without a closure for each call: in an endless loop they try, and
 *   ask `throwUnlessInterrupted`, or `isMissing` where "not there" is an answer and no error, what was thrown.
 * - The others are wrapped in a guard: `guard` for what returns at once or throws, `guardAwaitable` for what may return a
 *   promise, `guardMissing` and `guardMissingAwaitable` where "not there" is an answer.
 *
 * State after a failure: whatever the native call left; translating only renames. The one thing that is repeated is a
 * call that a signal interrupted (EINTR), as Node and Rust do by themselves where Bun does not; and never `close`, after
 * which the descriptor is gone, whatever it reported: https://man7.org/linux/man-pages/man2/close.2.html#NOTES
 */
import type { Awaitable } from "../core/operation.ts";
import { shownPath } from "./anchor.ts";
import { processNamespace } from "./builtin.ts";
import { codeOfNumber } from "./error_numbers.ts";

/** A call at the seam failed. */
export class SystemError extends Error {
  /** The name of its class. */
  override readonly name: string = "SystemError";
  /** `"ENOENT"`, `"ENOSPC"`, …; `"ENOTCAPABLE"` when a runtime permission is missing; `"EUNKNOWN"` at worst. */
  readonly code: string;
  /** The method of the seam: `"rename"`, `"sync"`, … */
  readonly call: string;
  /** What the call was made on. */
  readonly path: string;

  /** Makes an error from its parts. */
  constructor(code: string, call: string, path: string, cause?: unknown) {
    const shown = shownPath(path);
    super(`${call} ${shown}: ${code}`, cause === undefined ? undefined : { cause });
    this.code = code;
    this.call = call;
    this.path = shown;
  }
}

const forbidden: readonly string[] = ["EACCES", "EPERM", "ENOTCAPABLE"];

/** Whether a failure says that this user, or this runtime, may not. */
export function isForbidden(error: unknown): error is SystemError {
  return error instanceof SystemError && forbidden.includes(error.code);
}

/** Codes that are two names of one thing. EOPNOTSUPP and ENOTSUP are one number on Linux; libuv says ENOTSUP. */
const synonyms: Readonly<Record<string, string>> = {
  EWOULDBLOCK: "EAGAIN",
  EOPNOTSUPP: "ENOTSUP",
  EDEADLOCK: "EDEADLK",
  // Bun and Node refuse a path with a NUL byte by themselves; Deno reports what the system would.
  ERR_INVALID_ARG_VALUE: "EINVAL",
};

/** Deno's classes whose instances may come without a code: https://docs.deno.com/api/deno/~/Deno.errors */
const classes: Readonly<Record<string, string>> = {
  NotCapable: "ENOTCAPABLE",
  PermissionDenied: "EACCES",
  NotFound: "ENOENT",
  AlreadyExists: "EEXIST",
  Interrupted: "EINTR",
  WouldBlock: "EAGAIN",
  BadResource: "EBADF",
  Busy: "EBUSY",
  FilesystemLoop: "ELOOP",
  IsADirectory: "EISDIR",
  NotADirectory: "ENOTDIR",
  NotSupported: "ENOTSUP",
  TimedOut: "ETIMEDOUT",
  InvalidData: "EINVAL",
};

/** Calls that answer EEXIST on some file systems (xfs) where others say ENOTEMPTY. POSIX allows both. */
const emptiness: ReadonlySet<string> = new Set(["rename", "removeDirectory"]);

/** Whether something is in the way of a directory, or in it: what POSIX lets a system say of that; ENOTDIR is a file. */
export const isInTheWay = (error: unknown): error is SystemError =>
  error instanceof SystemError && ["ENOTEMPTY", "EEXIST", "ENOTDIR"].includes(error.code);

function property(error: object, name: string): unknown {
  return Reflect.get(error, name);
}

/** The portable code of a native error. */
export function codeOf(error: unknown, system?: string): string {
  if (typeof error !== "object" || error === null) return "EUNKNOWN";
  const name = property(error, "name");
  // Before the code: a missing permission of the runtime must not be taken for the system's EACCES.
  if (name === "NotCapable") return "ENOTCAPABLE";
  const code = property(error, "code");
  if (typeof code === "string") {
    const synonym = synonyms[code];
    if (synonym !== undefined) return synonym;
    if (/^E[A-Z0-9]+$/.test(code) && code !== "EUNKNOWN") return code;
  }
  const number = numberOf(error);
  const named = number === undefined
    ? undefined
    : codeOfNumber(number, system ?? processNamespace()?.platform ?? "unknown");
  if (named !== undefined) return named;
  return (typeof name === "string" ? classes[name] : undefined) ?? "EUNKNOWN";
}

/** The permission that a runtime says is missing, as its own flag: `--allow-read`. */
export function missingPermission({ code, cause }: SystemError): string | undefined {
  const message = code === "ENOTCAPABLE" && typeof cause === "object" && cause !== null
    ? property(cause, "message")
    : undefined;
  return typeof message === "string" ? /--allow-[a-z]+/.exec(message)?.[0] : undefined;
}

/** libuv's negative `errno`, or the number that Rust appends to the messages of errors that Deno has no code for. */
function numberOf(error: object): number | undefined {
  const number = property(error, "errno");
  if (typeof number === "number") return Math.abs(number);
  const message = property(error, "message");
  const found = typeof message === "string" ? /\(os error (\d+)\)/.exec(message) : null;
  return found === null ? undefined : Number(found[1]);
}

/** A native error as a SystemError, which keeps it as `cause`. A SystemError stays what it is. */
export function toSystemError(error: unknown, call: string, path: string): SystemError {
  if (error instanceof SystemError) return error;
  const code = codeOf(error);
  return new SystemError(code === "EEXIST" && emptiness.has(call) ? "ENOTEMPTY" : code, call, path, error);
}

/** Throws what a native call has thrown, translated; returns where a signal has interrupted it, and it is to be repeated. */
export function throwUnlessInterrupted(error: unknown, call: string, path: string): void {
  const translated = toSystemError(error, call, path);
  if (translated.code !== "EINTR" || translated.call === "close") throw translated;
}

/** What "not there" looks like: no such name, or something above it that is no directory. */
export const notThere: ReadonlySet<string> = new Set(["ENOENT", "ENOTDIR"]);

/** Whether a native call says "not there", by `answers`. False: it was interrupted. Everything else is thrown. */
export function isMissing(
  error: unknown,
  call: string,
  path: string,
  answers: ReadonlySet<string> = notThere,
): boolean {
  // Looked at before it is translated: of a SystemError that nobody will see, only the stack would cost 8 µs.
  if (answers.has(codeOf(error))) return true;
  throwUnlessInterrupted(error, call, path);
  return false;
}

/** Runs a native call and translates what it throws. */
export function guard<T>(call: string, path: string, body: () => T): T {
  for (;;) {
    try {
      return body();
    } catch (error) {
      throwUnlessInterrupted(error, call, path);
    }
  }
}

/** Runs a native call that may return a promise. */
export function guardAwaitable<T>(call: string, path: string, body: () => Awaitable<T>): Awaitable<T> {
  const result = guard(call, path, body);
  if (!(result instanceof Promise)) return result;
  return result.then(undefined, (error: unknown) => {
    throwUnlessInterrupted(error, call, path);
    return guardAwaitable(call, path, body);
  });
}

/** Runs a native call for which the codes in `answers` mean `missing`, by default "not there". */
export function guardMissing<T, Missing>(
  call: string,
  path: string,
  missing: Missing,
  body: () => T,
  answers: ReadonlySet<string> = notThere,
): T | Missing {
  for (;;) {
    try {
      return body();
    } catch (error) {
      if (isMissing(error, call, path, answers)) return missing;
    }
  }
}

/** The same for a call that may return a promise. */
export function guardMissingAwaitable<T, Missing>(
  call: string,
  path: string,
  missing: Missing,
  body: () => Awaitable<T>,
  answers: ReadonlySet<string> = notThere,
): Awaitable<T | Missing> {
  const result: Awaitable<T> | Missing = guardMissing(call, path, missing, body, answers);
  if (!(result instanceof Promise)) return result;
  return (result as Promise<T>).catch((error: unknown) => {
    if (isMissing(error, call, path, answers)) return missing;
    return guardMissingAwaitable(call, path, missing, body, answers);
  });
}
