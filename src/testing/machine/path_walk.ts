/**
 * From a path to a place on the disk, as a kernel walks: component by component, through symlinks and mounts, with the
 * right to search each directory, and with limits in bytes.
 */
import { SystemError } from "../../runtime/system_error.ts";
import type { DirectoryNode, DiskNode } from "./disk_node.ts";
import type { Credentials, Machine } from "./machine.ts";
import { allows, permission, refusalToFollow } from "./permissions.ts";

/** NAME_MAX and PATH_MAX (less its terminating zero) of Linux, in bytes. */
const nameLimit = 255;
const pathLimit = 4095;
/** path_resolution(7) */
const linkLimit = 40;

/** Where a path leads. */
export interface Place {
  /** The directory of the last component; of a root, the root. */
  readonly directory: DirectoryNode;
  /** The last component; `.`, `..` or empty (a root) have no entry of their own. */
  readonly name: string;
  /** What is seen there; undefined when there is nothing by that name. */
  readonly node: DiskNode | undefined;
  /** The inode that the entry itself holds: another one where something is mounted over it. */
  readonly entry: number | undefined;
  /** Whether the path ends in a slash. */
  readonly slash: boolean;
  /** The directories passed, the root first, `directory` last. */
  readonly ancestors: readonly number[];
}

const encoder = new TextEncoder();
const exceeds = (text: string, limit: number): boolean =>
  text.length > limit || (text.length * 3 > limit && encoder.encode(text).length > limit);

/**
 * What is wanted of a symlink in the last component: what it leads to; the link itself, unless a trailing slash asks for
 * the directory it leads to; or the entry, to be made, moved or removed, whatever it is and whatever follows its name.
 */
export type Wanted = "target" | "link" | "entry";

/**
 * Walks an absolute path. Undefined when a directory on the way does not exist. `from`: of the path, only the last name is
 * looked up, in that directory.
 */
export function walk(
  machine: Machine,
  process: Credentials,
  call: string,
  path: string,
  wanted: Wanted,
  from?: number,
): Place | undefined {
  const fail = (code: string): never => {
    throw new SystemError(code, call, path);
  };
  if (!path.startsWith("/")) throw new TypeError(`A path at the seam is absolute: ${JSON.stringify(path)}`);
  if (path.includes("\0")) fail("EINVAL");
  if (exceeds(path, pathLimit)) fail("ENAMETOOLONG");

  const { disk } = machine;
  const rest = from === undefined ? path.split("/").reverse() : [path.slice(path.lastIndexOf("/") + 1)];
  let slash = rest[0] === "" && rest.length > 1;
  const ancestors = from === undefined ? [machine.plan.root] : [machine.plan.root, from];
  let links = 0;

  const here = (): DirectoryNode => disk.directory(ancestors[ancestors.length - 1] ?? machine.plan.root);

  // How far the walk has come.
  let name = "";
  let node: DiskNode | undefined = here();
  let entry: number | undefined;
  for (let next = rest.pop(); next !== undefined; next = rest.pop()) {
    if (next === "") continue;
    if (node === undefined) return undefined;
    if (node.kind !== "directory") fail("ENOTDIR");
    if (name !== "" && name !== "." && name !== "..") ancestors.push(node.number);
    const directory = here();
    if (!allows(process, directory.visible, permission.search)) fail("EACCES");
    name = next;
    if (name === "." || name === "..") {
      if (name === ".." && ancestors.length > 1) ancestors.pop();
      node = here();
      entry = undefined;
      continue;
    }
    if (exceeds(name, nameLimit)) fail("ENAMETOOLONG");
    entry = directory.entries.get(name);
    node = entry === undefined ? undefined : machine.seen(entry);
    if (node?.kind !== "symlink") continue;
    const last = rest.every((component) => component === "");
    if (!last || wanted === "target" || (slash && wanted === "link")) {
      const refusal = machine.plan.options.protectedLinks === false
        ? undefined
        : refusalToFollow(process, directory, node);
      if (refusal !== undefined) fail(refusal);
      if (++links > linkLimit) fail("ELOOP");
      if (last) slash ||= node.text.endsWith("/");
      if (node.text.startsWith("/")) ancestors.length = 1;
      rest.push(...node.text.split("/").reverse());
      name = "";
      node = here();
      entry = undefined;
    }
  }
  if (slash && wanted !== "entry" && node !== undefined && node.kind !== "directory") fail("ENOTDIR");
  return { directory: here(), name, node, entry, slash, ancestors };
}
