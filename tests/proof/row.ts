/**
 * What a row of the table of operations says; operations.ts has the table, and how to add to it.
 */
import type { Durability } from "../../mod.ts";
import type { Operation } from "../../src/core/operation.ts";
import type { Runtime } from "../../src/runtime/runtime.ts";
import type { MemoryOptions, MemoryRuntime } from "../../src/testing/mod.ts";
import type { Api } from "./api.ts";

/** What a name leads to, in one line: `0644 1000:1000 "text"`, `→ text of a symlink`, or `absent`. */
export type Version = string;

/** Nothing by that name. */
export const absent: Version = "absent";

/** A file with this text; owner and mode are those that a new file gets by itself, unless said otherwise. */
export function fileOf(text: string, mode = 0o644, group = 1000): Version {
  return `${mode.toString(8).padStart(4, "0")} 1000:${group} ${JSON.stringify(text)}`;
}

/** A symlink with this text. */
export const linkOf = (text: string): Version => `→ ${text}`;

/** What a name leads to on this machine, seen with every right. */
export function versionAt(machine: MemoryRuntime, path: string): Version {
  const status = machine.statusOf(path);
  if (status === undefined) return absent;
  if (status.kind === "symlink") return linkOf(String(machine.files(parentOf(path))[path]).slice(2));
  if (status.kind !== "file") return status.kind;
  const owner = `${status.user}:${status.group}`;
  return `${status.mode.toString(8).padStart(4, "0")} ${owner} ${JSON.stringify(machine.readText(path))}`;
}

/** The directory of a path. */
export const parentOf = (path: string): string => path.slice(0, path.lastIndexOf("/")) || "/";
/** The last component of a path. */
export const nameOf = (path: string): string => path.slice(path.lastIndexOf("/") + 1);

/** A name, and everything it may ever lead to, in the order in which that may come about. */
export interface TrackedFile {
  readonly path: string;
  /** The first is there at the beginning, the last when the operation has succeeded. */
  readonly versions: readonly Version[];
}

/** Earlier versions that must not be lost: of the file at `path`, kept in `directory`. */
export interface TrackedBackups {
  readonly path: string;
  readonly directory: string;
  /** Everything a backup may hold. */
  readonly legal: readonly Version[];
  /** What must be among the backups as soon as the file is in its last version, and when it still is in its first. */
  readonly afterwards: readonly Version[];
  readonly before: readonly Version[];
}

/** Something a caller was told: the file at `path` is in its version number `version`, or in a later one. */
export interface Acknowledged {
  readonly path: string;
  readonly version: number;
  readonly durability: Durability;
}

/** What the body of a row works with. */
export interface Tools {
  readonly api: Api;
  readonly runtime: Runtime;
  /** What the caller was told, at the moment it was. */
  acknowledge(fact: Acknowledged): void;
}

/** One operation, and what may become of the disk when it is cut off, fails or succeeds. */
export interface Row {
  /** For people: what is called, with which options, on what. */
  readonly name: string;
  readonly machine: MemoryOptions;
  /** The operation. Running it once more must lead to the same state. */
  run(tools: Tools): Operation<unknown>;
  readonly files: readonly TrackedFile[];
  readonly backups?: TrackedBackups;
  /** The code of the error with which it is always refused; nothing changes then. */
  readonly refused?: string;
  /** What a repetition may be refused with, once the operation has succeeded. */
  readonly repeatRefused?: string;
  /** A crash at a bad moment leaves what must be removed by hand; an error with this code says so. */
  readonly remedy?: { readonly code: string; readonly path: string };
  /** Content that is promised only to be whole for readers: after a power cut it may be torn. */
  readonly torn?: boolean;
  /** Mode and owner could not be kept, and the caller was told so: only content is compared. */
  readonly contentOnly?: boolean;
  /** The content is there already, and is left in place where it can be seen to be. */
  readonly equal?: boolean;
  /** Only one driver can do it. */
  readonly only?: "async" | "sync";
  /** Several calls at once: their order depends on the seed, and a fault of one is not one of the others. */
  readonly concurrent?: boolean;
  /** The caller is not told which durability was reached: where a sync is not to be had, nothing is promised. */
  readonly untold?: boolean;
  /** Temporary files that are there at the beginning and that it is this operation's work to remove. */
  readonly sweeps?: boolean;
}

/** The version that the file at `path` ends in. */
export function lastVersion(file: TrackedFile): Version {
  return file.versions.at(-1) ?? absent;
}
