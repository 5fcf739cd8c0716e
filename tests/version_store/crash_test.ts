/**
 * Every disk that a power cut may leave while the version store writes: sound, going on succeeds, and what was
 * acknowledged is there.
 */
import { assert, assertEquals } from "@std/assert";
import { describe, it } from "node:test";
import { createBranch, currentCommit, moveHead } from "../../examples/version_store/branches.ts";
import { check, roots } from "../../examples/version_store/check.ts";
import { commitFiles } from "../../examples/version_store/commit_files.ts";
import { history, reachableFrom } from "../../examples/version_store/commits.ts";
import { checkpointAfter, readOperations } from "../../examples/version_store/operations.ts";
import type { Repository } from "../../examples/version_store/repository.ts";
import { type CrashReport, exploreCrashes, type MemoryRuntime } from "../../src/testing/mod.ts";
import { mostlyOnDeno } from "../support/effort.ts";
import { filesOf, makeRepository, reopen } from "./support.ts";

type Acknowledge = (fact: unknown) => void;

interface Row {
  readonly prepare: (repository: Repository) => Promise<unknown>;
  /** Acknowledges commits that must be in the history of `heads/main` from then on, and branches. */
  readonly work: (repository: Repository, acknowledge: Acknowledge) => Promise<unknown>;
}

const first = (repository: Repository) => commitFiles(repository, { "a.txt": "a" }, "first");

const rows: Readonly<Record<string, Row>> = {
  "a commit: objects, record, reference": {
    prepare: first,
    work: async (repository, acknowledge) => acknowledge(await commitFiles(repository, { "a.txt": "b" }, "second")),
  },
  "a branch and a switch: references and HEAD": {
    prepare: first,
    work: async (repository, acknowledge) => {
      await createBranch(repository, "topic/deep");
      acknowledge("heads/topic/deep");
      await moveHead(repository, { branch: "topic/deep" });
      acknowledge("HEAD");
    },
  },
  "a checkpoint": {
    prepare: async (repository) => {
      await first(repository);
      const commit = await commitFiles(repository, { "a.txt": "a2" }, "so that HEAD ends on main");
      while ((await readOperations(repository)).operations.length < checkpointAfter - 1) {
        const on = (await repository.references.readHead())?.name !== undefined;
        await moveHead(repository, on ? { commit } : { branch: "main" });
      }
      if ((await repository.references.readHead())?.name === undefined) throw new Error("HEAD is to be on main");
    },
    work: async (repository, acknowledge) => {
      acknowledge(await commitFiles(repository, { "a.txt": "b" }, "second"));
      const { operations } = await readOperations(repository);
      assertEquals(operations, [], "there was no checkpoint");
    },
  },
  "a collection beside a commit": {
    prepare: async (repository) => {
      await first(repository);
      // In the way of the collection, and what the commit is going to put again.
      await repository.objects.putMany(["garbage", "b"]);
    },
    work: async (repository, acknowledge) => {
      const commit = commitFiles(repository, { "a.txt": "b" }, "second").then(acknowledge);
      // As old as it may be: a commit takes no longer than this from its first object to its reference.
      const reachable = reachableFrom(repository, await roots(repository));
      await repository.objects.collectGarbage({ reachable, grace: 60_000 });
      await commit;
    },
  },
};

async function look(machine: MemoryRuntime, acknowledged: readonly unknown[]): Promise<void> {
  const repository = await reopen(machine);
  assertEquals((await check(repository)).problems, []);
  await commitFiles(repository, { "next.txt": "next" }, "next");
  const main = await repository.references.read("heads/main");
  assert(main !== undefined);
  const found = new Set<unknown>(["HEAD"]);
  for await (const { name } of repository.references.list()) found.add(name);
  for await (const { digest } of history(repository, main)) found.add(digest);
  // check-tests: allow -- a crash may come before the first acknowledgement
  for (const fact of acknowledged) assert(found.has(fact), `${fact} was acknowledged`);
  if (acknowledged.includes("HEAD")) {
    assertEquals((await repository.references.readHead())?.name, "heads/topic/deep");
    assert(await currentCommit(repository) !== undefined);
  }
}

describe("power cuts while there is", () => {
  for (const [name, { prepare, work }] of Object.entries(rows)) {
    it(name, async () => {
      const { options, ...repository } = await makeRepository();
      const machine = options.runtime as MemoryRuntime;
      await prepare({ ...repository, options });
      const result: CrashReport = await exploreCrashes({
        machine: {
          files: filesOf(machine),
          ...(name.startsWith("a collection") ? { delay: "every" as const, seed: 3 } : {}),
        },
        volatile: (path) => path.endsWith(".lock"),
        modes: ["strict", "kill"],
        limit: mostlyOnDeno({ quick: 12, normal: 120, long: 20_000 }),
        run: async (runtime, acknowledge) => {
          // Everything that is there has been there for an hour.
          runtime.clock.advance(3_600_000);
          await work(await reopen(runtime), acknowledge);
        },
        check: look,
      });
      const violation = result.violations[0];
      assertEquals(
        result.violations.length,
        0,
        violation && `${violation.error}\n${violation.state}\n${violation.trace.join("\n")}`,
      );
      console.log(
        `  ${name}: ${result.operations} calls, ${result.states} states, ${result.exhaustive ? "all" : "a sample"}`,
      );
    });
  }
});
