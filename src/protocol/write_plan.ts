/**
 * The options of a write, and the frozen plan they become before any I/O.
 */
import {
  abortSignal,
  count,
  fileMode,
  type FilePath,
  filePath,
  flag,
  highestOwnerNumber,
  isOwner,
  oneOf,
  type OptionReader,
  readOptions,
} from "../core/options.ts";
import type { Operation } from "../core/operation.ts";
import type { FileStatus, Runtime } from "../runtime/runtime.ts";
import { type Engine, locate, runtimeOption } from "./engine.ts";

/**
 * How far a write must have reached when its call returns.
 *
 * - `"full"`: content, metadata and name are on the medium.
 * - `"barrier"`: the same where the platform has only one kind of sync; on macOS, ordered before all later writes.
 * - `"file"`: content and metadata are on the medium; after a power cut the name may still lead to the old content.
 * - `"none"`: only atomic: readers see whole content, but a power cut may lose it or leave nothing.
 */
export type Durability = "full" | "barrier" | "file" | "none";

/** Who owns a file: names or numbers; what is left out stays as it is. */
export interface Owner {
  /** User name or number. */
  user?: number | string;
  /** Group name or number. */
  group?: number | string;
}

/** Options of everything that replaces a file, whether under a lock or not. */
export interface ReplaceOptions {
  /** How far the write must have reached on return. Default `"full"`. */
  durability?: Durability;
  /** When the platform cannot give that durability: report what was reached (default), or throw before the commit. */
  whenUnsupported?: "report" | "throw";
  /** When a sync fails with a real error: throw (default), or let the write land and report what was reached. */
  whenSyncFails?: "throw" | "report";
  /**
   * Permission bits. `"keep"` (default): those of the file that is replaced, without setuid and setgid, or for a new
   * file 0o666 less the umask. A number is exact, whatever the umask.
   */
  mode?: number | "keep";
  /** `"keep"` (default): the old file's owner, as far as permitted (see `lost`); `"leave"`: the process's own. */
  owner?: Owner | "keep" | "leave";
  /** Used only when the file does not exist yet. */
  defaults?: { mode?: number; owner?: Owner };
  /** `"fail"`: create only; never replaces anything; ConflictError when the name is taken. Default `"replace"`. */
  ifExists?: "replace" | "fail";
  /**
   * Identical content: leave bytes and inode alone, correct the metadata, and sync. Default false. Where another program
   * wrote it and its sync failed, syncing it again proves nothing: `"proven"` leaves alone only what this process itself
   * has written with `"proven"` and seen to be durable, and writes everything else anew.
   */
  skipIfEqual?: boolean | "proven";
  /** A symlink at the path: write through it (default), replace the link itself, or refuse. */
  symlink?: "follow" | "replace" | "refuse";
  /** A file with further names: replacing it separates them (default, reported in `lost`), or refuse. */
  hardLink?: "break" | "refuse";
  /** Make missing ancestor directories, and make each of them durable. Default false. */
  createDirectories?: boolean;
  /** Keep the last so many versions as hidden backups. Default 0. */
  backup?: number;
  /** Where backups go. Default: beside the file. */
  backupDirectory?: FilePath;
  /** Put the SHA-256 of the content into the result. Default false. */
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
  /** The durability that was reached, not the one asked for. */
  durability: Durability;
  /**
   * What the old file had and the new one has not: `"owner"`, `"group"`, `"mode"`, `"setuid"`, `"setgid"`,
   * `"hard-links"`; and `"unchecked"` where access control lists, extended attributes and labels could not be seen.
   */
  lost: string[];
  /** SHA-256 of the content in hexadecimal, where it was asked for or computed anyway. */
  digest?: string;
  /** Where the old version was kept. */
  backup?: string;
  /** A later call to the same file has already committed: this one's content was never visible. */
  superseded?: boolean;
  /** Names of this module that could not be removed after the commit: outdated backups, a second temporary name. */
  leftBehind?: string[];
}

