/**
 * A disk under a page cache: every inode of a machine, changed for programs at once, and on the disk itself by syncs.
 *
 * A change goes to the visible state and into the inode's chain of pending changes; `sync` folds the chain into the
 * durable state; `failSync` leaves it in doubt permanently, `failTransaction` loses it, with all that is pending on its
 * device. What a power cut may leave is for crash_space.ts to say.
 *
 * Snapshots cost nothing: inodes are replaced, not changed, except for directory maps, which are changed in place only
 * by the generation that made them. `snapshot` ends a generation.
 */
import { Content } from "./content.ts";
import {
  appended,
  applyAssignments,
  applyAttributes,
  applyFileChange,
  type Assignment,
  type AttributeChange,
  type Attributes,
  type Chain,
  decided,
  type DirectoryChange,
  type DirectoryNode,
  type DiskImage,
  type DiskNode,
  type Fate,
  type FileChange,
  type FileNode,
  type FileState,
  inOrder,
  rewritesLost,
} from "./disk_node.ts";

/** Maps that only the current generation may change in place. */
interface OwnedDirectory extends DirectoryNode {
  readonly entries: Map<string, number>;
  readonly durableEntries: Map<string, number>;
  readonly owner: object;
}

const isOwned = (node: DirectoryNode): node is OwnedDirectory => "owner" in node;

/** Many inodes without any name may pile up before they are looked for. */
const firstCollection = 512;

/** All inodes of a machine, of all its devices. */
export class Disk {
  #nodes: Map<number, DiskNode>;
  #generation: object = {};
  #nodesOwner: object;
  #nextNumber: number;
  #collectAt = firstCollection;
  #barriers: number;
  #passed: number;
  #failed: ReadonlyMap<string, number>;
  /** Counts everything that can make a difference after a power cut. */
  version = 0;

  /** An empty disk, or one that goes on from an instant of another. */
  constructor(image: DiskImage = { nodes: new Map(), nextNumber: 2, barriers: 0, passed: 0 }) {
    this.#nodes = image.nodes as Map<number, DiskNode>;
    this.#nextNumber = image.nextNumber;
    this.#barriers = image.barriers;
    this.#passed = image.passed;
    this.#failed = image.failed ?? new Map();
    this.#nodesOwner = {};
  }

  /** This instant, as an immutable copy. */
  snapshot(): DiskImage {
    this.#generation = {};
    return {
      nodes: this.#nodes,
      nextNumber: this.#nextNumber,
      barriers: this.#barriers,
      passed: this.#passed,
      failed: this.#failed,
    };
  }

  /** All inodes. */
  nodes(): Iterable<DiskNode> {
    return this.#nodes.values();
  }

  /** The inode by that number, which must exist. */
  node(number: number): DiskNode {
    const node = this.#nodes.get(number);
    if (node === undefined) throw new Error(`There is no inode ${number}`);
    return node;
  }

  /** The directory by that number. */
  directory(number: number): DirectoryNode {
    const node = this.node(number);
    if (node.kind !== "directory") throw new Error(`Inode ${number} is no directory`);
    return node;
  }

  /** The file by that number. */
  file(number: number): FileNode {
    const node = this.node(number);
    if (node.kind !== "file") throw new Error(`Inode ${number} is no file`);
    return node;
  }

  /** The next new inode gets this number, which no other has. */
  numberFrom(number: number): void {
    this.#nextNumber = number;
  }

  /** A new inode without a name. Its first content is durable as soon as a name of it is. */
  make(kind: DiskNode["kind"], device: string, attributes: Attributes, text = ""): number {
    const number = this.#nextNumber++;
    const inode = { number, device, created: attributes.modified, links: 0 };
    if (kind === "file") {
      const state: FileState = { ...attributes, content: Content.empty };
      this.#put({ ...inode, kind, visible: state, durable: state, changes: undefined });
    } else if (kind === "directory") {
      const directory: OwnedDirectory = {
        ...inode,
        kind,
        visible: attributes,
        durable: attributes,
        entries: new Map(),
        durableEntries: new Map(),
        changes: undefined,
        owner: this.#generation,
      };
      this.#put(directory);
    } else {
      this.#put({ ...inode, kind, visible: attributes, text });
    }
    return number;
  }

