/**
 * Earlier versions of a file, as hidden names beside it (or in a directory of their own).
 *
 * 1. `makeBackup` right before the commit: a hard link to the old inode, synced with its name before the rename can
 *    make the old content unreachable; a copy where the file system will not link.
 * 2. On failure of the write: `removeBackup`. A process killed in between leaves a backup that *is* the current file
 *    (the same inode, or a copy with its size and time): such a one counts neither as a version nor as a hard link.
 * 3. `pruneBackups` after success: the oldest beyond what is kept.
 *
 * Names are only those of our grammar; what they lead to is opened without following links.
 */
import { type Operation, wait } from "../core/operation.ts";
import type { FileStatus } from "../runtime/runtime.ts";
import { SystemError } from "../runtime/system_error.ts";
import { copyBackup } from "./copy_backup.ts";
import { closeParent, ensureDirectory, openParent, type ParentDirectory } from "./directories.ts";
import { childOf, type Engine, nameOf, parentOf } from "./engine.ts";
import { afterUndoing, type Attempt } from "./failure.ts";
import { closeQuietly, digestOf } from "./file_call.ts";
import { backupName, isBackupOf, lastBackupTime, parseBackupName } from "./names.ts";
import { isUnsupported, syncDirectory, syncFile, type SyncRules } from "./sync.ts";
import type { Target } from "./target.ts";
import { syncsFile, type WritePlan } from "./write_plan.ts";

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

function* backupsByName(engine: Engine, path: string, directory: string): Operation<FoundBackup[]> {
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

/** How many names of the target are backups of ours, left by a write that was killed. */
export function* countBackupLinks(engine: Engine, target: Target, directory: string): Operation<number> {
  const found = yield* backupsByName(engine, target.path, directory);
  return found.filter((backup) => backup.status.identity === target.status?.identity).length;
}

/** A backup that was made, and whether its name is on the medium. */
export interface Backup {
  readonly path: string;
  readonly named: boolean;
}

/** Makes and syncs a backup of the target's present file; undefined when there is no file. */
export function* makeBackup(
  engine: Engine,
  target: Target,
  plan: WritePlan,
  parent: ParentDirectory,
  attempt: Attempt,
): Operation<Backup | undefined> {
  // A symlink that is replaced takes no content with it.
  if ((yield* wait(engine.fileSystem.linkStat(target.path)))?.kind !== "file") return undefined;
  const directory = backupDirectoryOf(engine, target.path, plan);
  const beside = directory === parent.path;
  let named = beside || !plan.createDirectories || (yield* ensureDirectory(engine, directory, plan, attempt));
  const home = beside ? parent : yield* openParent(engine, directory, plan, attempt);
  try {
    const path = yield* linkOrCopy(engine, target, home, plan, attempt);
    if (path === undefined) return undefined;
    try {
      const { handle, status } = home;
      named = handle !== undefined && (yield* syncDirectory(engine, handle, status.identity, plan, attempt)) && named;
    } catch (error) {
      throw yield* afterUndoing(attempt, error, removeBackup(engine, path), path);
    }
    return { path, named };
  } finally {
    if (!beside) yield* closeParent(home);
  }
}

/** Two backups in one millisecond, or a clock that went back: the next free time after the newest. */
const mostTries = 100;

function* linkOrCopy(
  engine: Engine,
  target: Target,
  home: ParentDirectory,
  rules: SyncRules,
  attempt: Attempt,
): Operation<string | undefined> {
  const found = yield* backupsByName(engine, target.path, home.path);
  // A name of a time that cannot be counted on was not made by a clock.
  const newest = found.find((backup) => backup.time < lastBackupTime);
  return yield* placeBackup(engine, target, home, rules, attempt, newest?.time);
}

/**
 * Makes a backup of the target's present file in `home`, later than `newest`, and syncs its content, but not its name;
 * its path, or undefined when the file is gone.
 */
export function* placeBackup(
  engine: Engine,
  target: Target,
  home: ParentDirectory,
  rules: SyncRules,
  attempt: Attempt,
  newest: number | undefined,
): Operation<string | undefined> {
  let time = Math.max(engine.runtime.clock.now(), newest === undefined ? 0 : newest + 1);
  for (let tries = 1;; tries++) {
    const path = childOf(engine, home.path, backupName(target.name, time++));
    try {
      yield* linkBackup(engine, target, path, rules, attempt);
      return path;
    } catch (error) {
      const mayRepeat = error instanceof SystemError && tries < mostTries;
      if (mayRepeat && error.code === "EEXIST") continue;
      if (mayRepeat && error.call === "link" && error.code === "ENOENT") {
        // Linux says so of a file that another process has replaced since link looked its name up: vfs_link, i_nlink 0.
        // https://github.com/torvalds/linux/blob/master/fs/namei.c
        if ((yield* wait(engine.fileSystem.linkStat(target.path))) === undefined) return undefined;
        continue;
      }
      const cannotLink = error instanceof SystemError && error.call === "link" &&
        (["EPERM", "EACCES", "EXDEV", "EMLINK"].includes(error.code) || isUnsupported(error));
      if (!cannotLink) throw error;
    }
    yield* copyBackup(engine, target, home, path, rules, attempt);
    return path;
  }
}

/** Links the present file, and syncs its content: another program may have written it and never synced it. */
function* linkBackup(
  engine: Engine,
  target: Target,
  path: string,
  rules: SyncRules,
  attempt: Attempt,
): Operation<void> {
  yield* wait(engine.fileSystem.link(target.path, path));
  if (!syncsFile(rules.durability)) return;
  try {
    const file = yield* wait(engine.fileSystem.open(path, "read", { follow: false }));
    if (file === undefined) return;
    try {
      yield* syncFile(file, rules, attempt);
    } finally {
      yield* wait(file.close());
    }
  } catch (error) {
    // A file that may not be read can still be linked and replaced; it is as durable as its writer left it.
    if (error instanceof SystemError && error.call === "open" && error.code === "EACCES") return;
    throw yield* afterUndoing(attempt, error, removeBackup(engine, path), path);
  }
}

/** Removes a backup this write has made. */
export function* removeBackup(engine: Engine, path: string): Operation<void> {
  yield* wait(engine.fileSystem.remove(path));
}

/** Removes all but the newest `keep` versions; what could not be removed. The write has succeeded already. */
export function* pruneBackups(engine: Engine, target: Target, directory: string, keep: number): Operation<string[]> {
  const left: string[] = [];
  let found: FoundBackups;
  try {
    found = yield* findBackups(engine, target.path, directory, yield* wait(engine.fileSystem.linkStat(target.path)));
  } catch (error) {
    if (error instanceof SystemError) return left;
    throw error;
  }
  for (const backup of [...found.versions.slice(keep), ...found.repeated]) {
    try {
      yield* removeBackup(engine, backup.path);
    } catch {
      // The next write prunes again.
      left.push(backup.path);
    }
  }
  return left;
}
