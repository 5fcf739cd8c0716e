/**
 * A file that is changed by versions: where it is, what is asked for, and which versions a listing of its directory shows.
 *
 * 1. `openVersioned` follows symlinks at the end of the path, opens the directory and runs a body in it. 2. `listVersions`
 * as often as need be: what it says was true at some moment, and never decides anything by itself.
 */
import { type Operation, wait } from "../../core/operation.ts";
import type { FileStatus } from "../../runtime/runtime.ts";
import { closeParent, openParent, type ParentDirectory } from "../directories.ts";
import { childOf, type Engine } from "../engine.ts";
import { type Attempt, attemptFailed, beginAnew } from "../failure.ts";
import { isStageOf, isVersionOf, parseVersionName, versionName } from "../names/version.ts";
import { ensureDirectory } from "../made_directories.ts";
import type { Target } from "../file_replacement.ts";
import { resolveTarget } from "../target.ts";
import type { WritePlan } from "../write_plan.ts";

/** What a change by versions asks for. */
export interface VersionPlan {
  readonly write: WritePlan;
  /** How many of the newest versions stay. */
  readonly keep: number;
  /** Whether the file itself is replaced with the newest content. */
  readonly refresh: boolean;
}

/** A versioned file that is being looked at. */
export interface VersionPlace {
  readonly engine: Engine;
  /** The file itself, which shows its newest version to programs that know nothing of versions. */
  readonly target: Target;
  /** The status of its directory. */
  readonly directory: FileStatus;
  readonly attempt: Attempt;
}

/** A versioned file that is being changed. */
export interface VersionedFile extends VersionPlace {
  readonly parent: ParentDirectory;
  readonly plan: VersionPlan;
}

/** A version's name in a listing. */
export interface VersionEntry {
  readonly number: number;
  readonly name: string;
  readonly path: string;
}

/** What a listing of the directory shows. */
export interface VersionListing {
  /** The highest number first. */
  readonly versions: readonly VersionEntry[];
  /** All other names. */
  readonly others: readonly string[];
}

/** Finds the file and its directory, and runs `body` while that is open. */
export function* openVersioned<T>(
  engine: Engine,
  { path, plan, attempt }: { readonly path: string; readonly plan: VersionPlan; readonly attempt: Attempt },
  body: (file: VersionedFile) => Operation<T>,
): Operation<T> {
  let target = yield* resolveTarget(engine, path, "follow", attempt);
  if (plan.write.createDirectories && !(yield* ensureDirectory(engine, target.directory, plan.write, attempt))) {
    beginAnew(attempt);
    target = { ...target, unsyncedAncestors: true };
  }
  const parent = yield* openParent(engine, target.directory, plan.write, attempt);
  try {
    return yield* body({ engine, target, directory: parent.status, parent, plan, attempt });
  } finally {
    yield* closeParent(parent);
  }
}

/** The entry of a version by its number, whether there is one or not. */
export function versionEntry({ engine, target }: VersionPlace, number: number): VersionEntry {
  const name = versionName(target.name, number);
  return { number, name, path: childOf(engine, target.directory, name) };
}

/** Lists the versions. */
export function* listVersions({ engine, target, attempt }: VersionPlace): Operation<VersionListing> {
  const entries = yield* wait(engine.fileSystem.readDirectory(target.directory));
  if (entries === undefined) {
    const reason = `there is no directory ${JSON.stringify(target.directory)}`;
    throw attemptFailed(attempt, "ENOENT", "readDirectory", reason);
  }
  const versions: VersionEntry[] = [];
  const others: string[] = [];
  for (const { name, kind } of entries) {
    const parsed = parseVersionName(name);
    if (parsed === undefined || !isVersionOf(parsed, target.name)) others.push(name);
    // Nothing else can be a version.
    else if (kind === "file" || kind === "directory") {
      versions.push({ number: parsed.number, name, path: childOf(engine, target.directory, name) });
    }
  }
  return { versions: versions.sort((a, b) => b.number - a.number), others };
}

/** The paths in a listing that may be second names of a version. */
export function stagesOf({ engine, target }: VersionPlace, { others }: VersionListing, name: string): string[] {
  return others.filter((other) => isStageOf(other, name)).map((other) => childOf(engine, target.directory, other));
}
