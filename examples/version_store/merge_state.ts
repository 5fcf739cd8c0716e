/**
 * The state of a merge that could not be finished by itself: written when it begins, cleared once its commit is there.
 *
 * A kill between the commit and the clearing leaves a state that is over; it is recognised by its commit, and cleared by
 * whoever looks next.
 */
import { readJsonFile, removeFile, writeJsonFile } from "../../mod.ts";
import type { Digest } from "../../src/store/mod.ts";
import { readCommit } from "./commits.ts";
import { pathsOf, type Repository } from "./repository.ts";

/** A merge that waits for its commit. */
export interface Merge {
  /** What is merged. */
  readonly theirs: Digest;
  /** Paths that both have changed. */
  readonly conflicts: readonly string[];
}

/** Notes that a merge waits for its commit. */
export async function writeMerge({ directory, options }: Repository, merge: Merge): Promise<void> {
  await writeJsonFile(pathsOf(directory).merge, merge, options);
}

/** The merge that waits for its commit; undefined when there is none, or it has been committed. */
export async function readMerge(repository: Repository): Promise<Merge | undefined> {
  const { directory, options: { runtime } } = repository;
  const merge = await readJsonFile<Merge>(pathsOf(directory).merge, runtime === undefined ? {} : { runtime });
  if (merge === undefined) return undefined;
  const commit = (await repository.references.readHead())?.digest;
  const done = commit !== undefined && (await readCommit(repository, commit)).parents.includes(merge.theirs);
  return done ? undefined : merge;
}

/** Clears the state of a merge that has been committed; false when one still waits. */
export async function finishMerge(repository: Repository): Promise<boolean> {
  if (await readMerge(repository) !== undefined) return false;
  await abortMerge(repository);
  return true;
}

/** Gives a merge up. */
export async function abortMerge({ directory, options }: Repository): Promise<void> {
  await removeFile(pathsOf(directory).merge, options);
}
