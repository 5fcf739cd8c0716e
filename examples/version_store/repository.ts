/**
 * A small version-control store that survives kills, full disks and power cuts; an example of how to build on objects,
 * references, a log and whole files. Everything it writes, it writes through this package's public functions.
 *
 *     .versions/
 *       objects/           contents, trees and commits under their SHA-256
 *       references/        heads/NAME → commit; HEAD: on a branch, or detached on a commit
 *       operations.log     every change of a reference, before it is made (operations.ts)
 *       config.json        changed under its lock (configuration.ts)
 *       MERGE.json         a merge that waits for its commit (merge.ts)
 *       REBASE.json        a rebase, after each of its steps (rebase.ts)
 *       reservations/      who works on what: one file each, created exclusively (agents.ts)
 *       intents/           what somebody is about to do, likewise
 *       repository.lock    held while a reference is read, decided upon and moved
 *
 * The order that keeps it whole: first the objects, then the record of what is going to change, then the reference. A
 * reference therefore never leads to nothing; and what was recorded and not done is done by whoever comes next.
 */
import { readJsonFile } from "../../mod.ts";
import { type ObjectStore, openObjectStore, openReferences, type References } from "../../src/store/mod.ts";
import type { Runtime } from "../../src/testing/mod.ts";

/** How a repository reaches the disk; given to every call that writes. */
export interface RepositoryOptions {
  /** When a sync fails: throw (default), or let the change land all the same. */
  readonly whenSyncFails?: "throw" | "report";
  /** The machine to work on: tests bring one in memory. */
  readonly runtime?: Runtime;
}

/** An open repository. */
export interface Repository {
  readonly directory: string;
  readonly options: RepositoryOptions;
  readonly objects: ObjectStore;
  readonly references: References;
}

/** What is in `config.json`. */
export interface Configuration {
  readonly version: 1;
  readonly author: string;
}

/** Where a repository keeps what is neither an object nor a reference. */
export const pathsOf = (directory: string) => ({
  configuration: `${directory}/config.json`,
  operations: `${directory}/operations.log`,
  merge: `${directory}/MERGE.json`,
  rebase: `${directory}/REBASE.json`,
  reservations: `${directory}/reservations`,
  intents: `${directory}/intents`,
  /** What the lock of the whole is beside. */
  whole: `${directory}/repository`,
});

/** Makes the directories that are missing; {@linkcode openRepository} and `initRepository` are for users. */
export async function openDirectories(directory: string, options: RepositoryOptions): Promise<Repository> {
  const [objects, references] = await Promise.all([
    openObjectStore(`${directory}/objects`, options),
    openReferences(`${directory}/references`, options),
  ]);
  return { directory, options, objects, references };
}

/** Opens a repository; throws when there is none. */
export async function openRepository(directory: string, options: RepositoryOptions = {}): Promise<Repository> {
  const { runtime } = options;
  const path = pathsOf(directory).configuration;
  const found = await readJsonFile<Configuration>(path, runtime === undefined ? {} : { runtime });
  if (found === undefined) throw new Error(`There is no repository in ${directory}`);
  if (found.version !== 1) throw new Error(`The repository in ${directory} is of version ${found.version}`);
  return openDirectories(directory, options);
}
