/**
 * What a kernel allows a process: permission bits, sticky directories, read-only mounts, protected links.
 */
import type { Attributes, DirectoryNode, DiskNode } from "./disk_node.ts";
import type { Credentials, Machine } from "./machine.ts";

/** Permission bits as the kernel names them. */
export const permission = { read: 4, write: 2, search: 1 } as const;

/** Whether a process is in a group. */
export function inGroup(process: Credentials, group: number): boolean {
  return process.group === group || process.groups.includes(group);
}

/** Whether the permission bits allow `wanted`, a sum of `permission`. */
export function allows(process: Credentials, attributes: Attributes, wanted: number): boolean {
  if (process.user === 0) return true;
  const { mode, user, group } = attributes;
  const bits = process.user === user ? mode >> 6 : inGroup(process, group) ? mode >> 3 : mode;
  return (bits & wanted) === wanted;
}

/** Why a process may not add names to a directory; undefined when it may. */
export function refusalToAdd(machine: Machine, process: Credentials, directory: DirectoryNode): string | undefined {
  if (machine.device(directory).readOnly) return "EROFS";
  return allows(process, directory.visible, permission.write | permission.search) ? undefined : "EACCES";
}

/** Why a process may not take this name out of a directory: also the rule of sticky directories. */
export function refusalToRemove(
  machine: Machine,
  process: Credentials,
  directory: DirectoryNode,
  node: DiskNode,
): string | undefined {
  const refusal = refusalToAdd(machine, process, directory);
  if (refusal !== undefined) return refusal;
  const sticky = (directory.visible.mode & 0o1000) !== 0 && process.user !== 0;
  return sticky && node.visible.user !== process.user && directory.visible.user !== process.user ? "EPERM" : undefined;
}

/**
 * Why a symlink is not followed: Linux's fs.protected_symlinks.
 * https://docs.kernel.org/admin-guide/sysctl/fs.html#protected-symlinks
 */
export function refusalToFollow(process: Credentials, directory: DirectoryNode, link: DiskNode): string | undefined {
  const everybodys = (directory.visible.mode & 0o1002) === 0o1002;
  const trusted = link.visible.user === process.user || link.visible.user === directory.visible.user;
  return everybodys && !trusted ? "EACCES" : undefined;
}

/** Why a process may not give this file a further name: fs.protected_hardlinks. */
export function refusalToLink(process: Credentials, node: DiskNode): string | undefined {
  if (process.user === 0 || process.user === node.visible.user) return undefined;
  const { mode } = node.visible;
  const dangerous = (mode & 0o4000) !== 0 || (mode & 0o2010) === 0o2010;
  const readable = allows(process, node.visible, permission.read | permission.write);
  return node.kind === "file" && !dangerous && readable ? undefined : "EPERM";
}
