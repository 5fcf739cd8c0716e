/**
 * The directory a file lives in: opened first, because it is what gets synced last.
 *
 * 1. `ensureDirectory` (only if asked): makes missing ancestors, and syncs the parent of every ancestor that this
 *    process has not itself proven durable. One that another process has just made is as lost after a power cut as one
 *    of our own. Proven ones are remembered by identity and time of creation: inode numbers are used again. The parent is
 *    the directory that holds the entry, which behind a symlink or `..` is not the one that the path names before it.
 * 2. `openParent`: opens the directory; whether it can be synced is known from here on, before the commit point.
 * 3. `checkParent` right before the commit: is this still the directory the path leads to?
 * 4. `closeParent`.
 *
 * Directories made for a write that then fails stay: another writer may already rely on them.
 */
import { type Operation, wait } from "../core/operation.ts";
import { absolutePath, mayBeLossy } from "../core/path.ts";
import type { FileStatus, FileSystem, OpenFile } from "../runtime/runtime.ts";
import { isForbidden } from "../runtime/system_error.ts";
import { childOf, type Engine, nameOf, parentOf } from "./engine.ts";
import { type Attempt, attemptFailed } from "./failure.ts";
import { LearnedDevices } from "./learned_devices.ts";
import { durabilityUnsupported, syncDirectory, type SyncRules } from "./sync.ts";
import { isUnsupported } from "./sync_codes.ts";
import { syncsDirectory } from "./write_plan.ts";

/** The opened directory of a target. */
export interface ParentDirectory {
  readonly path: string;
  readonly status: FileStatus;
  /** What is synced at the end; undefined where that is not wanted or cannot be. */
  readonly handle: OpenFile | undefined;
}

/** Opens the directory `path`; ENOENT when there is none. */
export function* openParent(
  engine: Engine,
  path: string,
  rules: SyncRules,
  attempt: Attempt,
): Operation<ParentDirectory> {
  const { fileSystem, capabilities } = engine;
  const wanted = syncsDirectory(rules.durability);
  const gone = () => attemptFailed(attempt, "ENOENT", "openDirectory", `there is no directory ${JSON.stringify(path)}`);
  if (wanted && capabilities.directorySync) {
    let handle: OpenFile | undefined;
    try {
      handle = yield* wait(fileSystem.openDirectory(path));
      if (handle === undefined) throw gone();
    } catch (error) {
      // A directory may be written to but not opened (mode 0300, a permission of the runtime): it is not synced then.
      if (!isForbidden(error)) throw error;
      if (rules.whenUnsupported === "throw") throw durabilityUnsupported(rules, "openDirectory", attempt, error);
    }
    if (handle !== undefined) return yield* probed(engine, path, handle, rules, attempt);
  } else if (wanted && rules.whenUnsupported === "throw") {
    throw durabilityUnsupported(rules, "syncDirectory", attempt);
  }
  const status = yield* wait(fileSystem.stat(path));
  if (status === undefined) throw gone();
  return { path, status, handle: undefined };
}

/** File systems whose directories are known to be syncable. */
const syncable = new LearnedDevices();

/** Whoever insists on a durability must learn before the commit that this mount cannot give it: probed once. */
function* probed(
  engine: Engine,
  path: string,
  handle: OpenFile,
  rules: SyncRules,
  attempt: Attempt,
): Operation<ParentDirectory> {
  try {
    const status = yield* wait(handle.stat());
    if (rules.whenUnsupported === "report") return { path, status, handle };
    if (!syncable.has(engine.fileSystem, status.device)) {
      yield* syncDirectory(engine, { path, handle, status }, rules, attempt);
      syncable.add(engine.fileSystem, status.device);
    }
    return { path, status, handle };
  } catch (error) {
    yield* closeParent({ handle });
    throw error;
  }
}

/** Fails when the path of the directory no longer leads to the one that was opened. */
export function* checkParent(engine: Engine, parent: ParentDirectory, attempt: Attempt): Operation<void> {
  const now = yield* wait(engine.fileSystem.stat(parent.path));
  if (now?.identity === parent.status.identity) return;
  throw attemptFailed(attempt, "ESTALE", "stat", `its directory ${JSON.stringify(parent.path)} was moved or replaced`);
}

/** Closes the directory. A failure has no meaning: nothing was written through this handle. */
export function* closeParent(parent: { readonly handle: OpenFile | undefined }): Operation<void> {
  try {
    if (parent.handle !== undefined) yield* wait(parent.handle.close());
  } catch {
    // See above.
  }
}

/** Directories whose own entry this process has seen synced. */
const proven = new WeakMap<FileSystem, Set<string>>();

/**
 * Directories that this process has made and not seen synced, and how many failed syncs were known when it did: who
 * writes below them must try, and say so if it cannot.
 */
const unproven = new WeakMap<FileSystem, Map<string, number>>();

function entryOf<T>(entries: WeakMap<FileSystem, T>, fileSystem: FileSystem, make: () => T): T {
  let entry = entries.get(fileSystem);
  if (entry === undefined) entries.set(fileSystem, entry = make());
  return entry;
}

