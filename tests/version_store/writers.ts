/** Every writer of examples/version_store: what it needs, and what it does. For tests that hold for each of them. */
import { assert, assertEquals } from "@std/assert";
import { declareIntent, release, reserve, withdrawIntent } from "../../examples/version_store/agents.ts";
import { createBranch, currentCommit, moveHead } from "../../examples/version_store/branches.ts";
import { commitFiles } from "../../examples/version_store/commit_files.ts";
import { readCommit, readTree } from "../../examples/version_store/commits.ts";
import { configure, readConfiguration } from "../../examples/version_store/configuration.ts";
import { initRepository } from "../../examples/version_store/init.ts";
import { merge } from "../../examples/version_store/merge.ts";
import { abortMerge, readMerge } from "../../examples/version_store/merge_state.ts";
import { checkpointAfter, readOperations } from "../../examples/version_store/operations.ts";
import { abortRebase, beginRebase, finishRebase, readRebase, stepRebase } from "../../examples/version_store/rebase.ts";
import type { Repository } from "../../examples/version_store/repository.ts";
import { restorePaths, switchTree } from "../../examples/version_store/working_tree.ts";

/** A writer. `write` may be called again after it has failed. */
export interface Writer {
  /** What is there before. */
  readonly prepare: (repository: Repository) => Promise<unknown>;
  readonly write: (repository: Repository) => Promise<unknown>;
}

const nothing = (): Promise<void> => Promise.resolve();

async function head(repository: Repository): Promise<string> {
  const commit = await currentCommit(repository);
  assert(commit !== undefined);
  return commit;
}

async function oneCommit(repository: Repository): Promise<string> {
  return await commitFiles(repository, { "a.txt": "a", "d/b.txt": "b" }, "first");
}

/** Two branches that have both changed `a.txt`, and `topic` also `t.txt`; HEAD on main. */
async function diverged(repository: Repository, sameFile: boolean): Promise<string> {
  await oneCommit(repository);
  await createBranch(repository, "topic");
  await commitFiles(repository, { "a.txt": "ours", "d/b.txt": "b" }, "ours");
  await moveHead(repository, { branch: "topic" });
  await commitFiles(repository, { "a.txt": sameFile ? "theirs" : "a", "d/b.txt": "b", "t.txt": "t" }, "theirs");
  const theirs = await head(repository);
  await moveHead(repository, { branch: "main" });
  return theirs;
}

const topic = async ({ references }: Repository): Promise<string> => await references.read("heads/topic") ?? "";
const treeAt = async (repository: Repository, commit: string) =>
  await readTree(repository, (await readCommit(repository, commit)).tree);

