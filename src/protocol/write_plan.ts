/**
 * The options of a write, and the frozen plan they become before any I/O.
 */
import {
  abortSignal,
  count,
  type FilePath,
  filePath,
  flag,
  milliseconds,
  oneOf,
  type OptionReader,
} from "../core/options.ts";
import type { Operation } from "../core/operation.ts";
import type { FileAttributes, FileStatus, FileTimes, Runtime } from "../runtime/runtime.ts";
import { type Engine, locate, runtimeOption } from "./engine.ts";
import type { RoundPart } from "./round.ts";
import { modeOrKeep, type NewFileDefaults, newFileDefaults, type Owner, ownerOrWord } from "./mode_and_owner.ts";

/**
 * How durable a write must be when its call returns.
 *
 * - `"full"`: content, metadata and name are safely on disk.
 * - `"barrier"`: the same, except on macOS, where the write is only ordered before all later writes.
 * - `"file"`: content and metadata are safely on disk; after a power cut the name may still lead to the old content.
 * - `"none"`: only atomic: readers see complete content, but a power cut may lose it or leave nothing.
 */
export type Durability = "full" | "barrier" | "file" | "none";

/** Options of every function that replaces a file, under a lock or not. */
export interface ReplaceOptions {
  /**
   * How durable the write must be on return.
   *
   * @default "full"
   */
  durability?: Durability;
  /**
   * If the platform cannot provide that durability: report what was reached, or throw before the commit.
   *
   * @default "report"
   */
  whenUnsupported?: "report" | "throw";
  /**
   * If a sync fails with a real error: throw, or let the write stand and report what was reached.
   *
   * @default "throw"
   */
  whenSyncFails?: "throw" | "report";
  /**
   * Permission bits. `"keep"`: those of the file that is replaced, without setuid and setgid, or 0o666 minus the umask
   * for a new file. A number is exact, whatever the umask; on Windows, where files have none, it is an error (ENOTSUP).
   *
   * @default "keep"
   */
  mode?: number | "keep";
  /**
   * `"keep"`: the old file's owner, as far as permitted (see `lost`); `"leave"`: the process's own.
   *
   * @default "keep"
   */
  owner?: Owner | "keep" | "leave";
  /** Used only if the file does not exist yet. */
  defaults?: NewFileDefaults;
  /**
   * `"fail"`: create the file only, and never replace anything; ConflictError if the name is taken.
   *
   * @default "replace"
   */
  ifExists?: "replace" | "fail";
  /**
   * If the content is identical, leave content and inode alone, correct the metadata, and sync. If another program wrote
   * the content and its sync failed, syncing it again proves nothing: `"proven"` skips only content that this process
   * itself has written with `"proven"` and seen to become durable, and writes everything else.
   *
   * @default false
   */
  skipIfEqual?: boolean | "proven";
  /**
   * If there is a symlink at the path: write through it, replace the link itself, or refuse. Another user's link, at the
   * end of the path or on the way, is followed only to what belongs to that user; `"trust"` follows each.
   *
   * @default "follow"
   */
  symlink?: "follow" | "replace" | "refuse" | "trust";
  /**
   * If the file has other names (hard links): separate them from it (reported in `lost`), or refuse.
   *
   * @default "break"
   */
  hardLink?: "break" | "refuse";
  /**
   * If something of the file cannot be kept (its owner, mode, access control list, capabilities, label, attributes, hard
   * links), or cannot even be seen: report it in `lost` and `unchecked`, or throw before the commit.
   *
   * @default "report"
   */
  whenLost?: "report" | "throw";
  /**
   * If the mode of the file lets nobody write to it (0o444): replace it all the same, which needs no permission to write
   * to the file itself, or refuse.
   *
   * @default "replace"
   */
  whenReadOnly?: "replace" | "refuse";
  /**
   * How long to go on trying where another program has the file open and the system does not replace open files
   * (Windows), in milliseconds. The write then fails, and the file is unchanged.
   *
   * @default 2000
   */
  busyTimeout?: number;
  /**
   * Create missing ancestor directories, each of them durably.
   *
   * @default false
   */
  createDirectories?: boolean;
  /**
   * Keep this many earlier versions as hidden backups.
   *
   * @default 0
   */
  backup?: number;
  /** Where backups are kept. Default: beside the file. */
  backupDirectory?: FilePath;
  /**
   * Put the SHA-256 of the content into the result.
   *
   * @default false
   */
  digest?: boolean;
  /** Aborts the write at any time before its commit point; the call rejects with the signal's reason. */
  signal?: AbortSignal;
  /** The machine to work on. Default: the one this code runs on. */
  runtime?: Runtime;
}

/** What a write did. */
export interface WriteResult {
  /** The file that was written, absolute, symlinks at its end resolved. */
  path: string;
  /** Bytes of content written. */
  bytesWritten: number;
  /** Whether the content changed: false for `skipIfEqual` with equal content and for a superseded write. */
  changed: boolean;
  /** Whether there was a file before. */
  replaced: boolean;
  /** The durability that was reached, not the one requested. */
  durability: Durability;
  /**
   * What the old file had and the new one does not have: `"owner"`, `"group"`, `"mode"`, `"setuid"`, `"setgid"`,
   * `"acl"`, `"attributes"` (extended ones), `"capabilities"`, `"label"`, `"hard-links"`. Empty if nothing is known to be
   * lost.
   */
  lost: string[];
  /** What of the old file this runtime could not see, and has therefore not kept, if it was there: in the same words. */
  unchecked: string[];
  /** SHA-256 of the content in hexadecimal, if it was requested or computed anyway. */
  digest?: string;
  /** Where the old version was kept. */
  backup?: string;
  /** True if a later call to the same file has already committed: this one's content was never visible. */
  superseded?: boolean;
  /** Names of this module that could not be removed after the commit: outdated backups, a second temporary name. */
  leftBehind?: string[];
}

