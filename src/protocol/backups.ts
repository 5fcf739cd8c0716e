/**
 * Earlier versions of a file, as hidden names beside it (or in a directory of their own).
 *
 * 1. `makeBackup` right before the commit: a hard link to the old inode, synced with its name before the rename can
 *    make the old content unreachable; a copy where the file system will not link.
 * 2. On failure of the write: `removeBackup`. What a process killed in between leaves, `findBackups` knows for what it is.
 * 3. `pruneBackups` after success: the oldest beyond what is kept.
 */
import { type Operation, wait } from "../core/operation.ts";
import { SystemError } from "../runtime/system_error.ts";
import { copyBackup } from "./copy_backup.ts";
import { closeParent, ensureDirectory, openParent, type ParentDirectory } from "./directories.ts";
import { childOf, type Engine } from "./engine.ts";
import { afterUndoing, type Attempt, type CleanupFailure, tidy } from "./failure.ts";
import { backupDirectoryOf, backupsByName, findBackups, type FoundBackups } from "./find_backups.ts";
import { backupName, lastBackupTime } from "./names/names.ts";
import { removeName } from "./reported_failure.ts";
import { syncDirectory, syncFile, type SyncRules } from "./sync.ts";
import { isUnsupported } from "./sync_codes.ts";
import { isDistrusted } from "./sync_ledger.ts";
import type { Target } from "./target.ts";
import { syncsFile, type WritePlan } from "./write_plan.ts";

/** A backup that was made, and whether it is safely on disk, with its name, as far as that is asked for. */
export interface Backup {
  readonly path: string;
  readonly durable: boolean;
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
    const placed = yield* linkOrCopy(engine, target, home, plan, attempt);
    if (placed === undefined) return undefined;
    const { path, synced } = placed;
    try {
      named = (yield* syncDirectory(engine, home, plan, attempt)) && named;
    } catch (error) {
      throw yield* afterUndoing(attempt, error, removeBackup(engine, path), path);
    }
    return { path, durable: named && synced };
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
): Operation<PlacedBackup | undefined> {
  const found = yield* backupsByName(engine, target.path, home.path);
  // A name of a time that cannot be counted on was not made by a clock.
  const newest = found.find((backup) => backup.time < lastBackupTime);
  return yield* placeBackup(engine, target, home, rules, attempt, newest?.time);
}

/** A backup whose name is not durable yet, and whether its content is, as far as that is asked for. */
interface PlacedBackup {
  readonly path: string;
  readonly synced: boolean;
}

/**
 * Makes a backup of the target's present file in `home`, later than `newest`, and syncs its content, but not its name;
 * undefined when the file is gone.
 */
export function* placeBackup(
  engine: Engine,
  target: Target,
  home: ParentDirectory,
  rules: SyncRules,
  attempt: Attempt,
  newest: number | undefined,
): Operation<PlacedBackup | undefined> {
  let time = Math.max(engine.runtime.clock.now(), newest === undefined ? 0 : newest + 1);
  for (let tries = 1;; tries++) {
    const path = childOf(engine, home.path, backupName(target.name, time++));
    // What is linked may be in memory alone, once a sync has failed; a copy is written.
    if (isDistrusted(engine, home.status.device)) {
      return { path, synced: yield* copyBackup(engine, target, home, path, rules, attempt) };
    }
    try {
      return { path, synced: yield* linkBackup(engine, target, home, path, rules, attempt) };
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
    return { path, synced: yield* copyBackup(engine, target, home, path, rules, attempt) };
  }
}

/** Links the present file, and syncs its content: another program may have written it and never synced it. */
function* linkBackup(
  engine: Engine,
  target: Target,
  home: ParentDirectory,
  path: string,
  rules: SyncRules,
  attempt: Attempt,
): Operation<boolean> {
  yield* wait(engine.fileSystem.link(target.path, path));
  if (!syncsFile(rules.durability)) return true;
  try {
    const file = yield* wait(engine.fileSystem.open(path, "read", { follow: false }));
    if (file === undefined) return true;
    try {
      return yield* syncFile(engine, { file, place: home }, rules, attempt);
    } finally {
      yield* wait(file.close());
    }
  } catch (error) {
    // A file that may not be read can still be linked and replaced; it is as durable as its writer left it.
    if (error instanceof SystemError && error.call === "open" && error.code === "EACCES") return true;
    throw yield* afterUndoing(attempt, error, removeBackup(engine, path), path);
  }
}

/** Removes a backup this write has made. */
export function* removeBackup(engine: Engine, path: string): Operation<void> {
  yield* removeName(engine, path);
}

/** Removes all but the newest `keep` versions; what could not be removed. The write has succeeded already. */
export function* pruneBackups(
  engine: Engine,
  target: Target,
  directory: string,
  keep: number,
): Operation<CleanupFailure[]> {
  const failures: CleanupFailure[] = [];
  let found: FoundBackups;
  try {
    found = yield* findBackups(engine, target.path, directory, yield* wait(engine.fileSystem.linkStat(target.path)));
  } catch (error) {
    // A look that is refused may be a witness, too.
    if (error instanceof SystemError) return [{ error }];
    throw error;
  }
  for (const backup of [...found.versions.slice(keep), ...found.repeated]) {
    // What stays is pruned by the next write.
    yield* tidy(failures, removeBackup(engine, backup.path), backup.path);
  }
  return failures;
}
