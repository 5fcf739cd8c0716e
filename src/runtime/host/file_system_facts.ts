/**
 * What the system says of the file system below a directory: its kind, how it is mounted, how much room there is. For
 * people and `doctor`; nothing is decided by it. What is unknown, or may not be read, is undefined.
 * https://man7.org/linux/man-pages/man2/statfs.2.html, https://man7.org/linux/man-pages/man5/proc_pid_mountinfo.5.html
 */
import { builtin } from "../builtin.ts";
import { unescapeMountPoint } from "../linux_mounts.ts";

/** What the system says. */
export interface FileSystemFacts {
  /** `ext4`, `tmpfs`; where only its number is known, that in hexadecimal. */
  readonly type: string;
  readonly mountPoint?: string;
  /** As mount(8) shows them: `rw,relatime`. */
  readonly mountOptions?: string;
  /** Bytes that are free for this user, and in all. */
  readonly freeBytes: number;
  readonly totalBytes: number;
  /** Files that can still be made, and in all; 0 of 0 where there is no limit. */
  readonly freeFiles: number;
  readonly totalFiles: number;
}

/** Magic numbers of statfs(2). */
const types: Readonly<Record<string, string>> = {
  "ef53": "ext4",
  "58465342": "xfs",
  "9123683e": "btrfs",
  "1021994": "tmpfs",
  "858458f6": "ramfs",
  "794c7630": "overlay",
  "6969": "nfs",
  "ff534d42": "cifs",
  "fe534d42": "smb2",
  "65735546": "fuse",
  "1021997": "9p",
  "2fc12fc1": "zfs",
  "f2f52010": "f2fs",
  "2011bab0": "exfat",
  "4d44": "vfat",
  "7366746e": "ntfs3",
  "73717368": "squashfs",
  "f15f": "ecryptfs",
  "ca451a4e": "bcachefs",
};

/** A line of mountinfo. */
interface Mount {
  readonly mountPoint: string;
  readonly mountOptions: string;
  readonly type: string;
}

/**
 * The mount that a path lies on, from the text of mountinfo: that with the longest mount point above it, and of several
 * on one place the last, which hides the others. (Not by its device: some file systems have one for each subvolume.)
 */
export function mountIn(text: string, path: string): Mount | undefined {
  let best: Mount | undefined;
  for (const line of text.split("\n")) {
    const [, , , , point = "", options = "", ...rest] = line.split(" ");
    const separator = rest.indexOf("-");
    const type = rest[separator + 1];
    if (separator < 0 || type === undefined) continue;
    const mountPoint = unescapeMountPoint(point);
    const isAbove = path === mountPoint || path.startsWith(mountPoint.endsWith("/") ? mountPoint : `${mountPoint}/`);
    if (!isAbove || (best !== undefined && best.mountPoint.length > mountPoint.length)) continue;
    const all = `${options},${rest[separator + 3] ?? ""}`.split(",").filter((option) => option !== "");
    best = { mountPoint, mountOptions: [...new Set(all)].join(","), type };
  }
  return best;
}

function mountOf(path: string): Mount | undefined {
  try {
    return mountIn(builtin("node:fs").readFileSync("/proc/self/mountinfo", "utf8"), path);
  } catch {
    return undefined;
  }
}

/**
 * What the system says of the file system of the directory at `path`. `mounts`: whether the list of mounts may be read.
 */
export function fileSystemFacts(path: string, mounts = true): FileSystemFacts | undefined {
  try {
    const fs = builtin("node:fs");
    const found = fs.statfsSync(path);
    const mount = !mounts ? undefined : mountOf(fs.realpathSync(path));
    const number = (found.type >>> 0).toString(16);
    return {
      type: mount?.type ?? types[number] ?? `0x${number}`,
      ...mount === undefined ? {} : { mountPoint: mount.mountPoint, mountOptions: mount.mountOptions },
      freeBytes: found.bavail * found.bsize,
      totalBytes: found.blocks * found.bsize,
      freeFiles: found.ffree,
      totalFiles: found.files,
    };
  } catch {
    return undefined;
  }
}