/** Every writer, by name. */
export const writers: Readonly<Record<string, Writer>> = {
  "init": {
    prepare: nothing,
    write: ({ directory, options }) => initRepository(`${directory}-another`, options),
  },
  "commit": {
    prepare: oneCommit,
    write: (repository) => commitFiles(repository, { "a.txt": "changed", "c.txt": "c" }, "second"),
  },
  "commit, detached": {
    prepare: async (repository) => moveHead(repository, { commit: await oneCommit(repository) }),
    write: (repository) => commitFiles(repository, { "a.txt": "changed" }, "second"),
  },
  "branch": {
    prepare: oneCommit,
    write: async (repository) => {
      if (await topic(repository) === "") await createBranch(repository, "topic");
      assertEquals(await topic(repository), await head(repository));
    },
  },
  "switch": {
    prepare: async (repository) => {
      await oneCommit(repository);
      await createBranch(repository, "topic");
    },
    write: (repository) => moveHead(repository, { branch: "topic" }),
  },
  "merge": {
    prepare: (repository) => diverged(repository, false),
    write: async (repository) => {
      // A merge that was interrupted waits for its commit, or to be given up.
      if (await readMerge(repository) !== undefined) await abortMerge(repository);
      const before = await head(repository);
      if ((await readCommit(repository, before)).parents.length === 2) return;
      const commit = await merge(repository, await topic(repository));
      assert(typeof commit === "string");
      assertEquals((await readCommit(repository, commit)).parents, [before, await topic(repository)]);
      assertEquals(Object.keys(await treeAt(repository, commit)), ["a.txt", "d/b.txt", "t.txt"]);
    },
  },
  "merge state": {
    prepare: (repository) => diverged(repository, true),
    write: async (repository) => {
      if (await readMerge(repository) === undefined) await merge(repository, await topic(repository));
      assertEquals((await readMerge(repository))?.conflicts, ["a.txt"]);
    },
  },
  "commit that ends a merge": {
    prepare: async (repository) => merge(repository, await diverged(repository, true)),
    write: async (repository) => {
      await commitFiles(repository, { "a.txt": "both", "d/b.txt": "b", "t.txt": "t" }, "merged");
      assertEquals(await readMerge(repository), undefined);
    },
  },
  "abort of a merge": {
    prepare: async (repository) => merge(repository, await diverged(repository, true)),
    write: abortMerge,
  },
  "rebase state": {
    prepare: (repository) => diverged(repository, false),
    write: async (repository) => {
      const rebase = await readRebase(repository) ?? await beginRebase(repository, await topic(repository));
      await stepRebase(repository, rebase);
      assertEquals((await readRebase(repository))?.remaining, []);
    },
  },
  "end of a rebase": {
    prepare: async (repository) => beginRebase(repository, await diverged(repository, false)),
    write: async (repository) => {
      if (await readRebase(repository) !== undefined) await finishRebase(repository);
      const tip = await head(repository);
      assertEquals((await readCommit(repository, tip)).parents, [await topic(repository)]);
      assertEquals(Object.keys(await treeAt(repository, tip)), ["a.txt", "d/b.txt", "t.txt"]);
    },
  },
  "abort of a rebase": {
    prepare: async (repository) => beginRebase(repository, await diverged(repository, false)),
    write: abortRebase,
  },
  "reservation": {
    prepare: nothing,
    write: (repository) => reserve(repository, "agent-1", "src/main.ts"),
  },
  "release of a reservation": {
    prepare: (repository) => reserve(repository, "agent-1", "src/main.ts"),
    write: (repository) => release(repository, "agent-1", "src/main.ts"),
  },
  "intent": {
    prepare: nothing,
    write: (repository) => declareIntent(repository, "agent-1", "to rename everything"),
  },
  "withdrawal of an intent": {
    prepare: (repository) => declareIntent(repository, "agent-1", "to rename everything"),
    write: (repository) => withdrawIntent(repository, { agent: "agent-1", number: 1, text: "" }),
  },
  "configuration": {
    prepare: nothing,
    write: async (repository) => {
      await configure(repository, { author: "somebody" });
      assertEquals(await readConfiguration(repository), { version: 1, author: "somebody" });
    },
  },
  "checkpoint": {
    prepare: async (repository) => {
      await oneCommit(repository);
      while ((await readOperations(repository)).operations.length < checkpointAfter - 1) {
        const at = await head(repository);
        const on = (await repository.references.readHead())?.name !== undefined;
        await moveHead(repository, on ? { commit: at } : { branch: "main" });
      }
    },
    write: (repository) => commitFiles(repository, { "a.txt": "the hundredth" }, "second"),
  },
  "restore": {
    prepare: oneCommit,
    write: async (repository) => {
      const tree = await treeAt(repository, await head(repository));
      await restorePaths(repository, "/work", tree, Object.keys(tree));
    },
  },
  "switch of files": {
    prepare: async (repository) => {
      const first = await oneCommit(repository);
      await restorePaths(repository, "/work", await treeAt(repository, first), ["a.txt", "d/b.txt"]);
      await commitFiles(repository, { "a.txt": "changed", "c.txt": "c" }, "second");
    },
    write: async (repository) => {
      const { tree, parents } = await readCommit(repository, await head(repository));
      await switchTree(repository, "/work", await treeAt(repository, parents[0] ?? ""), tree);
    },
  },
};
