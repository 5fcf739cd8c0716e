/**
 * What went wrong, as the command tells it: a line for people, an object for machines, a status for scripts.
 */
import { FileError } from "../core/errors.ts";
import { isStopSignal, type StopSignal } from "../runtime/command_host.ts";
import { UsageError } from "./arguments.ts";
import { type ExitStatus, exitStatus, statusOfFileError } from "./exit_status.ts";
import { Interrupted } from "./interruption.ts";
import { ProgramFailed } from "./program.ts";

/** What `--json` prints of an error. */
export interface ErrorForMachines {
  readonly code: string;
  readonly step: string;
  readonly targetState: string;
  readonly path?: string;
  readonly message: string;
  readonly hint?: string;
  /** Names of this command that it could not remove. */
  readonly leftBehind?: readonly string[];
}

/** An error as the command tells it. */
export interface Failure {
  readonly status: ExitStatus;
  /** Lines for standard error. */
  readonly lines: readonly string[];
  readonly error: ErrorForMachines;
  /** The signal the command ends by. */
  readonly signal?: StopSignal;
}

/** Where there is something to do about an error that its message does not say. */
const hints: readonly { code: string; step?: string; hint: string }[] = [
  { code: "ENODATA", hint: "if it is meant to be empty, say so: --allow-empty" },
  { code: "ENOENT", step: "openDirectory", hint: "--mkdir makes missing directories" },
  { code: "EBUSY", step: "rename", hint: "a file that is mounted by itself cannot be replaced: mount its directory" },
  { code: "ENOTCAPABLE", hint: "the runtime needs permission to read and write the directory of the file" },
];

function hintFor({ code, step }: FileError): string | undefined {
  return hints.find((hint) => hint.code === code && (hint.step ?? step) === step)?.hint;
}

function failure(
  status: ExitStatus,
  error: ErrorForMachines,
  more: { readonly lines?: readonly string[]; readonly signal?: StopSignal } = {},
): Failure {
  const hint = error.hint === undefined ? [] : [`hint: ${error.hint}`];
  return { ...more, status, error, lines: [error.message, ...hint, ...more.lines ?? []] };
}

function fileFailure(error: FileError): Failure {
  const { code, step, targetState, path, message, leftBehind } = error;
  const hint = hintFor(error);
  const details = {
    ...{ code, step, targetState, path, message },
    ...hint === undefined ? {} : { hint },
    ...leftBehind.length === 0 ? {} : { leftBehind },
  };
  const lines = leftBehind.map((name) => `left behind: ${JSON.stringify(name)}`);
  if (error instanceof ProgramFailed) {
    const { signal } = error;
    return failure(error.status, details, isStopSignal(signal) ? { lines, signal } : { lines });
  }
  if (error instanceof Interrupted) return failure(exitStatus.done, details, { lines, signal: error.signal });
  return failure(statusOfFileError(error), details, { lines });
}

function callFailure(message: string, hint: string | undefined): Failure {
  const error = { code: "EUSAGE", step: "arguments", targetState: "unchanged", message };
  return failure(exitStatus.usage, hint === undefined ? error : { ...error, hint });
}

/** Tells an error. */
export function describeFailure(error: unknown): Failure {
  if (FileError.is(error)) return fileFailure(error);
  if (error instanceof UsageError) return callFailure(error.message, error.hint);
  // The functions of this module refuse a value that cannot be so before they touch anything.
  if (error instanceof RangeError) return callFailure(error.message, undefined);
  const message = `Internal error: ${error instanceof Error ? error.message : String(error)}`;
  const lines = error instanceof Error && error.stack !== undefined ? [error.stack] : [];
  return failure(exitStatus.internal, { code: "EINTERNAL", step: "unknown", targetState: "unknown", message }, {
    lines,
  });
}
