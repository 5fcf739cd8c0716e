/** The version store as its users have it, on a real disk: alone, with many at once, and with damaged objects. */
import { assert, assertEquals, assertInstanceOf, assertRejects } from "@std/assert";
import * as fs from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { ConflictError, CorruptionError } from "../../mod.ts";
import { declareIntent, release, reservationOf, reserve } from "../../examples/version_store/agents.ts";
import { branchReference, createBranch, currentCommit } from "../../examples/version_store/branches.ts";
import { check, roots } from "../../examples/version_store/check.ts";
import { commitFiles } from "../../examples/version_store/commit_files.ts";
import { history, reachableFrom, readCommit, readTree } from "../../examples/version_store/commits.ts";
import { configure, readConfiguration } from "../../examples/version_store/configuration.ts";
import { initRepository } from "../../examples/version_store/init.ts";
import { runCommand } from "../../examples/version_store/main.ts";
import { readOperations } from "../../examples/version_store/operations.ts";
import { openRepository, type Repository } from "../../examples/version_store/repository.ts";
import { restorePaths } from "../../examples/version_store/working_tree.ts";
import { faultRuntime, memoryRuntime } from "../../src/testing/mod.ts";
import { placeOf, pseudoRandom, sha256, temporaries } from "../store/support.ts";
import { textOf } from "../support/files.ts";
import { withTemporaryDirectory } from "../support/temporary_directory.ts";
import { assertSound, home, makeRepository } from "./support.ts";

const withRepository = (run: (repository: Repository, directory: string) => Promise<void>): Promise<void> =>
  withTemporaryDirectory(async (directory) => run(await initRepository(join(directory, ".versions")), directory));

function assertNothingLeft(directory: string): void {
  const names = fs.readdirSync(directory, { recursive: true, encoding: "utf8" });
  assertEquals(names.filter((name) => name.endsWith(".tmp")), []);
}

async function print(root: string, ...args: string[]): Promise<string[]> {
  const lines: string[] = [];
  for await (const line of runCommand(root, args)) lines.push(line);
  return lines;
}

const times = (count: number): number[] => Array.from({ length: count }, (_, index) => index);

describe("the command", () => {
  it("makes, commits, branches, switches, merges, rebases, restores, and finds everything in order", () =>
    withTemporaryDirectory(async (root) => {
      const write = (name: string, text: string) => fs.writeFileSync(join(root, name), text);
      await assertRejects(() => print(root, "log"), Error, "no repository");
      assertEquals(fs.readdirSync(root), []);
      await print(root, "init");
      await print(root, "init");
      write("a.txt", "one");
      fs.mkdirSync(join(root, "d"));
      write("d/b.txt", "b");
      await print(root, "commit", "first");
      await print(root, "branch", "topic");
      write("a.txt", "two");
      await assertRejects(() => print(root, "switch", "topic"), Error, "not committed");
      await print(root, "commit", "second");
      await print(root, "switch", "topic");
      assertEquals(textOf(join(root, "a.txt")), "one");
      write("t.txt", "t");
      await print(root, "commit", "on topic");
      await print(root, "branch", "kept");
      await print(root, "rebase", "main");
      assertEquals([textOf(join(root, "a.txt")), textOf(join(root, "t.txt"))], ["two", "t"]);
      await print(root, "switch", "kept");
      assertEquals(textOf(join(root, "a.txt")), "one");
      await print(root, "merge", "main");
      assertEquals([textOf(join(root, "a.txt")), textOf(join(root, "t.txt"))], ["two", "t"]);
      assertEquals((await print(root, "log")).map((line) => line.split(" ").slice(2, 3).join()), [
        "merge",
        "on",
        "first",
      ]);
      await print(root, "switch", "main");
      assert(!fs.existsSync(join(root, "t.txt")));
      write("a.txt", "spoiled");
      fs.rmSync(join(root, "d"), { recursive: true });
      await print(root, "restore");
      assertEquals([textOf(join(root, "a.txt")), textOf(join(root, "d/b.txt"))], ["two", "b"]);
      await assertRejects(() => print(root, "restore", "../escape"), TypeError);
      await print(root, "config", "author", "me");
      assertEquals((await print(root, "branch")).map((line) => line.slice(65)), ["kept", "main", "topic"]);
      // Nothing but what the rebase has replaced is unreachable, and that is young.
      assertEquals((await print(root, "collect"))[0]?.split(",")[0], "0 removed");
      assertEquals((await print(root, "fsck")).at(-1)?.split(", ")[1], "0 problems");
      await assertRejects(() => print(root, "no-such"), TypeError, "no command");
      assertNothingLeft(root);
    }));
});

