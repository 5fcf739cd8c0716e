/**
 * Trees and commits: JSON objects in the store. A commit is a whole state of all files, who came before it, and why.
 * Nothing here leads to them yet: commit_files.ts does that.
 */
import type { FileData } from "../../mod.ts";
import type { Digest } from "../../src/store/mod.ts";
import type { Repository } from "./repository.ts";

/** What is where: relative paths with "/" and the digests of their contents. */
export type Tree = Readonly<Record<string, Digest>>;

/** A state of all files, and how it came about. */
export interface Commit {
  readonly tree: Digest;
  readonly parents: readonly Digest[];
  readonly message: string;
  readonly time: string;
}

const decoder = new TextDecoder("utf-8", { fatal: true });

/** A path as it may be in a tree; TypeError for what could lead out of the directory that is restored into. */
export function checkPath(path: string): string {
  const parts = path.split("/");
  const wrong = parts.some((part) => part === "" || part === "." || part === "..");
  if (wrong || /[\p{Cc}\\]/u.test(path) || /^[a-z]:/i.test(path) || parts[0] === ".versions") {
    throw new TypeError(`${JSON.stringify(path)} cannot be the path of a file in a tree`);
  }
  return path;
}

/** Puts a tree; the same files in any order are the same tree. */
export function putTree({ objects }: Repository, tree: Tree): Promise<Digest> {
  const sorted = Object.entries(tree).sort(([a], [b]) => a < b ? -1 : 1);
  sorted.forEach(([path]) => checkPath(path));
  return objects.put(JSON.stringify(Object.fromEntries(sorted)));
}

/** Puts contents, together, and the tree of them. */
export async function putFiles(
  repository: Repository,
  files: Readonly<Record<string, FileData>>,
): Promise<{ tree: Tree; digest: Digest }> {
  const paths = Object.keys(files).map(checkPath);
  const digests = await repository.objects.putMany(Object.values(files));
  const tree = Object.fromEntries(paths.map((path, index) => [path, digests[index] as Digest]));
  return { tree, digest: await putTree(repository, tree) };
}

async function readObject({ objects }: Repository, digest: Digest): Promise<unknown> {
  return JSON.parse(decoder.decode(await objects.get(digest)));
}

/** A tree; its paths are looked at before anybody restores into them. */
export async function readTree(repository: Repository, digest: Digest): Promise<Tree> {
  const tree = await readObject(repository, digest) as Tree;
  Object.keys(tree).forEach(checkPath);
  return tree;
}

/** A commit. */
export async function readCommit(repository: Repository, digest: Digest): Promise<Commit> {
  const commit = await readObject(repository, digest) as Commit;
  if (typeof commit.tree !== "string" || !Array.isArray(commit.parents)) throw new TypeError(`${digest} is no commit`);
  return commit;
}

/** Puts a commit; nothing leads to it yet. */
export function putCommit({ objects }: Repository, commit: Omit<Commit, "time">): Promise<Digest> {
  return objects.put(JSON.stringify({ ...commit, time: new Date().toISOString() }));
}

/** Commits from this one back along first parents, the latest first. */
export async function* history(repository: Repository, from: Digest): AsyncGenerator<{ digest: Digest } & Commit> {
  for (let digest: Digest | undefined = from; digest !== undefined;) {
    const commit: Commit = await readCommit(repository, digest);
    yield { digest, ...commit };
    digest = commit.parents[0];
  }
}

/** Every object that these commits need: themselves, what came before them, trees and contents. */
export async function* reachableFrom(repository: Repository, commits: Iterable<Digest>): AsyncGenerator<Digest> {
  const seen = new Set<Digest>();
  const waiting = [...commits];
  for (let digest = waiting.pop(); digest !== undefined; digest = waiting.pop()) {
    if (seen.has(digest)) continue;
    seen.add(digest);
    yield digest;
    const { tree, parents } = await readCommit(repository, digest);
    waiting.push(...parents);
    if (seen.has(tree)) continue;
    seen.add(tree);
    yield tree;
    for (const content of Object.values(await readTree(repository, tree))) {
      if (seen.has(content)) continue;
      seen.add(content);
      yield content;
    }
  }
}
