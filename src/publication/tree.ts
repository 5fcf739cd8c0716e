/**
 * Whole directory trees: onto the medium, and away.
 *
 * `syncTree`: every file, then the directories from the bottom up: a name is synced after what it leads to. Symlinks are
 * names only. `removeTree`: what cannot be removed is answered, and the rest goes. A symlink in place of the directory
 * goes itself: what it leads to is somebody else's.
 */
import { all, type Operation, wait } from "../core/operation.ts";
import { childOf, type Engine } from "../protocol/engine.ts";
import { type Attempt, type CleanupFailure, translate } from "../protocol/failure.ts";
import { closeQuietly, openedStatus } from "../protocol/file_call.ts";
import { removeDirectoryName, removeName } from "../protocol/reported_failure.ts";
import { syncFile, type SyncRules } from "../protocol/sync.ts";
import { syncsDirectory, syncsFile } from "../protocol/write_plan.ts";
import type { FileStatus, OpenFile } from "../runtime/runtime.ts";
import { SystemError } from "../runtime/system_error.ts";

/** Puts a directory and everything below onto the medium; false where the platform cannot, or the rules ask for none. */
export function* syncTree(engine: Engine, path: string, rules: SyncRules, attempt: Attempt): Operation<boolean> {
  const { fileSystem } = engine;
  const entries = (yield* wait(fileSystem.readDirectory(path))) ?? [];
  const files = entries.filter(({ kind }) => kind === "file").map(({ name }) => childOf(engine, path, name));
  let synced = syncsFile(rules.durability);
  if (syncsFile(rules.durability)) {
    const results = yield* all(files.map((file) => () => syncOne(engine, path, file, rules, attempt)));
    synced = results.every((each) => each);
  }
  // One directory after the other: each has its own files in parallel.
  for (const { name, kind } of entries) {
    if (kind === "directory" && !(yield* syncTree(engine, childOf(engine, path, name), rules, attempt))) synced = false;
  }
  if (!syncsDirectory(rules.durability)) return synced;
  if (!engine.capabilities.directorySync) return false;
  const directory = yield* wait(fileSystem.openDirectory(path));
  return directory === undefined
    ? synced
    : (yield* syncOpen(engine, { file: directory, path, directory: path }, rules, attempt)) && synced;
}

function* syncOne(
  engine: Engine,
  directory: string,
  path: string,
  rules: SyncRules,
  attempt: Attempt,
): Operation<boolean> {
  const file = yield* wait(engine.fileSystem.open(path, "read", { follow: false }));
  // Gone since: what is not there need not be durable.
  return file === undefined ? true : yield* syncOpen(engine, { file, path, directory }, rules, attempt);
}

interface Opened {
  readonly file: OpenFile;
  readonly path: string;
  /** Where a name of it is, or it itself. */
  readonly directory: string;
}

function* syncOpen(
  engine: Engine,
  { file, path, directory }: Opened,
  rules: SyncRules,
  attempt: Attempt,
): Operation<boolean> {
  try {
    const place = { path: directory, status: yield* openedStatus(file) };
    return yield* syncFile(engine, { file, place }, rules, { ...attempt, path });
  } catch (error) {
    throw translate(error, { ...attempt, path });
  } finally {
    yield* closeQuietly(file);
  }
}

/** From a directory that its owner may not write to (0555), only root could remove anything. */
function* makeWritable(engine: Engine, path: string, { mode }: FileStatus): Operation<void> {
  if (!engine.capabilities.mode || !engine.capabilities.directorySync || (mode & 0o300) === 0o300) return;
  try {
    const directory = yield* wait(engine.fileSystem.openDirectory(path));
    try {
      yield* wait(directory?.setMode(mode | 0o700));
    } finally {
      if (directory !== undefined) yield* closeQuietly(directory);
    }
  } catch (error) {
    // Somebody else's, or unreadable as well: what cannot be removed is named.
    if (!(error instanceof SystemError)) throw error;
  }
}

/** Removes a directory and everything below; what is left of it. */
export function* removeTree(engine: Engine, path: string): Operation<CleanupFailure[]> {
  const { fileSystem } = engine;
  const left: CleanupFailure[] = [];
  try {
    const status = yield* wait(fileSystem.linkStat(path));
    if (status?.kind !== "directory") {
      if (status !== undefined) yield* removeName(engine, path);
      return left;
    }
    yield* makeWritable(engine, path, status);
    for (const { name, kind } of (yield* wait(fileSystem.readDirectory(path))) ?? []) {
      const child = childOf(engine, path, name);
      if (kind === "directory") left.push(...yield* removeTree(engine, child));
      else yield* removeName(engine, child);
    }
    if (left.length === 0) yield* removeDirectoryName(engine, path);
  } catch (error) {
    if (!(error instanceof SystemError)) throw error;
    left.push({ error, leftBehind: error.path });
  }
  return left;
}
