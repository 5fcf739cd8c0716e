/**
 * What must be there already: a command that reads or cleans makes nothing, so that a misspelt name is an error and not
 * a new directory with nothing in it.
 */
import { FileError } from "../../core/errors.ts";
import type { EntryKind } from "../../runtime/runtime.ts";
import { currentRuntime } from "../../runtime/current.ts";
import { SystemError } from "../../runtime/system_error.ts";

/** Throws unless there is a file or directory at the absolute path. `what` is it called: `store`. */
export async function mustExist(path: string, attempt: string, kind: EntryKind, what: string): Promise<void> {
  const failed = (code: string, reason: string, cause?: unknown) =>
    new FileError(`${attempt} ${JSON.stringify(path)}`, reason, {
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
    throw failed(error.code, "it cannot be looked at", error);
  }
  if (found === undefined) throw failed("ENOENT", `there is no such ${what}`);
  if (found !== kind) throw failed(found === "directory" ? "EISDIR" : "ENOTDIR", `it is no ${what}`);
}
