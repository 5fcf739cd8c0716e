/**
 * The files that people work on: put into the store as they are, and restored from it, each atomically.
 *
 * Of a tree that is being restored, a power cut may leave some files old and some new, each of them whole; restoring
 * again completes it.
 */
import { readdir } from "node:fs/promises";
import { removeFile } from "../../mod.ts";
import type { Digest } from "../../src/store/mod.ts";
import { checkPath, putTree, readTree, type Tree } from "./commits.ts";
import type { Repository } from "./repository.ts";

/** The regular files below a directory, as paths of a tree, sorted. Other things, and `.versions`, are left out. */
export async function listFiles(root: string, below = ""): Promise<string[]> {
  const found: string[] = [];
  for (const entry of await readdir(below === "" ? root : `${root}/${below}`, { withFileTypes: true })) {
    const path = below === "" ? entry.name : `${below}/${entry.name}`;
    if (path === ".versions") continue;
    if (entry.isDirectory()) found.push(...await listFiles(root, path));
    else if (entry.isFile()) found.push(path);
  }
  return found.sort();
}

/** Puts every file and the tree of them. */
export async function putWorkingTree(repository: Repository, root: string): Promise<{ tree: Tree; digest: Digest }> {
  const paths = (await listFiles(root)).map(checkPath);
  const tree: Record<string, Digest> = {};
  for (const path of paths) tree[path] = await repository.objects.putFile(`${root}/${path}`);
  return { tree, digest: await putTree(repository, tree) };
}

/** Restores some files of a tree. */
export async function restorePaths(
  { objects }: Repository,
  root: string,
  tree: Tree,
  paths: readonly string[],
): Promise<void> {
  // All of them are looked at before the first is written.
  const digests = paths.map((path) => [checkPath(path), tree[path]] as const);
  for (const [path, digest] of digests) if (digest === undefined) throw new Error(`There is no ${path} in that commit`);
  for (const [path, digest] of digests) {
    await objects.restore(digest as Digest, `${root}/${path}`, { createDirectories: true });
  }
}

/** Makes the files be those of another tree: writes what differs, removes what is not in it. */
export async function switchTree(repository: Repository, root: string, from: Tree, to: Digest): Promise<void> {
  const tree = await readTree(repository, to);
  await restorePaths(repository, root, tree, Object.keys(tree).filter((path) => from[path] !== tree[path]));
  for (const path of Object.keys(from)) if (!(path in tree)) await removeFile(`${root}/${path}`, repository.options);
}
