/** Everything at once, by threads and processes of all runtimes, with kills, pauses and failing syncs: a short share. */
import { assert } from "@std/assert";
import { describe, it } from "node:test";
import { byEffort } from "../support/effort.ts";
import { currentRuntime, runtimes } from "../support/spawn.ts";
import { notEmpty } from "../support/tally.ts";
import { together } from "./together.ts";

describe("everything at once in one directory", () => {
  it("by processes and their workers, killed and stopped, with syncs that fail: nothing acknowledged is lost", async () => {
    // All runtimes take part wherever it is started; once is enough for an ordinary run.
    const full = currentRuntime === "deno";
    const report = await together({
      runtimes: full ? runtimes() : [currentRuntime],
      processes: 1,
      workers: 1,
      operations: full
        ? byEffort({ quick: 20, normal: 40, long: 400 })
        : byEffort({ quick: 10, normal: 20, long: 200 }),
      kills: byEffort({ quick: 1, normal: 2, long: 20 }),
      stops: byEffort({ quick: 1, normal: 2, long: 20 }),
      failing: 0.05,
    });
    const what = JSON.stringify(report);
    for (const [kind, count] of notEmpty(Object.entries(report.done))) {
      assert(count > 0, `no ${kind} was done: ${what}`);
    }
    assert(report.kills > 0 && report.stops > 0 && report.failedSyncs > 0, what);
  });
});
