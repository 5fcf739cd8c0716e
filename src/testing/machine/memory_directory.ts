/**
 * A directory that a simulated process has open, and the names in it: reached by its path, or wherever it has been moved
 * once it is anchored.
 */
import { baseOf } from "../../runtime/directory.ts";
import type { DirectoryEntry, DirectoryNames, FileStatus, OpenDirectory } from "../../runtime/runtime.ts";
import { SystemError } from "../../runtime/system_error.ts";
import type { Machine, ProcessRecord } from "./machine.ts";
import { MemoryOpenFile } from "./memory_open_file.ts";
import type { SyncFileSystem, SyncOpenFile } from "./sync_file_system.ts";

/** The calls that names are looked up by: in a directory that is open, or from the root. */
export interface NameCalls extends SyncFileSystem {
  rename(from: string, to: string, into?: unknown): void;
  link(existing: string, path: string, into?: unknown): void;
}

/** What is opened. */
interface OpenedDirectory {
  readonly machine: Machine;
  readonly process: ProcessRecord;
  readonly inode: number;
  readonly path: string;
}

/** Names in an open directory of a simulated process, at once. */
class MemoryNames implements DirectoryNames {
  readonly base: string;
  /** By what names are looked up: by the path of the directory, until they are held. */
  calls: NameCalls;
  readonly #path: string;
  readonly #isOpen: () => boolean;
  /** Those by which a name elsewhere is looked up, in a directory that is not open. */
  readonly #byPath: NameCalls;

  constructor(path: string, byPath: NameCalls, isOpen: () => boolean) {
    this.base = baseOf(path);
    this.calls = byPath;
    this.#path = path;
    this.#byPath = byPath;
    this.#isOpen = isOpen;
  }

  /** A caller that continues after closing it would reach what has got its descriptor since. */
  get #inside(): NameCalls {
    if (!this.#isOpen()) throw new SystemError("EBADF", "openDirectory", this.#path);
    return this.calls;
  }

  open(name: string, access: "read" | "read-write"): SyncOpenFile | undefined {
    return this.#inside.open(this.base + name, access, { follow: false });
  }

  create(name: string, mode: number): SyncOpenFile {
    return this.#inside.create(this.base + name, mode);
  }

  openDirectory(name: string): (SyncOpenFile & OpenDirectory) | undefined {
    return this.#inside.openDirectory(this.base + name, { follow: false });
  }

  linkStat(name: string): FileStatus | undefined {
    return this.#inside.linkStat(this.base + name);
  }

  hasAttributes(name: string): boolean | undefined {
    return this.#inside.hasAttributes?.(this.base + name);
  }

  readLink(name: string): string | undefined {
    return this.#inside.readLink(this.base + name);
  }

  readDirectory(): DirectoryEntry[] | undefined {
    return this.#inside.readDirectory(`${this.#path}/.`);
  }

  makeDirectory(name: string, mode: number): boolean {
    return this.#inside.makeDirectory(this.base + name, mode);
  }

  rename(name: string, to: DirectoryNames, newName: string): void {
    this.#inside.rename(this.base + name, to.base + newName, to instanceof MemoryNames ? to.#inside : this.#byPath);
  }

  link(name: string, to: DirectoryNames, newName: string): void {
    this.#inside.link(this.base + name, to.base + newName, to instanceof MemoryNames ? to.#inside : this.#byPath);
  }

  symbolicLink(text: string, name: string): void {
    this.#inside.symbolicLink(text, this.base + name);
  }

  remove(name: string): boolean {
    return this.#inside.remove(this.base + name);
  }

  removeDirectory(name: string): boolean {
    return this.#inside.removeDirectory(this.base + name);
  }
}

/** The path of a directory, without links; undefined when it is in no other one any more. */
export function pathOfDirectory(machine: Machine, inode: number): string | undefined {
  const pending: [number: number, path: string][] = [[machine.plan.root, ""]];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    const [number, path] = next;
    if (number === inode) return path === "" ? "/" : path;
    for (const [name, entry] of machine.disk.directory(number).entries) {
      const node = machine.seen(entry);
      if (node.kind === "directory") pending.push([node.number, `${path}/${name}`]);
    }
  }
  return undefined;
}

/** An open directory of a simulated process. */
export class MemoryDirectory extends MemoryOpenFile implements OpenDirectory {
  readonly names: MemoryNames;
  readonly #opened: OpenedDirectory;
  readonly #inside: NameCalls | undefined;

  /** `byPath`: the calls that names are looked up by; `inside`: those in the directory itself, where it can be anchored. */
  constructor(opened: OpenedDirectory, byPath: NameCalls, inside?: NameCalls) {
    const { machine, process, inode, path } = opened;
    super(machine, process, { inode, path, access: "read" });
    this.names = new MemoryNames(path, byPath, () => process.open.has(this));
    this.#opened = opened;
    this.#inside = inside;
  }

  anchor(): boolean {
    if (this.#inside === undefined) return false;
    this.names.calls = this.#inside;
    return true;
  }

  currentPath(): string | undefined {
    return pathOfDirectory(this.#opened.machine, this.#opened.inode);
  }
}
