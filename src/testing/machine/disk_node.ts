/**
 * What a disk consists of: inodes, each with what programs see, what is certainly on the disk, and the changes between
 * the two. Values only; `Disk` (disk.ts) makes one from another.
 *
 * - A **file** has a visible and a durable state (content, mode, owner, time) and the changes since the last sync.
 * - A **directory** likewise, with entries instead of content. One change may assign several names at once: a rename
 *   within the directory is one change. Everything else that touches two directories is two changes.
 * - A **symlink**, FIFO or device has no state of its own beyond its entry.
 *
 * Every change carries its fate: `pending` until the inode is synced; then it is `kept` and folded into the durable
 * state. After a *failed* sync it is `undetermined` for good: the kernel has marked the pages clean, so no later sync
 * writes them, but some may have reached the medium before the failure. Programs go on seeing it. Where the file system
 * has a journal (`MountOptions.journal`), a failed sync has taken everything that was pending there, and it is `lost`:
 * programs see it, and no power cut leaves it.
 *
 * A **barrier** (F_BARRIERFSYNC of macOS) decides nothing: whatever is made after it, anywhere on the machine, reaches
 * the medium only after what was pending of its inode has. A sync makes sure of what all barriers before it cover.
 */
import { accessList, listWithMode } from "../../core/access_list.ts";
import type { Content } from "./content.ts";

/** What may still happen to a change: to be decided by a sync, no longer decided by any sync, or decided. */
export type Fate = "pending" | "undetermined" | "lost" | "kept";

/** Metadata of an inode. */
export interface Attributes {
  readonly mode: number;
  readonly user: number;
  readonly group: number;
  /** Milliseconds since 1970. */
  readonly modified: number;
  /** Extended attributes, by name; undefined: none. */
  readonly extended?: ReadonlyMap<string, Uint8Array>;
}

/** Content and metadata of a file. */
export interface FileState extends Attributes {
  readonly content: Content;
}

/** A change of metadata alone. */
export type AttributeChange =
  | { readonly kind: "mode"; readonly mode: number }
  | { readonly kind: "owner"; readonly user: number; readonly group: number; readonly mode: number }
  | { readonly kind: "times"; readonly modified: number }
  | { readonly kind: "extended"; readonly name: string; readonly value: Uint8Array | undefined; readonly mode: number };

/** A change of a file. */
export type FileChange =
  | { readonly kind: "write"; readonly offset: number; readonly bytes: Uint8Array; readonly modified: number }
  | { readonly kind: "truncate"; readonly size: number; readonly modified: number }
  | AttributeChange;

/** A name and the inode it shall have; undefined: none. */
export type Assignment = readonly [name: string, inode: number | undefined];

/** A change of a directory. */
export type DirectoryChange =
  | { readonly kind: "entries"; readonly assignments: readonly Assignment[]; readonly modified: number }
  | AttributeChange;

/** Changes, the newest first: appending shares what came before. */
export interface Chain<Change> {
  readonly change: Change;
  readonly fate: Fate;
  readonly previous: Chain<Change> | undefined;
  /** Whether any change up to this one is undetermined or lost: what programs see is not what syncs make durable. */
  readonly doubtful: boolean;
  /** How many barriers there were when it was made: it reaches the medium only after what they cover. */
  readonly epoch: number;
  /** The first barrier that covers it. */
  readonly barrier: number | undefined;
}

interface Inode {
  readonly number: number;
  readonly device: string;
  /** Milliseconds since 1970. */
  readonly created: number;
}

/** A regular file. */
export interface FileNode extends Inode {
  readonly kind: "file";
  /** How many names programs see. */
  readonly links: number;
  readonly visible: FileState;
  readonly durable: FileState;
  readonly changes: Chain<FileChange> | undefined;
}

/** A directory. */
export interface DirectoryNode extends Inode {
  readonly kind: "directory";
  readonly links: number;
  readonly visible: Attributes;
  readonly durable: Attributes;
  readonly entries: ReadonlyMap<string, number>;
  readonly durableEntries: ReadonlyMap<string, number>;
  readonly changes: Chain<DirectoryChange> | undefined;
}

/** A symlink: its text is part of its entry. FIFOs, devices and sockets are `other`. */
export interface SpecialNode extends Inode {
  readonly kind: "symlink" | "other";
  readonly links: number;
  readonly visible: Attributes;
  readonly text: string;
}

/** Anything a name can lead to. */
export type DiskNode = FileNode | DirectoryNode | SpecialNode;

