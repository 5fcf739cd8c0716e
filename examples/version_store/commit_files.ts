/**
 * Making a commit: contents and tree are put before the lock is taken; only the commit itself, which names its parent, is
 * put inside it. Any number of processes may commit to one branch at once, and none loses another's.
 */
import type { FileData } from "../../mod.ts";
import type { Digest } from "../../src/store/mod.ts";
import { putCommit, putFiles } from "./commits.ts";
import { finishMerge, readMerge } from "./merge_state.ts";
import { changeReference } from "./operations.ts";
import type { Repository } from "./repository.ts";

/** Commits these files, all there are, on the current branch (or detached); finishes a merge that waits for it. */
export async function commitFiles(
  repository: Repository,
  files: Readonly<Record<string, FileData>>,
  message: string,
): Promise<Digest> {
  return commitTree(repository, (await putFiles(repository, files)).digest, message);
}

/** {@linkcode commitFiles} of a tree that has been put. `onto`: the commit that must be the current one still. */
export async function commitTree(
  repository: Repository,
  tree: Digest,
  message: string,
  onto?: Digest,
): Promise<Digest> {
  const { commit } = await changeReference(repository, "commit", async () => {
    const head = await repository.references.readHead();
    if (head === undefined) throw new Error("HEAD is nowhere");
    if (onto !== undefined && head.digest !== onto) throw new Error("The branch has been moved meanwhile");
    const merge = await readMerge(repository);
    const parents = [head.digest, merge?.theirs].filter((digest) => digest !== undefined);
    const commit = await putCommit(repository, { tree, parents, message });
    const change = { reference: head.name ?? "HEAD", before: head.digest ?? null, after: commit };
    return { change, commit };
  });
  await finishMerge(repository);
  return commit;
}
