/**
 * Missing directories above a file, made so that a power cut does not take them away: only where that is asked for.
 *
 * `ensureDirectory` makes missing ancestors, and syncs the parent of every ancestor that this process has not itself
 * proven durable. One that another process has just made is as lost after a power cut as one of our own. Proven ones are
 * remembered by identity and time of creation: inode numbers are used again. The parent is the directory that holds the
 * entry, which behind a symlink or `..` is not the one that the path names before it.
 *
 * Directories made for a write that then fails stay: another writer may already rely on them.
 */
import { type Operation, wait } from "../core/operation.ts";
import { absolutePath, mayBeLossy } from "../core/path.ts";
import type { FileStatus, FileSystem } from "../runtime/runtime.ts";
import { isForbidden } from "../runtime/system_error.ts";
import { closeParent, makingRules, openParent, type ParentDirectory } from "./directories.ts";
import { childOf, type Engine, nameOf, parentOf } from "./engine.ts";
import { type Attempt, attemptFailed } from "./failure.ts";
import { syncDirectory, type SyncRules } from "./sync.ts";
import { isUnsupported } from "./sync_codes.ts";
import { syncsDirectory } from "./write_plan.ts";

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

/** Without a time of creation, a directory cannot be distinguished from a later one with its inode number: not remembered. */
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
  if (missing.length > 0 && status !== undefined) {
    yield* makeBelow({ engine, existing: current, missing: missing.reverse() }, attempt, (directory, now) => {
      if (!syncs) return;
      made.set(now.identity, directory);
      const key = keyOf(now);
      if (key !== undefined) entryOf(unproven, fileSystem, () => new Map()).set(key, attempt.since);
    });
  }
  if (!syncs) return true;
  const proof: AncestorProof = { engine, rules, attempt, made, walked: new Set() };
  let durable = yield* proveDurable(proof, path);
  // `made/..` in the path: what was made for it is not above the file, and yet the path needs it.
  for (const [identity, directory] of made) {
    if (proof.walked.has(identity)) continue;
    durable = (yield* proveDurable(proof, directory)) && durable;
  }
  return durable;
}

/**
 * Makes directories below one that exists, each in the one before, which is open: nobody can lead the next one
 * elsewhere. One that somebody else has made in the meantime is reached as any other: by its path, if it is no link of
 * a stranger's.
 */
function* makeBelow(
  { engine, existing, missing }: {
    readonly engine: Engine;
    readonly existing: string;
    readonly missing: readonly string[];
  },
  attempt: Attempt,
  note: (directory: string, status: FileStatus) => void,
): Operation<void> {
  let home = yield* openParent(engine, existing, makingRules, attempt);
  try {
    for (const directory of missing) {
      const name = nameOf(engine, directory);
      const isNew = name !== ".." && (yield* wait(home.names.makeDirectory(name, 0o777)));
      if (!isNew && (yield* wait(engine.fileSystem.stat(directory))) === undefined) {
        const reason = `${JSON.stringify(directory)} is a symlink that leads nowhere`;
        throw attemptFailed(attempt, "ENOENT", "makeDirectory", reason);
      }
      const next = (isNew ? yield* enterMade(home, name) : undefined) ??
        (yield* openParent(engine, directory, makingRules, attempt));
      yield* closeParent(home);
      home = next;
      note(directory, home.status);
    }
  } finally {
    yield* closeParent(home);
  }
}

/** Undefined: it may not be opened, by this user's umask for instance, and is worked in by its path. */
function* enterMade(home: ParentDirectory, name: string): Operation<ParentDirectory | undefined> {
  try {
    return yield* home.openChild(name);
  } catch (error) {
    if (!isForbidden(error)) throw error;
    return undefined;
  }
}

/** What one call proves of the directories above its file. */
interface AncestorProof {
  readonly engine: Engine;
  readonly rules: SyncRules;
  readonly attempt: Attempt;
  /** Those that it has made, by identity. */
  readonly made: ReadonlyMap<string, string>;
  /** Those that it has looked at. */
  readonly walked: Set<string>;
}

function* proveDurable(proof: AncestorProof, path: string): Operation<boolean> {
  const { engine, rules, attempt, made, walked } = proof;
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
    const parent = yield* openAncestor(proof, above, isOurs);
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
  { engine, rules, attempt }: AncestorProof,
  path: string,
  made: boolean,
): Operation<ParentDirectory | undefined> {
  try {
    const parent = yield* openParent(engine, path, made ? rules : { ...rules, whenUnsupported: "report" }, attempt);
    return parent.handle === undefined && !made ? undefined : parent;
  } catch (error) {
    if (made || !(isForbidden(error) || isUnsupported(error))) throw error;
    return undefined;
  }
}
