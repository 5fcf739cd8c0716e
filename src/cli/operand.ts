/**
 * The file or directory an operand means, absolute, so that messages and JSON records show the same name whatever
 * happens next; and whether it is there: a command that reads or cleans makes nothing, so that a misspelt name is an
 * error and not a new directory with nothing in it.
 */
import { FileError, InvalidArgument } from "../core/errors.ts";
import { locate, makeEngine } from "../protocol/engine.ts";
import { currentRuntime } from "../runtime/current.ts";
import type { EntryKind } from "../runtime/runtime.ts";
import { SystemError } from "../runtime/system_error.ts";
import { UsageError } from "./arguments.ts";

/** The absolute path of an operand. `attempt` begins the message of a failure: `Cannot write`. */
export function locateOperand(operand: string, attempt: string): string {
  try {
    return locate(makeEngine(currentRuntime(), false), operand);
  } catch (error) {
    if (error instanceof InvalidArgument) throw new UsageError(error.message);
    const cause = FileError.is(error) ? error.cause : error;
    if (!(cause instanceof SystemError)) throw error;
    const { code, call: step } = cause;
    const details = { code, path: operand, step, targetState: "unchanged", cause } as const;
    throw new FileError(attempt, "it is not known which directory this is", details);
  }
}

/** Whether there is anything by that name. What cannot be examined counts as there: nothing is said of it too early. */
export async function mayExist(path: string): Promise<boolean> {
  try {
    return await currentRuntime().fileSystem.linkStat(path) !== undefined;
  } catch {
    return true;
  }
}

/** What is asked for is not in there. */
export function nothingThere(path: string, attempt: string, reason: string): FileError {
  const details = { code: "ENOENT", path, step: "open", targetState: "unchanged" } as const;
  return new FileError(attempt, reason, details);
}

/** Throws unless there is a file or directory at the absolute path. `what` is it called: `store`. */
export async function mustExist(path: string, attempt: string, kind: EntryKind, what: string): Promise<void> {
  const failed = (code: string, reason: string, cause?: unknown) =>
    new FileError(attempt, reason, {
      code,
      path,
      step: "open",
      targetState: "unchanged",
      cause,
    });
  let found: EntryKind | undefined;
  try {
    found = (await currentRuntime().fileSystem.stat(path))?.kind;
  } catch (error) {
    if (!(error instanceof SystemError)) throw error;
    throw failed(error.code, "it cannot be examined", error);
  }
  if (found === undefined) throw failed("ENOENT", `there is no such ${what}`);
  if (found !== kind) throw failed(found === "directory" ? "EISDIR" : "ENOTDIR", `it is not a ${what}`);
}