const owner: OptionReader<Owner> = (value, name) => {
  if (typeof value !== "object" || value === null) {
    throw new TypeError(`${name} must be an object with user or group`);
  }
  return readOptions(value, { user: userOrGroup, group: userOrGroup });
};

const userOrGroup: OptionReader<number | string> = (value, name) => {
  if (value === "" || (typeof value !== "string" && typeof value !== "number")) {
    throw new TypeError(`${name} must be a name or a number`);
  }
  if (!isOwner(value)) throw new RangeError(`${name} must be from 0 to ${highestOwnerNumber}, not ${value}`);
  return value;
};

const modeOrKeep: OptionReader<number | "keep"> = (value, name) => value === "keep" ? "keep" : fileMode(value, name);
const ownerOrWord: OptionReader<Owner | "keep" | "leave"> = (value, name) =>
  value === "keep" || value === "leave" ? value : owner(value, name);

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
  defaults: ((value, name) => {
    if (typeof value !== "object" || value === null) throw new TypeError(`${name} must be an object`);
    return readOptions(value, { mode: fileMode, owner });
  }) as OptionReader<{ readonly mode?: number; readonly owner?: Owner }>,
  ifExists: oneOf("replace", "fail"),
  skipIfEqual: ((value, name) => value === "proven" ? value : flag(value, name)) as OptionReader<boolean | "proven">,
  symlink: oneOf("follow", "replace", "refuse"),
  hardLink: oneOf("break", "refuse"),
  createDirectories: flag,
  backup: count,
  backupDirectory: filePath,
  digest: flag,
  signal: abortSignal,
  runtime: runtimeOption,
};

/** What a write is going to do, with every default filled in. */
export interface WritePlan {
  readonly durability: Durability;
  readonly whenUnsupported: "report" | "throw";
  readonly whenSyncFails: "throw" | "report";
  /** `"new"`: what a new file gets, although there may be an old one. */
  readonly mode: number | "keep" | "new";
  readonly owner: Owner | "keep" | "leave";
  readonly defaults: { readonly mode?: number; readonly owner?: Owner };
  /** What the kernel's umask is taken from for a new file without any wish. */
  readonly newFileMode: number;
  /** Whose mode and owner `"keep"` means; by default the target's. */
  readonly like: FileStatus | undefined;
  /** Modification time for the new file, in milliseconds since 1970; by default now. */
  readonly modified: number | undefined;
  readonly mustNotExist: boolean;
  readonly skipIfEqual: boolean | "proven";
  readonly symlink: "follow" | "replace" | "refuse";
  readonly hardLink: "break" | "refuse";
  readonly createDirectories: boolean;
  readonly backup: number;
  /** Absolute: the working directory may be another one by the time it is needed. */
  readonly backupDirectory: string | undefined;
  readonly digest: boolean;
  readonly signal: AbortSignal | undefined;
  /** Asked right before the commit point; throws when the commit must not happen. */
  readonly guard: (() => Operation<void>) | undefined;
}

/** The options of a write as their readers return them. */
export type CheckedReplaceOptions = Omit<ReplaceOptions, "defaults" | "runtime"> & {
  defaults?: { readonly mode?: number; readonly owner?: Owner };
};

/** Fills in the defaults. */
export function writePlan(engine: Engine, options: CheckedReplaceOptions): WritePlan {
  return Object.freeze({
    durability: options.durability ?? "full",
    whenUnsupported: options.whenUnsupported ?? "report",
    whenSyncFails: options.whenSyncFails ?? "throw",
    mode: options.mode ?? "keep",
    owner: options.owner ?? "keep",
    defaults: options.defaults ?? {},
    newFileMode: 0o666,
    like: undefined,
    modified: undefined,
    mustNotExist: options.ifExists === "fail",
    skipIfEqual: options.skipIfEqual ?? false,
    symlink: options.symlink ?? "follow",
    hardLink: options.hardLink ?? "break",
    createDirectories: options.createDirectories ?? false,
    backup: options.backup ?? 0,
    backupDirectory: options.backupDirectory === undefined ? undefined : locate(engine, options.backupDirectory),
    digest: options.digest ?? false,
    signal: options.signal,
    guard: undefined,
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
