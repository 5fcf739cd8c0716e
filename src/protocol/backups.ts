/**
 * Earlier versions of a file, as hidden names beside it (or in a directory of their own).
 *
 * 1. `makeBackup` right before the commit: a hard link to the old inode, synced with its name before the rename can
 *    make the old content unreachable; a copy where the file system will not link.
 * 2. On failure of the write: `removeBackup`. What a process killed in between leaves, `findBackups` knows for what it is.
 * 3. `pruneBackups` after success: the oldest beyond what is kept.
 */
import { FileError } from "../core/errors.ts";
import { type Operation, wait } from "../core/operation.ts";
import { SystemError } from "../runtime/system_error.ts";
import { copyBackup } from "./copy_backup.ts";
import { closeParent, openParent, type ParentDirectory } from "./directories.ts";
import type { Engine } from "./engine.ts";
import { afterUndoing, tidy } from "./failure.ts";
import { backupDirectoryOf, backupsByName, findBackups, trustedFor } from "./find_backups.ts";
import { ensureDirectory } from "./made_directories.ts";
import { backupName, lastBackupTime } from "./names/names.ts";
import type { FileReplacement, KeptBackup } from "./file_replacement.ts";
import { removeIn, removeName } from "./reported_failure.ts";
import { syncDirectory, syncFile } from "./sync.ts";
import { isUnsupported } from "./sync_codes.ts";
import { isDistrusted } from "./sync_ledger.ts";
import { isCredible } from "./trust.ts";
import { syncsFile } from "./write_plan.ts";

/** Makes and syncs a backup of the target's present file; undefined when there is no file. */
export function* makeBackup(write: FileReplacement): Operation<KeptBackup | undefined> {
  const { engine, target, parent, plan, attempt } = write;
  // A symlink that is replaced takes no content with it.
  if ((yield* wait(parent.names.linkStat(target.name)))?.kind !== "file") return undefined;
  const directory = backupDirectoryOf(engine, target.path, plan);
  const beside = directory === parent.path;
  let named = beside || !plan.createDirectories || (yield* ensureDirectory(engine, directory, plan, attempt));
  const home = beside ? parent : yield* openParent(engine, directory, plan, attempt);
  try {
    const placed = yield* placeBackup(write, home, yield* newestTime(write, home));
    if (placed === undefined) return undefined;
    const { name, path, synced } = placed;
    try {
      named = (yield* syncDirectory(engine, home, plan, attempt)) && named;
    } catch (error) {
      throw yield* afterUndoing(attempt, error, removeIn(home, name), path);
    }
    return { name, path, beside, durable: named && synced };
  } finally {
    if (!beside) yield* closeParent(home);
  }
}

/** When the newest backup was made, as far as those count. */
function* newestTime(
  { target: { name, status } }: FileReplacement,
  home: ParentDirectory,
): Operation<number | undefined> {
  for (const backup of yield* backupsByName(home, name)) {
    // A name of a time that cannot be counted on was not made by a clock.
    if (backup.time >= lastBackupTime) continue;
    if (yield* isCredible(home, backup.status, trustedFor(status, []))) return backup.time;
  }
  return undefined;
}

/** Two backups in one millisecond, or a clock that went back: the next free time after the newest. */
const mostTries = 100;

/** A backup whose name is not durable yet, and whether its content is, as far as that is asked for. */
interface PlacedBackup {
  readonly name: string;
  readonly path: string;
  readonly synced: boolean;
}

/**
 * Makes a backup of the target's present file in `home`, later than `newest`, and syncs its content, but not its name;
 * undefined when the file is gone.
 */
export function* placeBackup(
  write: FileReplacement,
  home: ParentDirectory,
  newest: number | undefined,
): Operation<PlacedBackup | undefined> {
  const { engine, parent, target } = write;
  let time = Math.max(engine.runtime.clock.now(), newest === undefined ? 0 : newest + 1);
  for (let tries = 1;; tries++) {
    const name = backupName(target.name, time++);
    const path = home.pathOf(name);
    // What is linked may be in memory alone, once a sync has failed; a copy is written.
    if (isDistrusted(engine, home.status.device)) {
      return { name, path, synced: yield* copyBackup(write, home, name) };
    }
    try {
      return { name, path, synced: yield* linkBackup(write, home, name) };
    } catch (error) {
      const mayRepeat = error instanceof SystemError && tries < mostTries;
      if (mayRepeat && error.code === "EEXIST") continue;
      if (mayRepeat && error.call === "link" && error.code === "ENOENT") {
        // Linux says so of a file that another process has replaced since link looked its name up: vfs_link, i_nlink 0.
        // https://github.com/torvalds/linux/blob/master/fs/namei.c
        if ((yield* wait(parent.names.linkStat(target.name))) === undefined) return undefined;
        continue;
      }
      const cannotLink = error instanceof SystemError && error.call === "link" &&
        (["EPERM", "EACCES", "EXDEV", "EMLINK"].includes(error.code) || isUnsupported(error));
      if (!cannotLink) throw error;
    }
    return { name, path, synced: yield* copyBackup(write, home, name) };
  }
}

/** Links the present file, and syncs its content: another program may have written it and never synced it. */
function* linkBackup(write: FileReplacement, home: ParentDirectory, name: string): Operation<boolean> {
  const { engine, target, parent, plan, attempt } = write;
  yield* wait(parent.names.link(target.name, home.names, name));
  if (!syncsFile(plan.durability)) return true;
  try {
    const file = yield* wait(home.names.open(name, "read"));
    if (file === undefined) return true;
    try {
      return yield* syncFile(engine, { file, place: home }, plan, attempt);
    } finally {
      yield* wait(file.close());
    }
  } catch (error) {
    // A file that may not be read can still be linked and replaced; it is as durable as its writer left it.
    if (error instanceof SystemError && error.call === "open" && error.code === "EACCES") return true;
    throw yield* afterUndoing(attempt, error, removeIn(home, name), home.pathOf(name));
  }
}

/** Removes a backup this write has made. */
export function* removeBackup(engine: Engine, path: string): Operation<void> {
  yield* removeName(engine, path);
}

/** Removes all but the newest versions after a commit, and notes what could not be removed: the write has succeeded. */
export function* pruneBackups(write: FileReplacement): Operation<void> {
  const { engine, target, parent, plan, attempt, leftovers } = write;
  const directory = backupDirectoryOf(engine, target.path, plan);
  const beside = directory === parent.path;
  let home: ParentDirectory | undefined;
  try {
    home = beside ? parent : yield* openParent(engine, directory, plan, attempt);
    const status = yield* wait(parent.names.linkStat(target.name));
    const found = yield* findBackups(home, { home: parent, name: target.name, status }, []);
    for (const { name, path } of [...found.versions.slice(plan.backup), ...found.repeated]) {
      // What stays is pruned by the next write.
      yield* tidy(leftovers, removeIn(home, name), path);
    }
  } catch (error) {
    if (!(error instanceof SystemError) && !FileError.is(error)) throw error;
    // A look that is refused may be a witness, too.
    leftovers.push({ error: FileError.is(error) ? error.cause ?? error : error });
  } finally {
    if (!beside && home !== undefined) yield* closeParent(home);
  }
}
