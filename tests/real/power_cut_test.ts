/**
 * The power goes while this runtime writes: what was acknowledged is there, whole, with its permissions; nothing else
 * is; and `sweep` takes the rest. Needs root, loop devices and the file systems' programs. `deno task powercut` makes
 * more cuts, and compares.
 */
import { assert, assertEquals } from "@std/assert";
import { describe, it } from "node:test";
import { fileSystems, honestFileSystems } from "../powercut/machine.ts";
import { compared, scenes } from "../powercut/scenes.ts";
import { cannotCut, type CutReport, runSeries, type SeriesOrder } from "../powercut/series.ts";
import { byEffort, sharedOut } from "../support/effort.ts";
import { skip } from "../support/skip.ts";
import { currentRuntime } from "../support/spawn.ts";
import { notEmpty } from "../support/tally.ts";

/** Other moments and other sectors on each runtime; the scenes begin with the first. */
const seed = { deno: 0, node: 1000, bun: 2000 }[currentRuntime];
const common = { runtime: currentRuntime, seed, longest: 25 };

/** Every kind of file system is cut 8 times at least: ext4 in three ways, xfs in two, btrfs in one. */
const cutsOf = (fileSystem: string) =>
  byEffort({ quick: 2, normal: fileSystem.startsWith("btrfs") ? 8 : 4, long: 200 });

/** Runs a series and hands its cuts on; skips where it cannot be run. */
async function withCuts(
  t: Parameters<typeof skip>[0],
  order: SeriesOrder,
  judge: (cuts: readonly CutReport[], checker: string) => void,
): Promise<void> {
  const reason = cannotCut();
  if (reason !== undefined) return skip(t, reason);
  const { unavailable, cuts, checker } = await runSeries(order);
  if (unavailable !== undefined) return skip(t, unavailable);
  judge(cuts, checker);
}

describe("after a power cut everything acknowledged is there, on", () => {
  for (const fileSystem of notEmpty(sharedOut(honestFileSystems))) {
    it(fileSystem, async (t) => {
      const cuts = cutsOf(fileSystem);
      await withCuts(t, { ...common, fileSystem, scenes, cuts }, (reports, checker) => {
        assertEquals(reports.filter(({ complaints }) => complaints.length > 0), []);
        assertEquals(checker, "");
        const acknowledged = reports.reduce((sum, report) => sum + report.acknowledged, 0);
        assertEquals(reports.length, cuts);
        assert(acknowledged > cuts, "hardly anything was written");
        console.log(`${fileSystem}: ${cuts} cuts, ${acknowledged} acknowledged operations, none lost`);
      });
    });
  }
});

describe("after a power cut everything acknowledged is there, without foreign calls, on", () => {
  for (const fileSystem of notEmpty(sharedOut(["ext4", "xfs", "btrfs, volatile cache"]))) {
    it(fileSystem, async (t) => {
      const cuts = byEffort({ quick: 1, normal: 2, long: 50 });
      await withCuts(t, { ...common, fileSystem, scenes, cuts, foreignCalls: false }, (reports, checker) => {
        assertEquals(reports.filter(({ complaints }) => complaints.length > 0), []);
        assertEquals([checker, reports.length], ["", cuts]);
        assert(reports.every(({ acknowledged }) => acknowledged > 0), "nothing was written");
      });
    });
  }
});

describe("after a program that saves once and ends, the power goes within four seconds", () => {
  const saving = Object.entries(scenes).filter(([name]) => name === "save once, exit");
  it("on ext4, xfs and btrfs", async (t) => {
    const order = { ...common, scenes: Object.fromEntries(saving), cuts: byEffort({ quick: 1, normal: 1, long: 20 }) };
    // All at once: they mostly wait.
    await Promise.all(
      ["ext4", "xfs", "btrfs, volatile cache"].map((fileSystem) =>
        withCuts(t, { ...order, fileSystem, longestAfterEnd: 4000 }, (reports, checker) => {
          assertEquals(reports.filter(({ complaints }) => complaints.length > 0), []);
          assertEquals(checker, "");
          assert(reports.every(({ acknowledged }) => acknowledged === 2), "both programs have saved");
        })
      ),
    );
  });
});

describe("the method shows what is not durable, on", () => {
  for (const fileSystem of notEmpty(sharedOut(Object.keys(fileSystems)))) {
    const isHonest = honestFileSystems.includes(fileSystem);
    it(`${fileSystem}: ${isHonest ? 'durability "none"' : 'durability "full"'}`, async (t) => {
      const method = isHonest ? 'atomic-write, durability "none"' : "atomic-write";
      const order = { ...common, fileSystem, scenes: compared, cuts: 30, methods: [method], untilLoss: true };
      await withCuts(t, order, (cuts) => {
        assert(cuts.at(-1)?.complaints.length, "30 cuts lost nothing that was never synced");
        assert(cuts.every(({ failed, acknowledged }) => failed === 0 && acknowledged > 0), "something was saved");
      });
    });
  }
});
