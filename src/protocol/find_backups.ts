/**
 * Which backups of a file there are, and which of them count.
 *
 * A process killed between its backup and its commit leaves a backup that *is* the current file (the same inode, or a
 * copy with its size and time): such a one counts neither as a version nor as a hard link. Names are only those of our
 * grammar; what they lead to is opened without following links. Nothing is changed here.
 */
import { type Operation, wait } from "../core/operation.ts";
import type { FileStatus } from "../runtime/runtime.ts";
import { SystemError } from "../runtime/system_error.ts";
import { childOf, type Engine, nameOf, parentOf } from "./engine.ts";
import { closeQuietly, digestOf } from "./file_call.ts";
import { isBackupOf, isTemporaryOf, parseBackupName, parseTemporaryName } from "./names/names.ts";
import type { Target } from "./file_replacement.ts";
import type { WritePlan } from "./write_plan.ts";

/** A backup on disk. */
export interface FoundBackup {
  readonly path: string;
  readonly time: number;
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
}

/** All backups of the file `path` in `directory`, without those that are the current file itself. */
export function* findBackups(
  engine: Engine,
  path: string,
  directory: string,
  current: FileStatus | undefined,
): Operation<FoundBackups> {
  const found: FoundBackups = { versions: [], repeated: [] };
  let newer = current === undefined ? undefined : { path, status: current };
  let copies = 0;
  for (const backup of yield* backupsByName(engine, path, directory)) {
    if (newer === undefined || !(yield* isSame(engine, backup, newer))) {
      found.versions.push(backup);
      newer = backup;
    } else if (found.versions.length > 0 || (backup.status.identity !== current?.identity && ++copies > 1)) {
      // One that is the current file may be that of a write going on in another process.
      found.repeated.push(backup);
    }
  }
  return found;
}

/** Everything in `directory` that bears the name of a backup of the file `path`, newest first. */
export function* backupsByName(engine: Engine, path: string, directory: string): Operation<FoundBackup[]> {
  const { fileSystem } = engine;
  const name = nameOf(engine, path);
  const found: FoundBackup[] = [];
  for (const entry of (yield* wait(fileSystem.readDirectory(directory))) ?? []) {
    const parsed = parseBackupName(entry.name);
    if (parsed === undefined || !isBackupOf(parsed, name) || entry.kind !== "file") continue;
    const backup = childOf(engine, directory, entry.name);
    const status = yield* wait(fileSystem.linkStat(backup));
    if (status?.kind === "file") found.push({ path: backup, time: parsed.time, status });
  }
  return found.sort((a, b) => b.time - a.time);
}

/** Whether a backup is a name, or a copy, of that very file. */
function* isSame(
  engine: Engine,
  backup: FoundBackup,
  file: { readonly path: string; readonly status: FileStatus },
): Operation<boolean> {
  const { identity, links, size, modified } = backup.status;
  if (identity === file.status.identity) return true;
  if (links !== 1 || size !== file.status.size || modified !== file.status.modified) return false;
  // So may a version look that was replaced within one tick of the clock: the content tells.
  const digest = yield* digestAt(engine, backup.path);
  return digest !== undefined && digest === (yield* digestAt(engine, file.path));
}

/** Undefined where the file cannot be read: then nothing shows that it is no version of its own. */
function* digestAt(engine: Engine, path: string): Operation<string | undefined> {
  try {
    const file = yield* wait(engine.fileSystem.open(path, "read", { follow: false }));
    if (file === undefined) return undefined;
    try {
      return yield* digestOf(engine, file);
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
  const found = yield* backupsByName(engine, target.path, directory);
  const identities = found.map(({ status }) => status.identity);
  for (const { name, kind } of (yield* wait(engine.fileSystem.readDirectory(target.directory))) ?? []) {
    const parsed = kind === "file" ? parseTemporaryName(name) : undefined;
    if (parsed === undefined || !isTemporaryOf(parsed, target.name)) continue;
    identities.push((yield* wait(engine.fileSystem.linkStat(childOf(engine, target.directory, name))))?.identity ?? "");
  }
  return identities.filter((identity) => identity === target.status?.identity).length;
}
