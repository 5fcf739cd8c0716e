/**
 * Directories that the files of a plan need: made where they are missing, before anything else, each with its mode and
 * owner from the beginning, and durable before anything is decided.
 *
 * One that exists is left alone. After a failure, of the plan as well, those that were made stay: another program may
 * already rely on them.
 */
import { type Operation, wait } from "../core/operation.ts";
import { closeParent, openParent } from "../protocol/directories.ts";
import { type Engine, nameOf, parentOf } from "../protocol/engine.ts";
import { type Attempt, attemptFailed, translate } from "../protocol/failure.ts";
import { ensureDirectory } from "../protocol/made_directories.ts";
import { ownerNumbers } from "../protocol/metadata.ts";
import type { Owner } from "../protocol/mode_and_owner.ts";
import type { SyncRules } from "../protocol/sync.ts";

/** A directory as it was asked for, checked. */
export interface RequestedDirectory {
  /** Absolute. */
  readonly path: string;
  readonly mode: number | undefined;
  readonly owner: Owner | undefined;
}

/** What happened to a directory. */
export interface AppliedDirectory {
  /** The directory, absolute. */
  path: string;
  /** `"unchanged"`: there was one already; its mode and owner are left alone. */
  state: "made" | "unchanged";
}

/** Makes those that are missing; what happened to each, and whether all are durable. */
export function* makePlannedDirectories(
  engine: Engine,
  directories: readonly RequestedDirectory[],
  rules: SyncRules,
  attempt: Attempt,
): Operation<{ readonly directories: AppliedDirectory[]; readonly durable: boolean }> {
  const done: AppliedDirectory[] = [];
  let durable = true;
  for (const directory of directories) {
    const about = { ...attempt, path: directory.path };
    try {
      const isNew = yield* makeOne(engine, directory, rules, about);
      done.push({ path: directory.path, state: isNew ? "made" : "unchanged" });
      durable = (yield* ensureDirectory(engine, directory.path, rules, about)) && durable;
    } catch (error) {
      throw translate(error, about);
    }
  }
  return { directories: done, durable };
}

function* makeOne(
  engine: Engine,
  { path, mode, owner }: RequestedDirectory,
  rules: SyncRules,
  attempt: Attempt,
): Operation<boolean> {
  const { capabilities, runtime } = engine;
  const name = nameOf(engine, path);
  const home = yield* openParent(engine, parentOf(engine, path), rules, attempt);
  try {
    // Nobody else's before it has its owner.
    const first = owner === undefined ? mode ?? 0o777 : 0o700;
    if (!(yield* wait(home.names.makeDirectory(name, first & 0o777)))) {
      if ((yield* wait(engine.fileSystem.stat(path)))?.kind === "directory") return false;
      throw attemptFailed(attempt, "ENOTDIR", "makeDirectory", "there is something else in place of the directory");
    }
    if (mode === undefined && owner === undefined) return true;
    // Not through a symlink that has taken its place: what that leads to would get the owner and the mode.
    const made = yield* home.openChild(name);
    if (made === undefined) throw attemptFailed(attempt, "ENOENT", "openDirectory", "the directory is gone");
    try {
      if (owner !== undefined && capabilities.owner) {
        const { user, group } = ownerNumbers(owner, runtime);
        yield* wait(made.handle?.setOwner(user, group));
      }
      if (capabilities.mode) yield* wait(made.handle?.setMode(mode ?? 0o755));
      yield* wait(made.handle?.sync("full"));
    } finally {
      yield* closeParent(made);
    }
    return true;
  } finally {
    yield* closeParent(home);
  }
}