  /** Changes a file for programs; on the disk itself, later or never. */
  changeFile(number: number, change: FileChange): void {
    const node = this.file(number);
    const fate = rewritesLost(node.changes, change) ? "undetermined" : "pending";
    this.#put({
      ...node,
      visible: applyFileChange(node.visible, change),
      changes: appended(node.changes, change, this.#barriers, fate),
    });
  }

  /** Changes metadata of a file or directory for programs. */
  changeAttributes(number: number, change: AttributeChange): void {
    const node = this.node(number);
    if (node.kind === "file") return this.changeFile(number, change);
    const visible = applyAttributes(node.visible, change);
    if (node.kind !== "directory") return this.#put({ ...node, visible });
    this.#put({ ...node, visible, changes: appended<DirectoryChange>(node.changes, change, this.#barriers) });
  }

  /** Assigns names in a directory, as one change, and keeps the counts of links. */
  changeEntries(number: number, assignments: readonly Assignment[], modified: number): void {
    const node = this.#ownedDirectory(number);
    for (const [name, inode] of assignments) {
      const old = node.entries.get(name);
      if (inode !== undefined) this.#link(inode, 1);
      if (old !== undefined) this.#link(old, -1);
      applyAssignments(node.entries, [[name, inode]]);
    }
    const latest = this.directory(number);
    this.#put({
      ...latest,
      visible: { ...latest.visible, modified },
      changes: appended<DirectoryChange>(latest.changes, { kind: "entries", assignments, modified }, this.#barriers),
    });
  }

  /** Everything of this inode that is still pending reaches the medium, and what barriers cover. */
  sync(number: number): void {
    if (this.#passed !== this.#barriers) this.version++;
    this.#passed = this.#barriers;
    const node = this.node(number);
    if (!("changes" in node) || node.changes === undefined) return;
    if (node.changes.doubtful) return this.#decide(node, () => ["kept", undefined]);
    if (node.kind === "file") return this.#put({ ...node, durable: node.visible, changes: undefined });
    const owned = this.#ownedDirectory(number);
    for (const { change } of inOrder(node.changes)) {
      if (change.kind === "entries") applyAssignments(owned.durableEntries, change.assignments);
    }
    this.#put({ ...owned, durable: owned.visible, changes: undefined });
  }

  /** What is made from now on reaches the medium only after what is pending of this inode. */
  barrier(number: number): void {
    const barrier = ++this.#barriers;
    this.#decide(this.node(number), (link) => ["pending", link.barrier ?? barrier]);
  }

  /** A sync of this inode fails: nothing decides any more about what was pending. */
  failSync(number: number): void {
    this.#decide(this.node(number), (link) => [link.barrier === undefined ? "undetermined" : "pending", link.barrier]);
  }

  /** A sync on this device fails, and with it the file system's transaction: all that is pending there is lost. */
  failTransaction(device: string): void {
    for (const node of this.#nodes.values()) {
      if (node.device !== device || !("changes" in node) || node.changes === undefined) continue;
      this.#decide(node, (link) => ["lost", link.barrier]);
    }
    this.#failed = new Map(this.#failed).set(device, 0);
    this.version++;
  }

  /** How many changes of metadata have been allowed on a device since its transaction failed; undefined: it has not. */
  changesSinceFailure(device: string): number | undefined {
    return this.#failed.get(device);
  }

  /** Another change of metadata is allowed on a device whose transaction has failed. */
  allowChange(device: string): void {
    const count = this.#failed.get(device);
    if (count !== undefined) this.#failed = new Map(this.#failed).set(device, count + 1);
  }

  /** Writes all there is to disk, even what a failed sync had left in doubt. */
  syncAll(): void {
    for (const node of [...this.#nodes.values()]) {
      if (node.kind === "file") this.#put({ ...node, durable: node.visible, changes: undefined });
      if (node.kind === "directory") {
        const { durableEntries: _, ...rest } = this.#ownedDirectory(node.number);
        this.#put({ ...rest, durable: rest.visible, durableEntries: new Map(rest.entries), changes: undefined });
      }
    }
  }

  /** Forgets inodes that no name, visible or durable, and no open file leads to. */
  collect(inUse: () => Iterable<number>): void {
    if (this.#nodes.size < this.#collectAt) return;
    const reached = new Set<number>();
    const waiting = [...inUse()];
    for (let number = waiting.pop(); number !== undefined; number = waiting.pop()) {
      const node = this.#nodes.get(number);
      if (node === undefined || reached.has(number)) continue;
      reached.add(number);
      if (node.kind !== "directory") continue;
      waiting.push(...node.entries.values(), ...node.durableEntries.values());
      for (const { change } of inOrder(node.changes)) {
        if (change.kind !== "entries") continue;
        for (const [, inode] of change.assignments) if (inode !== undefined) waiting.push(inode);
      }
    }
    this.#nodes = new Map([...this.#nodes].filter(([number]) => reached.has(number)));
    this.#nodesOwner = this.#generation;
    this.#collectAt = Math.max(firstCollection, this.#nodes.size * 2);
  }

  #put(node: DiskNode): void {
    if (this.#nodesOwner !== this.#generation) {
      this.#nodes = new Map(this.#nodes);
      this.#nodesOwner = this.#generation;
    }
    this.#nodes.set(node.number, node);
    this.version++;
  }

  #decide(node: DiskNode, decide: (link: Chain<unknown>) => readonly [Fate, number | undefined]): void {
    if (node.kind === "file") this.#put({ ...node, changes: decided(node.changes, decide) });
    if (node.kind === "directory") this.#put({ ...node, changes: decided(node.changes, decide) });
  }

  #link(number: number, difference: number): void {
    const node = this.node(number);
    this.#put({ ...node, links: node.links + difference });
  }

  #ownedDirectory(number: number): OwnedDirectory {
    const node = this.directory(number);
    if (isOwned(node) && node.owner === this.#generation) return node;
    const owned: OwnedDirectory = {
      ...node,
      entries: new Map(node.entries),
      durableEntries: new Map(node.durableEntries),
      owner: this.#generation,
    };
    this.#put(owned);
    return owned;
  }
}
