/**
 * A failed call of the seam in the words of whoever reads the message: users know no `openDirectory`, and few know
 * what EROFS is. For machines the error has `step` and `code`.
 */
import type { SystemError } from "../runtime/system_error.ts";

/** What is being done; the name follows, or "it". */
const doing: Readonly<Record<string, string>> = {
  clone: "sharing the blocks of",
  close: "closing",
  create: "making",
  link: "linking",
  linkStat: "looking at",
  lock: "locking",
  makeDirectory: "making the directory",
  open: "opening",
  openDirectory: "opening the directory",
  read: "reading",
  readDirectory: "listing",
  readLink: "reading the symlink",
  remove: "removing",
  removeDirectory: "removing the directory",
  rename: "renaming",
  setMode: "setting the mode of",
  setOwner: "setting the owner of",
  setTimes: "setting the times of",
  stat: "looking at",
  symbolicLink: "making the symlink",
  sync: "syncing",
  syncDirectory: "syncing the directory of",
  truncate: "cutting",
  tryLock: "locking",
  unlock: "unlocking",
  write: "writing",
};

const meanings: Readonly<Record<string, string>> = {
  EACCES: "permission denied",
  EBUSY: "it is in use",
  EDQUOT: "the quota is used up",
  EFBIG: "too large",
  EIO: "the disk reports an error",
  EISDIR: "it is a directory",
  ELOOP: "too many symlinks",
  EMFILE: "too many files are open",
  ENAMETOOLONG: "the name is too long",
  ENFILE: "too many files are open",
  ENOSPC: "no space is left",
  ENOTDIR: "there is no directory where one must be",
  EPERM: "not permitted",
  EROFS: "the file system is read-only",
  EXDEV: "that is another file system",
};

/** `opening the directory "/a"`: what a call does to a name, or to what the message names already. */
export function doingTo(call: string, name = "it"): string {
  return `${doing[call] ?? call} ${name}`;
}

/** `renaming "/.a.tmp" failed: permission denied`. */
export function failureText({ call, code, path }: SystemError, known: string): string {
  const done = doingTo(call, path === known || path === "" ? undefined : JSON.stringify(path));
  if (code === "ENOTCAPABLE") return `${done} needs a permission that this runtime was not given`;
  const meaning = meanings[code];
  return `${done} failed${meaning === undefined ? "" : `: ${meaning}`}`;
}