describe("many at once", () => {
  it("100 commits to one branch: every one of them is in its history", () =>
    withRepository(async (repository) => {
      const other = await openRepository(repository.directory);
      const commits = await Promise.all(
        times(100).map((number) => {
          const files = { "own.txt": `content ${number}`, "same.txt": "the same" };
          return commitFiles(number % 2 === 0 ? repository : other, files, `commit ${number}`);
        }),
      );
      const found: string[] = [];
      for await (const { digest } of history(repository, await currentCommit(repository) ?? "")) found.push(digest);
      assertEquals(found.toSorted(), commits.toSorted());
      const { operations, checkpoint } = await readOperations(repository);
      assertEquals([operations.length, Object.keys(checkpoint)], [1, ["heads/main", "HEAD"]]);
      await assertSound(repository);
      assertNothingLeft(repository.directory);
    }));

  it("50 writers of one reference: the last one's value, whole; 50 of 50 references: each its own", () =>
    withRepository(async (repository) => {
      const { references } = repository;
      const digests = times(50).map((number) => sha256(`commit ${number}`));
      await Promise.all(digests.map((digest) => references.update("shared/one", digest)));
      assert(digests.includes(await references.read("shared/one") ?? ""));
      await Promise.all(digests.map((digest, number) => references.update(`own/${number}`, digest)));
      for (const number of times(50)) assertEquals(await references.read(`own/${number}`), digests[number]);
      // Of those who expect the same, one wins.
      const before = await references.read("shared/one") ?? "";
      const swaps = await Promise.allSettled(
        digests.map((digest) => references.update("shared/one", sha256(digest), { expected: before })),
      );
      assertEquals(swaps.filter(({ status }) => status === "fulfilled").length, 1);
      for (const swap of swaps) assert(swap.status === "fulfilled" || ConflictError.is(swap.reason));
      assertNothingLeft(repository.directory);
    }));

  it("20 reservations: of one path, one; of 20, all; intents get numbers of their own; settings are all kept", () =>
    withRepository(async (repository) => {
      const agents = times(20).map((number) => `agent-${number}`);
      const wins = await Promise.all(agents.map((agent) => reserve(repository, agent, "src/main.ts")));
      assertEquals(wins.filter((won) => won).length, 1);
      const owner = agents[wins.indexOf(true)] ?? "";
      assertEquals((await reservationOf(repository, "src/main.ts"))?.agent, owner);
      const own = await Promise.all(agents.map((agent) => reserve(repository, agent, `src/${agent}.ts`)));
      assertEquals(own, agents.map(() => true));
      assertEquals(await release(repository, "agent-x", "src/main.ts"), false);
      assertEquals(await release(repository, owner, "src/main.ts"), true);
      assertEquals(await reservationOf(repository, "src/main.ts"), undefined);
      const intents = await Promise.all(times(10).map((number) => declareIntent(repository, "agent", `${number}`)));
      assertEquals(new Set(intents.map(({ number }) => number)).size, 10);
      await Promise.all(agents.map((agent, number) => configure(repository, { [agent]: number })));
      const settings = { ...await readConfiguration(repository) } as Record<string, unknown>;
      assertEquals(agents.map((agent) => settings[agent]), times(20));
      await assertSound(repository);
      assertNothingLeft(repository.directory);
    }));
});

it("100 commits with every fifth sync failing, to be reported: all land whole", async () => {
  const random = pseudoRandom(7);
  const machine = memoryRuntime();
  const faulty = faultRuntime(machine, {
    at: ({ method }) => method === "sync" && random() < 0.2,
    error: "EIO",
    times: "always",
  });
  const repository = await initRepository(home, { runtime: faulty.runtime, whenSyncFails: "report" });
  const commits: string[] = [];
  for (const number of times(100)) {
    commits.push(await commitFiles(repository, { "a.txt": `content ${number}`.repeat(number) }, `commit ${number}`));
  }
  assert(faulty.fired > 100, `${faulty.fired} syncs failed`);
  const found: string[] = [];
  // check-tests: allow -- what was found is compared with all commits below
  for await (const { digest, tree, message } of history(repository, await currentCommit(repository) ?? "")) {
    found.unshift(digest);
    const content = (await readTree(repository, tree))["a.txt"] ?? "";
    const number = Number(message.split(" ")[1]);
    assertEquals(new TextDecoder().decode(await repository.objects.get(content)), `content ${number}`.repeat(number));
  }
  assertEquals(found, commits);
  assertEquals([repository.objects.durability, repository.references.durability], ["none", "none"]);
  assertEquals([temporaries(machine), machine.openHandles], [[], []]);
  await assertSound(repository);
});

