/**
 * An open file of a simulated process: a descriptor that leads to an open description, and the rights given at opening.
 *
 * Content lives with the inode: a file that lost its last name goes on until it is closed.
 */
import { SystemError } from "../../runtime/system_error.ts";
import type { FileStatus, FileTimes, SyncReach } from "../../runtime/runtime.ts";
import { atMilliseconds, millisecondsAbove } from "../../runtime/times.ts";
import { accessList, modeOfList } from "../../core/access_list.ts";
import { type Attributes, contentOnDisk, type FileChange, type FileNode } from "./disk_node.ts";
import { journalRefusal } from "./failed_journal.ts";
import { failSync, type FallibleFile } from "../faults/intercept.ts";
import type { Machine, ProcessRecord } from "./machine.ts";
import { OpenDescription } from "./open_description.ts";
import { inGroup } from "./permissions.ts";
import { statusOf } from "./status.ts";
import type { SyncOpenFile } from "./sync_file_system.ts";

/** What the caller of `open` asked for. */
export type Access = "read" | "read-write";

/** What was opened, and how. */
interface Opened {
  readonly inode: number;
  readonly path: string;
  readonly access: Access;
}

/** A descriptor of the process that has started this one. */
interface Inherited {
  readonly descriptor: number;
  readonly description: OpenDescription;
}

/** A file or directory that a simulated process has open. */
export class MemoryOpenFile implements SyncOpenFile, FallibleFile {
  readonly #machine: Machine;
  readonly #process: ProcessRecord;
  readonly #inode: number;
  readonly #path: string;
  readonly #access: Access;
  readonly #description: OpenDescription;
  readonly descriptor: number;
  #open = true;

