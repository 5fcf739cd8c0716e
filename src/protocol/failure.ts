/**
 * From what went wrong to what is reported to the caller.
 *
 * - A `SystemError` from the seam becomes a `WriteError` that names step, code and target state.
 * - A `CallerError` carries what the caller's own side threw (a failing stream, a callback, an abort reason): it is
 *   unwrapped and rethrown as it is.
 * - Clean-up runs after either; its failures are attached and never take the first error's place.
 */
import {
  FileError,
  type FileErrorDetails,
  ReadError,
  type Remedy,
  type TargetState,
  WriteError,
} from "../core/errors.ts";
import { type Awaitable, type Operation, wait } from "../core/operation.ts";
import { SystemError } from "../runtime/system_error.ts";
import { failureText } from "./plain_words.ts";
import { failuresKnown } from "./sync_ledger.ts";

/** Something thrown on the caller's side of the API. */
export class CallerError {
  /** What was thrown. */
  readonly reason: unknown;
  /** Wraps what was thrown. */
  constructor(reason: unknown) {
    this.reason = reason;
  }
}

/** Whether a failure says that there is no room on the disk, or none for this user. */
export const isFull = (error: unknown): boolean =>
  FileError.is(error) && (error.code === "ENOSPC" || error.code === "EDQUOT");

/** Throws the signal's reason if it is aborted. */
export function checkAbort(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw new CallerError(signal.reason);
}

/** Where an error happened and what it was about. */
export interface Attempt {
  /** `Cannot replace` and the like, without the path. */
  verb: string;
  /** The path as the caller should see it. */
  path: string;
  /** What is known about the target now; moved forward by the step that changes it. */
  targetState: TargetState;
  /** How many failed syncs were known before anything was changed: later ones make its own syncs worthless. */
  since: number;
  /** What its failures are; by default WriteError. */
  readonly errorClass?: FileErrorClass;
}

/** An attempt that has changed nothing yet. */
export function beginAttempt(verb: string, path: string): Attempt {
  return { verb, path, targetState: "unchanged", since: failuresKnown() };
}

/** An attempt to read, list or look at something, which changes nothing. */
export function beginReading(verb: string, path: string): Attempt {
  return { ...beginAttempt(verb, path), errorClass: ReadError };
}

/** What an attempt changes from here on is judged by the failures that are still to come. */
export function beginAnew(attempt: Attempt): void {
  attempt.since = failuresKnown();
}

/** A class of errors that concern a file. */
type FileErrorClass = new (verb: string, reason: string, details: FileErrorDetails) => FileError;

/** Why something failed, and what would help. */
export interface Advised {
  readonly reason: string;
  readonly remedy: Remedy;
}

/** An error for a failure of this attempt. */
export function attemptFailed(
  attempt: Attempt,
  code: string,
  step: string,
  reason: string | Advised,
  cause?: unknown,
): FileError {
  const ErrorClass = attempt.errorClass ?? WriteError;
  const advised = typeof reason === "string" ? { reason } : reason;
  return new ErrorClass(attempt.verb, advised.reason, {
    code,
    path: attempt.path,
    step,
    targetState: attempt.targetState,
    remedy: "remedy" in advised ? advised.remedy : undefined,
    cause,
  });
}

/** What to throw to the caller for `error`. */
export function translate(error: unknown, attempt: Attempt): unknown {
  if (error instanceof SystemError) {
    return attemptFailed(attempt, error.code, error.call, failureText(error, attempt.path), error);
  }
  if (error instanceof CallerError) return error.reason;
  return error;
}

/** A failed clean-up: what it was, and what is left where. */
export interface CleanupFailure {
  error: unknown;
  leftBehind?: string;
}

/** Attaches clean-up failures to the error that goes to the caller; wraps it when it is not ours to write on. */
export function attachCleanup(error: unknown, failures: readonly CleanupFailure[], attempt: Attempt): unknown {
  const first = failures[0];
  if (first === undefined) return error;
  const carrier = FileError.is(error) ? error : attemptFailed(
    attempt,
    first.error instanceof SystemError ? first.error.code : "EUNKNOWN",
    first.error instanceof SystemError ? first.error.call : "remove",
    "cleaning up after the cause failed",
    error,
  );
  for (const failure of failures) {
    carrier.cleanupErrors.push(failure.error);
    if (failure.leftBehind !== undefined) carrier.leftBehind.push(failure.leftBehind);
  }
  return carrier;
}

/** The error to throw when a step of an attempt has failed: `undo` takes back what it has made at `path`. */
export function* afterUndoing(
  attempt: Attempt,
  error: unknown,
  undo: CleanupStep,
  path: string,
): Operation<unknown> {
  const failures: CleanupFailure[] = [];
  yield* tidy(failures, undo, path);
  return attachCleanup(translate(error, attempt), failures, attempt);
}

/** A step of cleaning up: an operation, or a call of the seam, not made yet: one that never waits throws at once. */
type CleanupStep = Operation<unknown> | (() => Awaitable<unknown>);

/** Runs a clean-up step, collecting its failure instead of throwing it. */
export function* tidy(failures: CleanupFailure[], step: CleanupStep, leftBehind?: string): Operation<void> {
  try {
    if (typeof step === "function") yield* wait(step());
    else yield* step;
  } catch (error) {
    failures.push(leftBehind === undefined ? { error } : { error, leftBehind });
  }
}
