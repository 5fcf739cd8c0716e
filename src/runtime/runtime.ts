/**
 * The seam: everything this module asks of the machine it runs on, and the contract in prose.
 *
 * Four runtimes implement it: Deno, Node, Bun, and the memory runtime of `./testing`. One contract suite
 * (tests/runtime/contract_test.ts) runs against all of them. Above this file nobody names a runtime or an operating
 * system: they ask `capabilities`.
 * Contract:
 * - "Not there" is `undefined` or `false`: nothing by that name, or (where no directory was asked for) something above it
 *   that is no directory. Everything else that fails throws a {@linkcode SystemError} whose `call` is the name of the
 *   method and whose `path` is the one it was called with (of `rename` the old one, of `link` and `symbolicLink` the new
 *   one), so that the engine can say which step failed without keeping count.
 * - A method does one thing once. It does not retry, loop, fall back or decide; EINTR is the one exception (it is
 *   retried inside the adapter), and not for `close`. Any other failure of `sync` is final, and so is one of `close`.
 * - `write` may be short; the engine loops. `read` returns 0 only at the end of the file.
 * - Paths are absolute. A path handed to `rename`, `link`, `remove`, `linkStat` and `create` is never followed in its
 *   last component.
 * - Methods of `syncFileSystem` never return a promise. Those of `fileSystem` may: syncs and large payloads should,
 *   so that a disk never stops the event loop; calls that only touch memory should not (each promise costs 20–40 µs).
 * - An `OpenFile` belongs to its caller, who closes it exactly once, whatever happened to it before, and makes one call on
 *   it at a time: no other call, and not `close`, while a promise of it is pending.
 */
import type { Awaitable } from "../core/operation.ts";
import type { PathStyle } from "../core/path.ts";
import type { DirectoryEntry, FileAttributes, FileStatus, FileTimes } from "./file_status.ts";
import type { ProcessHost } from "./process_host.ts";

export type { DirectoryEntry, EntryKind, FileAttributes, FileStatus, FileTimes } from "./file_status.ts";

/** How far a sync must reach: to disk, or (where the platform tells them apart) only into write order. */
export type SyncLevel = "full" | "barrier";
/** The same; or to disk with everything else on its file system, after `watchFileSystem`. */
export type SyncReach = SyncLevel | "fileSystem";

/** An open file or directory. Reads and writes are sequential. */
export interface OpenFile {
  /** Its status when it was opened, where the runtime had to look: after opening it, nobody needs to ask again. */
  readonly opened?: FileStatus | undefined;
  /** Reads into `buffer` at the file's position; the count, 0 at the end. */
  read(buffer: Uint8Array): Awaitable<number>;
  /** Writes from the beginning of `bytes` at the file's position; the count, which may be short. */
  write(bytes: Uint8Array): Awaitable<number>;
  /** Moves the position to `offset` bytes from the beginning. */
  seek(offset: number): Awaitable<void>;
  /** Sets the length in bytes. */
  truncate(size: number): Awaitable<void>;
  /** The status of the open file itself, whatever its name leads to by now. */
  stat(): Awaitable<FileStatus>;
  /**
   * Sets the permission bits (`0o7777` at most) of this very file, whatever its name leads to by now. A runtime that
   * must look the file up once more to do so throws ESTALE or ELOOP when the name leads elsewhere. So does `setOwner`.
   */
  setMode(mode: number): Awaitable<void>;
  /** Sets the numeric owner; `undefined` leaves that one as it is. The system may drop setuid and setgid thereby. */
  setOwner(user: number | undefined, group: number | undefined): Awaitable<void>;
  /** Its times, exactly; where the runtime shows less, rounded up: never earlier than they are. */
  times(): Awaitable<FileTimes>;
  /** Sets its times, exactly; where the runtime takes less, rounded up. */
  setTimes(times: FileTimes): Awaitable<void>;
  /**
   * The extended attributes that may be seen, by name: access control list, capabilities, labels, the user's own. Empty
   * where the file system has none. Needs `capabilities.attributes` (else ENOTSUP). ESTALE as for `setMode`;
   * ENOENT where its name is gone.
   */
  attributes(): Awaitable<FileAttributes>;
  /** Sets one of them; `undefined` removes it. Needs `capabilities.attributes` (else ENOTSUP). */
  setAttribute(name: string, value: Uint8Array | undefined): Awaitable<void>;
  /** Content and metadata of this file (or the entries of this directory) to disk. Never retried. */
  sync(level: SyncReach): Awaitable<void>;
  /** Whether `sync("fileSystem")` can be called from now on: it then fails if anything written since could not be kept. */
  watchFileSystem?(): boolean;
  /**
   * Where the first byte at `offset` or behind it is that is in no hole (zeros that occupy nothing); Infinity where there
   * is none, undefined where that is not known. A hint, which never fails. Nobody knows the position afterwards: `seek`.
   */
  nextData?(offset: number): number | undefined;
  /** Starts to write the content to disk, and waits for none of it: a hint before a sync, which never fails. */
  startWriteBack?(): Awaitable<void>;
  /**
   * Makes this empty file share the blocks of `source`, copied on write; neither position moves. False where that cannot
   * be done, for whatever reason: the file is then empty as before.
   */
  clone(source: OpenFile): Awaitable<boolean>;
  /** Takes the kernel's advisory lock on this open file (flock) without waiting. Needs `capabilities.fileLock`. */
  tryLock(shared: boolean): Awaitable<boolean>;
  /**
   * Waits for the kernel's lock: true when it is granted; false when it was not within `timeout` milliseconds or the
   * signal aborted; undefined where there is no way to wait. After anything but true the caller must close the file:
   * the grant may have come in the moment the waiting ended. Occupies neither the event loop nor the I/O pool.
   */
  lock(shared: boolean, timeout: number | undefined, signal: AbortSignal | undefined): Awaitable<boolean | undefined>;
  /**
   * Gives the kernel lock back; closing does it too, unless a child has inherited the descriptor (`inherited`), which
   * then has no lock any more.
   */
  unlock(inherited?: boolean): Awaitable<void>;
  /** The number of its descriptor, where the runtime tells it. */
  readonly descriptor?: number | undefined;
  /** Gives the file back; exactly once, whatever happened to it before. */
  close(): Awaitable<void>;
}

