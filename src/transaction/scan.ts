/**
 * What transactions have left, or are just making, in a directory: by name alone, in one reading of the directory.
 */
import { type Operation, wait } from "../core/operation.ts";
import type { ParentDirectory } from "../protocol/directories.ts";
import { trustedFor } from "../protocol/find_backups.ts";
import { backupTarget, parseBackupName } from "../protocol/names/names.ts";
import {
  type JournalName,
  journalName,
  journalStates,
  parseJournalName,
  parseMarkerName,
  parseStageName,
  placeholderStates,
} from "../protocol/names/transaction.ts";
import { isCredible, isPrivate, type Trust } from "../protocol/trust.ts";
import type { FileStatus } from "../runtime/runtime.ts";

/** A backup by its name. */
export interface NamedBackup {
  readonly name: string;
  readonly time: number;
}

/** What is in a directory. */
export interface DirectoryScan {
  readonly home: ParentDirectory;
  /** By transaction; the most advanced first, where a power cut has left several names. Placeholders are none. */
  readonly journals: ReadonlyMap<string, readonly JournalName[]>;
  readonly markers: ReadonlySet<string>;
  /** Names that keep a place for a journal's next state, by transaction. */
  readonly placeholders: ReadonlyMap<string, readonly string[]>;
  /** Names of stages, by transaction. */
  readonly stages: ReadonlyMap<string, readonly string[]>;
  /** By the name in them, which is perhaps shortened; unsorted. */
  readonly backups: ReadonlyMap<string, readonly NamedBackup[]>;
}

function add<T>(map: Map<string, T[]>, key: string, value: T): void {
  const values = map.get(key);
  if (values === undefined) map.set(key, [value]);
  else values.push(value);
}

/** Reads a directory that is open; undefined when it was removed in the meantime. */
export function* scanDirectory(home: ParentDirectory): Operation<DirectoryScan | undefined> {
  const entries = yield* wait(home.names.readDirectory());
  if (entries === undefined) return undefined;
  const journals = new Map<string, JournalName[]>();
  const placeholders = new Map<string, string[]>();
  const markers = new Set<string>();
  const stages = new Map<string, string[]>();
  const backups = new Map<string, NamedBackup[]>();
  for (const { name, kind } of entries) {
    // All names of ours are hidden; most names in a directory are not.
    if (kind !== "file" || !name.startsWith(".")) continue;
    const journal = parseJournalName(name);
    if (journal !== undefined) {
      if (yield* isPlaceholder(home, journal)) {
        add(placeholders, journal.id, name);
      } else add(journals, journal.id, journal);
    }
    const marked = parseMarkerName(name);
    if (marked !== undefined) markers.add(marked);
    const stage = parseStageName(name);
    if (stage !== undefined) add(stages, stage.id, name);
    const backup = parseBackupName(name);
    if (backup !== undefined) add(backups, backup.target, { name, time: backup.time });
  }
  const rank = ({ state }: JournalName) => journalStates.indexOf(state);
  for (const names of journals.values()) names.sort((a, b) => rank(b) - rank(a));
  return { home, journals, placeholders, markers, stages, backups };
}

/** A journal is empty in its first state only: what is decided is synced before it leaves that. */
function* isPlaceholder(home: ParentDirectory, journal: JournalName): Operation<boolean> {
  if (!placeholderStates.includes(journal.state)) return false;
  return (yield* wait(home.names.linkStat(journalName(journal))))?.size === 0;
}

/** All transactions of which there is any sign. */
export function transactionsIn(scan: DirectoryScan): string[] {
  const { journals, placeholders, markers, stages } = scan;
  return [...new Set([...journals.keys(), ...placeholders.keys(), ...markers, ...stages.keys()])].sort();
}

/** The earlier versions of a file that count: this user's, root's, those of who is trusted, and of the file's owner. */
export function* backupsOf(
  scan: DirectoryScan | undefined,
  name: string,
  owner: FileStatus | undefined,
  trust: Trust,
): Operation<readonly NamedBackup[]> {
  const known = scan?.backups.get(backupTarget(name)) ?? [];
  if (scan === undefined || known.length === 0 || (yield* isPrivate(scan.home, trust))) return known;
  const counted: NamedBackup[] = [];
  for (const backup of known) {
    const status = yield* wait(scan.home.names.linkStat(backup.name));
    if (status !== undefined && (yield* isCredible(scan.home, status, trustedFor(owner, trust)))) counted.push(backup);
  }
  return counted;
}

/** Removes what was staged in a directory for a transaction, and its placeholders; the stages that were there. */
export function* discardStages(home: ParentDirectory, id: string): Operation<string[]> {
  const scan = yield* scanDirectory(home);
  const names = [...scan?.stages.get(id) ?? []].sort();
  for (const name of [...names, ...scan?.placeholders.get(id) ?? []]) yield* wait(home.names.remove(name));
  return names;
}
