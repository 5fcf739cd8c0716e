/** What the seam (runtime.ts) says of files: their status, their times, their attributes, and the names in a directory. */

/** Extended attributes of a file, by name. */
export type FileAttributes = ReadonlyMap<string, Uint8Array>;

/** What kind of thing a directory entry is. */
export type EntryKind = "file" | "directory" | "symlink" | "other";

/** What stat tells. */
export interface FileStatus {
  /** What kind of thing it is. */
  kind: EntryKind;
  /** Bytes. */
  size: number;
  /** Bytes that it occupies on its file system, where that is known: fewer than `size` for a file with holes. */
  allocated?: number;
  /** Permission bits, with setuid, setgid and sticky: `0o7777` at most. */
  mode: number;
  /** Numeric owner; 0 where there are no owners. */
  user: number;
  /** Numeric group; 0 where there are no groups. */
  group: number;
  /** The file system it is on. */
  device: string;
  /** The file itself: equal for two names exactly when they are one file. Contains the device. */
  identity: string;
  /** How many names the file has. */
  links: number;
  /** Time of the last change of content, in milliseconds since 1970. */
  modified: number;
  /** Time of creation in milliseconds since 1970, where the file system keeps it. */
  created?: number;
  /** Time of the last change of content, mode, owner, times or names, where it is known; Deno tells it in whole seconds. */
  changed?: number;
}

/** One name in a directory. */
export interface DirectoryEntry {
  /** The name in its directory. */
  name: string;
  /** What kind of thing it is. */
  kind: EntryKind;
}

/** Times of a file, in nanoseconds since 1970; negative before. */
export interface FileTimes {
  /** Of the last access. */
  readonly accessed: bigint;
  /** Of the last change of content. */
  readonly modified: bigint;
}
