/**
 * Which backups of a file there are, and which of them count.
 *
 * A process killed between its backup and its commit leaves a backup that *is* the current file (the same inode, or a
 * copy with its size and time): such a one counts neither as a version nor as a hard link. Nor does one of somebody else's
 * (trust.ts), unless the file is that user's as well: what the owner of a file has put there gives that user nothing
 * that they have not got. Names are only those of our grammar; what they lead to is opened without following links, in
 * the directory that is open. Nothing is changed here.
 */
import { type Operation, wait } from "../core/operation.ts";
import { joinPath } from "../core/path.ts";
import type { FileStatus } from "../runtime/runtime.ts";
import { SystemError } from "../runtime/system_error.ts";
import type { ParentDirectory } from "./directories.ts";
import { type Engine, nameOf, parentOf } from "./engine.ts";
import { closeQuietly, digestOf } from "./file_call.ts";
import type { Target } from "./file_replacement.ts";
import { isBackupOf, isTemporaryOf, parseBackupName, parseTemporaryName } from "./names/names.ts";
import { isCredible, type Trust } from "./trust.ts";
import type { WritePlan } from "./write_plan.ts";

/** A backup on disk. */
interface FoundBackup extends FoundFile {
  readonly path: string;
  readonly time: number;
}

/** A file that was seen in an open directory. */
interface FoundFile {
  readonly home: ParentDirectory;
  readonly name: string;
  readonly status: FileStatus;
}

/** Where the backups of `path` are. */
export function backupDirectoryOf(engine: Engine, path: string, plan: Pick<WritePlan, "backupDirectory">): string {
  return plan.backupDirectory ?? parentOf(engine, path);
}

/** The backups of one file, newest first. */
export interface FoundBackups {
  /** One of each earlier version. */
  readonly versions: FoundBackup[];
  /** Those of versions that have a newer one already: a write was killed, and the next one made its own. */
  readonly repeated: FoundBackup[];
  /** Owners of those that do not count. */
  readonly strangers: ReadonlySet<number>;
}

/** A file whose backups are looked for: where it is, and what is there now. */
interface BackedUpFile {
  readonly home: ParentDirectory;
  readonly name: string;
  readonly status: FileStatus | undefined;
}

/** All backups of a file in `directory` that count, without those that are the current file itself. */
export function* findBackups(
  directory: ParentDirectory,
  file: BackedUpFile,
  trust: Trust,
): Operation<FoundBackups> {
  const current = file.status;
  const strangers = new Set<number>();
  const found: FoundBackups = { versions: [], repeated: [], strangers };
  const trusted = trustedFor(current, trust);
  let newer: FoundFile | undefined = current === undefined ? undefined : { ...file, status: current };
  let copies = 0;
  for (const backup of yield* backupsByName(directory, file.name)) {
    const { status } = backup;
    // A name of the file itself is ours, no matter who owns the file.
    const counts = status.identity === current?.identity || (yield* isCredible(directory, status, trusted));
    if (!counts) {
      strangers.add(status.user);
      continue;
    }
    if (newer === undefined || !(yield* isSame(backup, newer))) {
      found.versions.push(backup);
      newer = backup;
    } else if (found.versions.length > 0 || (status.identity !== current?.identity && ++copies > 1)) {
      // One that is the current file may be that of a write going on in another process.
      found.repeated.push(backup);
    }
  }
  return found;
}

/** Whose backups of a file count: also those of the user whose the file is now. */
export const trustedFor = (owner: FileStatus | undefined, trust: Trust): Trust =>
  trust === "any" || owner === undefined ? trust : [...trust, owner.user];

/** Everything in `directory` that bears the name of a backup of a file, newest first. */
export function* backupsByName(directory: ParentDirectory, file: string): Operation<FoundBackup[]> {
  const found: FoundBackup[] = [];
  for (const { name, kind } of (yield* wait(directory.names.readDirectory())) ?? []) {
    const parsed = kind === "file" ? parseBackupName(name) : undefined;
    if (parsed === undefined || !isBackupOf(parsed, file)) continue;
    const status = yield* wait(directory.names.linkStat(name));
    if (status?.kind === "file") {
      found.push({ home: directory, name, path: directory.pathOf(name), time: parsed.time, status });
    }
  }
  return found.sort((a, b) => b.time - a.time);
}

/** Whether a backup is a name, or a copy, of that very file. */
function* isSame(backup: FoundFile, file: FoundFile): Operation<boolean> {
  const { identity, links, size, modified } = backup.status;
  if (identity === file.status.identity) return true;
  if (links !== 1 || size !== file.status.size || modified !== file.status.modified) return false;
  // So may a version look that was replaced within one tick of the clock: the content tells.
  const digest = yield* digestIn(backup);
  return digest !== undefined && digest === (yield* digestIn(file));
}

/** Undefined where the file cannot be read: then nothing shows that it is no version of its own. */
function* digestIn({ home, name }: FoundFile): Operation<string | undefined> {
  try {
    const file = yield* wait(home.names.open(name, "read"));
    if (file === undefined) return undefined;
    try {
      return yield* digestOf(home.engine, file);
    } finally {
      yield* closeQuietly(file);
    }
  } catch (error) {
    if (error instanceof SystemError) return undefined;
    throw error;
  }
}

/**
 * How many names of the target are ours, left by a write that was killed: backups in `directory`, and beside the target
 * the temporary name of a file that was linked to its own because nothing may be replaced.
 */
export function* countOwnNames(engine: Engine, target: Target, directory: string): Operation<number> {
  const name = nameOf(engine, target.path);
  const isBackup = (each: string) => isOwn(parseBackupName(each), (parsed) => isBackupOf(parsed, name));
  const isTemporary = (each: string) => isOwn(parseTemporaryName(each), (parsed) => isTemporaryOf(parsed, name));
  return (yield* countNames(engine, target, directory, isBackup)) +
    (yield* countNames(engine, target, target.directory, isTemporary));
}

const isOwn = <T>(parsed: T | undefined, fits: (parsed: T) => boolean) => parsed !== undefined && fits(parsed);

function* countNames(
  { fileSystem, capabilities }: Engine,
  { status }: Target,
  directory: string,
  isOurs: (name: string) => boolean,
): Operation<number> {
  let count = 0;
  for (const { name, kind } of (yield* wait(fileSystem.readDirectory(directory))) ?? []) {
    if (kind !== "file" || !isOurs(name)) continue;
    const seen = yield* wait(fileSystem.linkStat(joinPath(directory, name, capabilities.pathStyle)));
    if (seen?.identity === status?.identity) count++;
  }
  return count;
}
