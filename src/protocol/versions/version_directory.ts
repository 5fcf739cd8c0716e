/**
 * Versions where there are no hard links: a directory, made whole beside its place and then renamed there.
 *
 * A rename never replaces a directory that is not empty, so it decides as a link does: one contender has the number, and
 * nobody ever sees a part of a version. (A file that is created exclusively and filled afterwards would have the number
 * before it has its content, and a writer that dies in between would keep the number forever.)
 *
 * 1. a directory with a temporary name, in it `pending`, and the staged file as `content` → sync it → **rename** to the
 * version's name. 2. `pending` goes when the version is proven. 3. `removeVersion` renames it away before it empties it,
 * because an empty directory could be replaced. What a failure leaves bears a temporary name, and `sweep` removes it.
 */
import { type Operation, wait } from "../../core/operation.ts";
import { isInTheWay, SystemError } from "../../runtime/system_error.ts";
import { childOf, type Engine, parentOf } from "../engine.ts";
import { attachCleanup, type CleanupFailure, tidy, translate } from "../failure.ts";
import { closeQuietly } from "../file_call.ts";
import { processProof, temporaryName } from "../names/names.ts";
import { contentName, pendingName } from "../names/version.ts";
import { isOutOfReach } from "../out_of_reach.ts";
import { removeDirectoryName, removeName, renameName } from "../reported_failure.ts";
import { isUnsupported } from "../sync_codes.ts";
import { inspectVersion } from "./inspect_version.ts";
import { isFileThere } from "./proof.ts";
import { refuseForeign, type RisingVersion } from "./rising_version.ts";
import type { VersionedFile, VersionEntry } from "./versioned_file.ts";

/** A temporary name for a directory: it cannot be locked, so its owner's process is named. */
function temporaryPath(engine: Engine, entry: VersionEntry): string {
  const proof = processProof(engine.runtime.process.facts());
  const name = temporaryName(entry.name, proof, (length) => engine.runtime.random(length));
  return childOf(engine, parentOf(engine, entry.path), name);
}

/** Gives a staged file its number, in a directory; the path of `pending` in it, or undefined: the number is taken. */
export function* moveDirectoryToPlace(rising: RisingVersion): Operation<string | undefined> {
  const { file: { engine, attempt }, entry } = rising;
  const path = temporaryPath(engine, entry);
  try {
    yield* fillDirectory(rising, path);
    yield* wait(engine.fileSystem.rename(path, entry.path));
  } catch (error) {
    if (!(error instanceof SystemError) || !(yield* isInPlace(rising, path))) {
      const failures: CleanupFailure[] = [];
      if (attempt.targetState === "unchanged") yield* tidy(failures, emptyAndRemove(engine, path), path);
      const isTaken = isInTheWay(error) && error.path === path;
      const failure = isTaken ? failures[0]?.error : error;
      if (failure !== undefined) throw attachCleanup(translate(failure, attempt), failures, attempt);
      yield* refuseForeign(rising);
      return undefined;
    }
  }
  return childOf(engine, entry.path, pendingName);
}

function* fillDirectory({ file: { engine, plan }, staged }: RisingVersion, path: string): Operation<void> {
  const { fileSystem, capabilities } = engine;
  yield* wait(fileSystem.makeDirectory(path, 0o777));
  const file = yield* wait(fileSystem.create(childOf(engine, path, pendingName), 0o666));
  yield* closeQuietly(file);
  yield* renameName(engine, staged.temporary.path, childOf(engine, path, contentName), staged.identity);
  if (!capabilities.directorySync || plan.write.durability === "file") return;
  const directory = yield* wait(fileSystem.openDirectory(path));
  try {
    if (directory !== undefined) yield* wait(directory.sync("full"));
  } catch (error) {
    // Of the directory that it is in, the same is found out and reported.
    if (!isUnsupported(error)) throw error;
  } finally {
    if (directory !== undefined) yield* closeQuietly(directory);
  }
}

/** Whether the directory is in its place, whatever the rename was said to have done; `"unknown"` where nobody can tell. */
function* isInPlace({ file, entry, token, staged }: RisingVersion, path: string): Operation<boolean> {
  const { engine, attempt } = file;
  attempt.targetState = "unknown";
  const seen = yield* inspectVersion(engine, entry, file.directory);
  if (seen.kind === "version" && seen.trailer.token === token) return true;
  const isStaged = (yield* isFileThere(file, staged.temporary.path)) ||
    (yield* isFileThere(file, childOf(engine, path, contentName)));
  // Otherwise it was swept away, or had its number, was proven by others and cleaned away since.
  if (isStaged) attempt.targetState = "unchanged";
  return false;
}

/**
 * Removes a version; false when there is none any more. What is left of it under a temporary name is among the failures.
 */
export function* removeVersion(
  { engine, directory }: VersionedFile,
  entry: VersionEntry,
  failures: CleanupFailure[],
): Operation<boolean> {
  try {
    return yield* removeName(engine, entry.path);
  } catch (error) {
    if (!(error instanceof SystemError) || (error.code !== "EISDIR" && error.code !== "EPERM")) throw error;
    const seen = yield* inspectVersion(engine, entry, directory);
    if (seen.kind !== "version" || !seen.inDirectory) throw error;
    // Others could lead the removal of what is in it elsewhere.
    if (!(yield* isOutOfReach(engine, parentOf(engine, entry.path), entry.path))) throw error;
  }
  const path = temporaryPath(engine, entry);
  try {
    yield* renameName(engine, entry.path, path);
  } catch (error) {
    if (!(error instanceof SystemError) || error.code !== "ENOENT") throw error;
    // Gone: by this call, whose reply was lost, or by another program.
    if (!(yield* isContentIn(engine, path))) return false;
  }
  yield* tidy(failures, emptyAndRemove(engine, path), path);
  return true;
}

function* isContentIn(engine: Engine, path: string): Operation<boolean> {
  const file = yield* wait(engine.fileSystem.open(childOf(engine, path, contentName), "read", { follow: false }));
  if (file !== undefined) yield* closeQuietly(file);
  return file !== undefined;
}

function* emptyAndRemove(engine: Engine, path: string): Operation<void> {
  for (const name of [pendingName, contentName]) yield* removeName(engine, childOf(engine, path, name));
  yield* removeDirectoryName(engine, path);
}
