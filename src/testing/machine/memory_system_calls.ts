/**
 * The file system of one simulated process, in which nothing ever waits.
 *
 * Each method walks the path, checks what a kernel checks in the order a kernel checks it, and makes its changes of the
 * disk last: a call that throws has changed nothing. The rules are those of Linux (path_resolution(7), rename(2), …).
 */
import { accessList, defaultAccessList, inheritedList } from "../../core/access_list.ts";
import { SystemError } from "../../runtime/system_error.ts";
import type { DirectoryEntry, FileStatus } from "../../runtime/runtime.ts";
import type { Attributes, DirectoryNode, DiskNode } from "./disk_node.ts";
import { journalRefusal } from "./failed_journal.ts";
import type { Machine, ProcessRecord } from "./machine.ts";
import { MemoryDirectory, type NameCalls, pathOfDirectory } from "./memory_directory.ts";
import { type Access, MemoryOpenFile } from "./memory_open_file.ts";
import { type Place, walk, type Wanted } from "./path_walk.ts";
import { allows, permission, refusalToAdd, refusalToLink, refusalToRemove } from "./permissions.ts";
import { isSpecial, renameEntry } from "./rename_entry.ts";
import { statusOf } from "./status.ts";
import type { SyncFileSystem } from "./sync_file_system.ts";

/** An order of names that is neither theirs nor that of their making, as directories have. */
function scrambled(name: string): number {
  let hash = 0;
  for (let index = 0; index < name.length; index++) hash = Math.imul(hash ^ name.charCodeAt(index), 0x9e3779b1);
  return hash;
}

/** To these calls, what is below a file is simply not there. */
const looking: ReadonlySet<string> = new Set(["open", "stat", "linkStat", "readLink", "remove"]);

/** The calls of one process. */
export class MemorySystemCalls implements SyncFileSystem {
  readonly #machine: Machine;
  readonly #process: ProcessRecord;
  /** The directory whose names these calls are about, wherever it is by now: of their paths only the last name counts. */
  readonly #home: number | undefined;

  /** The calls of `process` on `machine`; with `home`, those on names in that directory. */
  constructor(machine: Machine, process: ProcessRecord, home?: number) {
    this.#machine = machine;
    this.#process = process;
    this.#home = home;
  }