/** A disk at one instant. Never changes. */
export interface DiskImage {
  readonly nodes: ReadonlyMap<number, DiskNode>;
  readonly nextNumber: number;
  /** How many barriers there were, and how many of them a sync has followed. */
  readonly barriers: number;
  readonly passed: number;
  /** Devices whose transaction a sync has failed, and how many changes of metadata have been allowed there since. */
  readonly failed?: ReadonlyMap<string, number>;
}

/** A mode is part of an access control list, where there is one. */
function withMode<State extends Attributes>(state: State, mode: number): State {
  const list = state.extended?.get(accessList);
  if (list === undefined) return { ...state, mode };
  return { ...state, mode, extended: new Map(state.extended).set(accessList, listWithMode(list, mode)) };
}

/** A change of metadata, done. */
export function applyAttributes<State extends Attributes>(state: State, change: AttributeChange): State {
  if (change.kind === "mode") return withMode(state, change.mode);
  if (change.kind === "times") return { ...state, modified: change.modified };
  if (change.kind === "extended") {
    const extended = new Map(state.extended);
    if (change.value === undefined) extended.delete(change.name);
    else extended.set(change.name, change.value);
    return { ...state, extended, mode: change.mode };
  }
  return { ...state, user: change.user, group: change.group, mode: change.mode };
}

/** A change of a file, done completely. */
export function applyFileChange(state: FileState, change: FileChange): FileState {
  if (change.kind === "write") {
    return { ...state, content: state.content.write(change.offset, change.bytes), modified: change.modified };
  }
  if (change.kind === "truncate") {
    return { ...state, content: state.content.resize(change.size), modified: change.modified };
  }
  return applyAttributes(state, change);
}

/** Assigns names in a map of entries. */
export function applyAssignments(entries: Map<string, number>, assignments: readonly Assignment[]): void {
  for (const [name, inode] of assignments) {
    if (inode === undefined) entries.delete(name);
    else entries.set(name, inode);
  }
}

/** A chain with one more change. */
export function appended<Change>(
  chain: Chain<Change> | undefined,
  change: Change,
  epoch: number,
  fate: Fate = "pending",
  barrier?: number,
): Chain<Change> {
  const doubtful = fate === "undetermined" || fate === "lost" || (chain?.doubtful ?? false);
  return { change, fate, previous: chain, doubtful, epoch, barrier };
}

/** The changes of a chain, the oldest first. */
export function inOrder<Change>(chain: Chain<Change> | undefined): Chain<Change>[] {
  const links: Chain<Change>[] = [];
  for (let link = chain; link !== undefined; link = link.previous) links.push(link);
  return links.reverse();
}

/** A chain in which `decide` gives pending changes their fate, and the barrier that covers them. */
export function decided<Change>(
  chain: Chain<Change> | undefined,
  decide: (link: Chain<Change>) => readonly [Fate, number | undefined],
): Chain<Change> | undefined {
  let result: Chain<Change> | undefined;
  for (const link of inOrder(chain)) {
    const [fate, barrier] = link.fate === "pending" ? decide(link) : [link.fate, link.barrier];
    result = appended(result, link.change, link.epoch, fate, barrier);
  }
  return result;
}

/**
 * What may become of a change on a disk that has passed the first `level` barriers and no further one: what those cover
 * is kept; what was made after the next is lost.
 */
export function fateAt(link: Chain<unknown>, level: number): Fate {
  if (link.fate !== "pending") return link.fate;
  if (link.barrier !== undefined && link.barrier <= level) return "kept";
  return link.epoch > level ? "lost" : "pending";
}

/**
 * Whether a write goes over bytes that a failed sync has lost, and that nobody has cut off since. ext4 has left the
 * extent unwritten then: it may read as zeros after a power cut although writing and syncing it again succeeded.
 */
export function rewritesLost(chain: Chain<FileChange> | undefined, change: FileChange): boolean {
  if (change.kind !== "write") return false;
  for (let link = chain; link !== undefined; link = link.previous) {
    const { change: earlier, fate } = link;
    if (earlier.kind === "truncate" && fate !== "lost" && earlier.size <= change.offset) return false;
    if (earlier.kind !== "write" || fate !== "lost") continue;
    const overlaps = earlier.offset < change.offset + change.bytes.length;
    if (overlaps && earlier.offset + earlier.bytes.length > change.offset) return true;
  }
  return false;
}

/** What the blocks of a file hold, or will: its content without what a failed sync has lost, which reads as zeros. */
export function contentOnDisk(node: FileNode): Content {
  if (node.changes?.doubtful !== true) return node.visible.content;
  let state = node.durable;
  for (const link of inOrder(node.changes)) if (link.fate !== "lost") state = applyFileChange(state, link.change);
  return state.content.resize(node.visible.content.size);
}
