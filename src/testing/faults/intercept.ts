/**
 * A runtime whose every call passes through a function of ours first: what traces, faults, delays and the recording of
 * crashes are made of.
 *
 * `around(call, proceed)` is called once for each call, on either file system and on every open file. It decides
 * whether and when to `proceed`, and what to answer. Nothing else of the runtime changes.
 */
import type { Awaitable } from "../../core/operation.ts";
import { whenKnown } from "./awaited.ts";
import { baseOf } from "../../runtime/directory.ts";
import type { DirectoryEntry, DirectoryNames, FileStatus, FileSystem, FileTimes } from "../../runtime/runtime.ts";
import type { OpenDirectory, OpenFile, Runtime, SyncReach } from "../../runtime/runtime.ts";

/** A method of the seam. */
export type SeamMethod =
  | Exclude<keyof FileSystem, "realPath" | "flushDirectory" | "glance">
  | Exclude<keyof OpenFile, "opened" | "descriptor" | "startWriteBack" | "watchFileSystem" | "nextData">;

/** One call at the seam. */
export interface SeamCall {
  /** The method: `"rename"`, `"sync"`, … */
  readonly method: SeamMethod;
  /** What it is called on: the path given, or the path by which the open file was opened. */
  readonly path: string;
  /** The other arguments, in order; of byte arrays and files, what a trace says of them: the length, the path. */
  readonly operands: readonly (string | number | boolean | undefined)[];
  /** Which open file, counted from 1 in the order of calls that open; undefined for calls on the file system. */
  readonly file: number | undefined;
  /** Which open file this call makes, if it does. */
  readonly opens?: number;
}

/** Sees every call. `proceed` does it; a write only with its first `limit` bytes, where that is given. */
export type Around = <T>(call: SeamCall, proceed: (limit?: number) => Awaitable<T>, file?: OpenFile) => Awaitable<T>;

/** A method of memory files: the sync that is being asked for fails, with what that means for the disk. */
export const failSync: unique symbol = Symbol("failSync");

/** An open file whose sync can be made to fail. */
export interface FallibleFile extends OpenFile {
  [failSync](reach: SyncReach): void;
}

const isFallible = (file: OpenFile): file is FallibleFile => failSync in file;

/** What a failed sync does to the disk, where the disk is simulated; nothing elsewhere. */
export function dropUnsynced(file: OpenFile, reach?: unknown): void {
  if (isFallible(file)) file[failSync](reach === "fileSystem" ? reach : "full");
}

/** An open file behind `around`. */
class InterceptedFile implements FallibleFile {
  readonly #inner: OpenFile;
  readonly #path: string;
  readonly #number: number;
  readonly #around: Around;

  constructor(inner: OpenFile, path: string, number: number, around: Around) {
    this.#inner = inner;
    this.#path = path;
    this.#number = number;
    this.#around = around;
  }
  #pass<T>(method: SeamMethod, operands: SeamCall["operands"], proceed: (limit?: number) => Awaitable<T>) {
    return this.#around({ method, path: this.#path, operands, file: this.#number }, proceed, this.#inner);
  }
  read(buffer: Uint8Array): Awaitable<number> {
    return this.#pass("read", [buffer.length], () => this.#inner.read(buffer));
  }
  write(bytes: Uint8Array): Awaitable<number> {
    const part = (limit = bytes.length) => limit < bytes.length ? bytes.subarray(0, limit) : bytes;
    return this.#pass("write", [bytes.length], (limit) => this.#inner.write(part(limit)));
  }
  seek(offset: number): Awaitable<void> {
    return this.#pass("seek", [offset], () => this.#inner.seek(offset));
  }
  truncate(size: number): Awaitable<void> {
    return this.#pass("truncate", [size], () => this.#inner.truncate(size));
  }
  stat(): Awaitable<FileStatus> {
    return this.#pass("stat", [], () => this.#inner.stat());
  }
  setMode(mode: number): Awaitable<void> {
    return this.#pass("setMode", [mode], () => this.#inner.setMode(mode));
  }
  setOwner(user: number | undefined, group: number | undefined): Awaitable<void> {
    return this.#pass("setOwner", [user, group], () => this.#inner.setOwner(user, group));
  }
  times(): Awaitable<FileTimes> {
    return this.#pass("times", [], () => this.#inner.times());
  }
  setTimes(times: FileTimes): Awaitable<void> {
    const { accessed, modified } = times;
    return this.#pass("setTimes", [String(accessed), String(modified)], () => this.#inner.setTimes(times));
  }
  attributes(): Awaitable<ReadonlyMap<string, Uint8Array>> {
    return this.#pass("attributes", [], () => this.#inner.attributes());
  }
  setAttribute(name: string, value: Uint8Array | undefined): Awaitable<void> {
    return this.#pass("setAttribute", [name, value?.length], () => this.#inner.setAttribute(name, value));
  }
  sync(level: SyncReach): Awaitable<void> {
    return this.#pass("sync", [level], () => this.#inner.sync(level));
  }
  watchFileSystem(): boolean {
    return this.#inner.watchFileSystem?.() === true;
  }
  startWriteBack(): Awaitable<void> {
    return this.#inner.startWriteBack?.();
  }
  nextData = (offset: number): number | undefined => this.#inner.nextData?.(offset);
  clone(source: OpenFile): Awaitable<boolean> {
    const intercepted = source instanceof InterceptedFile;
    const inner = intercepted ? source.#inner : source;
    return this.#pass("clone", [intercepted ? source.#path : undefined], () => this.#inner.clone(inner));
  }
  tryLock(shared: boolean): Awaitable<boolean> {
    return this.#pass("tryLock", [shared], () => this.#inner.tryLock(shared));
  }
  lock(shared: boolean, timeout: number | undefined, signal: AbortSignal | undefined): Awaitable<boolean | undefined> {
    return this.#pass("lock", [shared, timeout], () => this.#inner.lock(shared, timeout, signal));
  }
  unlock(inherited?: boolean): Awaitable<void> {
    return this.#pass("unlock", [], () => this.#inner.unlock(inherited));
  }
  get descriptor(): number | undefined {
    return this.#inner.descriptor;
  }
  close(): Awaitable<void> {
    return this.#pass("close", [], () => this.#inner.close());
  }
  [failSync](reach: SyncReach): void {
    dropUnsynced(this.#inner, reach);
  }
}

