/**
 * Error numbers of Linux, macOS and Windows, for errors that reach us without a name: from a foreign function, and from runtimes
 * whose own table lacks them (libuv calls EDQUOT `Unknown system error -122`).
 *
 * Linux: https://github.com/torvalds/linux/blob/master/include/uapi/asm-generic/errno-base.h and errno.h beside it
 * (the numbers of x86, arm, riscv and others; mips and sparc differ from 35 on, and no runtime of ours runs there).
 * macOS: https://github.com/apple-oss-distributions/xnu/blob/main/bsd/sys/errno.h
 */

/** One row: the name, the number on Linux, the number on macOS; 0 where there is none. */
const rows: readonly (readonly [code: string, linux: number, darwin: number])[] = [
  ["EPERM", 1, 1],
  ["ENOENT", 2, 2],
  ["EINTR", 4, 4],
  ["EIO", 5, 5],
  ["ENXIO", 6, 6],
  ["E2BIG", 7, 7],
  ["EBADF", 9, 9],
  ["EAGAIN", 11, 35],
  ["ENOMEM", 12, 12],
  ["EACCES", 13, 13],
  ["EBUSY", 16, 16],
  ["EEXIST", 17, 17],
  ["EXDEV", 18, 18],
  ["ENODEV", 19, 19],
  ["ENOTDIR", 20, 20],
  ["EISDIR", 21, 21],
  ["EINVAL", 22, 22],
  ["ENFILE", 23, 23],
  ["EMFILE", 24, 24],
  ["ENOTTY", 25, 25],
  ["ETXTBSY", 26, 26],
  ["EFBIG", 27, 27],
  ["ENOSPC", 28, 28],
  ["ESPIPE", 29, 29],
  ["EROFS", 30, 30],
  ["EMLINK", 31, 31],
  ["ERANGE", 34, 34],
  ["ENAMETOOLONG", 36, 63],
  ["ENOLCK", 37, 77],
  ["ENOSYS", 38, 78],
  ["ENOTEMPTY", 39, 66],
  ["ELOOP", 40, 62],
  ["ENODATA", 61, 96],
  ["ENOATTR", 0, 93],
  ["EBADMSG", 74, 94],
  ["EOVERFLOW", 75, 84],
  ["ENOTSUP", 95, 45],
  ["ENOTSUP", 0, 102],
  ["ETIMEDOUT", 110, 60],
  ["EHOSTDOWN", 112, 64],
  ["ESTALE", 116, 70],
  ["EUCLEAN", 117, 0],
  ["EREMOTEIO", 121, 0],
  ["EDQUOT", 122, 69],
  ["ENOMEDIUM", 123, 0],
  ["ECANCELED", 125, 89],
  ["ENOKEY", 126, 0],
  ["EKEYEXPIRED", 127, 0],
  ["EHWPOISON", 133, 0],
];

/** Windows: https://learn.microsoft.com/windows/win32/debug/system-error-codes, by the names that libuv gives them. */
const windows: ReadonlyMap<number, string> = new Map([
  [1, "ENOSYS"],
  [5, "EPERM"],
  [6, "EBADF"],
  [32, "EBUSY"],
  [33, "EBUSY"],
  [36, "ENOLCK"],
  [50, "ENOTSUP"],
]);

const linux = new Map(rows.map(([code, number]) => [number, code]));
const darwin = new Map(rows.map(([code, _linux, number]) => [number, code]));

/** The name of an error number; undefined where it is not in the table of that system, or the system has none here. */
export function codeOfNumber(number: number, system: string): string | undefined {
  if (number === 0) return undefined;
  if (system === "linux" || system === "android") return linux.get(number);
  if (system === "darwin") return darwin.get(number);
  if (system === "win32") return windows.get(number);
  return undefined;
}

/** Codes of kernels and runtimes that are in no row: without a number of their own, or never read from one. */
const further: ReadonlySet<string> = new Set(["EOPNOTSUPP", "ESRCH", "EDEADLK", "EUNKNOWN", "ENOTCAPABLE"]);

/** Whether an error can have this code. */
export function isErrorCode(code: string): boolean {
  return further.has(code) || rows.some(([known]) => known === code);
}
