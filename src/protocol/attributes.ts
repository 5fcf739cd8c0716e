/**
 * What a file has beside mode, owner and times: access control list, capabilities, security labels, the user's own
 * attributes. Carried over exactly where the runtime can see them.
 *
 * 1. `seeAttributes`: those of the file that is to be replaced, before anything is made. Undefined: they cannot be seen.
 * 2. `setOwnAttributes`, `setAccessList`, `setSecurity`, in this order, with owner and mode between them (metadata.ts):
 *    attributes of the user while the file is still writable for the user who made it; the list after the owner and
 *    before the mode, so that the file is at no instant open to more than it shall be; capabilities last, for chown
 *    takes them away.
 *
 * What could not be set is answered as lost. After any other failure the caller discards the file.
 */
import { accessList, listForOtherGroup, listWithMode, macAccessList, modeWithoutList } from "../core/access_list.ts";
import { type Operation, wait } from "../core/operation.ts";
import type { FileAttributes, FileStatus, OpenFile } from "../runtime/runtime.ts";
import { SystemError } from "../runtime/system_error.ts";
import type { ParentDirectory } from "./directories.ts";
import type { Engine } from "./engine.ts";
import { closeQuietly, openedStatus } from "./file_call.ts";
import { isKept } from "./safe_way.ts";

/** What attributes are, in the words of `lost` and `unchecked`. */
export const attributeKinds = ["acl", "attributes", "capabilities", "label"] as const;
type AttributeKind = (typeof attributeKinds)[number];

/**
 * What is not carried over, for it is made anew. Signatures of the content, by the kernel for every content:
 * https://man7.org/linux/man-pages/man7/xattr.7.html. The copy of the list that xfs shows to root under a name of its
 * own: set after the list itself, it would bring the old mask back. And on macOS, which program has made the file; nobody
 * may set that: https://eclecticlight.co/2023/05/10/how-macos-now-tracks-the-provenance-of-apps/
 */
const madeAnew: ReadonlySet<string> = new Set([
  "security.ima",
  "security.evm",
  "trusted.SGI_ACL_FILE",
  "trusted.SGI_ACL_DEFAULT",
  "com.apple.provenance",
]);

/** What macOS itself gives to files, by where they come from and who may open them. */
const macLabels: ReadonlySet<string> = new Set(["com.apple.quarantine", "com.apple.macl"]);

function kindOf(name: string): AttributeKind {
  // NFS keeps lists of its own kind: system.nfs4_acl, nfs4_acl(5).
  if (name.startsWith("system.") || name === macAccessList) return "acl";
  if (name === "security.capability") return "capabilities";
  return name.startsWith("security.") || macLabels.has(name) ? "label" : "attributes";
}

const refusals: ReadonlySet<string> = new Set([
  "EPERM",
  "EACCES",
  "ENOTCAPABLE",
  "EINVAL",
  "ENOTSUP",
  "EOPNOTSUPP",
  "ENOSYS",
]);

/** Whether a change of metadata was refused, to this user or by this file system: a loss, and no failure. */
export const isRefused = (error: unknown): boolean => error instanceof SystemError && refusals.has(error.code);

/**
 * What is in the way of looking: it may not be read, something else has taken its place, or its name is gone, which a
 * runtime must look up once more that does not tell its descriptors.
 */
const hidden: ReadonlySet<string> = new Set([...refusals, "ELOOP", "EISDIR", "ENXIO", "ESTALE", "ENOENT"]);

/** The attributes of an open file; undefined where they cannot be seen. */
export function* attributesOf(file: OpenFile): Operation<FileAttributes | undefined> {
  try {
    return yield* wait(file.attributes());
  } catch (error) {
    if (error instanceof SystemError && hidden.has(error.code)) return undefined;
    throw error;
  }
}

const none: FileAttributes = new Map();

/**
 * Whether a file is known to have none without being opened, as most files are. Only where nobody else can put another
 * file in its place: so this is the one that was looked at.
 */
function* hasNone(
  { engine, names, status, way }: ParentDirectory,
  name: string,
  file: FileStatus,
): Operation<boolean> {
  if (way === "loose" || !isKept(engine, status, file)) return false;
  try {
    return (yield* wait(names.hasAttributes?.(name))) === false;
  } catch (error) {
    if (error instanceof SystemError) return false;
    throw error;
  }
}

