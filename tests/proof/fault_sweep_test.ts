/**
 * Every call of every operation of the table fails once, and from then on always, with every error that fits, on both
 * drivers: what is told is true, nothing is left that is not named, nothing stays open or locked, and a plain repetition
 * afterwards succeeds. Single writes; fault_sweep_operations_test.ts has all others.
 */
import { describe, it } from "node:test";
import { byEffort } from "../support/effort.ts";
import { assertFigures } from "../support/explored_figures.ts";
import { pairedFeatureWrites, singleFeatureWrites } from "./single_writes.ts";
import { some, sweepAll } from "./sweep_rows.ts";

/** A fault in one call of a pair of options has mostly been tried with each of them: before a release, all are. */
const everyPair = byEffort({ quick: 7, normal: 7, long: 1 });
/** A write in two pieces has one more call that can fail, and that one is swept as a short write, too. */
const pieces = byEffort<readonly number[]>({ quick: [1], normal: [1], long: [1, 2, 3] });

describe("every fault of", () => {
  it("single writes, with each option", async () => {
    const what = "faults of single writes, each option";
    assertFigures("faults_writes", what, await sweepAll(what, some(singleFeatureWrites(pieces))));
  });
  it("single writes, with pairs of options", async () => {
    const what = "faults of single writes, every seventh pair of options";
    assertFigures("faults_pairs_of_options", what, await sweepAll(what, some(pairedFeatureWrites([1]), everyPair)));
  });
});
