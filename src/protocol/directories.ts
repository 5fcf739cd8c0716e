/**
 * The directory a file lives in: opened first, because it is what gets synced last.
 *
 * 1. `openParent`: opens the directory (shared_directory.ts); whether it can be synced is known from here on, before the
 *    commit point.
 * 2. everything in it by name, through `names` of the {@linkcode ParentDirectory}.
 * 3. `checkParent` right before the commit: is this still the directory the path leads to?
 * 4. `closeParent`.
 *
 * Directories that have to be made first are made_directories.ts. A failure here leaves everything as it was.
 */
import { type Operation, wait } from "../core/operation.ts";
import { joinPath } from "../core/path.ts";
import { NamesByPath } from "../runtime/directory.ts";
import type { DirectoryNames, FileStatus, OpenDirectory } from "../runtime/runtime.ts";
import { isForbidden, SystemError } from "../runtime/system_error.ts";
import type { Engine } from "./engine.ts";
import { type Attempt, attemptFailed } from "./failure.ts";
import { checkWay } from "./links.ts";
import { holdNames, isSafeChild, isSafeWay, type Way } from "./safe_way.ts";
import { LearnedDevices } from "./learned_devices.ts";
import { enterDirectory, type EnteredDirectory, leaveDirectory } from "./shared_directory.ts";
import { durabilityUnsupported, syncDirectory, type SyncRules } from "./sync.ts";
import { refuseUnsafePath } from "./unsafe_path.ts";
import { syncsDirectory } from "./write_plan.ts";

/** The opened directory of a target. */
export class ParentDirectory {
  /** Of the operation that has opened it. */
  readonly engine: Engine;
  readonly path: string;
  readonly status: FileStatus;
  /** What names are reached through, and what is synced at the end; undefined where neither is wanted, or it is closed. */
  handle: OpenDirectory | undefined;
  /** Whether another directory can come to be in its place, and names in it be reached there. */
  way: Way = "loose";
  /** Closed until it is synced, to spare its descriptor: by its path until then. */
  isResting = false;
  readonly #prefix: string;
  #byPath: DirectoryNames | undefined;

  /** A directory that was opened, or at least looked at. */
  constructor(engine: Engine, path: string, status: FileStatus, handle?: OpenDirectory) {
    this.engine = engine;
    this.path = path;
    this.status = status;
    this.handle = handle;
    this.#prefix = joinPath(path, "", engine.capabilities.pathStyle);
  }

  /** What is in it: reached through what is open, by its path where nothing is. */
  get names(): DirectoryNames {
    return this.handle?.names ?? (this.#byPath ??= new NamesByPath(this.engine.fileSystem, this.pathOf("")));
  }

  /** The same without what is synced, for a commit whose caller syncs this one, and keeps it open until then. */
  withoutSync(): ParentDirectory {
    const other = new ParentDirectory(this.engine, this.path, this.status);
    other.way = this.way;
    other.#byPath = this.names;
    return other;
  }

  /** The path of a name in it. */
  pathOf(name: string): string {
    return this.#prefix + name;
  }

  /** Opens a directory in it, which is not reached through a symlink; undefined when there is none. */
  *openChild(name: string): Operation<ParentDirectory | undefined> {
    const { engine, names } = this;
    if (!engine.capabilities.directorySync) {
      const status = yield* wait(names.linkStat(name));
      return status?.kind === "directory" ? this.#child(name, status) : undefined;
    }
    const handle = yield* wait(names.openDirectory(name));
    if (handle === undefined) return undefined;
    try {
      return this.#child(name, yield* wait(handle.stat()), handle);
    } catch (error) {
      yield* closeParent({ handle });
      throw error;
    }
  }

  #child(name: string, status: FileStatus, handle?: OpenDirectory): ParentDirectory {
    const child = new ParentDirectory(this.engine, this.pathOf(name), status, handle);
    child.way = holdNames(this.way === "safe" && isSafeChild(this.engine, this.status, status), handle);
    return child;
  }
}

/** How a directory is opened in order to make something in it: whether it can be synced is learned when it is. */
export const makingRules: SyncRules = { durability: "full", whenUnsupported: "report", whenSyncFails: "throw" };