describe("a damaged object", () => {
  const damages: Record<string, (bytes: Uint8Array) => Uint8Array> = {
    zeroed: (bytes) => new Uint8Array(bytes.length),
    truncated: (bytes) => bytes.subarray(0, bytes.length >> 1),
    emptied: () => new Uint8Array(0),
    "bit-flipped": (bytes) => bytes.map((byte, index) => index === 3 ? byte ^ 1 : byte),
  };

  it("is an error where it is read, and a problem of its own; everything else is still served", () =>
    withRepository(async (repository, root) => {
      const files = Object.fromEntries(Object.keys(damages).map((name) => [name, `content of ${name}`]));
      const commit = await commitFiles(repository, { ...files, good: "good" }, "all");
      const tree = await readTree(repository, (await readCommit(repository, commit)).tree);
      for (const [name, damage] of Object.entries(damages)) {
        const path = join(repository.directory, "objects", placeOf(tree[name] ?? ""));
        const bytes = fs.readFileSync(path);
        fs.chmodSync(path, 0o644);
        fs.writeFileSync(path, damage(bytes));
        const error = await assertRejects(() => restorePaths(repository, root, tree, [name]));
        assertInstanceOf(error, CorruptionError);
        assertEquals([error.digest, error.path], [tree[name], path]);
        assert(!fs.existsSync(join(root, name)));
      }
      const { problems } = await check(repository);
      assertEquals(
        problems.toSorted(),
        Object.keys(damages).map((name) => `object ${tree[name]} is damaged`).toSorted(),
      );
      await restorePaths(repository, root, tree, ["good"]);
      assertEquals(textOf(join(root, "good")), "good");
      // Whoever still has the content repairs the object by committing it again.
      await commitFiles(repository, files, "again");
      await assertSound(repository);
    }));

  it("or one that is missing is found, also where it is a commit, and a reference that leads elsewhere", () =>
    withRepository(async (repository) => {
      const first = await commitFiles(repository, { a: "a" }, "first");
      await commitFiles(repository, { a: "b" }, "second");
      fs.rmSync(join(repository.directory, "objects", placeOf(sha256("a"))));
      assertEquals((await check(repository)).problems, [`object ${sha256("a")} is missing`]);
      await commitFiles(repository, { a: "a" }, "third");
      await assertSound(repository);
      await repository.references.update("heads/main", first);
      assertEquals((await check(repository)).problems.length, 1);
    }));
});

it("restored files have the time of now, never that of the object nor one before what they replace", () =>
  withRepository(async (repository, root) => {
    const commit = await commitFiles(repository, { "a.txt": "a" }, "first");
    const tree = await readTree(repository, (await readCommit(repository, commit)).tree);
    const object = join(repository.directory, "objects", placeOf(tree["a.txt"] ?? ""));
    fs.utimesSync(object, 1_000_000, 1_000_000);
    const before = Date.now();
    await restorePaths(repository, root, tree, ["a.txt"]);
    const path = join(root, "a.txt");
    assert(fs.statSync(path).mtimeMs >= before - 100, "the time of the object");
    const future = Math.floor(Date.now() / 1000) + 3600;
    fs.utimesSync(path, future, future);
    await restorePaths(repository, root, tree, ["a.txt"]);
    assert(fs.statSync(path).mtimeMs > future * 1000, "before what it replaces");
    assertEquals(fs.statSync(object).mtimeMs, 1_000_000_000);
  }));

describe("what was recorded and not done", () => {
  it("is done by the next process, and only recorded until then", async () => {
    const machine = memoryRuntime();
    const first = await commitFiles(await makeRepository(machine), { a: "a" }, "first");
    const { runtime } = faultRuntime(machine, {
      at: ({ method, operands }) => method === "rename" && operands[0] === `${home}/references/heads/main`,
      error: "EIO",
    });
    const failing = await openRepository(home, { runtime });
    await assertRejects(() => commitFiles(failing, { a: "b" }, "second"), Error, "EIO");
    const repository = await openRepository(home, { runtime: machine });
    assertEquals(await currentCommit(repository), first);
    assertEquals((await check(repository)).problems, []);
    assertEquals((await check(repository)).notes, ["the last change, of heads/main, is not made yet"]);
    // A collection spares what is going to be referred to.
    const second = (await readOperations(repository)).operations.at(-1)?.after ?? "";
    const reachable = reachableFrom(repository, await roots(repository));
    assertEquals((await repository.objects.collectGarbage({ reachable, grace: 0 })).removed, []);
    const third = await commitFiles(repository, { a: "c" }, "third");
    assertEquals((await readCommit(repository, third)).parents, [second]);
    await assertSound(repository);
  });

  it("is recorded as undone when another name is in its way", async () => {
    const repository = await makeRepository();
    await commitFiles(repository, { a: "a" }, "first");
    await createBranch(repository, "a/b");
    await assertRejects(() => createBranch(repository, "a"), ConflictError);
    await assertRejects(() => createBranch(repository, "a/b"), Error, "does not lead to null now");
    await assertRejects(() => createBranch(repository, "A/c"), ConflictError);
    assertEquals((await readOperations(repository)).operations.filter(({ kind }) => kind === "undone").length, 2);
    assertEquals(await repository.references.read(branchReference("a/b")), await currentCommit(repository));
    await assertSound(repository);
  });
});
