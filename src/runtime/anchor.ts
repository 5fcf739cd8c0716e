/**
 * Open directories as paths that lead to them wherever they have been moved: `/proc/self/fd/N`, on Linux.
 * https://man7.org/linux/man-pages/man5/proc_pid_fd.5.html
 *
 * 1. `anchor` when names in a directory that is open are to be reached through it, where there are such paths. 2. Names
 * in it are reached below what it answers. 3. `dropAnchor` before the descriptor is closed: its number is used again.
 *
 * `shownPath` makes of such a path the one that the directory was opened by, for errors.
 */
import { processNamespace } from "./builtin.ts";

const folder = "/proc/self/fd/";

/** What directories were opened by, by their descriptors. */
const anchored = new Map<number, string>();

/** The path that leads to what is open, whatever that is. */
export const openPath = (descriptor: number): string => folder + descriptor;

/** Whether the kernel may show this process its descriptors. Node's permission model refuses every path it was not given. */
export function mayAnchor(): boolean {
  const host = processNamespace();
  return host !== undefined && host.platform === "linux" && Reflect.get(host, "permission") === undefined;
}

/** The beginning of paths to what is in an open directory, which was opened by `path`. */
export function anchor(descriptor: number, path: string): string {
  // Itself perhaps reached through another one, which may be closed first.
  anchored.set(descriptor, shownPath(path));
  return `${folder}${descriptor}/`;
}

/** The directory is about to be closed. */
export function dropAnchor(descriptor: number): void {
  anchored.delete(descriptor);
}

/** A path as it was meant. */
export function shownPath(path: string): string {
  if (!path.startsWith(folder)) return path;
  const end = path.indexOf("/", folder.length);
  const directory = end < 0 ? undefined : anchored.get(Number(path.slice(folder.length, end)));
  if (directory === undefined) return path;
  return directory.endsWith("/") ? directory + path.slice(end + 1) : directory + path.slice(end);
}
