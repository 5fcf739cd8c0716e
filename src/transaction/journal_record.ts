/**
 * What a journal says, in its own grammar: docs/formats.md has a worked example.
 *
 * Nothing in it is a path to a stage or a backup: their names follow from the target's name and the transaction's id, or
 * must be a backup's of that very target. So a journal, no matter who wrote it, can only ever lead to names of our
 * grammar beside the targets it names; in which directories it may do that is believe.ts.
 */
import { parseDigest } from "../core/digest.ts";
import type { PathStyle } from "../core/path.ts";
import { isAbsolute } from "../core/path.ts";
import { isBackupOf, parseBackupName } from "../protocol/names/names.ts";
import type { Runtime } from "../runtime/runtime.ts";
import { frameBytes, readFrame } from "./frame.ts";

/** One file of a transaction. */
export interface RecordedFile {
  /** Which of the directories it is in. */
  readonly directory: number;
  readonly name: string;
  /** The number in the name of its stage. */
  readonly stage: number;
  /** SHA-256 of the content before; null: there was no file. */
  readonly old: string | null;
  /** SHA-256 of the content after; null: the file is removed. */
  readonly new: string | null;
  /** The name of the backup beside it that holds the content before; null: there is none. */
  readonly backup: string | null;
}

/** What is decided when the journal gets its name. */
export interface JournalRecord {
  readonly id: string;
  /** Whether something has to be activated when the files have changed. */
  readonly activates: boolean;
  /** Absolute, or `"."`: the directory of the journal. */
  readonly directories: readonly string[];
  readonly files: readonly RecordedFile[];
}

/** A journal of a hundred thousand files is smaller. One that is larger is neither written nor read. */
export const largestJournal: number = 1 << 26;

/** The bytes of a journal. */
export function journalBytes(runtime: Pick<Runtime, "createHash">, record: JournalRecord): Uint8Array {
  return frameBytes(runtime, "journal", record);
}

const fields = <T extends object>(value: unknown, ...names: (keyof T & string)[]): T | undefined => {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return undefined;
  const found = Object.keys(value);
  return found.length === names.length && names.every((name) => found.includes(name)) ? value as T : undefined;
};

const isDigest = (value: unknown): value is string => value !== undefined && parseDigest(value) === value;
const isCount = (value: unknown, below: number): value is number =>
  Number.isSafeInteger(value) && (value as number) >= 0 && (value as number) < below;

function isName(value: unknown, style: PathStyle): value is string {
  if (typeof value !== "string" || value === "" || value === "." || value === "..") return false;
  // check-layers: allow -- a way of writing paths, not a system
  return !/[/\0]/.test(value) && !(style === "windows" && /[\\:]/.test(value));
}

type Unchecked<T> = { readonly [Name in keyof T]: unknown };

function readRecordedFile(value: unknown, directories: number, style: PathStyle): RecordedFile | undefined {
  const file = fields<Unchecked<RecordedFile>>(value, "directory", "name", "stage", "old", "new", "backup");
  if (file === undefined) return undefined;
  const { directory, name, stage, backup } = file;
  if (!isCount(directory, directories) || !isName(name, style) || !isCount(stage, 1e9)) return undefined;
  const { old, new: next } = file;
  if (!(old === null || isDigest(old)) || !(next === null || isDigest(next)) || (old ?? next) === null) {
    return undefined;
  }
  if (backup !== null) {
    const parsed = isName(backup, style) && old !== null ? parseBackupName(backup) : undefined;
    if (parsed === undefined || !isBackupOf(parsed, name)) return undefined;
  }
  return { directory, name, stage, old, new: next, backup: backup as string | null };
}

/** Reads a journal of the transaction `id`; undefined when it is not whole, or not one that this module writes. */
export function readJournal(
  runtime: Pick<Runtime, "createHash">,
  style: PathStyle,
  id: string,
  bytes: Uint8Array,
): JournalRecord | undefined {
  const frame = readFrame(runtime, "journal", bytes);
  const value = fields<Unchecked<JournalRecord>>(frame, "id", "activates", "directories", "files");
  if (value === undefined || value.id !== id || typeof value.activates !== "boolean") return undefined;
  if (!Array.isArray(value.directories) || !Array.isArray(value.files)) return undefined;
  const directories: string[] = [];
  for (const directory of value.directories as unknown[]) {
    const fits = typeof directory === "string" && !directory.includes("\0") &&
      (directory === "." || isAbsolute(directory, style));
    if (!fits || directories.includes(directory)) return undefined;
    directories.push(directory);
  }
  const files: RecordedFile[] = [];
  const places = new Set<string>();
  for (const each of value.files as unknown[]) {
    const file = readRecordedFile(each, directories.length, style);
    if (file === undefined) return undefined;
    files.push(file);
    places.add(`${file.directory}/${file.name}`).add(`${file.directory}//${file.stage}`);
  }
  if (files.length === 0 || places.size !== 2 * files.length) return undefined;
  return { id, activates: value.activates, directories, files };
}
