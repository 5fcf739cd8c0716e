/**
 * Access control lists as Linux keeps them, in the extended attribute `system.posix_acl_access`: acl(5).
 *
 * A version, then entries of a tag, permissions (read 4, write 2, execute 1) and the number of a user or group:
 * https://github.com/torvalds/linux/blob/master/include/uapi/linux/posix_acl_xattr.h
 *
 * The permission bits of a file that has a list are parts of it: the owner's, the **mask** in place of the group's, and
 * everybody's. The mask is no right of the owning group; it limits what the group and all who are named may do.
 */

/**
 * The list of a file on macOS, which is of another kind, beside the mode. Its kernel keeps it under this name, but shows it
 * to calls of its own alone: https://github.com/apple-oss-distributions/xnu/blob/main/bsd/sys/kauth.h
 */
export const macAccessList = "com.apple.system.Security";

/** The list of a file. */
export const accessList = "system.posix_acl_access";
/** What files made in a directory get. */
export const defaultAccessList = "system.posix_acl_default";

const version = 2;
const headerSize = 4;
const entrySize = 8;

const owner = 0x01;
const owningGroup = 0x04;
const mask = 0x10;
const everybody = 0x20;
const named = new Set([0x02, 0x08]);

/** One entry. */
interface Entry {
  readonly tag: number;
  readonly permissions: number;
  readonly id: number;
}

/** The entries of a list; undefined where it is none that is understood. */
function entriesOf(list: Uint8Array): Entry[] | undefined {
  const view = new DataView(list.buffer, list.byteOffset, list.byteLength);
  if (list.length < headerSize || (list.length - headerSize) % entrySize !== 0) return undefined;
  if (view.getUint32(0, true) !== version) return undefined;
  const entries: Entry[] = [];
  for (let at = headerSize; at < list.length; at += entrySize) {
    entries.push({
      tag: view.getUint16(at, true),
      permissions: view.getUint16(at + 2, true),
      id: view.getUint32(at + 4, true),
    });
  }
  return entries;
}

function listOf(entries: readonly Entry[]): Uint8Array {
  const list = new Uint8Array(headerSize + entries.length * entrySize);
  const view = new DataView(list.buffer);
  view.setUint32(0, version, true);
  entries.forEach(({ tag, permissions, id }, index) => {
    const at = headerSize + index * entrySize;
    view.setUint16(at, tag, true);
    view.setUint16(at + 2, permissions, true);
    view.setUint32(at + 4, id, true);
  });
  return list;
}

const permissionsOf = (entries: readonly Entry[], tag: number): number | undefined =>
  entries.find((entry) => entry.tag === tag)?.permissions;

/** Which entry the group's bits of a mode are. */
const groupTag = (entries: readonly Entry[]): number => permissionsOf(entries, mask) === undefined ? owningGroup : mask;

/** The nine permission bits that a file with this list shows; undefined for a list that is not understood. */
export function modeOfList(list: Uint8Array): number | undefined {
  const entries = entriesOf(list);
  if (entries === undefined) return undefined;
  const bits = [owner, groupTag(entries), everybody].map((tag) => permissionsOf(entries, tag) ?? 0);
  return bits.reduce((mode, permissions) => (mode << 3) | permissions, 0);
}

/** A list after chmod(2): owner, mask (or owning group, where there is none) and everybody as the mode says. */
export function listWithMode(list: Uint8Array, mode: number): Uint8Array {
  const entries = entriesOf(list);
  if (entries === undefined) return list;
  const bits = new Map([[owner, mode >> 6], [groupTag(entries), mode >> 3], [everybody, mode]]);
  return listOf(entries.map((entry) => {
    const permissions = bits.get(entry.tag);
    return permissions === undefined ? entry : { ...entry, permissions: permissions & 7 };
  }));
}

/** A list whose owning group may do no more than everybody may: for a file whose group is another one now. */
export function listForOtherGroup(list: Uint8Array): Uint8Array {
  const entries = entriesOf(list);
  if (entries === undefined) return list;
  const most = permissionsOf(entries, everybody) ?? 0;
  return listOf(
    entries.map((entry) => entry.tag === owningGroup ? { ...entry, permissions: entry.permissions & most } : entry),
  );
}

/** A mode that gives the owning group what the list gave it, for a file that cannot have the list. */
export function modeWithoutList(list: Uint8Array, mode: number): number {
  const entries = entriesOf(list);
  const group = entries === undefined ? 0 : permissionsOf(entries, owningGroup) ?? 0;
  return (mode & ~0o070) | (mode & (group << 3));
}

/** What a directory's default list makes of a new file's mode: the list it gets, and the bits it shows. acl(5). */
export function inheritedList(list: Uint8Array, mode: number): { list: Uint8Array | undefined; mode: number } {
  const entries = entriesOf(list);
  if (entries === undefined) return { list: undefined, mode };
  const bits = mode & (modeOfList(list) ?? 0);
  const made = listWithMode(list, bits);
  const isMinimal = !entries.some(({ tag }) => named.has(tag) || tag === mask);
  return { list: isMinimal ? undefined : made, mode: bits };
}
