/**
 * Who holds a kernel lock, as Linux reports it without the lock being taken: for people, and to check what a holder
 * says.
 *
 * Two tables are asked. /proc/PID/fdinfo says whether a process has a descriptor through which a lock is held; it may be
 * read by root and by the same user, and is right on every file system. /proc/locks lists all locks by the process that
 * took each, which may have ended while a child that inherited the descriptor keeps the lock; locks taken in other pid
 * namespaces are missing, and btrfs and overlayfs number devices there as nobody else does.
 * https://man7.org/linux/man-pages/man5/proc_locks.5.html https://man7.org/linux/man-pages/man5/proc_pid_fdinfo.5.html
 */
import { deviceNumbers } from "./device_number.ts";
import { parseStat, type ProcReader } from "./linux_process.ts";
import type { KernelLock, ProcessHost } from "./process_host.ts";

/** What the tables are read with. Each answers undefined where it may not or cannot. */
interface LockReader extends ProcReader {
  list(path: string): readonly string[] | undefined;
  /** The identity of the file that a path leads to, links followed. */
  identity(path: string): string | undefined;
}

/** `MAJOR:MINOR:INODE` as the kernel prints it, of the identity `DEVICE:INODE`. */
function lockedName(identity: string): string | undefined {
  const [device = "", inode = ""] = identity.split(":");
  const numbers = deviceNumbers(device);
  if (numbers === undefined || !/^[0-9]+$/.test(inode)) return undefined;
  return `${numbers.major.toString(16).padStart(2, "0")}:${numbers.minor.toString(16).padStart(2, "0")}:${inode}`;
}

/** `1: FLOCK  ADVISORY  WRITE 708 fe:00:1234 0 EOF`; a waiter has `->` after the number. */
const flockLine = /^\d+: FLOCK\s+\S+\s+(READ|WRITE)\s+(-?\d+) (\S+) /;

/** The holders of a flock on the file, in the order of the list, from the text of /proc/locks. */
function lockHoldersIn(text: string, identity: string): KernelLock[] {
  const name = lockedName(identity);
  if (name === undefined) return [];
  return text.split("\n").flatMap((line) => {
    const match = flockLine.exec(line);
    return match?.[3] === name ? [{ pid: Number(match[2]), shared: match[1] === "READ" }] : [];
  });
}

/** The lock that a process has on the file through one of its descriptors; false: none; undefined: it may not be looked at. */
function lockThroughDescriptor(reader: LockReader, pid: number, file: string): KernelLock | false | undefined {
  const names = reader.list(`/proc/${pid}/fdinfo`);
  if (names === undefined) return undefined;
  for (const name of names) {
    const line = /^lock:\s*(.*)$/m.exec(reader.readText(`/proc/${pid}/fdinfo/${name}`) ?? "")?.[1] ?? "";
    const match = flockLine.exec(line);
    if (match === null || reader.identity(`/proc/${pid}/fd/${name}`) !== file) continue;
    return { pid, shared: match[1] === "READ", descriptor: Number(name) };
  }
  return false;
}

/** The parent of a process: field 4 of /proc/PID/stat. */
function parentOf(reader: LockReader, pid: number): number | undefined {
  const line = reader.readText(`/proc/${pid}/stat`) ?? "";
  if (parseStat(line) === undefined) return undefined;
  return Number(line.slice(line.lastIndexOf(")") + 1).trim().split(/\s+/)[1]);
}

const mostAncestors = 100;

/** Base name of the program, and its arguments. */
function commandLine(text: string): string {
  const [program = "", ...args] = text.split("\0").filter((word) => word !== "");
  return [program.split("/").at(-1), ...args].join(" ");
}

/** What a process host tells of locks and of the processes that may hold them, over that reader. */
export function linuxLocks(
  reader: LockReader,
): Pick<Required<ProcessHost>, "lockHolder" | "ancestors" | "programOf"> {
  function lockHolder(file: string, suspect?: number): KernelLock | "nobody" | undefined {
    const seen = suspect === undefined ? undefined : lockThroughDescriptor(reader, suspect, file);
    if (seen) return seen;
    const listed = lockHoldersIn(reader.readText("/proc/locks") ?? "", file);
    const living = listed.filter(({ pid }) => pid > 0 && reader.exists(pid) !== false);
    const named = seen === undefined ? living.find(({ pid }) => pid === suspect) : undefined;
    const found = named ?? living.find(({ pid }) => lockThroughDescriptor(reader, pid, file) !== false);
    if (found !== undefined) return found;
    // Held, but the process that took it has ended: some other one has its descriptor.
    if (listed.length > 0) return heir(file);
    return seen === false ? "nobody" : undefined;
  }

  function heir(file: string): KernelLock | undefined {
    for (const name of reader.list("/proc") ?? []) {
      const found = /^[0-9]+$/.test(name) && lockThroughDescriptor(reader, Number(name), file);
      if (found) return found;
    }
    return undefined;
  }

  function ancestors(): number[] {
    const found: number[] = [];
    for (let pid = parentOf(reader, reader.pid); pid && found.length < mostAncestors; pid = parentOf(reader, pid)) {
      found.push(pid);
    }
    return found;
  }

  return { lockHolder, ancestors, programOf: (pid) => commandLine(reader.readText(`/proc/${pid}/cmdline`) ?? "") };
}