/** The readers of the options that everything has which can be durable. */
export const durabilityReaders = {
  durability: oneOf("full", "barrier", "file", "none"),
  whenUnsupported: oneOf("report", "throw"),
  whenSyncFails: oneOf("throw", "report"),
};

/** The readers of {@linkcode ReplaceOptions}; other functions extend this table. */
export const replaceOptionReaders = {
  ...durabilityReaders,
  mode: modeOrKeep,
  owner: ownerOrWord,
  defaults: newFileDefaults,
  ifExists: oneOf("replace", "fail"),
  skipIfEqual: ((value, name) => value === "proven" ? value : flag(value, name)) as OptionReader<boolean | "proven">,
  symlink: oneOf("follow", "replace", "refuse", "trust"),
  hardLink: oneOf("break", "refuse"),
  whenLost: oneOf("report", "throw"),
  whenReadOnly: oneOf("replace", "refuse"),
  busyTimeout: milliseconds,
  createDirectories: flag,
  backup: count,
  backupDirectory: filePath,
  digest: flag,
  signal: abortSignal,
  runtime: runtimeOption,
};

/** An open file, what it is like, and its attributes, where they can be seen. */
interface KeptFile {
  readonly status: FileStatus;
  readonly attributes: FileAttributes | undefined;
}

/** What a write is going to do, with every default filled in. */
export interface WritePlan {
  readonly durability: Durability;
  readonly whenUnsupported: "report" | "throw";
  readonly whenSyncFails: "throw" | "report";
  /** `"new"`: what a new file gets, although there may be an old one. */
  readonly mode: number | "keep" | "new";
  readonly owner: Owner | "keep" | "leave";
  readonly defaults: Readonly<NewFileDefaults>;
  /** A refusal to set `mode` is reported in `lost`, as for one that is kept. */
  readonly modeIfPermitted: boolean;
  /** What the kernel's umask is taken from for a new file without an exact mode. */
  readonly newFileMode: number;
  /** Whose mode, owner and attributes `"keep"` means; by default the target's. */
  readonly like: KeptFile | undefined;
  /** Times for the new file; by default now. */
  readonly times: FileTimes | undefined;
  readonly mustNotExist: boolean;
  readonly skipIfEqual: boolean | "proven";
  readonly symlink: "follow" | "replace" | "refuse" | "trust";
  readonly hardLink: "break" | "refuse";
  readonly whenLost: "report" | "throw";
  readonly whenReadOnly: "replace" | "refuse";
  readonly busyTimeout: number;
  readonly createDirectories: boolean;
  readonly backup: number;
  /** Absolute: the working directory may be another one by the time it is needed. */
  readonly backupDirectory: string | undefined;
  readonly digest: boolean;
  readonly signal: AbortSignal | undefined;
  /** Asked right before the commit point; throws when the commit must not happen. */
  readonly guard: (() => Operation<void>) | undefined;
  readonly round: RoundPart | undefined;
}

/** The options of a write as their readers return them. */
export type CheckedReplaceOptions = Omit<ReplaceOptions, "defaults" | "runtime"> & {
  defaults?: Readonly<NewFileDefaults>;
};

/** How long is waited for a target that somebody has open, where nobody says so, in milliseconds. */
export const usualBusyTimeout = 2000;

export const defaultPlan: WritePlan = Object.freeze({
  durability: "full",
  whenUnsupported: "report",
  whenSyncFails: "throw",
  mode: "keep",
  modeIfPermitted: false,
  owner: "keep",
  defaults: {},
  newFileMode: 0o666,
  like: undefined,
  times: undefined,
  mustNotExist: false,
  skipIfEqual: false,
  symlink: "follow",
  hardLink: "break",
  whenLost: "report",
  whenReadOnly: "replace",
  busyTimeout: usualBusyTimeout,
  createDirectories: false,
  backup: 0,
  backupDirectory: undefined,
  digest: false,
  signal: undefined,
  guard: undefined,
  round: undefined,
});

/** Fills in the defaults. */
export function writePlan(engine: Engine, options: CheckedReplaceOptions): WritePlan {
  const { ifExists, backupDirectory, ...rest } = options;
  return Object.freeze({
    ...defaultPlan,
    ...rest,
    newFileMode: rest.defaults?.creationMode ?? defaultPlan.newFileMode,
    mustNotExist: ifExists === "fail",
    backupDirectory: backupDirectory === undefined ? undefined : locate(engine, backupDirectory),
  });
}
const ranks: readonly Durability[] = ["none", "file", "barrier", "full"];

/** The lesser of two durabilities: what several changes have reached together. */
export const lesserDurability = (one: Durability, other: Durability): Durability =>
  ranks.indexOf(other) < ranks.indexOf(one) ? other : one;

/** Whether a durability includes the directory. */
export const syncsDirectory = (durability: Durability): boolean => durability === "full" || durability === "barrier";
/** Whether a durability includes the content. */
export const syncsFile = (durability: Durability): boolean => durability !== "none";

/** The durability reached by a write that asked for `wanted`. */
export function reachedDurability(wanted: Durability, fileSynced: boolean, directorySynced: boolean): Durability {
  if (!fileSynced) return "none";
  if (!directorySynced || !syncsDirectory(wanted)) return "file";
  return wanted;
}
