/**
 * Which errors a kernel gives for which call, whatever is on the disk: what a sweep over faults tries by default.
 *
 * Not those that would be untrue: an ENOENT or EEXIST from a fault says of the disk what is not so, and code that
 * believes it is not to blame.
 */
import type { SeamCall, SeamMethod } from "./intercept.ts";

const opening = ["EACCES", "EMFILE", "EIO"];
const naming = ["EACCES", "EROFS", "ENOSPC", "EIO"];
const looking = ["EACCES", "EIO"];

const codes: Record<SeamMethod, readonly string[]> = {
  open: opening,
  create: [...naming, "EMFILE", "EDQUOT"],
  openDirectory: opening,
  linkStat: looking,
  hasAttributes: looking,
  readLink: looking,
  readDirectory: looking,
  makeDirectory: [...naming, "EDQUOT"],
  rename: [...naming, "EXDEV", "EBUSY", "EPERM"],
  link: [...naming, "EPERM", "EXDEV", "EMLINK"],
  symbolicLink: [...naming, "EPERM"],
  remove: ["EACCES", "EPERM", "EROFS", "EBUSY", "EIO"],
  removeDirectory: ["EACCES", "EPERM", "ENOTEMPTY", "EBUSY", "EIO"],
  read: ["EIO"],
  write: ["ENOSPC", "EIO", "EDQUOT", "EFBIG"],
  seek: ["EIO"],
  truncate: ["EIO"],
  stat: looking,
  setMode: ["EPERM", "EROFS", "EIO"],
  setOwner: ["EPERM", "EROFS", "EIO"],
  times: looking,
  setTimes: ["EPERM", "EROFS", "EIO"],
  attributes: [...looking, "EPERM"],
  setAttribute: ["EPERM", "ENOTSUP", "ENOSPC", "EIO"],
  sync: ["EIO", "ENOSPC", "EDQUOT", "EINVAL", "EINTR"],
  clone: ["EIO", "ENOSPC"],
  tryLock: ["ENOLCK", "ENOTSUP", "EIO"],
  lock: ["ENOLCK", "ENOTSUP", "EIO"],
  unlock: ["EIO"],
  close: ["EIO", "EDQUOT", "EINTR"],
};

/**
 * The errors that a kernel may return for a call, whatever is on the disk: what `sweepFaults` tries by default.
 *
 * @example
 * ```ts
 * import { fittingErrors, memoryRuntime, sweepFaults } from "@durable/atomic-write/testing";
 *
 * await sweepFaults({
 *   make: () => memoryRuntime({ files: { "/a.txt": "old" } }),
 *   operation: ({ syncFileSystem }) => syncFileSystem.remove("/a.txt"),
 *   errors: (call) => [...fittingErrors(call), "ETIMEDOUT"],
 *   check: () => {},
 * });
 * ```
 */
export function fittingErrors(call: SeamCall): readonly string[] {
  return codes[call.method];
}

/** Whether there is a call by that name. */
export const isSeamMethod = (name: string): name is SeamMethod => Object.hasOwn(codes, name);

/** Answers of a sync that say that nothing was tried: what is pending stays pending. */
export const undecidedSyncs: ReadonlySet<string> = new Set(["EINTR", "EINVAL", "ENOSYS", "ENOTSUP", "EOPNOTSUPP"]);