  /** Opens; the caller has checked everything. */
  constructor(machine: Machine, process: ProcessRecord, { inode, path, access }: Opened, inherited?: Inherited) {
    this.#machine = machine;
    this.#process = process;
    this.#inode = inode;
    this.#path = path;
    this.#access = access;
    this.#description = inherited?.description ?? new OpenDescription();
    this.#description.share();
    this.descriptor = inherited?.descriptor ?? process.nextDescriptor;
    process.nextDescriptor = Math.max(process.nextDescriptor, this.descriptor + 1);
    const inheritance = { descriptor: this.descriptor, description: this.#description };
    process.open.set(this, {
      inode,
      path,
      descriptor: this.descriptor,
      close: () => this.#release(),
      handTo: (child) => void new MemoryOpenFile(machine, child, { inode, path, access }, inheritance),
    });
  }

  read(buffer: Uint8Array): number {
    const file = this.#file("read", "EISDIR");
    this.#checkMandatoryLock("read");
    const count = file.visible.content.read(this.#description.position, buffer);
    this.#description.position += count;
    return count;
  }

  write(bytes: Uint8Array): number {
    const file = this.#file("write", "EBADF");
    if (this.#access === "read") this.#fail("write", "EBADF");
    this.#checkMandatoryLock("write");
    if (bytes.length === 0) return 0;
    const growth = Math.max(0, this.#description.position + bytes.length - file.visible.content.size);
    const count = bytes.length - Math.max(0, growth - this.#machine.room(this.#machine.device(file)));
    if (count <= 0) this.#fail("write", "ENOSPC");
    // Not slice(): of a Node Buffer that is no copy.
    const copy = new Uint8Array(bytes.subarray(0, count));
    this.#change(file, { kind: "write", offset: this.#description.position, bytes: copy, modified: this.#now() });
    this.#description.position += count;
    return count;
  }

  seek(offset: number): void {
    this.#live("seek");
    if (!(Number.isSafeInteger(offset) && offset >= 0)) this.#fail("seek", "EINVAL");
    this.#description.position = offset;
  }

  truncate(size: number): void {
    const file = this.#file("truncate", "EINVAL");
    if (this.#access === "read" || !(Number.isSafeInteger(size) && size >= 0)) this.#fail("truncate", "EINVAL");
    this.#change(file, { kind: "truncate", size, modified: this.#now() });
  }

  stat(): FileStatus {
    this.#live("stat");
    return statusOf(this.#machine.disk.node(this.#inode));
  }

  setMode(mode: number): void {
    const { visible } = this.#owned("setMode");
    // A process that is not in the file's group cannot give others the group's rights: chmod(2).
    const dropped = this.#process.user !== 0 && !inGroup(this.#process, visible.group) ? 0o2000 : 0;
    this.#machine.disk.changeAttributes(this.#inode, { kind: "mode", mode: mode & 0o7777 & ~dropped });
  }

  setOwner(user: number | undefined, group: number | undefined): void {
    const node = this.#changeable("setOwner");
    const { visible } = node;
    const newUser = user ?? visible.user;
    const newGroup = group ?? visible.group;
    if (this.#process.user !== 0) {
      const own = visible.user === this.#process.user;
      const allowed = own && newUser === visible.user &&
        (newGroup === visible.group || inGroup(this.#process, newGroup));
      if (!allowed) this.#fail("setOwner", "EPERM");
    }
    // chown(2): setuid goes, and setgid where the group may execute.
    const dropped = node.kind !== "file" ? 0 : (visible.mode & 0o10) !== 0 ? 0o6000 : 0o4000;
    const mode = visible.mode & ~dropped;
    this.#machine.disk.changeAttributes(this.#inode, { kind: "owner", user: newUser, group: newGroup, mode });
  }

  times(): FileTimes {
    return atMilliseconds(this.#live("times").visible.modified);
  }

  setTimes({ modified }: FileTimes): void {
    this.#owned("setTimes");
    this.#machine.disk.changeAttributes(this.#inode, { kind: "times", modified: Number(millisecondsAbove(modified)) });
  }

  attributes(): ReadonlyMap<string, Uint8Array> {
    const { visible } = this.#attributed("attributes", this.#live("attributes"));
    return visible.extended ?? new Map();
  }

  setAttribute(name: string, value: Uint8Array | undefined): void {
    const { visible } = this.#attributed("setAttribute", this.#owned("setAttribute"));
    if (name.startsWith("security.") && this.#process.user !== 0) this.#fail("setAttribute", "EPERM");
    if (value === undefined && visible.extended?.has(name) !== true) this.#fail("setAttribute", "ENODATA");
    // Setting a list sets the permission bits that are parts of it: acl(5).
    const bits = name === accessList && value !== undefined ? modeOfList(value) : undefined;
    const mode = bits === undefined ? visible.mode : (visible.mode & ~0o777) | bits;
    const copy = value === undefined ? undefined : new Uint8Array(value);
    this.#machine.disk.changeAttributes(this.#inode, { kind: "extended", name, value: copy, mode });
  }

  #attributed<Node extends { readonly visible: Attributes }>(call: string, node: Node): Node {
    if (this.#machine.plan.options.capabilities?.attributes !== true) this.#fail(call, "ENOTSUP");
    return node;
  }

  sync(level: SyncReach): void {
    const node = this.#live("sync");
    const { fileSync, directorySync } = this.#machine.device(node);
    if ((node.kind === "directory" ? directorySync : fileSync) === false) this.#fail("sync", "EINVAL");
    const barrier = level === "barrier" && this.#machine.plan.options.capabilities?.barrierSync === true;
    if (barrier) this.#machine.disk.barrier(this.#inode);
    else for (const inode of this.#reached(level)) this.#machine.disk.sync(inode);
    if (node.kind === "directory") this.#machine.collect();
  }

  watchFileSystem(): boolean {
    return this.#machine.device(this.#live("stat")).wholeSync === true;
  }

  /** What such a sync is about. */
  #reached(reach: SyncReach): number[] {
    if (reach !== "fileSystem") return [this.#inode];
    const { device } = this.#live("sync");
    return [...this.#machine.disk.nodes()].filter((node) => node.device === device).map(({ number }) => number);
  }

  /** The sync that is being asked for fails: what is pending stays in doubt permanently, or all of the device is lost. */
  [failSync](reach: SyncReach): void {
    const device = this.#machine.device(this.#live("sync"));
    if (device.journal === undefined) {
      for (const inode of this.#reached(reach)) this.#machine.disk.failSync(inode);
    } else this.#machine.disk.failTransaction(device.name);
  }

  clone(source: unknown): boolean {
    const file = this.#file("clone", "EINVAL");
    if (!(source instanceof MemoryOpenFile)) return false;
    const from = source.#file("clone", "EINVAL");
    if (this.#access === "read") this.#fail("clone", "EBADF");
    if (from.device !== file.device || !this.#machine.device(file).clone) return false;
    const bytes = contentOnDisk(from).view();
    if (bytes.length > 0) this.#change(file, { kind: "write", offset: 0, bytes, modified: this.#now() });
    return true;
  }

  tryLock(shared: boolean): boolean {
    const node = this.#live("tryLock");
    const { capabilities, network } = this.#machine.plan.options;
    if (network !== undefined) this.#fail("tryLock", "ENOLCK");
    const none = capabilities?.fileLock === "none" || this.#machine.device(node).fileLock === false;
    if (none) this.#fail("tryLock", "ENOTSUP");
    return this.#machine.locks.tryLock(this.#inode, this.#description, shared);
  }

  /** Simulated processes take turns by looking again, each at its seeded moment. */
  lock(): undefined {
    this.#live("lock");
  }

  unlock(): void {
    this.#live("unlock");
    this.#machine.locks.unlock(this.#inode, this.#description);
  }

  close(): void {
    this.#live("close");
    this.#release();
  }

  #release(): void {
    this.#open = false;
    if (this.#description.leave()) this.#machine.locks.unlock(this.#inode, this.#description);
    this.#process.open.delete(this);
    const last = this.#process.lastCloses.get(this.#inode);
    if (last === undefined || [...this.#process.open.values()].some(({ inode }) => inode === this.#inode)) return;
    this.#process.lastCloses.delete(this.#inode);
    last();
  }

  #checkMandatoryLock(call: string): void {
    const { locks, plan } = this.#machine;
    if (plan.options.mandatoryLocks === true && locks.excludes(this.#inode, this.#description)) {
      this.#fail(call, "EBUSY");
    }
  }

  #fail(call: string, code: string): never {
    throw new SystemError(code, call, this.#path);
  }

  #now(): number {
    return this.#machine.scheduler.now();
  }

  #live(call: string) {
    if (this.#process.over !== undefined) throw this.#process.over();
    if (!this.#process.alive) this.#fail(call, "ESRCH");
    if (!this.#open) this.#fail(call, "EBADF");
    const node = this.#machine.disk.node(this.#inode);
    const refusal = journalRefusal(this.#machine, node, call);
    return refusal === undefined ? node : this.#fail(call, refusal);
  }

  #file(call: string, otherwise: string): FileNode {
    const node = this.#live(call);
    // A server knows nothing of who has it open: inode numbers of what was removed lead nowhere.
    if (this.#machine.plan.options.network !== undefined && node.kind === "file" && node.links === 0) {
      this.#fail(call, "ESTALE");
    }
    return node.kind === "file" ? node : this.#fail(call, otherwise);
  }

  #changeable(call: string) {
    const node = this.#live(call);
    const device = this.#machine.device(node);
    if (device.readOnly) this.#fail(call, "EROFS");
    if (device.owners === false && call !== "setTimes") this.#fail(call, "EPERM");
    return node;
  }

  /** What only root and the owner may. */
  #owned(call: string) {
    const node = this.#changeable(call);
    if (this.#process.user !== 0 && this.#process.user !== node.visible.user) this.#fail(call, "EPERM");
    return node;
  }

  #change(file: FileNode, change: FileChange): void {
    this.#machine.disk.changeFile(this.#inode, change);
    const { mode } = file.visible;
    const dropped = (mode & 0o10) !== 0 ? 0o6000 : 0o4000;
    // A write by anyone but root takes setuid and setgid away: inode(7).
    if (this.#process.user !== 0 && (mode & dropped) !== 0) {
      this.#machine.disk.changeAttributes(this.#inode, { kind: "mode", mode: mode & ~dropped });
    }
  }
}
