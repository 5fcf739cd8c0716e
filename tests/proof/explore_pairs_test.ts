/**
 * Single writes with all pairs of options: every disk that a power cut or a kill may leave. The synchronous driver with
 * content pending in three pieces, the asynchronous one, whose calls are the same, in one; before a release, both in all.
 */
import { assertEquals } from "@std/assert";
import { describe, it } from "node:test";
import { byEffort } from "../support/effort.ts";
import { exploreRow, fraction, Tally, type Way, ways } from "./explore.ts";
import { pairedFeatureWrites } from "./single_writes.ts";

const stride = byEffort({ quick: 20, normal: 1, long: 1 });
const piecesOf = ({ api }: Way): readonly number[] =>
  byEffort<readonly number[]>({ quick: [2], normal: api.name === "sync" ? [3] : [1], long: [1, 2, 3] });

describe("every crash of a single write with all pairs of options", () => {
  for (const way of ways) {
    it(`driven by the ${way.api.name} twin`, async () => {
      const tally = new Tally();
      for (const row of pairedFeatureWrites(piecesOf(way)).filter((_row, index) => index % stride === 0)) {
        tally.add(row, way.api.name, await exploreRow(row, way));
      }
      console.log(
        tally.summary(`single writes, all pairs of options, ${way.api.name}, pieces ${piecesOf(way).join()}`),
      );
      if (fraction === 1) assertEquals(tally.samples, 0, "single writes are explored exhaustively");
    });
  }
});
