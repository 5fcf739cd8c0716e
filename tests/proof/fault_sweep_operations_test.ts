/** Every fault of everything but single writes; and again where nothing can be removed: see fault_sweep_test.ts. */
import { describe, it } from "node:test";
import type { Aggravation } from "./faults.ts";
import { operations } from "./operations.ts";
import { singleFeatureWrites } from "./single_writes.ts";
import { some, sweepAll } from "./sweep_rows.ts";

const aggravations: readonly Aggravation[] = [
  { name: "and nothing can be removed", always: { method: "remove", error: "EACCES" } },
];

describe("every fault of", () => {
  it("all other operations", () => sweepAll("other operations", some(operations)));
  for (const aggravation of aggravations) {
    it(`single writes, ${aggravation.name}`, () =>
      sweepAll(`single writes, ${aggravation.name}`, some(singleFeatureWrites([1])), aggravation));
  }
});
