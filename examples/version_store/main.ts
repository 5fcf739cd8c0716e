/**
 * The command: `deno run -A examples/version_store/main.ts COMMAND …`, for the files of the current directory.
 *
 *     init                  makes .versions/
 *     commit MESSAGE        all files, as they are now; finishes a merge that waits for it
 *     branch [NAME [AT]]    makes a branch, here or at a branch or commit; without a name, lists them
 *     switch NAME           onto a branch, or detached onto a commit; the files become those of it
 *     merge NAME            another branch into this one
 *     rebase NAME           this branch onto another one; goes on with one that was interrupted
 *     log                   commits, the latest first
 *     restore [PATH…]       files as the current commit has them
 *     config NAME VALUE     a setting
 *     collect               removes objects that nothing leads to any more
 *     fsck                  is everything there, whole and consistent?
 */
import process from "node:process";
import { createBranch, currentCommit, moveHead, resolveCommit } from "./branches.ts";
import { check, roots } from "./check.ts";
import { commitTree } from "./commit_files.ts";
import { history, reachableFrom, readCommit } from "./commits.ts";
import { configure } from "./configuration.ts";
import { initRepository } from "./init.ts";
import { merge, treeOf } from "./merge.ts";
import { beginRebase, finishRebase, readRebase } from "./rebase.ts";
import { openRepository, type Repository } from "./repository.ts";
import { putWorkingTree, restorePaths, switchTree } from "./working_tree.ts";

type Lines = AsyncIterable<string>;

/** The files as they are; throws when they are not those of the current commit: switching would lose them. */
async function cleanTree(repository: Repository, root: string) {
  const { tree, digest } = await putWorkingTree(repository, root);
  const commit = await currentCommit(repository);
  const committed = commit === undefined ? undefined : (await readCommit(repository, commit)).tree;
  if (digest !== committed) throw new Error("There are changes that are not committed");
  return tree;
}

const commands: Record<string, (repository: Repository, root: string, args: readonly string[]) => Lines> = {
  async *commit(repository, root, [message = ""]) {
    const { digest } = await putWorkingTree(repository, root);
    yield `committed ${await commitTree(repository, digest, message)}`;
  },
  async *branch(repository, _root, [name, at]) {
    if (name === undefined) {
      for await (const { name, digest } of repository.references.list("heads/")) yield `${digest} ${name.slice(6)}`;
    } else {
      const commit = at === undefined ? undefined : await resolveCommit(repository, at);
      yield `${name} is at ${await createBranch(repository, name, commit)}`;
    }
  },
  async *switch(repository, root, [name = ""]) {
    const from = await cleanTree(repository, root);
    const commit = await resolveCommit(repository, name);
    await switchTree(repository, root, from, (await readCommit(repository, commit)).tree);
    await moveHead(repository, name === commit ? { commit } : { branch: name });
    yield `now at ${commit}`;
  },
  async *merge(repository, root, [name = ""]) {
    const from = await cleanTree(repository, root);
    const result = await merge(repository, await resolveCommit(repository, name));
    if (typeof result !== "string") {
      yield `settle and commit: ${result.conflicts.join(", ")}`;
      return;
    }
    await switchTree(repository, root, from, (await readCommit(repository, result)).tree);
    yield `merged as ${result}`;
  },
  async *rebase(repository, root, [name = ""]) {
    const from = await cleanTree(repository, root);
    if (await readRebase(repository) === undefined) {
      await beginRebase(repository, await resolveCommit(repository, name));
    }
    const tip = await finishRebase(repository);
    await switchTree(repository, root, from, (await readCommit(repository, tip)).tree);
    yield `rebased as ${tip}`;
  },
  async *log(repository) {
    const commit = await currentCommit(repository);
    if (commit === undefined) return;
    for await (const { digest, time, message } of history(repository, commit)) yield `${digest} ${time} ${message}`;
  },
  async *restore(repository, root, paths) {
    const tree = await treeOf(repository, await currentCommit(repository));
    const wanted = paths.length > 0 ? paths : Object.keys(tree);
    await restorePaths(repository, root, tree, wanted);
    yield `restored ${wanted.length}`;
  },
  async *config(repository, _root, [name = "", value = ""]) {
    await configure(repository, { [name]: value });
    yield `${name} is ${value}`;
  },
  async *collect(repository) {
    const reachable = reachableFrom(repository, await roots(repository));
    const { removed, kept } = await repository.objects.collectGarbage({ reachable });
    yield `${removed.length} removed, ${kept} kept`;
  },
  async *fsck(repository) {
    const { problems, notes, objects } = await check(repository);
    yield* problems.map((problem) => `problem: ${problem}`);
    yield* notes.map((note) => `note: ${note}`);
    yield `${objects} objects, ${problems.length} problems`;
    if (problems.length > 0) process.exitCode = 1;
  },
};

/** Runs one command in a directory; what it prints. */
export async function* runCommand(root: string, [name = "", ...args]: readonly string[]): AsyncGenerator<string> {
  const directory = `${root}/.versions`;
  if (name === "init") {
    await initRepository(directory);
    yield `made ${directory}`;
    return;
  }
  const command = commands[name];
  if (command === undefined) throw new TypeError(`There is no command ${JSON.stringify(name)}`);
  yield* command(await openRepository(directory), root, args);
}

// Node knows `main` from 24.2 on: https://nodejs.org/api/esm.html#importmetamain
if ((import.meta as { main?: boolean }).main) {
  if (process.argv.length < 3) {
    console.error(`Usage: main.ts ${["init", ...Object.keys(commands)].join("|")} …`);
    process.exit(64);
  }
  try {
    for await (const line of runCommand(process.cwd(), process.argv.slice(2))) console.log(line);
  } catch (error) {
    console.error(error instanceof Error ? error.message : String(error));
    process.exitCode = 1;
  }
}
