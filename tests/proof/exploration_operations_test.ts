/**
 * All other operations: every disk that a power cut or a kill may leave; and of everything that one driver can do alone,
 * what a second power cut may leave in the middle of recovering from the first.
 */
import { assert } from "@std/assert";
import { describe, it } from "node:test";
import { byEffort } from "../support/effort.ts";
import { assertFigures } from "../support/explored_figures.ts";
import { explored, exploreRecovery, exploreRow, Tally, waysOf } from "./explore.ts";
import { operations } from "./operations.ts";
import type { Row } from "./row.ts";
import { singleFeatureWrites } from "./single_writes.ts";

const stride = byEffort({ quick: 10, normal: 1, long: 1 });
const some = (rows: readonly Row[]): Row[] => explored(rows, stride);

describe("every crash of", () => {
  it("all other operations", async () => {
    const tally = new Tally();
    for (const row of some(operations)) {
      for (const way of waysOf(row)) tally.add(row, way.api.name, await exploreRow(row, way));
    }
    console.log(tally.summary("other operations"));
    assert(tally.states > 0);
    assertFigures("other_operations", "every other operation, and calls that meet (5 orders)", tally.figures);
  });

  it("recovering from a crash: the sweep, and the operation once more", () => {
    const tally = new Tally();
    for (const row of some([...singleFeatureWrites([1]), ...operations])) {
      if (row.only !== "async") tally.add(row, "recovery", [exploreRecovery(row)]);
    }
    console.log(tally.summary("recoveries, cut off as well"));
    assert(tally.states > 0);
    assertFigures("recoveries", "recovery, and a second cut during the recovery", tally.figures);
  });
});