/** Without a time of creation, a directory is not told from a later one with the same inode number: never remembered. */
const keyOf = (status: FileStatus): string | undefined =>
  status.created === undefined ? undefined : `${status.identity} ${status.created}`;

/**
 * Makes `path` and its ancestors where they are missing, and makes every one of them durable. False: one of them could
 * not be, and the rules say to go on.
 */
export function* ensureDirectory(engine: Engine, path: string, rules: SyncRules, attempt: Attempt): Operation<boolean> {
  const { fileSystem } = engine;
  const missing: string[] = [];
  let current = path;
  let status = yield* wait(fileSystem.stat(current));
  while (status === undefined) {
    missing.push(current);
    const above = parentOf(engine, current);
    if (above === current) break;
    current = above;
    status = yield* wait(fileSystem.stat(current));
  }
  const made = new Map<string, string>();
  const syncs = syncsDirectory(rules.durability) && engine.capabilities.directorySync;
  for (const directory of missing.reverse()) {
    const isNew = yield* wait(fileSystem.makeDirectory(directory, 0o777));
    const now = syncs || !isNew ? yield* wait(fileSystem.stat(directory)) : undefined;
    if (now === undefined && !isNew) {
      const reason = `${JSON.stringify(directory)} is a symlink that leads nowhere`;
      throw attemptFailed(attempt, "ENOENT", "makeDirectory", reason);
    }
    if (!syncs || now === undefined) continue;
    made.set(now.identity, directory);
    const key = keyOf(now);
    if (key !== undefined) entryOf(unproven, fileSystem, () => new Map()).set(key, attempt.since);
  }
  if (!syncs) return true;
  const walked = new Set<string>();
  let durable = yield* proveDurable(engine, path, made, walked, rules, attempt);
  // `made/..` in the path: what was made for it is not above the file, and yet the path needs it.
  for (const [identity, directory] of made) {
    if (walked.has(identity)) continue;
    durable = (yield* proveDurable(engine, directory, made, walked, rules, attempt)) && durable;
  }
  return durable;
}

function* proveDurable(
  engine: Engine,
  path: string,
  made: ReadonlyMap<string, string>,
  walked: Set<string>,
  rules: SyncRules,
  attempt: Attempt,
): Operation<boolean> {
  const { fileSystem } = engine;
  const known = entryOf(proven, fileSystem, () => new Set<string>());
  const unknown = entryOf(unproven, fileSystem, () => new Map<string, number>());
  const synced: string[] = [];
  let durable = true;
  let current: string | undefined;
  let status = yield* wait(fileSystem.stat(path));
  while (status !== undefined) {
    const key = keyOf(status);
    if (walked.has(status.identity) || (key !== undefined && known.has(key))) break;
    walked.add(status.identity);
    current ??= yield* physicalPath(engine, path);
    const above = parentOf(engine, current);
    if (above === current) break;
    const isOurs = made.has(status.identity) || (key !== undefined && unknown.has(key));
    const parent = yield* openAncestor(engine, above, isOurs, rules, attempt);
    if (parent === undefined) break;
    try {
      // The entry of a mount point is not on the file system that is mounted there.
      if (parent.status.device !== status.device) break;
      // One that was made before a sync failed there, by this call or an earlier one, is not proven by syncing it again.
      const since = Math.min(attempt.since, (key === undefined ? undefined : unknown.get(key)) ?? attempt.since);
      if (!(yield* syncDirectory(engine, parent, rules, { ...attempt, since }))) {
        durable = false;
      } else if (key !== undefined) {
        unknown.delete(key);
        synced.push(key);
      }
    } finally {
      yield* closeParent(parent);
    }
    current = above;
    status = parent.status;
  }
  // A directory is as durable as the one above it: what is known here is not looked at again.
  if (durable) { for (const key of synced) known.add(key); }
  return durable;
}

/** As many as Linux follows: path_resolution(7). */
const mostLinks = 40;

/** The path of a directory without symlinks and `..`, as far as this process may look. */
function* physicalPath(engine: Engine, path: string, links = { followed: 0 }): Operation<string> {
  const above = parentOf(engine, path);
  if (above === path) return path;
  const directory = yield* physicalPath(engine, above, links);
  const name = nameOf(engine, path);
  if (name === "..") return parentOf(engine, directory);
  const own = childOf(engine, directory, name);
  let text: string | undefined;
  try {
    text = yield* wait(engine.fileSystem.readLink(own));
  } catch (error) {
    if (!isForbidden(error)) throw error;
  }
  if (text === undefined || mayBeLossy(text) || ++links.followed > mostLinks) return own;
  return yield* physicalPath(engine, absolutePath(text, directory, engine.capabilities.pathStyle, true), links);
}

/** Ancestors that were there before us and that we may not open are not ours to prove. */
function* openAncestor(
  engine: Engine,
  path: string,
  made: boolean,
  rules: SyncRules,
  attempt: Attempt,
): Operation<ParentDirectory | undefined> {
  try {
    const parent = yield* openParent(engine, path, made ? rules : { ...rules, whenUnsupported: "report" }, attempt);
    return parent.handle === undefined && !made ? undefined : parent;
  } catch (error) {
    if (made || !(isForbidden(error) || isUnsupported(error))) throw error;
    return undefined;
  }
}
