/**
 * Exit statuses: documented, stable, from sysexits where it has one (https://man.freebsd.org/cgi/man.cgi?sysexits).
 *
 * A status says what kind of thing went wrong, so that a script can decide. What happened to the file is in the message:
 * it is as it was, unless a step after the commit point failed. A command that a signal ended leaves it as it was; a
 * shell shows that as 128 and the signal's number.
 */
import {
  ActivationError,
  ConflictError,
  CorruptionError,
  type FileError,
  LockLostError,
  LockTimeoutError,
  RollbackFailedError,
  UnsupportedError,
  ValidationError,
} from "../core/errors.ts";

/** What the command's end says. */
export const exitStatus = {
  /** Done. */
  done: 0,
  /** The lock was not free in time: flock(1)'s status for that. */
  notInTime: 1,
  /** The file was not in the required state: `--create`, `--if-match`. */
  conflict: 2,
  /** The command was called wrongly. Nothing was touched. */
  usage: 64,
  /** The input is empty, or not what it was required to be. */
  badData: 65,
  /** The input does not exist or cannot be read. */
  noInput: 66,
  /** A mistake in this program. */
  internal: 70,
  /** The file cannot be created there by any user: read-only, no such directory, not a directory. */
  cannotCreate: 73,
  /** The disk: an error, no space, no quota. */
  inputOutput: 74,
  /** Something was busy or used up; it may work in a moment. */
  tryAgain: 75,
  /** Permission denied, by the system or by the runtime's sandbox. */
  noPermission: 77,
  /** What was to take effect did not; all is as it was before, and in effect again as far as activating it tells. */
  rolledBack: 90,
  /** What was to take effect did not, or may not have, and not all is as it was before: the message says what is where. */
  rollbackFailed: 91,
  /** The program to run cannot be run; nothing was changed. As in a shell, like the next one. */
  notRunnable: 126,
  /** There is no such program; nothing was changed. */
  noProgram: 127,
} as const;

/** One of them, or 128 plus the number of the signal that ended COMMAND. */
export type ExitStatus = number;

/** What a script can do about a code. Codes that are not here are the disk's (`inputOutput`). */
const statusOfCode: Readonly<Record<string, ExitStatus>> = {
  EFORMAT: exitStatus.badData,
  EMSGSIZE: exitStatus.badData,
  ENODATA: exitStatus.badData,
  EPLAN: exitStatus.badData,
  ENOTJSON: exitStatus.badData,

  EEXIST: exitStatus.cannotCreate,
  EILSEQ: exitStatus.cannotCreate,
  EINVAL: exitStatus.cannotCreate,
  EISDIR: exitStatus.cannotCreate,
  ELOOP: exitStatus.cannotCreate,
  EMLINK: exitStatus.cannotCreate,
  ENAMETOOLONG: exitStatus.cannotCreate,
  ENODEV: exitStatus.cannotCreate,
  ENOENT: exitStatus.cannotCreate,
  ENOSYS: exitStatus.cannotCreate,
  ENOTDIR: exitStatus.cannotCreate,
  ENOTEMPTY: exitStatus.cannotCreate,
  ENOTSUP: exitStatus.cannotCreate,
  ENXIO: exitStatus.cannotCreate,
  EROFS: exitStatus.cannotCreate,
  EXDEV: exitStatus.cannotCreate,

  EAGAIN: exitStatus.tryAgain,
  EBUSY: exitStatus.tryAgain,
  EDEADLK: exitStatus.tryAgain,
  EINTR: exitStatus.tryAgain,
  EMFILE: exitStatus.tryAgain,
  ENFILE: exitStatus.tryAgain,
  ENOLCK: exitStatus.tryAgain,
  ENOMEM: exitStatus.tryAgain,
  ESTALE: exitStatus.tryAgain,
  ETIMEDOUT: exitStatus.tryAgain,
  ETXTBSY: exitStatus.tryAgain,

  EACCES: exitStatus.noPermission,
  ENOTCAPABLE: exitStatus.noPermission,
  EPERM: exitStatus.noPermission,
};

/** The status for a code. */
export function statusOf(code: string): ExitStatus {
  return statusOfCode[code] ?? exitStatus.inputOutput;
}

/** Codes that say of an input that there is none to read. */
const unreadable: ReadonlySet<string> = new Set(["ENOENT", "ENOTDIR", "EISDIR", "EINVAL", "ENXIO", "EBADF"]);

/** Steps that concern what is read: the source of a copy, a directory to sweep, a backup, standard input. */
const inputSteps: ReadonlySet<string> = new Set(["open", "read", "readDirectory", "restore"]);

/** Kinds of errors that decide by themselves. */
const statusOfKind: readonly (readonly [(error: FileError) => boolean, ExitStatus])[] = [
  [ConflictError.is, exitStatus.conflict],
  [LockTimeoutError.is, exitStatus.notInTime],
  [LockLostError.is, exitStatus.tryAgain],
  [CorruptionError.is, exitStatus.badData],
  [UnsupportedError.is, exitStatus.cannotCreate],
  [ValidationError.is, exitStatus.badData],
  [RollbackFailedError.is, exitStatus.rollbackFailed],
  [(error) => ActivationError.is(error) && error.targetState === "unchanged", exitStatus.rolledBack],
  [ActivationError.is, exitStatus.rollbackFailed],
];

/** The status for an error that concerns a file. */
export function statusOfFileError(error: FileError): ExitStatus {
  const kind = statusOfKind.find(([is]) => is(error));
  if (kind !== undefined) return kind[1];
  // Nothing was published before that could be published again.
  if (error.step === "resolve" && error.code === "ENOENT") return exitStatus.noInput;
  if (inputSteps.has(error.step) && unreadable.has(error.code)) return exitStatus.noInput;
  return statusOf(error.code);
}