/** The attributes of the file by this name, if it is still the one with that status. */
export function* seeAttributes(
  parent: ParentDirectory,
  name: string,
  status: FileStatus,
): Operation<FileAttributes | undefined> {
  if (yield* hasNone(parent, name, status)) return none;
  let file: OpenFile | undefined;
  try {
    file = yield* wait(parent.names.open(name, "read"));
  } catch (error) {
    if (error instanceof SystemError && hidden.has(error.code)) return undefined;
    throw error;
  }
  if (file === undefined) return undefined;
  try {
    return (yield* openedStatus(file)).identity === status.identity ? yield* attributesOf(file) : undefined;
  } finally {
    yield* closeQuietly(file);
  }
}

/**
 * Takes from a file that was just created what its directory has handed down, for systems on which its mode does not keep
 * that out: from one that nobody but its owner is to open, before anything is in it.
 */
export function* refuseInheritedLists({ capabilities }: Engine, file: OpenFile, mode: number): Operation<void> {
  if ((mode & 0o077) !== 0 || !capabilities.attributes) return;
  for (const name of (yield* attributesOf(file))?.keys() ?? []) {
    if (kindOf(name) === "acl") yield* wait(file.setAttribute(name, undefined));
  }
}

/** Whether two files have the same attributes. */
export function haveSameAttributes(one: FileAttributes | undefined, other: FileAttributes | undefined): boolean {
  if (one === undefined || other === undefined) return one === other;
  return one.size === other.size && [...one].every(([name, value]) => haveSameBytes(value, other.get(name)));
}

function haveSameBytes(one: Uint8Array | undefined, other: Uint8Array | undefined): boolean {
  if (one === undefined || other === undefined) return one === other;
  return one.length === other.length && one.every((byte, index) => byte === other[index]);
}

/** What is set, and what the file has already. */
interface AttributeChange {
  readonly wanted: FileAttributes;
  readonly has: FileAttributes;
}

function* setKinds(
  file: OpenFile,
  { wanted, has }: AttributeChange,
  kinds: readonly AttributeKind[],
): Operation<string[]> {
  const lost = new Set<string>();
  const names = new Set([...wanted.keys(), ...has.keys()]);
  for (const name of names) {
    const kind = kindOf(name);
    if (!kinds.includes(kind) || madeAnew.has(name) || haveSameBytes(wanted.get(name), has.get(name))) continue;
    // Every file of a system with labels gets one; where the old one has none that can be seen, that is no reason to take it.
    if (kind === "label" && !wanted.has(name)) continue;
    try {
      yield* wait(file.setAttribute(name, wanted.get(name)));
    } catch (error) {
      if (!isRefused(error)) throw error;
      lost.add(kind);
    }
  }
  return [...lost];
}

/** The user's own attributes. */
export const setOwnAttributes = (file: OpenFile, change: AttributeChange): Operation<string[]> =>
  setKinds(file, change, ["attributes"]);

/** Capabilities and labels. */
export const setSecurity = (file: OpenFile, change: AttributeChange): Operation<string[]> =>
  setKinds(file, change, ["capabilities", "label"]);

/** The mode a file may have; less than the `full` one where it could not be given its group. */
interface ListMode {
  readonly mode: number;
  readonly full: number;
}

/**
 * The access control list, or that there is none: what a directory hands down to new files goes again. Answers what is
 * lost, and the mode that the file may have: where the list could not be set, its mask must not become the group's rights.
 */
export function* setAccessList(
  file: OpenFile,
  { wanted, has }: AttributeChange,
  { mode, full }: ListMode,
): Operation<{ readonly lost: readonly string[]; readonly mode: number }> {
  const old = wanted.get(accessList);
  const others = yield* setKinds(file, without(wanted, has), ["acl"]);
  // With a list it is the entry of the owning group that must not pass to another one; the mask is for who is named, too.
  const list = old && listWithMode(mode === full ? old : listForOtherGroup(old), full);
  const shown = list === undefined ? mode : full;
  if (haveSameBytes(list, has.get(accessList))) return { lost: others, mode: shown };
  try {
    yield* wait(file.setAttribute(accessList, list));
    return { lost: others, mode: shown };
  } catch (error) {
    if (!isRefused(error)) throw error;
    // A list that was handed down and stays gives nobody anything without its mask.
    const narrow = old === undefined || has.has(accessList) ? mode & ~0o070 : modeWithoutList(old, mode);
    return { lost: [...others, old === undefined ? "mode" : "acl"], mode: narrow };
  }
}

/** Lists of another kind than the one that is part of the mode. */
function without(wanted: FileAttributes, has: FileAttributes): AttributeChange {
  const rest = (all: FileAttributes) => new Map([...all].filter(([name]) => name !== accessList));
  return { wanted: rest(wanted), has: rest(has) };
}
