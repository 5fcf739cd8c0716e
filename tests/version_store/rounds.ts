/** One kill of a process that commits, and collections beside processes that put; for the suite and scripts/storm_store.ts. */
// Not @std/assert: the script runs without the test command, which says where that is.
import { deepStrictEqual as assertEquals, ok as assert } from "node:assert/strict";
import { check } from "../../examples/version_store/check.ts";
import { commitFiles } from "../../examples/version_store/commit_files.ts";
import { history } from "../../examples/version_store/commits.ts";
import { initRepository } from "../../examples/version_store/init.ts";
import { readOperations } from "../../examples/version_store/operations.ts";
import { openObjectStore, openReferences } from "../../src/store/mod.ts";
import { listen, signal, type Spawn, succeeded } from "../real/processes.ts";
import type { RuntimeName } from "../support/spawn.ts";
import { notEmpty } from "../support/tally.ts";

const script = "tests/version_store/scripts/work.ts";

/** What a killed process had been told. */
export interface Killed {
  readonly acknowledged: string[];
  readonly branches: string[];
}

/**
 * Lets a process commit, kills it, and looks: everything there, whole and consistent; everything acknowledged so far
 * (`before` too) in the history and in the log; and a commit succeeds. Throws when it is anything else.
 */
export async function killOnce(
  spawn: Spawn,
  directory: string,
  writer: string,
  runtime: RuntimeName | undefined,
  before: readonly Killed[],
): Promise<Killed> {
  const worker = spawn(script, ["commit", directory, writer, "0"], { runtime });
  const heard = listen(worker.child);
  // By its progress rather than by the clock: on a busy machine all would die in their first commit.
  const progress = Math.floor(Math.random() * 6);
  const started = progress === 0 || await heard.seen(new RegExp(`^done ${progress} `));
  await new Promise((resolve) => setTimeout(resolve, Math.random() * (progress === 0 ? 300 : 15)));
  signal(worker, "SIGKILL");
  const { signal: death, stderr } = await worker.status;
  if (!started || death !== "SIGKILL" || stderr !== "") throw new Error(`the writer ended by itself: ${stderr}`);
  const done = [...heard.text.matchAll(/^done (\d+) (\S+)\n/gm)];
  const killed = {
    acknowledged: done.map(([, , digest = ""]) => digest),
    branches: done.map(([, number]) => Number(number)).filter((number) => number % 3 === 0)
      .map((number) => `heads/${writer}/${number}`),
  };
  await lookAt(directory, [...before, killed]);
  return killed;
}

async function lookAt(directory: string, killed: readonly Killed[]): Promise<void> {
  const repository = await initRepository(directory);
  assertEquals((await check(repository)).problems, []);
  const next = await commitFiles(repository, { "all.txt": "the same" }, "after a kill");
  const found = new Set<string>();
  for await (const { digest } of history(repository, next)) found.add(digest);
  const { checkpoint, operations } = await readOperations(repository);
  const logged = new Set([...Object.keys(checkpoint), ...operations.map(({ reference }) => reference)]);
  for (const { acknowledged, branches } of notEmpty(killed)) {
    // check-tests: allow -- one may be killed before its first acknowledgement
    for (const digest of acknowledged) assert(found.has(digest), `commit ${digest} was acknowledged`);
    // check-tests: allow -- every third commit makes a branch
    for (const name of branches) {
      assert(found.has(await repository.references.read(name) ?? ""), `branch ${name} was acknowledged`);
      assert(logged.has(name), `the record of ${name} was acknowledged`);
    }
  }
}

/** What came of collections beside others' work. */
export interface Collected {
  rounds: number;
  removed: number;
  steps: number;
}

/**
 * Collects without a pause while 4 processes put and refer for so many milliseconds. Throws when anything that is
 * referred to is gone or damaged, or a process has missed what it had just put.
 */
export async function collectBeside(
  spawn: Spawn,
  directory: string,
  runtimes: readonly RuntimeName[],
  milliseconds: number,
): Promise<Collected> {
  const grace = 250;
  let working = true;
  const writers = Promise.all([0, 1, 2, 3].map((index) =>
    succeeded(
      spawn(script, ["collected", directory, `w${index}`, `${milliseconds}`, `${grace}`], {
        runtime: runtimes[index % runtimes.length],
      }),
    )
  )).finally(() => working = false);
  const store = await openObjectStore(`${directory}/objects`);
  const references = await openReferences(`${directory}/references`);
  async function* reachable() {
    for await (const { digest } of references.list()) yield digest;
  }
  const result: Collected = { rounds: 0, removed: 0, steps: 0 };
  for (; working; result.rounds++) {
    await store.put(`garbage ${result.rounds}`);
    result.removed += (await store.collectGarbage({ reachable: reachable(), grace })).removed.length;
  }
  for (const output of await writers) result.steps += output.split("\n").length - 1;
  let referred = 0;
  // check-tests: allow -- they are counted
  for await (const { name, digest } of references.list()) {
    assert(await store.has(digest), `${name} leads to nothing`);
    referred++;
  }
  assert(referred > 0 && result.rounds > 0, `${referred} references, ${result.rounds} collections`);
  assertEquals((await store.verify()).corrupt, []);
  return result;
}
