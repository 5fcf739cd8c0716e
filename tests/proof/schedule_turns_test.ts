/**
 * Commit turns in every order of steps: what goes wrong only where three writers meet, or where a synchronous call comes
 * in the middle of another's turn.
 */
import { assert, assertEquals } from "@std/assert";
import { describe, it } from "node:test";
import { listBackups, writeFile, type WriteFileOptions, writeFileSync } from "../../mod.ts";
import {
  describeScheduleReport,
  exploreSchedules,
  type MemoryRuntime,
  type ScheduleOptions,
  type TogetherOperation,
} from "../../src/testing/mod.ts";
import { mostlyOnDeno } from "../support/effort.ts";
import { notEmpty } from "../support/tally.ts";

const limit = mostlyOnDeno({ quick: 30, normal: 150, long: 5_000 });

/** Explores writers of one file; every version of it that readers have seen is `ended`'s to judge. */
async function explore(
  together: readonly TogetherOperation[],
  ended: (versions: readonly string[], machine: MemoryRuntime) => void | Promise<void>,
  options: Partial<ScheduleOptions> = {},
): Promise<void> {
  let versions: string[] = [];
  let looking: MemoryRuntime | undefined;
  const look = (machine: MemoryRuntime) => {
    if (machine !== looking) versions = ["old"];
    looking = machine;
    const version = machine.readText("/d/a") ?? "";
    if (version !== versions.at(-1)) versions.push(version);
  };
  const report = await exploreSchedules({
    machine: { files: { "/d/a": "old" } },
    together,
    faults: "none",
    samples: 5,
    limit,
    disks: 4,
    watch: look,
    ended: ({ results, machine }) => {
      for (const result of results) if ("error" in result) throw result.error;
      look(machine);
      return ended(versions, machine);
    },
    ...options,
  });
  console.log(describeScheduleReport(report));
  assertEquals(report.violations.length, 0, describeScheduleReport(report));
}

const writing = (word: string, options: WriteFileOptions = {}): TogetherOperation => (runtime) =>
  writeFile("/d/a", word, { ...options, runtime });

/** After a step of its own, so that it may come at any moment. */
const synchronous = (word: string, backup: number): TogetherOperation => async (runtime) => {
  await runtime.fileSystem.stat("/d");
  writeFileSync("/d/a", word, { backup, runtime });
};

describe("commit turns, in every order of steps", () => {
  it("three writers that keep backups: every version that readers have seen is kept", async () => {
    const together = ["one", "two", "three"].map((word) => writing(word, { backup: 5 }));
    await explore(together, async (versions, machine) => {
      const backups = await listBackups("/d/a", { runtime: machine });
      const kept = backups.map(({ path }) => machine.readText(path));
      for (const version of notEmpty(versions.slice(0, -1))) {
        assert(kept.includes(version), `${version} is not among ${kept}`);
      }
    });
  });

  it("a synchronous write is not written over by one that was called earlier, be its rename on its way", async () => {
    let last = "";
    const noting = (word: string): TogetherOperation => (runtime) => {
      last = word;
      return writeFile("/d/a", word, { runtime });
    };
    const overtaking: TogetherOperation = async (runtime) => {
      await runtime.fileSystem.stat("/d");
      last = "synchronous";
      writeFileSync("/d/a", "synchronous", { runtime });
    };
    await explore(
      [noting("one"), overtaking, noting("two")],
      (versions) => assertEquals(versions.at(-1), last, `readers saw ${versions}`),
    );
  });

  it("a synchronous write in the middle of a turn leaves the turn to its owner", async () => {
    const together = [
      writing("one", { backup: 5 }),
      synchronous("two", 5),
      writing("three", { backup: 5 }),
    ];
    await explore(together, async (versions, machine) => {
      const backups = await listBackups("/d/a", { runtime: machine });
      const kept = backups.map(({ path }) => machine.readText(path));
      for (const version of notEmpty(versions.slice(0, -1))) {
        assert(kept.includes(version), `${version} is not among ${kept}`);
      }
    });
  });
});
