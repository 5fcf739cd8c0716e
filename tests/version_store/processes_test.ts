/** Processes on every runtime that work on one version store: killed, beside a collector, and 8 at once. */
import { assert, assertEquals } from "@std/assert";
import { join } from "node:path";
import process from "node:process";
import { describe, it } from "node:test";
import { check } from "../../examples/version_store/check.ts";
import { history } from "../../examples/version_store/commits.ts";
import { initRepository } from "../../examples/version_store/init.ts";
import { succeeded, withProcesses } from "../real/processes.ts";
import { mostlyOnDeno } from "../support/effort.ts";
import { runtimes } from "../support/spawn.ts";
import { collectBeside, type Killed, killOnce } from "./rounds.ts";
import { skip } from "../support/skip.ts";

const runtimeOf = (index: number) => runtimes()[index % runtimes().length];

describe("SIGKILL at any moment", () => {
  const kills = mostlyOnDeno({ quick: 3, normal: 8, long: 200 });

  it(`${kills} times, of processes that commit: nothing acknowledged is lost, fsck finds nothing, work goes on`, async (t) => {
    if (process.platform === "win32") return skip(t, "Windows has no SIGKILL");
    // Two at a time, in repositories of their own.
    await Promise.all([0, 1].map((half) =>
      withProcesses(async (directory, spawn) => {
        const killed: Killed[] = [];
        for (let index = half; index < kills; index += 2) {
          const writer = `w${index}`;
          killed.push(await killOnce(spawn, join(directory, ".versions"), writer, runtimeOf(index), killed));
        }
      })
    ));
  });
});

it("collections beside 4 processes that put and refer: nothing that is referred to or young is lost", async () => {
  await withProcesses(async (directory, spawn) => {
    const milliseconds = mostlyOnDeno({ quick: 1_000, normal: 2_500, long: 30_000 });
    const result = await collectBeside(spawn, directory, runtimes(), milliseconds);
    console.log(`  ${result.rounds} collections removed ${result.removed} objects beside ${result.steps} puts`);
    assert(result.steps > 0);
  });
});

it("8 processes that commit to one branch: every commit is in its history", async () => {
  await withProcesses(async (directory, spawn) => {
    const outputs = await Promise.all(
      Array.from({ length: 8 }, (_, index) => {
        const args = ["commit", join(directory, ".versions"), `w${index}`, "4"];
        return succeeded(spawn("tests/version_store/scripts/work.ts", args, { runtime: runtimeOf(index) }));
      }),
    );
    const commits = outputs.flatMap((output) => [...output.matchAll(/^done \d+ (\S+)$/gm)].map(([, digest]) => digest));
    const repository = await initRepository(join(directory, ".versions"));
    const found: string[] = [];
    const head = await repository.references.readHead();
    for await (const { digest } of history(repository, head?.digest ?? "")) found.push(digest);
    assertEquals(found.toSorted(), commits.toSorted());
    assertEquals((await check(repository)).problems, []);
  });
});