/** Opens the directory `path`; ENOENT when there is none. */
export function* openParent(
  engine: Engine,
  path: string,
  rules: SyncRules,
  attempt: Attempt,
): Operation<ParentDirectory> {
  const { fileSystem, capabilities } = engine;
  const wanted = syncsDirectory(rules.durability);
  const isOpened = wanted || !isSafeWay(engine, path);
  const gone = () => attemptFailed(attempt, "ENOENT", "openDirectory", `there is no directory ${JSON.stringify(path)}`);
  if (isOpened && capabilities.directorySync) {
    let entered: EnteredDirectory | undefined;
    try {
      entered = yield* enterDirectory(engine, path);
      if (entered === undefined) throw gone();
    } catch (error) {
      // A directory may be written to but not opened (mode 0300, a permission of the runtime): it is not synced then.
      if (!isForbidden(error) || error.call !== "openDirectory") throw error;
      if (wanted && rules.whenUnsupported === "throw") {
        throw durabilityUnsupported(rules, "openDirectory", attempt, error);
      }
    }
    if (entered !== undefined) return yield* opened(engine, path, entered, { rules, attempt });
  } else if (wanted && rules.whenUnsupported === "throw") {
    throw durabilityUnsupported(rules, "syncDirectory", attempt);
  }
  const status = yield* wait(fileSystem.stat(path));
  if (status === undefined) throw gone();
  // Not every system says so of a name below a file.
  if (status.kind !== "directory") throw new SystemError("ENOTDIR", "openDirectory", path);
  const parent = new ParentDirectory(engine, path, status);
  parent.way = holdNames(isSafeWay(engine, path), undefined);
  yield* checkWay(engine, parent, attempt);
  if (parent.way === "loose") yield* refuseUnsafePath(engine, path, attempt);
  return parent;
}

/** File systems whose directories are known to be syncable. */
const syncable = new LearnedDevices();

/**
 * A caller that insists on a durability must learn before the commit that this mount cannot provide it: probed once.
 */
function* opened(
  engine: Engine,
  path: string,
  { handle, status }: EnteredDirectory,
  { rules, attempt }: { readonly rules: SyncRules; readonly attempt: Attempt },
): Operation<ParentDirectory> {
  try {
    const parent = new ParentDirectory(engine, path, status, handle);
    parent.way = holdNames(isSafeWay(engine, path), handle);
    yield* checkWay(engine, parent, attempt);
    if (parent.way === "loose") yield* refuseUnsafePath(engine, path, attempt);
    const { device } = status;
    if (
      syncsDirectory(rules.durability) && rules.whenUnsupported === "throw" && !syncable.has(engine.fileSystem, device)
    ) {
      yield* syncDirectory(engine, parent, rules, attempt);
      syncable.add(engine.fileSystem, device);
    }
    return parent;
  } catch (error) {
    yield* closeParent({ handle });
    throw error;
  }
}

/**
 * Closes the directory until `syncParent` opens it again, for calls that work in more directories than there are
 * descriptors.
 */
export function* restParent(parent: ParentDirectory): Operation<void> {
  parent.isResting = parent.handle !== undefined;
  yield* closeParent(parent);
}

/** Makes the names in the directory durable, opening it again if it rests; false where the platform cannot. */
export function* syncParent(parent: ParentDirectory, rules: SyncRules, attempt: Attempt): Operation<boolean> {
  const { engine, path, status } = parent;
  if (!parent.isResting) return yield* syncDirectory(engine, parent, rules, attempt);
  const again = yield* openParent(engine, path, rules, attempt);
  try {
    if (again.status.identity !== status.identity) throw movedAway(parent, attempt, "openDirectory");
    return yield* syncDirectory(engine, again, rules, attempt);
  } finally {
    yield* closeParent(again);
  }
}

const movedAway = ({ path }: ParentDirectory, attempt: Attempt, step: string): Error =>
  attemptFailed(attempt, "ESTALE", step, `its directory ${JSON.stringify(path)} was moved or replaced`);

/** Fails when the path of the directory no longer leads to the one that was opened. */
export function* checkParent(parent: ParentDirectory, attempt: Attempt): Operation<void> {
  const now = yield* wait(parent.engine.fileSystem.stat(parent.path));
  if (now?.identity === parent.status.identity) return;
  throw movedAway(parent, attempt, "stat");
}

/** Gives the directory back. */
export function* closeParent(parent: { handle: OpenDirectory | undefined }): Operation<void> {
  const { handle } = parent;
  if (handle === undefined) return;
  // A call that asks for a name from now on must not reach it through a descriptor that may be another one's.
  parent.handle = undefined;
  yield* leaveDirectory(handle);
}
