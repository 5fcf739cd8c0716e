/**
 * Errors as `node:fs` throws them: `ENOENT: no such file or directory, open '/a.txt'`, with `code`, `errno`, `syscall` and
 * `path`, made from what the seam throws.
 */
import type { Operation } from "../../core/operation.ts";
import { builtin } from "../../runtime/builtin.ts";
import { SystemError } from "../../runtime/system_error.ts";

/** libuv's words: https://github.com/libuv/libuv/blob/v1.x/include/uv.h */
const reasons: Readonly<Record<string, string>> = {
  EACCES: "permission denied",
  EBADF: "bad file descriptor",
  EBUSY: "resource busy or locked",
  EDQUOT: "disk quota exceeded",
  EEXIST: "file already exists",
  EFBIG: "file too large",
  EINTR: "interrupted system call",
  EINVAL: "invalid argument",
  EIO: "i/o error",
  EISDIR: "illegal operation on a directory",
  ELOOP: "too many symbolic links encountered",
  EMFILE: "too many open files",
  EMLINK: "too many links",
  ENAMETOOLONG: "name too long",
  ENOENT: "no such file or directory",
  ENOSPC: "no space left on device",
  ENOSYS: "function not implemented",
  ENOTDIR: "not a directory",
  ENOTEMPTY: "directory not empty",
  ENOTSUP: "operation not supported on socket",
  ENXIO: "no such device or address",
  EPERM: "operation not permitted",
  EROFS: "read-only file system",
  ESRCH: "no such process",
  EXDEV: "cross-device link not permitted",
};

/** The system call behind each method of the seam, where there is one. */
const systemCalls: Readonly<Record<string, string>> = {
  create: "open",
  openDirectory: "open",
  seek: "lseek",
  truncate: "ftruncate",
  setMode: "fchmod",
  setOwner: "fchown",
  setTimes: "futime",
  times: "fstat",
  sync: "fsync",
  linkStat: "lstat",
  readLink: "readlink",
  readDirectory: "scandir",
  makeDirectory: "mkdir",
  symbolicLink: "symlink",
  remove: "unlink",
  removeDirectory: "rmdir",
};

/** Which call of `fs` fails, and on what. */
interface FailedCall {
  /** Where it is not the one of the failed method. */
  readonly syscall?: string;
  readonly path?: string;
  readonly dest?: string;
}

/** An error as `fs` throws it. */
export function nodeError(code: string, syscall: string, { path, dest }: FailedCall = {}, cause?: unknown): Error {
  const names = [path, dest].filter((name) => name !== undefined).map((name) => `'${name}'`).join(" -> ");
  const message = `${code}: ${reasons[code] ?? "unknown error"}, ${syscall}${names === "" ? "" : ` ${names}`}`;
  const numbers: Readonly<Record<string, number | undefined>> = builtin("node:os").constants.errno;
  const number = numbers[code];
  return Object.assign(new Error(message, cause === undefined ? undefined : { cause }), {
    ...number === undefined ? {} : { errno: -number },
    code,
    syscall,
    ...path === undefined ? {} : { path },
    ...dest === undefined ? {} : { dest },
  });
}

/** Something that a caller has given wrongly, as Node names it. */
export function argumentError(name: string, expected: string, value: unknown): TypeError {
  const shown = value === null || typeof value !== "object"
    ? String(value)
    : `an instance of ${value.constructor?.name}`;
  const error = new TypeError(`The "${name}" argument must be ${expected}. Received ${shown}`);
  return Object.assign(error, { code: "ERR_INVALID_ARG_TYPE" });
}

/** Runs what touches the seam, and throws what `fs` would. */
export function* asNode<T>(call: FailedCall, body: () => Operation<T>): Operation<T> {
  try {
    return yield* body();
  } catch (error) {
    if (!(error instanceof SystemError)) throw error;
    throw nodeError(error.code, call.syscall ?? systemCalls[error.call] ?? error.call, call, error);
  }
}
