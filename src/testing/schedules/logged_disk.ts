/**
 * A disk that remembers what was done to it, so that a part of that can be done again, and what of it must keep its order.
 *
 * What a power cut may leave of a file or directory depends on which of its changes came before which of its syncs, and on
 * nothing that happened to others: every sync is of one inode. Changes among themselves may change places, for of what is
 * pending each may have arrived or not (changes of one file keep their order because they touch its content); so may syncs.
 * Barriers, and the failure of a file system's transaction, concern everything.
 */
import { Disk } from "../machine/disk.ts";
import type { Assignment, AttributeChange, Attributes, DiskNode, FileChange } from "../machine/disk_node.ts";
import type { Touch } from "./order_hash.ts";

/** Something that was done to the disk. */
export interface DiskEffect {
  readonly touches: readonly Touch[];
  /** Whether programs can see it. */
  readonly visible: boolean;
  /** Does it again, to a disk on which everything has been done that this depends on. */
  readonly repeat: (disk: Disk) => void;
}

const ofDisk: Touch = { resource: "disk", changes: false };
const wholeDisk: Touch = { resource: "disk", changes: true };
const pending = (number: number, group?: string): Touch => ({
  resource: `pending ${number}`,
  changes: true,
  ...group === undefined ? {} : { group },
});

/** A disk whose effects are kept, from the first one on. */
export class LoggedDisk extends Disk {
  readonly effects: DiskEffect[] = [];
  #barriers = false;

  #log(effect: DiskEffect): void {
    // A sync lets through what barriers cover, whatever file it is of.
    this.effects.push(this.#barriers ? { ...effect, touches: [wholeDisk] } : effect);
  }

  override make(kind: DiskNode["kind"], device: string, attributes: Attributes, text = ""): number {
    const number = super.make(kind, device, attributes, text);
    const repeat = (disk: Disk) => {
      disk.numberFrom(number);
      disk.make(kind, device, attributes, text);
    };
    this.#log({ touches: [ofDisk], visible: false, repeat });
    return number;
  }

  override changeFile(number: number, change: FileChange): void {
    super.changeFile(number, change);
    const repeat = (disk: Disk) => disk.changeFile(number, change);
    this.#log({ touches: [ofDisk, pending(number, "changes")], visible: true, repeat });
  }

  override changeAttributes(number: number, change: AttributeChange): void {
    // Of a file, this is a change of the file, which is logged as one.
    if (this.node(number).kind === "file") return super.changeAttributes(number, change);
    super.changeAttributes(number, change);
    const repeat = (disk: Disk) => disk.changeAttributes(number, change);
    const ways = { resource: "ways", changes: true };
    this.#log({ touches: [ofDisk, ways, pending(number)], visible: true, repeat });
  }

  override changeEntries(number: number, assignments: readonly Assignment[], modified: number): void {
    const { entries } = this.directory(number);
    const linked = assignments.flatMap(([name, inode]) => [entries.get(name), inode]).filter((inode) =>
      inode !== undefined
    );
    super.changeEntries(number, assignments, modified);
    const repeat = (disk: Disk) => disk.changeEntries(number, assignments, modified);
    const links = linked.map((inode) => ({ resource: `links ${inode}`, changes: true }));
    const own = { resource: `inode ${number}`, changes: true, group: "changes" };
    const known = { resource: "links", changes: true, group: "changes" };
    this.#log({ touches: [ofDisk, own, known, ...links, pending(number, "changes")], visible: true, repeat });
  }

  override sync(number: number): void {
    super.sync(number);
    const repeat = (disk: Disk) => disk.sync(number);
    this.#log({ touches: [ofDisk, pending(number, "syncs")], visible: false, repeat });
  }

  override barrier(number: number): void {
    super.barrier(number);
    this.#barriers = true;
    this.#log({ touches: [wholeDisk], visible: false, repeat: (disk) => disk.barrier(number) });
  }

  override failSync(number: number): void {
    super.failSync(number);
    this.#log({ touches: [wholeDisk], visible: false, repeat: (disk) => disk.failSync(number) });
  }

  override failTransaction(device: string): void {
    super.failTransaction(device);
    this.#log({ touches: [wholeDisk], visible: false, repeat: (disk) => disk.failTransaction(device) });
  }

  override allowChange(device: string): void {
    super.allowChange(device);
    this.#log({ touches: [wholeDisk], visible: false, repeat: (disk) => disk.allowChange(device) });
  }
}
