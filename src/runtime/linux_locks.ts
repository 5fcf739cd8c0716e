/**
 * Who holds a kernel lock, as /proc/locks tells: for people, never for a decision. Locks of processes in other pid
 * namespaces are not listed, and file systems that number devices by subvolume are not found.
 * https://man7.org/linux/man-pages/man5/proc_locks.5.html
 */
import { deviceNumbers } from "./device_number.ts";
import type { FileStatus } from "./runtime.ts";

/** `MAJOR:MINOR:INODE` as the kernel prints it, of a status whose identity is `DEVICE:INODE`. */
function lockedName(status: FileStatus): string | undefined {
  const [device = "", inode = ""] = status.identity.split(":");
  const numbers = deviceNumbers(device);
  if (numbers === undefined || !/^[0-9]+$/.test(inode)) return undefined;
  return `${numbers.major.toString(16).padStart(2, "0")}:${numbers.minor.toString(16).padStart(2, "0")}:${inode}`;
}

/** The first holder of a flock on the file, from the text of /proc/locks. */
export function lockHolderIn(text: string, status: FileStatus): { pid: number; shared: boolean } | undefined {
  const name = lockedName(status);
  if (name === undefined) return undefined;
  for (const line of text.split("\n")) {
    // `1: FLOCK  ADVISORY  WRITE 708 fe:00:1234 0 EOF`; a waiter has `->` after the number.
    const match = /^\d+: FLOCK\s+\S+\s+(READ|WRITE)\s+(-?\d+) (\S+) /.exec(line);
    if (match?.[3] === name) return { pid: Number(match[2]), shared: match[1] === "READ" };
  }
  return undefined;
}
