/**
 * Every call of every operation of the table fails once, and from then on always, with every error that fits, on both
 * drivers: what is told is true, nothing is left that is not named, nothing stays open or locked, and a plain repetition
 * afterwards succeeds. Again where removing or closing fails, too, and where calls are done although they report failure.
 */
import { assert } from "@std/assert";
import { describe, it } from "node:test";
import { byEffort } from "../support/effort.ts";
import { currentRuntime } from "../support/spawn.ts";
import { type Aggravation, driversOf, sweepRow } from "./faults.ts";
import { operations } from "./operations.ts";
import type { Row } from "./row.ts";
import { pairedFeatureWrites, singleFeatureWrites } from "./single_writes.ts";

/** All rows on one runtime, a part on the others: they run the same code. */
const stride = currentRuntime === "deno" ? byEffort({ quick: 10, normal: 1, long: 1 }) : 10;
const some = (rows: readonly Row[], every = stride): Row[] =>
  rows.filter((row, index) => row.concurrent !== true && index % every === 0);
/** A fault in one call of a pair of options has mostly been tried with each of them: before a release, all are. */
const pairStride = stride * byEffort({ quick: 3, normal: 3, long: 1 });

const aggravations: readonly Aggravation[] = [
  { name: "and nothing can be removed", always: { method: "remove", error: "EACCES" } },
];

async function sweepAll(what: string, rows: readonly Row[], aggravation?: Aggravation): Promise<void> {
  let calls = 0;
  let runs = 0;
  for (const row of rows) {
    for (const api of driversOf(row)) {
      const report = await sweepRow(row, api, aggravation);
      console.log(`${row.name} (${api.name}): ${report.calls} calls, ${report.runs} faults`);
      calls += report.calls;
      runs += report.runs;
    }
  }
  console.log(`# SWEPT ${what}: ${rows.length} operations, ${calls} calls, ${runs} faults, no violations`);
  assert(runs > 0);
}

describe("every fault of", () => {
  it("single writes, with each option", () => sweepAll("single writes", some(singleFeatureWrites([1, 2]))));
  it("single writes, with all pairs of options", () =>
    sweepAll("pairs of options", some(pairedFeatureWrites([1]), pairStride)));
  it("all other operations", () => sweepAll("other operations", some(operations)));
  for (const aggravation of aggravations) {
    it(`single writes, ${aggravation.name}`, () =>
      sweepAll(aggravation.name, some(singleFeatureWrites([1])), aggravation));
  }
});
