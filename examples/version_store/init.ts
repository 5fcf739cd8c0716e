/**
 * Making a repository. `config.json` comes last: a directory without it is no repository yet, and making it is completed
 * by whoever tries again.
 */
import { ConflictError, writeJsonFile } from "../../mod.ts";
import { changeReference } from "./operations.ts";
import { type Configuration, openDirectories, pathsOf, type Repository, type RepositoryOptions } from "./repository.ts";

/** The first branch. */
export const firstBranch = "heads/main";

/** Makes a repository, or completes one whose making was interrupted; any number of processes may try at once. */
export async function initRepository(directory: string, options: RepositoryOptions = {}): Promise<Repository> {
  const repository = await openDirectories(directory, options);
  await changeReference(repository, "init", async () => {
    const head = await repository.references.readHead();
    return { change: head === undefined ? { reference: "HEAD", before: null, after: firstBranch } : undefined };
  });
  const configuration: Configuration = { version: 1, author: "nobody" };
  try {
    await writeJsonFile(pathsOf(directory).configuration, configuration, { ...options, ifExists: "fail" });
  } catch (error) {
    if (!ConflictError.is(error)) throw error;
  }
  return repository;
}