/**
 * Names in one directory, not resolved again by a path that may lead elsewhere by then. A name is neither `.` nor `..`.
 * With `capabilities.anchored` (and after `anchor`, where there is that) a name is looked up in what was opened, else by
 * the path it was opened by. Errors name that path. The methods are those of `FileSystem`, which says what they promise; not to be used after `close`.
 */
export interface DirectoryNames {
  /** The path that they are reached by, up to and with the last separator. */
  readonly base: string;
  /** Opens a file that exists; a symlink is ELOOP. */
  open(name: string, access: "read" | "read-write"): Awaitable<OpenFile | undefined>;
  /** Creates a file exclusively. */
  create(name: string, mode: number): Awaitable<OpenFile>;
  /** What is there; a symlink is not followed. */
  linkStat(name: string): Awaitable<FileStatus | undefined>;
  /** Whether there are attributes. */
  hasAttributes?(name: string): Awaitable<boolean | undefined>;
  /** Opens a directory; a symlink is ENOTDIR. */
  openDirectory(name: string): Awaitable<OpenDirectory | undefined>;
  /** The text of a symlink. */
  readLink(name: string): Awaitable<string | undefined>;
  /** All names. */
  readDirectory(): Awaitable<DirectoryEntry[] | undefined>;
  /** True when made. */
  makeDirectory(name: string, mode: number): Awaitable<boolean>;
  /** Moves a name, into this directory or another one that is open. */
  rename(name: string, to: DirectoryNames, newName: string): Awaitable<void>;
  /** A second name for a file, likewise. */
  link(name: string, to: DirectoryNames, newName: string): Awaitable<void>;
  /** A symlink whose text is `text`. */
  symbolicLink(text: string, name: string): Awaitable<void>;
  /** Removes a name that is no directory. */
  remove(name: string): Awaitable<boolean>;
  /** Removes an empty directory. */
  removeDirectory(name: string): Awaitable<boolean>;
}

/** An open directory. */
export interface OpenDirectory extends OpenFile {
  /** What is in it. */
  readonly names: DirectoryNames;
  /** Has names reached through it from now on; false where that cannot be done, ESTALE where its path leads elsewhere. */
  anchor?(): boolean;
  /**
   * Its path as the system knows it now, without symlinks; undefined where that is unknown. Never fails, and is no call
   * of the protocol: traces do not show it.
   */
  currentPath?(): string | undefined;
}

