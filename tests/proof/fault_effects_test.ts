/** Faults with more to them: answers that are lost after the call was done, and a caller's source that must be let go. */
import { assert, assertEquals } from "@std/assert";
import { describe, it } from "node:test";
import { writeFile, writeFileSync } from "../../mod.ts";
import { assertFigures } from "../support/explored_figures.ts";
import { memoryRuntime, sweepFaults, sweepFaultsSync } from "../../src/testing/mod.ts";
import { sweepLostAnswers } from "./faults.ts";
import { operations } from "./operations.ts";
import { singleFeatureWrites } from "./single_writes.ts";

const files = { "/d/a": "old" };

/** Chunks that say when they are let go. */
function* watched(state: { begun: boolean; ended: boolean }): Generator<string> {
  state.begun = true;
  try {
    yield "one";
    yield "two";
  } finally {
    state.ended = true;
  }
}

describe("whatever fails", () => {
  for (const effect of ["done", "hidden"] as const) {
    const name = effect === "done" ? "is lost" : "is lost, and hidden by a cache,";
    it(`a rename, link or removal whose answer ${name} is reported as what it did`, async () => {
      let lost = 0;
      const rows = [...singleFeatureWrites([1]), ...operations];
      for (const row of rows) lost += await sweepLostAnswers(row, effect);
      const what = `lost answers of renames, links and removals${effect === "done" ? "" : ", hidden by a cache"}`;
      console.log(`# SWEPT ${what}: ${rows.length} operations, ${lost} faults, no violations`);
      assert(lost > rows.length);
      assertFigures(`faults_lost_answers_${effect}`, what, { operations: rows.length, faults: lost });
    });
  }

  it("an iterable that was begun is ended", () => {
    let state = { begun: false, ended: false };
    const { runs } = sweepFaultsSync({
      make: () => (state = { begun: false, ended: false }, memoryRuntime({ files })),
      operation: (runtime) => writeFileSync("/d/a", watched(state), { runtime }),
      check: () => assertEquals(state.ended, state.begun),
    });
    assert(runs > 50);
  });

  it("a stream is read to its end or cancelled, once", async () => {
    let settled: string[] = [];
    const stream = () => {
      let left = 3;
      return new ReadableStream<string>({
        pull(controller) {
          if (left-- > 0) return controller.enqueue("chunk");
          settled.push("closed");
          controller.close();
        },
        cancel: () => void settled.push("cancelled"),
      }, { highWaterMark: 0 });
    };
    const { runs } = await sweepFaults({
      make: () => (settled = [], memoryRuntime({ files, delay: "every" })),
      operation: (runtime) => writeFile("/d/a", stream(), { runtime }),
      check: () => assertEquals(settled.length, 1, settled.join()),
    });
    assert(runs > 50);
  });
});
