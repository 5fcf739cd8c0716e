/**
 * A failed call of the seam in words that the reader of the message knows: users know no `openDirectory`, and few know
 * what EROFS is. For machines the error has `step` and `code`.
 */
import { missingPermission, type SystemError } from "../runtime/system_error.ts";

/** What is being done; the name follows, or "it". */
const doing: Readonly<Record<string, string>> = {
  attributes: "reading the attributes of",
  clone: "sharing the blocks of",
  close: "closing",
  create: "creating",
  link: "linking",
  linkStat: "examining",
  lock: "locking",
  makeDirectory: "creating the directory",
  open: "opening",
  openDirectory: "opening the directory",
  read: "reading",
  readDirectory: "listing",
  readLink: "reading the symlink",
  remove: "removing",
  removeDirectory: "removing the directory",
  rename: "renaming",
  setAttribute: "setting an attribute of",
  setMode: "setting the mode of",
  setOwner: "setting the owner of",
  setTimes: "setting the times of",
  stat: "examining",
  times: "reading the times of",
  symbolicLink: "creating the symlink",
  sync: "syncing",
  syncDirectory: "syncing the directory of",
  truncate: "truncating",
  tryLock: "locking",
  unlock: "unlocking",
  write: "writing",
};

const meanings: Readonly<Record<string, string>> = {
  EACCES: "permission denied",
  EBUSY: "it is in use",
  EDQUOT: "the quota is exhausted",
  EFBIG: "too large",
  EIO: "the disk reports an error",
  EISDIR: "it is a directory",
  ELOOP: "too many symlinks",
  EMFILE: "too many files are open",
  ENAMETOOLONG: "the name is too long",
  ENFILE: "too many files are open",
  ENOSPC: "no space is left",
  ENOTDIR: "a part of the path is not a directory",
  EPERM: "not permitted",
  EROFS: "the file system is read-only",
  EXDEV: "it is on another file system",
};

const unchangeable = "it, or its directory, may be immutable or append-only";

/** What a code means of one call alone. */
const meaningsOfCall: Readonly<Record<string, string>> = {
  // chown(2) in a user namespace, such as a container's, that has no number for it: user_namespaces(7).
  "setOwner EINVAL": "that user or group does not exist in this user namespace (container)",
  "setOwner EPERM": "only root may give a file to another user, or to a group that one is not in",
  "setMode EPERM": "only its owner or root may do that",
  "setTimes EPERM": "only its owner or root may do that",
  "create EPERM": unchangeable,
  "makeDirectory EPERM": unchangeable,
  "open EPERM": unchangeable,
  "remove EPERM": unchangeable,
  "removeDirectory EPERM": unchangeable,
  "rename EPERM": unchangeable,
  "symbolicLink EPERM": unchangeable,
  "truncate EPERM": unchangeable,
};

/** `opening the directory "/a"`: what a call does to a name, or to what the message names already. */
export function doingTo(call: string, name = "it"): string {
  return `${doing[call] ?? call} ${name}`;
}

/** Calls whose path is a directory; the permission for anything else is that for the directory it is in. */
const onDirectories: ReadonlySet<string> = new Set(["openDirectory", "readDirectory"]);

/** The directory that a permission has to cover: that of the file in question, if `path` is on the way to it. */
function directoryToGrant({ call, path }: SystemError, known: string): string {
  const base = path.replace(/[/\\]$/, "");
  const isOnTheWay = known.startsWith(base) && /^[/\\]/.test(known.slice(base.length));
  if (!isOnTheWay && onDirectories.has(call)) return path;
  return (isOnTheWay ? known : path).replace(/[/\\][^/\\]*$/, "") || "/";
}

/** `--allow-read=/srv`: what to grant, as it is typed. */
function grantFor(error: SystemError, known: string): string {
  const flag = missingPermission(error);
  if (flag === undefined) return "a permission that the runtime was not given";
  if (flag !== "--allow-read" && flag !== "--allow-write") return flag;
  const directory = directoryToGrant(error, known);
  return `${flag}=${/^[\w@%+=:,./\\-]+$/.test(directory) ? directory : JSON.stringify(directory)}`;
}

/** `renaming "/.a.tmp" failed: permission denied`. */
export function failureText(error: SystemError, known: string): string {
  const { call, code, path } = error;
  const done = doingTo(call, path === known || path === "" ? undefined : JSON.stringify(path));
  if (code === "ENOTCAPABLE") return `${done} needs ${grantFor(error, known)}`;
  const meaning = meaningsOfCall[`${call} ${code}`] ?? meanings[code];
  return `${done} failed${meaning === undefined ? "" : `: ${meaning}`}`;
}
