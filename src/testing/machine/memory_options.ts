/** What a simulated machine can be asked to be, and what its processes can be asked. */
import type { Capabilities, FileStatus, Runtime } from "../../runtime/runtime.ts";
import type { MemoryClock } from "./scheduler.ts";
import type { SyncFileSystem } from "./sync_file_system.ts";

/** What a file or directory of a new machine is, where its text alone does not say it. */
export interface InitialEntry {
  /** Content of a file; default: empty. */
  content?: string | Uint8Array;
  /** `"directory"`, or `"other"` for a FIFO; default `"file"`. */
  kind?: "file" | "directory" | "other";
  /** Makes a symlink with this text. */
  symlink?: string;
  /** Makes a further name for the file at this path, which must be named before. */
  link?: string;
  /** Permission bits; default 0o644, for directories 0o755. */
  mode?: number;
  /** Numeric owner; default: the acting user. */
  user?: number;
  /** Numeric group; default: the acting group. */
  group?: number;
  /** Extended attributes, by name; seen only with `capabilities: { attributes: true }`. Default: none. */
  attributes?: Readonly<Record<string, Uint8Array>>;
}

/** A file system of its own within the machine: names on different ones cannot be renamed or linked to each other. */
export interface MountOptions {
  /** Every change fails with EROFS. */
  readOnly?: boolean;
  /** Bytes of content it can hold; then writes are short, then fail with ENOSPC. */
  capacity?: number;
  /** Files and directories it can hold; then creating fails with ENOSPC. */
  inodes?: number;
  /** `false`: sync of a file fails with EINVAL. */
  fileSync?: boolean;
  /** `false`: sync of a directory fails with EINVAL. */
  directorySync?: boolean;
  /** `false`: hard links fail with EPERM. */
  hardLinks?: boolean;
  /** `false`: changing mode or owner fails with EPERM. */
  owners?: boolean;
  /** `false`: kernel locks fail with ENOTSUP. */
  fileLock?: boolean;
  /** `true`: files can share blocks (`clone`). */
  clone?: boolean;
  /** `true`: one call can sync all of it (`watchFileSystem`). */
  wholeSync?: boolean;
  /**
   * What a failing sync (with EIO, for example) does to the rest of this file system. If left out, only the pending
   * changes of that one file or directory are in doubt, permanently. Otherwise it behaves like a file system with a
   * journal: the whole *transaction* has failed. Every change on this file system that was not durable yet, names and
   * contents, is lost at the next power cut, although programs still see it and later syncs, of it or of anything else
   * here, succeed. A clone shares what is on the disk: zeros, where that was lost. Overwriting the lost content may not
   * help either, unless it is cut off first (`truncate`).
   *
   * `"silent"`: no later call reports it. `"ext4"`, `"xfs"`: later calls fail as they do there. On ext4 the second change of a mode, an owner or times,
   * every truncation, and adding or removing a name are EROFS; on xfs everything but the sync of a directory is EIO.
   */
  journal?: "silent" | "ext4" | "xfs";
  /** `true`: it lives in memory (tmpfs): syncs succeed, and a power cut empties it. */
  volatile?: boolean;
}

/** A call of a network file system whose reply may be lost. */
export type LosableCall = "rename" | "link" | "symbolicLink" | "remove" | "makeDirectory" | "removeDirectory";

/** How a machine is whose disk is a file server's. */
export interface NetworkOptions {
  /**
   * For how many further looks an answer of `stat`, `linkStat`, `readLink` and `readDirectory` is given from the cache of
   * the process. What it opens, and all of a directory in which it changes a name itself, is asked for anew. Default 1.
   */
  cachedLooks?: number;
  /**
   * Calls whose replies are lost, each of them: they are done, and when they are sent once more the server answers EEXIST
   * or ENOENT, or that there is nothing (left) to be done. Default: none.
   */
  lostReplies?: readonly LosableCall[];
}

