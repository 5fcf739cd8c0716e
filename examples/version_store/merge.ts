/**
 * Merging, path by path: what only one side has changed is taken from it; what both have changed differently is a
 * conflict, which a person settles with a commit.
 */
import type { Digest } from "../../src/store/mod.ts";
import { currentCommit } from "./branches.ts";
import { commitTree } from "./commit_files.ts";
import { history, putTree, readCommit, readTree, type Tree } from "./commits.ts";
import { type Merge, readMerge, writeMerge } from "./merge_state.ts";
import type { Repository } from "./repository.ts";

/** Both sides' changes, as far as they do not contradict each other. */
export function mergeTrees(base: Tree, ours: Tree, theirs: Tree): { tree: Tree; conflicts: string[] } {
  const tree: Record<string, Digest> = {};
  const conflicts: string[] = [];
  for (const path of [...new Set([...Object.keys(ours), ...Object.keys(theirs)])].sort()) {
    const [before, mine, other] = [base[path], ours[path], theirs[path]];
    if (mine !== other && mine !== before && other !== before) conflicts.push(path);
    const chosen = mine === before ? other : mine;
    if (chosen !== undefined) tree[path] = chosen;
  }
  return { tree, conflicts };
}

/** The tree of a commit. */
export async function treeOf(repository: Repository, commit: Digest | undefined): Promise<Tree> {
  return commit === undefined ? {} : readTree(repository, (await readCommit(repository, commit)).tree);
}

/** The latest commit that both come from, along first parents. */
export async function commonAncestor(
  repository: Repository,
  ours: Digest,
  theirs: Digest,
): Promise<Digest | undefined> {
  const mine = new Set<Digest>();
  for await (const { digest } of history(repository, ours)) mine.add(digest);
  for await (const { digest } of history(repository, theirs)) if (mine.has(digest)) return digest;
  return undefined;
}

/** Merges a commit into the current one: the merge commit's digest, or what has to be settled by hand first. */
export async function merge(repository: Repository, theirs: Digest): Promise<Digest | Merge> {
  if (await readMerge(repository) !== undefined) throw new Error("Another merge waits for its commit");
  const ours = await currentCommit(repository);
  if (ours === undefined) throw new Error("There is no commit yet");
  const base = await commonAncestor(repository, ours, theirs);
  const trees = await Promise.all([base, ours, theirs].map((commit) => treeOf(repository, commit)));
  const { tree, conflicts } = mergeTrees(...trees as [Tree, Tree, Tree]);
  const state = { theirs, conflicts };
  // From here on a commit, by whomever, is the merge; also after a kill.
  await writeMerge(repository, state);
  if (conflicts.length > 0) return state;
  return commitTree(repository, await putTree(repository, tree), `merge ${theirs}`, ours);
}
