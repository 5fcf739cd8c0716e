/** The seam as it is where nothing is ever promised: what code under test may call without `await`. */
import type {
  DirectoryEntry,
  FileStatus,
  FileSystem,
  FileTimes,
  OpenDirectory,
  OpenFile,
  SyncReach,
} from "../../runtime/runtime.ts";

/** An open file that answers at once. See `OpenFile` for what each method does. */
export interface SyncOpenFile extends OpenFile {
  /** The number of its descriptor. */
  readonly descriptor: number;
  /** Reads at the position; the count, 0 at the end. */
  read(buffer: Uint8Array): number;
  /** Writes at the position; the count, which may be short. */
  write(bytes: Uint8Array): number;
  /** Moves the position. */
  seek(offset: number): void;
  /** Sets the length. */
  truncate(size: number): void;
  /** What is open. */
  stat(): FileStatus;
  /** Sets the permission bits. */
  setMode(mode: number): void;
  /** Sets the numeric owner; `undefined` leaves that one as it is. */
  setOwner(user: number | undefined, group: number | undefined): void;
  /** Its times. */
  times(): FileTimes;
  /** Sets its times. */
  setTimes(times: FileTimes): void;
  /** Its extended attributes, by name. */
  attributes(): ReadonlyMap<string, Uint8Array>;
  /** Sets an extended attribute; `undefined` removes it. */
  setAttribute(name: string, value: Uint8Array | undefined): void;
  /** Content and metadata, or entries, to disk. */
  sync(level: SyncReach): void;
  /** Shares the blocks of `source`; false where that cannot be done. */
  clone(source: OpenFile): boolean;
  /** Takes the kernel's advisory lock, if it is free. */
  tryLock(shared: boolean): boolean;
  /** Gives the kernel lock back. */
  unlock(): void;
  /** Closes. */
  close(): void;
}

/** A file system that answers at once. See `FileSystem` for what each method does. */
export interface SyncFileSystem extends FileSystem {
  /** Opens a file; undefined when there is none. */
  open(path: string, access: "read" | "read-write", options?: { follow?: boolean }): SyncOpenFile | undefined;
  /** Creates a file, exclusively. */
  create(path: string, mode: number): SyncOpenFile;
  /** Opens a directory to be synced, and for the names in it; undefined when there is none. */
  openDirectory(path: string, options?: { follow?: boolean }): (SyncOpenFile & OpenDirectory) | undefined;
  /** What is there, symlinks followed. */
  stat(path: string): FileStatus | undefined;
  /** What is there, a symlink in the last component not followed. */
  linkStat(path: string): FileStatus | undefined;
  /** Whether what is there has attributes; undefined where it has to be opened. */
  hasAttributes?(path: string): boolean | undefined;
  /** The text of a symlink; undefined when there is none. */
  readLink(path: string): string | undefined;
  /** Names in a directory; undefined when there is none. */
  readDirectory(path: string): DirectoryEntry[] | undefined;
  /** Makes a directory; false when something by that name exists. */
  makeDirectory(path: string, mode: number): boolean;
  /** Moves a name, replacing what is there. */
  rename(from: string, to: string): void;
  /** A second name for a file. */
  link(existing: string, path: string): void;
  /** A symlink at `path`. */
  symbolicLink(text: string, path: string): void;
  /** Removes a name that is no directory; false when there is none. */
  remove(path: string): boolean;
  /** Removes an empty directory; false when there is none. */
  removeDirectory(path: string): boolean;
}
