/** What the code of a failed sync says: "not here", a failure of one file, or one of the whole file system. */
import { SystemError } from "../runtime/system_error.ts";

/** What a file system answers that has no such sync (ENOTTY: macOS); everything else is a real failure. */
const unsupportedCodes = new Set(["EINVAL", "ENOTSUP", "EOPNOTSUPP", "ENOSYS", "ENOTTY"]);

/** Whether an error says "not here" rather than "it failed". */
export function isUnsupported(error: unknown): boolean {
  return error instanceof SystemError && unsupportedCodes.has(error.code);
}

/** What concerns one file or one caller alone: a sync that failed so says nothing of what others have changed. */
const ownCodes = new Set([
  "ENOSPC",
  "EDQUOT",
  "EFBIG",
  "EINTR",
  "EACCES",
  "EPERM",
  "ENOTCAPABLE",
  // Where a sync needs a second handle: its name leads elsewhere by now, or somebody keeps others from writing.
  "ESTALE",
  "EBUSY",
]);

const deadCodes = new Set(["EIO", "EROFS", "ESHUTDOWN", "ENODEV", "ENXIO", "ENOMEDIUM", "EUCLEAN"]);

/** Whether what any call was answered says that the whole file system has failed. */
export function saysFailed(error: unknown): error is SystemError {
  return error instanceof SystemError && deadCodes.has(error.code);
}

/** Whether a failed sync concerns everything on the file system: EIO, EROFS, one that was shut down, … */
export function concernsAll(error: unknown): error is SystemError {
  return error instanceof SystemError && !ownCodes.has(error.code) && !unsupportedCodes.has(error.code);
}
