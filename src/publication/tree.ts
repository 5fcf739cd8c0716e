/**
 * Whole directory trees: synced, and removed; each directory in it opened once, and what is in it reached through
 * what was opened: nobody can lead either step out of the tree by putting a symlink in place of a directory.
 *
 * `syncTree`: every file, then the directories from the bottom up: a name is synced after what it leads to. Symlinks are
 * names only. `removeTree`: what cannot be removed is answered, and the rest goes. A symlink in place of the directory
 * goes itself: what it leads to is somebody else's.
 */
import { all, type Operation, wait } from "../core/operation.ts";
import { closeParent, type ParentDirectory } from "../protocol/directories.ts";
import { type Attempt, type CleanupFailure, translate } from "../protocol/failure.ts";
import { closeQuietly } from "../protocol/file_call.ts";
import { removeIn, removeSurely } from "../protocol/reported_failure.ts";
import { syncDirectory, syncFile, type SyncRules } from "../protocol/sync.ts";
import { syncsDirectory, syncsFile } from "../protocol/write_plan.ts";
import { SystemError } from "../runtime/system_error.ts";

/** Writes a directory and everything below to disk; false where the platform cannot, or the rules ask for none. */
export function* syncTree(home: ParentDirectory, rules: SyncRules, attempt: Attempt): Operation<boolean> {
  const { engine } = home;
  const entries = (yield* wait(home.names.readDirectory())) ?? [];
  let synced = syncsFile(rules.durability);
  if (syncsFile(rules.durability)) {
    const files = entries.filter(({ kind }) => kind === "file");
    const results = yield* all(files.map(({ name }) => () => syncOne(home, name, rules, attempt)));
    synced = results.every((each) => each);
  }
  // One directory after the other: each has its own files in parallel.
  for (const { name, kind } of entries) {
    const child = kind === "directory" ? yield* home.openChild(name) : undefined;
    if (child === undefined) continue;
    try {
      synced = (yield* syncTree(child, rules, attempt)) && synced;
    } finally {
      yield* closeParent(child);
    }
  }
  if (!syncsDirectory(rules.durability)) return synced;
  try {
    return (yield* syncDirectory(engine, home, rules, { ...attempt, path: home.path })) && synced;
  } catch (error) {
    throw translate(error, { ...attempt, path: home.path });
  }
}

function* syncOne(home: ParentDirectory, name: string, rules: SyncRules, attempt: Attempt): Operation<boolean> {
  const about = { ...attempt, path: home.pathOf(name) };
  const file = yield* wait(home.names.open(name, "read"));
  // Gone since: what is not there need not be durable.
  if (file === undefined) return true;
  try {
    return yield* syncFile(home.engine, { file, place: home }, rules, about);
  } catch (error) {
    throw translate(error, about);
  } finally {
    yield* closeQuietly(file);
  }
}

/** From a directory that its owner may not write to (0555), only root could remove anything. */
function* makeWritable({ engine, handle, status: { mode } }: ParentDirectory): Operation<void> {
  if (!engine.capabilities.mode || handle === undefined || (mode & 0o300) === 0o300) return;
  try {
    yield* wait(handle.setMode(mode | 0o700));
  } catch (error) {
    // Somebody else's: what cannot be removed is named.
    if (!(error instanceof SystemError)) throw error;
  }
}

/** Removes what has this name in a directory, and everything below; what is left of it. */
export function* removeTree(home: ParentDirectory, name: string): Operation<CleanupFailure[]> {
  const left: CleanupFailure[] = [];
  try {
    const status = yield* wait(home.names.linkStat(name));
    if (status === undefined) return left;
    if (status.kind === "directory") yield* removeDirectoryTree(home, name, left);
    else yield* removeIn(home, name);
  } catch (error) {
    if (!(error instanceof SystemError)) throw error;
    left.push({ error, leftBehind: error.path });
  }
  return left;
}

function* removeDirectoryTree(home: ParentDirectory, name: string, left: CleanupFailure[]): Operation<void> {
  const child = yield* home.openChild(name);
  if (child === undefined) return;
  try {
    yield* makeWritable(child);
    for (const { name: each, kind } of (yield* wait(child.names.readDirectory())) ?? []) {
      if (kind === "directory") left.push(...yield* removeTree(child, each));
      else yield* removeIn(child, each);
    }
  } finally {
    yield* closeParent(child);
  }
  if (left.length === 0) yield* removeSurely(() => home.names.removeDirectory(name));
}
