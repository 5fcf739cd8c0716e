/**
 * Rebasing: the commits of the current branch are made again on top of another one, one step at a time.
 *
 * `begin` notes what is to do; each `step` makes one commit and notes that; `finish` moves the branch, then clears the
 * state. Killed in between, it goes on where it was: a step is done again from what was noted, and a branch that has
 * been moved already is not moved twice.
 */
import { readJsonFile, removeFile, writeJsonFile } from "../../mod.ts";
import type { Digest } from "../../src/store/mod.ts";
import { currentCommit } from "./branches.ts";
import { history, putCommit, putTree, readCommit } from "./commits.ts";
import { commonAncestor, mergeTrees, treeOf } from "./merge.ts";
import { changeReference } from "./operations.ts";
import { pathsOf, type Repository } from "./repository.ts";

/** A rebase that is under way. */
export interface Rebase {
  readonly reference: string;
  readonly original: Digest;
  /** Where the commits made so far end. */
  readonly tip: Digest;
  /** Commits to make again, the oldest first. */
  readonly remaining: readonly Digest[];
}

/** The rebase that is under way. */
export function readRebase({ directory, options: { runtime } }: Repository): Promise<Rebase | undefined> {
  return readJsonFile<Rebase>(pathsOf(directory).rebase, runtime === undefined ? {} : { runtime });
}

async function note({ directory, options }: Repository, rebase: Rebase): Promise<Rebase> {
  await writeJsonFile(pathsOf(directory).rebase, rebase, options);
  return rebase;
}

/** Notes what is to do. */
export async function beginRebase(repository: Repository, onto: Digest): Promise<Rebase> {
  if (await readRebase(repository) !== undefined) throw new Error("Another rebase is under way");
  const head = await repository.references.readHead();
  const original = await currentCommit(repository);
  if (head?.name === undefined || original === undefined) throw new Error("HEAD is on no branch with commits");
  const base = await commonAncestor(repository, original, onto);
  const remaining: Digest[] = [];
  for await (const { digest } of history(repository, original)) {
    if (digest === base) break;
    remaining.unshift(digest);
  }
  return note(repository, { reference: head.name, original, tip: onto, remaining });
}

/** Makes the next commit again; undefined when none is left. Throws at a conflict: the state stays for `abortRebase`. */
export async function stepRebase(repository: Repository, rebase: Rebase): Promise<Rebase | undefined> {
  const [next, ...remaining] = rebase.remaining;
  if (next === undefined) return undefined;
  const { message, parents } = await readCommit(repository, next);
  const [base, ours, theirs] = await Promise.all([
    treeOf(repository, parents[0]),
    treeOf(repository, rebase.tip),
    treeOf(repository, next),
  ]);
  const { tree, conflicts } = mergeTrees(base, ours, theirs);
  if (conflicts.length > 0) throw new Error(`${next} conflicts in ${conflicts.join(", ")}`);
  const digest = await putTree(repository, tree);
  const tip = await putCommit(repository, { tree: digest, parents: [rebase.tip], message });
  return note(repository, { ...rebase, tip, remaining });
}

/** Takes all steps that are left, moves the branch and clears the state; where the branch is then. */
export async function finishRebase(repository: Repository): Promise<Digest> {
  let rebase = await readRebase(repository);
  if (rebase === undefined) throw new Error("No rebase is under way");
  for (let next = await stepRebase(repository, rebase); next !== undefined; next = await stepRebase(repository, next)) {
    rebase = next;
  }
  const { reference, original, tip } = rebase;
  await changeReference(repository, "rebase", async () => {
    const now = await repository.references.read(reference);
    return { change: now === tip ? undefined : { reference, before: original, after: tip } };
  });
  await abortRebase(repository);
  return tip;
}

/** Forgets what is left to do. */
export async function abortRebase({ directory, options }: Repository): Promise<void> {
  await removeFile(pathsOf(directory).rebase, options);
}
