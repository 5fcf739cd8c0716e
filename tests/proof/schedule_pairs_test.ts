/**
 * Every pair of operations that can meet, in every order of their steps within a bound, every sync failing in turn, the
 * power cut after every step and again in the middle of a recovery. In the suite the orders are a sample, and a quarter of the
 * pairs meets in each run, at one place, in one process or in two; `--long`, and `deno task explore:together`, run up to 5,000 orders of each
 * meeting and of each call that fails, at every place.
 */
import { assertEquals } from "@std/assert";
import { describe, it } from "node:test";
import { describeScheduleReport } from "../../src/testing/mod.ts";
import { effort, inTurn, turn } from "../support/effort.ts";
import { currentRuntime } from "../support/spawn.ts";
import { notEmpty } from "../support/tally.ts";
import { explore, type Meeting, nameOf } from "./together/meeting.ts";
import { pairs, threes } from "./together/meetings.ts";

/** All pairs, at a place of its own each; every nineteenth on the other runtimes, and in a quick run. */
function chosen(): readonly Meeting[] {
  if (effort() === "long") return [...pairs.flat(), ...threes];
  const isAll = effort() === "normal" && currentRuntime === "deno";
  const meetings = [...pairs, threes].map((places, index) => places[(index + (turn ?? 0)) % places.length]);
  return inTurn(meetings.filter((_, index) => isAll || index % 19 === 0), isAll ? 4 : 2)
    .filter((meeting) => meeting !== undefined);
}

const bounds = effort() === "long"
  ? { preemptions: 2, samples: 50, limit: 5_000, disks: 64, recoveryDisks: 4 }
  : { preemptions: 2, samples: 1, limit: 1, disks: 8, recoveryDisks: 1 };

describe("operations that meet", () => {
  for (const meeting of notEmpty(chosen())) {
    it(nameOf(meeting), async () => {
      const report = await explore(meeting, bounds);
      console.log(`${nameOf(meeting)}: ${describeScheduleReport(report)}`);
      assertEquals(report.violations.length, 0, describeScheduleReport(report));
    });
  }
});