  open(path: string, access: Access, options: { follow?: boolean } = {}): MemoryOpenFile | undefined {
    const node = this.#find("open", path, options.follow === false ? "link" : "target")?.node;
    if (node === undefined) return undefined;
    if (node.kind === "symlink") this.#fail("ELOOP", "open", path);
    const wanted = access === "read" ? permission.read : permission.read | permission.write;
    if (node.kind === "directory" && access === "read-write") this.#fail("EISDIR", "open", path);
    if (access === "read-write" && this.#machine.device(node).readOnly) this.#fail("EROFS", "open", path);
    this.#need(node, wanted, "open", path);
    if (node.kind === "directory") this.#fail("EISDIR", "open", path);
    // Nobody is at the other end of a FIFO, and a device is not simulated.
    if (node.kind === "other") this.#fail("ENXIO", "open", path);
    return this.#opened(node.number, path, access, "open");
  }

  create(path: string, mode: number): MemoryOpenFile {
    const place = this.#vacant("create", path);
    this.#checkOpenFiles("create", path);
    const attributes = this.#attributes(mode & 0o777, place.directory);
    return this.#opened(this.#add("file", place, attributes, "create", path), path, "read-write", "create");
  }

  /** `through`: the calls that names in it are reached by where that is not the machine itself. */
  openDirectory(
    path: string,
    options: { follow?: boolean } = {},
    through: NameCalls = this,
  ): MemoryDirectory | undefined {
    if (this.#machine.plan.options.capabilities?.directorySync === false) this.#fail("ENOTSUP", "openDirectory", path);
    const node = this.#find("openDirectory", path, options.follow === false ? "link" : "target")?.node;
    if (node === undefined) return undefined;
    if (node.kind !== "directory") this.#fail("ENOTDIR", "openDirectory", path);
    this.#need(node, permission.read, "openDirectory", path);
    this.#checkOpenFiles("openDirectory", path);
    const opened = { machine: this.#machine, process: this.#process, inode: node.number, path };
    const canAnchor = through === this && this.#machine.plan.options.capabilities?.anchored !== false;
    if (!canAnchor) return new MemoryDirectory(opened, through);
    const byPath = this.#home === undefined ? this : new MemorySystemCalls(this.#machine, this.#process);
    return new MemoryDirectory(opened, byPath, new MemorySystemCalls(this.#machine, this.#process, node.number));
  }

  realPath(path: string): string | undefined {
    const node = this.#find("stat", path, "target")?.node;
    return node?.kind === "directory" ? pathOfDirectory(this.#machine, node.number) : undefined;
  }

  glance(path: string): FileStatus | undefined {
    try {
      return this.linkStat(path);
    } catch {
      return undefined;
    }
  }

  stat(path: string): FileStatus | undefined {
    const node = this.#find("stat", path, "target")?.node;
    return node === undefined ? undefined : statusOf(node);
  }

  linkStat(path: string): FileStatus | undefined {
    const node = this.#find("linkStat", path, "link")?.node;
    return node === undefined ? undefined : statusOf(node);
  }

  hasAttributes(path: string): boolean | undefined {
    if (this.#machine.plan.options.capabilities?.attributes !== true) return undefined;
    const node = this.#find("hasAttributes", path, "link")?.node;
    return node?.kind === "file" ? (node.visible.extended?.size ?? 0) > 0 : undefined;
  }

  readLink(path: string): string | undefined {
    const node = this.#find("readLink", path, "link")?.node;
    return node?.kind === "symlink" ? node.text : undefined;
  }

  readDirectory(path: string): DirectoryEntry[] | undefined {
    const node = this.#find("readDirectory", path, "target")?.node;
    if (node === undefined) return undefined;
    if (node.kind !== "directory") return this.#fail("ENOTDIR", "readDirectory", path);
    this.#need(node, permission.read, "readDirectory", path);
    const names = [...node.entries.keys()].sort((a, b) => scrambled(a) - scrambled(b));
    return names.map((name) => ({ name, kind: this.#machine.seen(node.entries.get(name) ?? 0).kind }));
  }

  makeDirectory(path: string, mode: number): boolean {
    const place = this.#find("makeDirectory", path, "entry");
    if (place === undefined) return this.#fail("ENOENT", "makeDirectory", path);
    if (place.node !== undefined) return false;
    this.#checkAddable(place, "makeDirectory", path);
    const inherited = place.directory.visible.mode & 0o2000;
    const attributes = this.#attributes(mode & 0o777, place.directory);
    const own = { ...attributes, mode: attributes.mode | inherited };
    this.#add("directory", place, own, "makeDirectory", path);
    return true;
  }

  rename(from: string, to: string, into: MemorySystemCalls = this): void {
    const source = this.#find("rename", from, "entry") ?? this.#fail("ENOENT", "rename", from);
    const target = into.#find("rename", to, "entry", from) ?? this.#fail("ENOENT", "rename", from);
    renameEntry(this.#machine, this.#process, source, target, (code) => this.#fail(code, "rename", from));
  }

  link(existing: string, path: string, into: MemorySystemCalls = this): void {
    const source = this.#find("link", existing, "link", path);
    if (source?.node === undefined) return this.#fail("ENOENT", "link", path);
    const place = into.#vacant("link", path, source.node);
    // What is mounted on a name is on another mount than its directory, be it the same disk.
    if (source.entry !== source.node.number && !isSpecial(source.name)) this.#fail("EXDEV", "link", path);
    const refusal = refusalToLink(this.#process, source.node);
    if (refusal !== undefined) this.#fail(refusal, "link", path);
    this.#checkAddable(place, "link", path);
    const never = source.node.kind === "directory" || this.#machine.device(source.node).hardLinks === false;
    if (never) this.#fail("EPERM", "link", path);
    this.#machine.disk.changeEntries(place.directory.number, [[place.name, source.node.number]], this.#now());
  }

  symbolicLink(text: string, path: string): void {
    if (text === "") this.#fail("ENOENT", "symbolicLink", path);
    if (text.length > 4095) this.#fail("ENAMETOOLONG", "symbolicLink", path);
    const place = this.#vacant("symbolicLink", path);
    const attributes = { ...this.#machine.attributes(0o777, this.#process, place.directory.visible) };
    this.#add("symlink", place, attributes, "symbolicLink", path, text);
  }

  remove(path: string): boolean {
    const place = this.#find("remove", path, "entry");
    if (place?.node === undefined) return false;
    if (isSpecial(place.name)) this.#fail("EISDIR", "remove", path);
    // Not what it is asked to be: a directory.
    if (place.slash && place.node.kind !== "directory") return false;
    this.#checkRemovable(place, place.node, "remove", path);
    if (place.node.kind === "directory") this.#fail("EISDIR", "remove", path);
    this.#take(place, "remove", path);
    return true;
  }

  removeDirectory(path: string): boolean {
    const place = this.#find("removeDirectory", path, "entry");
    if (place?.node === undefined) return false;
    if (place.name === ".") this.#fail("EINVAL", "removeDirectory", path);
    if (place.name === "..") this.#fail("ENOTEMPTY", "removeDirectory", path);
    if (place.name === "") this.#fail("EBUSY", "removeDirectory", path);
    this.#checkRemovable(place, place.node, "removeDirectory", path);
    if (place.node.kind !== "directory") return this.#fail("ENOTDIR", "removeDirectory", path);
    if (place.entry !== place.node.number) this.#fail("EBUSY", "removeDirectory", path);
    if (place.node.entries.size > 0) this.#fail("ENOTEMPTY", "removeDirectory", path);
    this.#take(place, "removeDirectory", path);
    return true;
  }

  #now(): number {
    return this.#machine.scheduler.now();
  }

  #fail(code: string, call: string, path: string): never {
    throw new SystemError(code, call, path);
  }

  /** Walks a path. Errors name `reported`. */
  #find(call: string, path: string, wanted: Wanted, reported = path): Place | undefined {
    if (this.#process.over !== undefined) throw this.#process.over();
    if (!this.#process.alive) this.#fail("ESRCH", call, reported);
    try {
      const place = walk(this.#machine, this.#process, call, path, wanted, this.#home);
      const refusal = place && journalRefusal(this.#machine, place.node ?? place.directory, call);
      return refusal === undefined ? place : this.#fail(refusal, call, reported);
    } catch (error) {
      if (!(error instanceof SystemError)) throw error;
      if (looking.has(call) && error.code === "ENOTDIR") return undefined;
      throw reported === path ? error : new SystemError(error.code, call, reported);
    }
  }

  /** The place of a name that must not exist yet. */
  #vacant(call: string, path: string, linked?: DiskNode): Place {
    const place = this.#find(call, path, "entry") ?? this.#fail("ENOENT", call, path);
    if (place.slash && call === "create" && !isSpecial(place.name)) this.#fail("EISDIR", call, path);
    if (place.node !== undefined) this.#fail("EEXIST", call, path);
    if (place.slash) this.#fail("ENOENT", call, path);
    if (linked !== undefined && linked.device !== place.directory.device) this.#fail("EXDEV", call, path);
    if (call !== "link") this.#checkAddable(place, call, path);
    return place;
  }

  #need(node: DiskNode, wanted: number, call: string, path: string): void {
    if (!allows(this.#process, node.visible, wanted)) this.#fail("EACCES", call, path);
  }

  #checkAddable(place: Place, call: string, path: string): void {
    // A directory that was removed while it is a working directory or open takes no more names.
    const { directory } = place;
    if (directory.links === 0 && directory.number !== this.#machine.device(directory).root) {
      this.#fail("ENOENT", call, path);
    }
    const refusal = refusalToAdd(this.#machine, this.#process, directory);
    if (refusal !== undefined) this.#fail(refusal, call, path);
  }

  #checkRemovable(place: Place, node: DiskNode, call: string, path: string): void {
    const refusal = refusalToRemove(this.#machine, this.#process, place.directory, node);
    if (refusal !== undefined) this.#fail(refusal, call, path);
  }

  #checkOpenFiles(call: string, path: string): void {
    const { openFileLimit = Infinity } = this.#machine.plan.options;
    if (this.#process.open.size >= openFileLimit) this.#fail("EMFILE", call, path);
  }

  #opened(inode: number, path: string, access: Access, call: string): MemoryOpenFile {
    this.#checkOpenFiles(call, path);
    return new MemoryOpenFile(this.#machine, this.#process, { inode, path, access });
  }

  #attributes(mode: number, directory: DirectoryNode): Attributes {
    const made = (bits: number) => this.#machine.attributes(bits, this.#process, directory.visible);
    const inherited = directory.visible.extended?.get(defaultAccessList);
    if (inherited === undefined) return made(mode & ~this.#process.umask);
    // Where a directory has a default list, the umask has no say: acl(5).
    const { list, mode: bits } = inheritedList(inherited, mode);
    return { ...made(bits), ...list === undefined ? {} : { extended: new Map([[accessList, list]]) } };
  }

  #add(kind: DiskNode["kind"], place: Place, attributes: Attributes, call: string, path: string, text = ""): number {
    const device = this.#machine.device(place.directory);
    if (!this.#machine.hasInode(device)) this.#fail("ENOSPC", call, path);
    const inode = this.#machine.disk.make(kind, device.name, attributes, text);
    this.#machine.disk.changeEntries(place.directory.number, [[place.name, inode]], this.#now());
    return inode;
  }

  #take(place: Place, call: string, path: string): void {
    if (place.entry === undefined || place.entry !== place.node?.number) this.#fail("EBUSY", call, path);
    this.#machine.disk.changeEntries(place.directory.number, [[place.name, undefined]], this.#now());
  }
}
