/** What Deno tells of a file, in the words of the seam. */
import type { EntryKind, FileStatus } from "../runtime.ts";
import type { DenoDirectoryEntry, DenoFileInfo } from "./namespace.ts";

/** What kind of thing Deno describes. */
export function kindOf(entry: Pick<DenoDirectoryEntry, "isFile" | "isDirectory" | "isSymlink">): EntryKind {
  if (entry.isSymlink) return "symlink";
  if (entry.isDirectory) return "directory";
  return entry.isFile ? "file" : "other";
}

/** Deno's answer as ours. */
export function toStatus(info: DenoFileInfo): FileStatus {
  const created = info.birthtime?.getTime();
  const status: FileStatus = {
    kind: kindOf(info),
    size: info.size,
    // Blocks of 512 bytes: https://docs.deno.com/api/deno/~/Deno.FileInfo#property_blocks
    ...info.blocks === null ? {} : { allocated: info.blocks * 512 },
    mode: (info.mode ?? 0) & 0o7777,
    user: info.uid ?? 0,
    group: info.gid ?? 0,
    device: String(info.dev),
    // Deno rounds inode numbers beyond 2^53 (overlays, FUSE, NTFS and network file systems have such), and so does
    // its node:fs, big integers or not. The time of creation, which stays with a file as well, tells apart most of those
    // that were rounded to one number; not neighbours made within one millisecond.
    identity: `${info.dev}:${info.ino}${Number.isSafeInteger(info.ino) ? "" : `@${created}`}`,
    links: info.nlink ?? 1,
    modified: info.mtime?.getTime() ?? 0,
  };
  if (created !== undefined && created > 0) status.created = created;
  const changed = info.ctime?.getTime();
  if (changed !== undefined) status.changed = changed;
  return status;
}
