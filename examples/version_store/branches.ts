/**
 * Branches and HEAD. A commit that somebody points to anew may be old, and unreachable until then: everything it needs
 * is kept first, so that a collection that is under way does not take it.
 */
import type { Digest } from "../../src/store/mod.ts";
import { reachableFrom } from "./commits.ts";
import { changeReference } from "./operations.ts";
import type { Repository } from "./repository.ts";

/** The reference of a branch. */
export const branchReference = (name: string): string => `heads/${name}`;

/** The commit that HEAD leads to; undefined before the first one. */
export async function currentCommit({ references }: Repository): Promise<Digest | undefined> {
  return (await references.readHead())?.digest;
}

/** The commit that is meant: of a branch, or a digest. Throws when there is none. */
export async function resolveCommit({ references }: Repository, name: string): Promise<Digest> {
  const found = /^[0-9a-f]{64}$/.test(name) ? name : await references.read(branchReference(name));
  if (found === undefined) throw new Error(`There is no branch ${JSON.stringify(name)}`);
  return found;
}

async function keep(repository: Repository, commit: Digest): Promise<void> {
  for await (const digest of reachableFrom(repository, [commit])) {
    if (!await repository.objects.keep(digest)) throw new Error(`Object ${digest} is gone`);
  }
}

/** Makes a branch, at a commit or at HEAD. Throws if there is one already, or another name is in its way. */
export async function createBranch(repository: Repository, name: string, at?: Digest): Promise<Digest> {
  const reference = branchReference(name);
  // Refuses a name that cannot be one before anything is kept or recorded.
  await repository.references.read(reference);
  const commit = at ?? await currentCommit(repository);
  if (commit === undefined) throw new Error("There is no commit yet");
  await keep(repository, commit);
  await changeReference(repository, "branch", () => {
    return Promise.resolve({ change: { reference, before: null, after: commit } });
  });
  return commit;
}

/** Moves HEAD onto a branch, or detached onto a commit. */
export async function moveHead(repository: Repository, to: { branch: string } | { commit: Digest }): Promise<void> {
  if ("commit" in to) await keep(repository, to.commit);
  await changeReference(repository, "switch", async () => {
    const after = "branch" in to ? branchReference(to.branch) : to.commit;
    if ("branch" in to) await resolveCommit(repository, to.branch);
    const head = await repository.references.readHead();
    const before = head?.name ?? head?.digest ?? null;
    return { change: before === after ? undefined : { reference: "HEAD", before, after } };
  });
}
