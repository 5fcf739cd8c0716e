/**
 * What kind of file system a device is, as Linux's list of mounts tells it, and what follows from that. Everything is
 * asked once a device.
 */
import { deviceNumbers } from "./device_number.ts";

/** Reads a file of /proc; undefined where that is not permitted. */
type Read = (path: string) => string | undefined;

const types = new Map<string, string | undefined>();

function readQuietly(read: Read, path: string): string {
  try {
    return read(path) ?? "";
  } catch {
    // No such system.
    return "";
  }
}

/** The type in the text of /proc/self/mountinfo: https://man7.org/linux/man-pages/man5/proc_pid_mountinfo.5.html */
function typeIn(text: string, device: string): string | undefined {
  const numbers = deviceNumbers(device);
  if (numbers === undefined) return undefined;
  const name = `${numbers.major}:${numbers.minor}`;
  // `36 35 0:25 /root /mnt options optional-fields - tmpfs source super-options`
  const line = text.split("\n").find((line) => line.split(" ", 3)[2] === name);
  return line?.slice(line.indexOf(" - ") + 3).split(" ", 1)[0];
}

function typeOf(device: string, read: Read): string | undefined {
  if (!types.has(device)) types.set(device, typeIn(readQuietly(read, "/proc/self/mountinfo"), device));
  return types.get(device);
}

/**
 * Whether a device is memory (tmpfs, ramfs): a sync returns at once there, so it need not be waited for. Whether anything
 * is durable there is another question, which docs/guarantees.md answers with no. False where that is not known.
 */
export function isMemoryDevice(device: string, read: Read): boolean {
  const type = typeOf(device, read);
  return type === "tmpfs" || type === "ramfs";
}

let release: string | undefined;

/** Those whose syncfs was tried with disks that fail: on others (FUSE, network, overlay) it may do less than fsync. */
const tried: ReadonlySet<string> = new Set(["ext4", "xfs"]);

/**
 * Whether syncfs(2) tells what could not be written on a device: since Linux 5.8, of everything since the descriptor was
 * opened. https://man7.org/linux/man-pages/man2/syncfs.2.html
 */
export function tellsLostWrites(device: string, read: Read): boolean {
  const type = typeOf(device, read);
  if (type === undefined || !tried.has(type)) return false;
  release ??= readQuietly(read, "/proc/sys/kernel/osrelease");
  const [, major = 0, minor = 0] = (/^(\d+)\.(\d+)/.exec(release) ?? []).map(Number);
  return major > 5 || (major === 5 && minor >= 8);
}
