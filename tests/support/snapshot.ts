/**
 * Everything that can be told of the files below a directory without changing any of it, to show that something was not
 * touched: kind, mode, owner, times, links, content.
 */
import { createHash } from "node:crypto";
import * as fs from "node:fs";
import { join } from "node:path";

export type Snapshot = Record<string, string>;

/** Reading must not look like a reader to the next snapshot. */
const noAccessTime = fs.constants.O_NOATIME ?? 0;

function contentOf(path: string): string {
  const descriptor = fs.openSync(path, fs.constants.O_RDONLY | noAccessTime);
  try {
    return createHash("sha256").update(fs.readFileSync(descriptor)).digest("hex");
  } finally {
    fs.closeSync(descriptor);
  }
}

function describeEntry(path: string): string {
  const stats = fs.lstatSync(path, { bigint: true });
  const owner = `${(stats.mode & 0o7777n).toString(8)} ${stats.uid}:${stats.gid}`;
  if (stats.isSymbolicLink()) return `symlink ${owner} ${fs.readlinkSync(path)}`;
  // What is looked for in a directory changes its time of access, and looking is no harm.
  if (stats.isDirectory()) return `directory ${owner}`;
  const times = `modified ${stats.mtimeNs} accessed ${noAccessTime === 0 ? "?" : stats.atimeNs}`;
  if (!stats.isFile()) return `other ${owner} ${times}`;
  return `file ${owner} ${times} links ${stats.nlink} ${stats.size} ${contentOf(path)}`;
}

/** Every name below the directory, with all that describes it. */
export function snapshot(directory: string): Snapshot {
  const found: Snapshot = {};
  const visit = (path: string, name: string) => {
    found[name] = describeEntry(path);
    if (!fs.lstatSync(path).isDirectory()) return;
    for (const entry of fs.readdirSync(path).sort()) visit(join(path, entry), join(name, entry));
  };
  visit(directory, ".");
  return found;
}

/** Makes the next read of a file show in its time of access (on a mount that keeps those at all). */
export function armAccessTimes(directory: string): void {
  for (const entry of fs.readdirSync(directory, { withFileTypes: true })) {
    const path = join(directory, entry.name);
    if (entry.isDirectory()) armAccessTimes(path);
    // relatime notes a read when the last one was before the last write.
    else if (entry.isFile()) fs.utimesSync(path, 1_000_000_000, 1_500_000_000);
  }
}
