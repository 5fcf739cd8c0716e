/**
 * The disk answers EIO while this runtime writes, several writers at once, and then the power goes: what was acknowledged
 * is there. Needs root, loop devices, FUSE and the file systems' programs. `deno task failing-disks` makes more cuts.
 */
import { assert, assertEquals } from "@std/assert";
import { describe, it } from "node:test";
import { LOG_SCENE, productScenes } from "../powercut/failing/plan.ts";
import { type FailingOrder, type FailingOutcome, readFailing, startFailing } from "../powercut/failing/series.ts";
import { cannotCut } from "../powercut/series.ts";
import { byEffort, sharedOut } from "../support/effort.ts";
import { skip } from "../support/skip.ts";
import { currentRuntime } from "../support/spawn.ts";
import { notEmpty } from "../support/tally.ts";

/** Other failures on each runtime. */
const seed = { deno: 0, node: 1000, bun: 2000 }[currentRuntime];
/** A busy machine makes fewer cuts. */
const common = { runtime: currentRuntime, seed, seconds: byEffort({ quick: 5, normal: 6, long: 3600 }) };
const fileSystems = ["ext4, volatile cache", "xfs, volatile cache", "btrfs, volatile cache"];
const scenes = productScenes.filter((name) => name !== LOG_SCENE);

/** Runs a series and hands its outcome on; skips where it cannot be run. */
async function withFailures(
  t: Parameters<typeof skip>[0],
  order: FailingOrder,
  judge: (outcome: FailingOutcome) => void,
): Promise<void> {
  const reason = cannotCut();
  if (reason !== undefined) return skip(t, reason);
  const outcome = await readFailing(startFailing(order));
  if (outcome.unavailable !== undefined) return skip(t, outcome.unavailable);
  judge(outcome);
}

function assertNothingLost(order: FailingOrder, { cuts }: FailingOutcome): void {
  assertEquals(cuts.filter(({ complaints }) => complaints.length > 0), []);
  const sum = (count: (cut: typeof cuts[number]) => number) => cuts.reduce((total, cut) => total + count(cut), 0);
  const [errors, acknowledged] = [sum((cut) => cut.errors), sum((cut) => cut.acknowledged)];
  console.log(`${order.fileSystem}: ${cuts.length} cuts, ${errors} EIO, ${acknowledged} acknowledged, none lost`);
}

describe("what was acknowledged while the disk failed is there after the cut, on", () => {
  for (const fileSystem of notEmpty(sharedOut(fileSystems))) {
    for (const writers of [4, 16]) {
      it(`${fileSystem}, ${writers} writers in flight`, async (t) => {
        const order = { ...common, fileSystem, writers, scenes, cuts: byEffort({ quick: 2, normal: 4, long: 100 }) };
        await withFailures(t, order, (outcome) => assertNothingLost(order, outcome));
      });
    }
    it(`${fileSystem}, a log that is opened anew after a failed sync`, async (t) => {
      const cuts = byEffort({ quick: 2, normal: 3, long: 60 });
      const order = { ...common, fileSystem, writers: 2, scenes: [LOG_SCENE], cuts };
      await withFailures(t, order, (outcome) => assertNothingLost(order, outcome));
    });
  }
});

describe("the method shows what syncs that are shared and forget a failure lose, on", () => {
  // Btrfs tells everybody of a failure.
  for (const fileSystem of notEmpty(fileSystems.slice(0, 2))) {
    it(fileSystem, async (t) => {
      const control = ["shared syncs that forget a failure"];
      const order = { ...common, fileSystem, writers: 8, scenes: control, cuts: 100, untilLoss: true, seconds: 240 };
      await withFailures(t, order, ({ cuts }) => {
        assert(cuts.at(-1)?.complaints.some(({ kind }) => kind === "lost"), "100 cuts lost nothing");
      });
    });
  }
});