/** An open directory behind `around`, and the names in it. */
class InterceptedDirectory extends InterceptedFile implements OpenDirectory {
  readonly names: DirectoryNames;
  readonly anchor?: () => boolean;
  readonly #directory: OpenDirectory;
  constructor(inner: OpenDirectory, path: string, number: number, watch: Watch) {
    super(inner, path, number, watch.around);
    this.#directory = inner;
    this.names = new InterceptedNames(inner.names, path, watch);
    if (inner.anchor !== undefined) this.anchor = () => inner.anchor?.() === true;
  }
  currentPath(): string | undefined {
    return this.#directory.currentPath?.();
  }
}

/** What watches a file system: the function of ours, and the numbers it gives to open files. */
interface Watch {
  readonly around: Around;
  readonly numbers: FileNumbers;
}

/** Opens a file, watched. */
function opening<T extends OpenFile | undefined>(
  { around, numbers }: Watch,
  { method, path, operands }: Pick<SeamCall, "method" | "path" | "operands">,
  proceed: () => Awaitable<T>,
): Awaitable<InterceptedFile | undefined> {
  const opens = numbers.next++;
  const file = around({ method, path, operands, file: undefined, opens }, proceed);
  return whenKnown(file, (file) => file === undefined ? undefined : new InterceptedFile(file, path, opens, around));
}

/** Opens a directory, watched. */
function openingDirectory(
  watch: Watch,
  path: string,
  operands: SeamCall["operands"],
  proceed: () => Awaitable<OpenDirectory | undefined>,
): Awaitable<OpenDirectory | undefined> {
  const opens = watch.numbers.next++;
  const call: SeamCall = { method: "openDirectory", path, operands, file: undefined, opens };
  const watched = (directory: OpenDirectory) => new InterceptedDirectory(directory, path, opens, watch);
  return whenKnown(watch.around(call, proceed), (directory) => directory && watched(directory));
}

