/**
 * Single writes with all pairs of options, their content pending in one, two and three pieces, on both drivers: every disk
 * that a power cut or a kill may leave.
 */
import { assertEquals } from "@std/assert";
import { describe, it } from "node:test";
import { byEffort } from "../support/effort.ts";
import { assertFigures } from "../support/explored_figures.ts";
import { explored, exploreRow, Tally, ways } from "./explore.ts";
import { pairedFeatureWrites } from "./single_writes.ts";

/** The asynchronous twin makes the same calls in the same order (tests/twins_test.ts): a share of it shows that it does. */
const strides = {
  sync: byEffort({ quick: 20, normal: 1, long: 1 }),
  async: byEffort({ quick: 20, normal: 7, long: 1 }),
};
const pieces = byEffort<readonly number[]>({ quick: [2], normal: [1, 2, 3], long: [1, 2, 3] });

describe("every crash of a single write with all pairs of options", () => {
  for (const way of ways) {
    it(`driven by the ${way.api.name} twin`, async () => {
      const tally = new Tally();
      for (const row of explored(pairedFeatureWrites(pieces), strides[way.api.name])) {
        tally.add(row, way.api.name, await exploreRow(row, way));
      }
      const share = way.api.name === "sync" ? "all pairs" : "every seventh pair";
      const what = `single writes, ${share} of options, pending in 1, 2 and 3 pieces, ${way.api.name} twin`;
      console.log(tally.summary(what));
      assertEquals(tally.samples, 0, "single writes are explored exhaustively");
      assertFigures(`writes_pairs_of_options_${way.api.name}`, what, tally.figures);
    });
  }
});