/** How a simulated machine is built. */
export interface MachineOptions {
  /** Decides everything that chance decides. Default 1. */
  seed?: number;
  /** The root file system. */
  disk?: MountOptions;
  /** Further file systems, by the path they are mounted on, which is made. */
  mounts?: Readonly<Record<string, MountOptions>>;
  /** Single files that are mounted over others, as containers do: path → the file seen there. Renaming over one is EBUSY. */
  bindMounts?: Readonly<Record<string, string>>;
  /** What is there at the start, durable. Paths are absolute; missing directories are made; a string is a file's text. */
  files?: Readonly<Record<string, string | Uint8Array | InitialEntry>>;
  /** Numbers of users by name. Default: `{ root: 0, user: 1000 }`. */
  userNumbers?: Readonly<Record<string, number>>;
  /** Numbers of groups by name. Default: `{ root: 0, user: 1000 }`. */
  groupNumbers?: Readonly<Record<string, number>>;
  /**
   * What the machine claims it can do, where that differs from all there is. Extended attributes (`attributes`) are seen
   * only where this says so.
   */
  capabilities?: Partial<Omit<Capabilities, "pathStyle">>;
  /** `false`: the process cannot learn the facts that tell it from others. */
  processFacts?: boolean;
  /** The name of the disk in `FileStatus.device`. Default: unique in this program. */
  device?: string;
  /** Milliseconds since 1970 at the start. Default: the beginning of 2026. */
  startTime?: number;
  /**
   * `"automatic"` (default): when nothing else goes on, time jumps to the end of the next sleep, as long as there is one
   * that keeps its process alive; `"manual"`: only `advance` moves it. Timers of the language itself (setTimeout, AbortSignal.timeout) go on in real time.
   */
  clock?: "automatic" | "manual";
  /**
   * What `fileSystem` answers with: `"none"` (default): values at once; `"syncs"`: promises for syncs alone; `"every"`:
   * promises for every call. A promised call takes effect in a later turn of the event loop, in an order that the seed
   * picks among all that are waiting.
   */
  delay?: "none" | "syncs" | "every";
  /** `false`: no fs.protected_symlinks. */
  protectedLinks?: boolean;
  /**
   * The disk is a file server's, and each process a client: names and attributes are cached, kernel locks are ENOLCK, a
   * file that another process has removed is ESTALE, one that is removed by the process that has it open is hidden
   * until it is closed, and replies may be lost.
   */
  network?: NetworkOptions;
  /** Open files a process may have; then opening fails with EMFILE. */
  openFileLimit?: number;
  /** With what a rename onto a file fails that any process has open, as on Windows. Default: it replaces the file. */
  renameOverOpen?: "EPERM" | "EACCES" | "EBUSY";
  /** `true`: what is locked exclusively through one open file can be read or written through no other (EBUSY), as on Windows. */
  mandatoryLocks?: boolean;
}

/** Who a simulated process is. */
export interface ProcessOptions {
  /** Effective user; 0 is root and may everything. Default 1000. */
  user?: number;
  /** Effective group. Default: the same number as the user. */
  group?: number;
  /** Further groups. */
  groups?: readonly number[];
  /** Default 0o022. */
  umask?: number;
  /** Default `/`. */
  workingDirectory?: string;
}

/** Who another process of a machine is, and what it inherits. */
export interface ForkOptions extends ProcessOptions {
  /**
   * Descriptors (`OpenFile.descriptor`) of the process that starts it, which it has open from the beginning: with the
   * same position and the same kernel lock. The lock is free when the last of them is closed, or one of them unlocks it.
   * Default: none.
   */
  inherits?: readonly number[];
}

/** Options of `memoryRuntime`: the machine, and its first process. */
export interface MemoryOptions extends MachineOptions, ProcessOptions {}

/** A simulated process: a runtime, and what tests ask about its machine. */
export interface MemoryRuntime extends Runtime {
  /** Answers at once. */
  readonly syncFileSystem: SyncFileSystem;
  /** The machine's clock, which tests may move. */
  readonly clock: MemoryClock;
  /** Paths of what this process has open, in the order of opening. */
  readonly openHandles: string[];
  /** Another process on the same machine; what `options` leaves out is as in this one. */
  fork(options?: ForkOptions): MemoryRuntime;
  /**
   * Ends this process as SIGKILL does: files closed, locks free that no other process has inherited, and every later call
   * of it fails with ESRCH.
   */
  kill(): void;
  /** Every file below `directory` (`/`) with its text; symlinks as `→ text`; empty directories with a slash at the end. */
  files(directory?: string): Record<string, string>;
  /** The text of the file that programs see at `path`; undefined when there is none. */
  readText(path: string): string | undefined;
  /** The bytes of the file that programs see at `path`; undefined when there is none. */
  readBytes(path: string): Uint8Array | undefined;
  /** What is at `path`, seen with every right, a symlink in its last component not followed. */
  statusOf(path: string): FileStatus | undefined;
  /** Whether an open file of any process holds a kernel lock on the file at `path`. */
  isLocked(path: string): boolean;
  /** Puts a file, or whatever the description says, at `path`, with every right and missing directories; not durable. */
  put(path: string, entry?: string | Uint8Array | InitialEntry): void;
  /** Writes everything to disk, on all devices, as sync(1) on a perfect disk. */
  syncAll(): void;
}