/** Names in an open directory, each call as one of the file system on the path that the name would have. */
class InterceptedNames implements DirectoryNames {
  /** For people, and for files that are watched by path: what is reached is reached through `inner`. */
  readonly base: string;
  constructor(readonly inner: DirectoryNames, readonly path: string, readonly watch: Watch) {
    this.base = baseOf(path);
  }
  #pass<T>(method: SeamMethod, path: string, operands: SeamCall["operands"], proceed: () => Awaitable<T>) {
    return this.watch.around({ method, path, operands, file: undefined }, proceed);
  }
  #at(to: DirectoryNames): DirectoryNames {
    return to instanceof InterceptedNames ? to.inner : to;
  }
  open(name: string, access: "read" | "read-write"): Awaitable<OpenFile | undefined> {
    const call = { method: "open", path: this.base + name, operands: [access, false] } as const;
    return opening(this.watch, call, () => this.inner.open(name, access));
  }
  create(name: string, mode: number): Awaitable<OpenFile> {
    const call = { method: "create", path: this.base + name, operands: [mode] } as const;
    return opening(this.watch, call, () => this.inner.create(name, mode)) as Awaitable<OpenFile>;
  }
  openDirectory(name: string): Awaitable<OpenDirectory | undefined> {
    return openingDirectory(this.watch, this.base + name, [false], () => this.inner.openDirectory(name));
  }
  linkStat(name: string): Awaitable<FileStatus | undefined> {
    return this.#pass("linkStat", this.base + name, [], () => this.inner.linkStat(name));
  }
  hasAttributes(name: string): Awaitable<boolean | undefined> {
    if (this.inner.hasAttributes === undefined) return undefined;
    return this.#pass("hasAttributes", this.base + name, [], () => this.inner.hasAttributes?.(name));
  }
  readLink(name: string): Awaitable<string | undefined> {
    return this.#pass("readLink", this.base + name, [], () => this.inner.readLink(name));
  }
  readDirectory(): Awaitable<DirectoryEntry[] | undefined> {
    return this.#pass("readDirectory", this.path, [], () => this.inner.readDirectory());
  }
  makeDirectory(name: string, mode: number): Awaitable<boolean> {
    return this.#pass("makeDirectory", this.base + name, [mode], () => this.inner.makeDirectory(name, mode));
  }
  rename(name: string, to: DirectoryNames, newName: string): Awaitable<void> {
    const proceed = () => this.inner.rename(name, this.#at(to), newName);
    return this.#pass("rename", this.base + name, [to.base + newName], proceed);
  }
  link(name: string, to: DirectoryNames, newName: string): Awaitable<void> {
    const proceed = () => this.inner.link(name, this.#at(to), newName);
    return this.#pass("link", this.base + name, [to.base + newName], proceed);
  }
  symbolicLink(text: string, name: string): Awaitable<void> {
    return this.#pass("symbolicLink", this.base + name, [text], () => this.inner.symbolicLink(text, name));
  }
  remove(name: string): Awaitable<boolean> {
    return this.#pass("remove", this.base + name, [], () => this.inner.remove(name));
  }
  removeDirectory(name: string): Awaitable<boolean> {
    return this.#pass("removeDirectory", this.base + name, [], () => this.inner.removeDirectory(name));
  }
}

/** Counts open files over all file systems that share it. */
export interface FileNumbers {
  next: number;
}

/** A file system behind `around`. */
export function interceptFileSystem(inner: FileSystem, around: Around, numbers: FileNumbers = { next: 1 }): FileSystem {
  const pass = <T>(method: SeamMethod, path: string, operands: SeamCall["operands"], proceed: () => Awaitable<T>) =>
    around({ method, path, operands, file: undefined }, proceed);
  const watch: Watch = { around, numbers };
  return {
    open: (path, access, options) =>
      opening(
        watch,
        { method: "open", path, operands: [access, options?.follow] },
        () => inner.open(path, access, options),
      ),
    create: (path, mode) =>
      opening(watch, { method: "create", path, operands: [mode] }, () => inner.create(path, mode)) as Awaitable<
        OpenFile
      >,
    openDirectory: (path, options) => {
      const operands = options?.follow === undefined ? [] : [options.follow];
      return openingDirectory(watch, path, operands, () => inner.openDirectory(path, options));
    },
    realPath: (path) => inner.realPath?.(path),
    glance: (path) => inner.glance?.(path),
    stat: (path) => pass("stat", path, [], () => inner.stat(path)),
    linkStat: (path) => pass("linkStat", path, [], () => inner.linkStat(path)),
    hasAttributes: (path) => inner.hasAttributes && pass("hasAttributes", path, [], () => inner.hasAttributes?.(path)),
    readLink: (path) => pass("readLink", path, [], () => inner.readLink(path)),
    readDirectory: (path) => pass("readDirectory", path, [], () => inner.readDirectory(path)),
    makeDirectory: (path, mode) => pass("makeDirectory", path, [mode], () => inner.makeDirectory(path, mode)),
    rename: (from, to) => pass("rename", from, [to], () => inner.rename(from, to)),
    link: (existing, path) => pass("link", existing, [path], () => inner.link(existing, path)),
    symbolicLink: (text, path) => pass("symbolicLink", path, [text], () => inner.symbolicLink(text, path)),
    remove: (path) => pass("remove", path, [], () => inner.remove(path)),
    removeDirectory: (path) => pass("removeDirectory", path, [], () => inner.removeDirectory(path)),
  };
}

/** A runtime both of whose file systems are behind `around`. */
export function interceptRuntime(runtime: Runtime, around: Around): Runtime {
  const numbers: FileNumbers = { next: 1 };
  const watched = (inner: FileSystem) => interceptFileSystem(inner, around, numbers);
  const syncFileSystem = watched(runtime.syncFileSystem);
  const fileSystem = runtime.fileSystem === runtime.syncFileSystem ? syncFileSystem : watched(runtime.fileSystem);
  return {
    name: runtime.name,
    fileSystem,
    syncFileSystem,
    clock: runtime.clock,
    random: (length) => runtime.random(length),
    createHash: () => runtime.createHash(),
    process: runtime.process,
    capabilities: runtime.capabilities,
  };
}
