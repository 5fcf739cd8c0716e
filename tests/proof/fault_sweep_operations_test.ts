/** Every fault of everything but single writes; and again where nothing can be removed: see fault_sweep_test.ts. */
import { describe, it } from "node:test";
import { assertFigures } from "../support/explored_figures.ts";
import type { Aggravation } from "./faults.ts";
import { operations } from "./operations.ts";
import { singleFeatureWrites } from "./single_writes.ts";
import { some, sweepAll } from "./sweep_rows.ts";

const aggravations: readonly (Aggravation & { figures: string })[] = [
  {
    name: "and nothing can be removed",
    always: { method: "remove", error: "EACCES" },
    figures: "faults_nothing_removed",
  },
];

describe("every fault of", () => {
  it("all other operations", async () => {
    const what = "faults of every other operation";
    assertFigures("faults_other_operations", what, await sweepAll(what, some(operations)));
  });
  for (const aggravation of aggravations) {
    it(`single writes, ${aggravation.name}`, async () => {
      const what = `faults of single writes, ${aggravation.name}`;
      assertFigures(aggravation.figures, what, await sweepAll(what, some(singleFeatureWrites([1])), aggravation));
    });
  }
});