/** The file system, as small as the protocol allows. */
export interface FileSystem {
  /**
   * Opens a file that exists; undefined when it does not. `follow: false` refuses a symlink in the last component
   * (ELOOP). A directory is EISDIR; what is neither (a FIFO, a device, a socket) is ENXIO, and never waited for.
   */
  open(path: string, access: "read" | "read-write", options?: { follow?: boolean }): Awaitable<OpenFile | undefined>;
  /**
   * Creates a file for reading and writing, exclusively (EEXIST, also for a dangling symlink). Of `mode` the bits `0o777`
   * count, less umask.
   */
  create(path: string, mode: number): Awaitable<OpenFile>;
  /**
   * Opens a directory, to sync it and to reach everything in it by name; undefined when there is none, ENOTDIR for what
   * is none; with `follow: false` a symlink is none. Needs `capabilities.directorySync` (else ENOTSUP).
   */
  openDirectory(path: string, options?: { follow?: boolean }): Awaitable<OpenDirectory | undefined>;
  /** As `currentPath` of an open directory, of one that is not open. */
  realPath?(path: string): string | undefined;
  /** Where directories cannot be synced: has the system write this one out if it does so. Never fails, promises nothing. */
  flushDirectory?(path: string): Awaitable<void>;
  /** As `linkStat`, of what is only judged; undefined where that is unknown. Like `realPath`, no call of the protocol. */
  glance?(path: string): FileStatus | undefined;
  /** Follows symlinks; undefined when there is nothing (also when a symlink dangles). */
  stat(path: string): Awaitable<FileStatus | undefined>;
  /** Does not follow the last component. */
  linkStat(path: string): Awaitable<FileStatus | undefined>;
  /** Whether what is there, a symlink itself, has attributes that may be seen; undefined where it has to be opened. */
  hasAttributes?(path: string): Awaitable<boolean | undefined>;
  /** The text of a symlink; undefined when there is nothing or no symlink. */
  readLink(path: string): Awaitable<string | undefined>;
  /** Names in a directory, unsorted; undefined when it does not exist. */
  readDirectory(path: string): Awaitable<DirectoryEntry[] | undefined>;
  /** True when made, false when something by that name exists. The parent must exist (ENOENT). `mode`: as of `create`. */
  makeDirectory(path: string, mode: number): Awaitable<boolean>;
  /** Replaces `to` if it exists, in one step for every reader. A directory in the way is ENOTEMPTY, EISDIR or ENOTDIR. */
  rename(from: string, to: string): Awaitable<void>;
  /** A second name for a file; EEXIST when the name is taken. */
  link(existing: string, path: string): Awaitable<void>;
  /** A symlink at `path` whose text is `text`; EEXIST when the name is taken. */
  symbolicLink(text: string, path: string): Awaitable<void>;
  /** Removes a name that is no directory (EISDIR; macOS says EPERM); false when there is none. */
  remove(path: string): Awaitable<boolean>;
  /** Removes an empty directory; false when there is none. ENOTEMPTY and ENOTDIR remove nothing. */
  removeDirectory(path: string): Awaitable<boolean>;
}

/** What this machine can do. Asked for instead of guessed from the runtime's or the system's name. */
export interface Capabilities {
  /** A directory can be opened and synced. */
  directorySync: boolean;
  /** Names in an open directory can be reached through it, wherever it has been moved; else by its path. */
  anchored: boolean;
  /** How an open file can be locked in the kernel: by a call, by a helper program (milliseconds), or not at all. */
  fileLock: "call" | "program" | "none";
  /** Files have owners and groups. */
  owner: boolean;
  /** Files have permission bits. */
  mode: boolean;
  /** Extended attributes of open files can be seen and set. Asking may load what that needs. */
  attributes: boolean;
  /** Access lists are beside the mode: what a directory hands down to a new file takes effect whatever mode that is given. */
  listsBesideMode?: boolean;
  /** `rename` replaces a file that somebody has open; else it fails with EPERM, EACCES or EBUSY, and succeeds once it is closed. */
  replacesOpenFiles: boolean;
  /** Symbolic links exist, and directories may be sticky. */
  symbolicLinks: boolean;
  /** `sync("barrier")` is cheaper than `sync("full")`. */
  barrierSync: boolean;
  /** How paths are written. */
  pathStyle: PathStyle;
}

/** Time, as a caller may fake it. */
export interface Clock {
  /** Milliseconds since 1970. */
  now(): number;
  /** Milliseconds since some moment; never goes back. */
  monotonic(): number;
  /**
   * Resolves after that many milliseconds, or rejects with the signal's reason. Keeps the process alive (who
   * awaits nothing else would otherwise be ended in the middle), unless told `keepAlive: false`.
   */
  sleep(milliseconds: number, signal?: AbortSignal, options?: { keepAlive?: boolean }): Promise<void>;
  /** Returns after that many milliseconds; the whole thread waits. */
  pause(milliseconds: number): void;
}

/** A running SHA-256. */
export interface Hash {
  /** Adds bytes. */
  update(bytes: Uint8Array): void;
  /** Lowercase hexadecimal. */
  digest(): string;
}

/** The machine. */
export interface Runtime {
  /** For people: in traces, reports and `doctor`. Never asked by code. */
  readonly name: string;
  /** For people, too: by what the functions of the C library are called; undefined where they are not. May load it. */
  foreignCalls?(): string | undefined;
  /** May return promises. */
  readonly fileSystem: FileSystem;
  /** Never returns promises. */
  readonly syncFileSystem: FileSystem;
  /** Time. */
  readonly clock: Clock;
  /** That many bytes nobody can guess. */
  random(length: number): Uint8Array;
  /** A new SHA-256. */
  createHash(): Hash;
  /** The process this code runs in. */
  readonly process: ProcessHost;
  /** What this machine can do. */
  readonly capabilities: Capabilities;
}
