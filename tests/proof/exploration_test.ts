/** Single writes, with every option, on both drivers: every disk that a power cut or a kill may leave. */
import { assertEquals } from "@std/assert";
import { describe, it } from "node:test";
import { byEffort } from "../support/effort.ts";
import { assertFigures } from "../support/explored_figures.ts";
import { explored, exploreRow, Tally, waysOf } from "./explore.ts";
import type { Row } from "./row.ts";
import { singleFeatureWrites } from "./single_writes.ts";

/** A developer who waits gets every tenth row. */
const stride = byEffort({ quick: 10, normal: 1, long: 1 });

async function exploreAll(what: string, rows: readonly Row[]): Promise<Tally> {
  const tally = new Tally();
  for (const row of explored(rows, stride)) {
    for (const way of waysOf(row)) tally.add(row, way.api.name, await exploreRow(row, way));
  }
  console.log(tally.summary(what));
  assertEquals(tally.samples, 0, "single writes are explored exhaustively");
  return tally;
}

describe("every crash of a single write", () => {
  it("with each option, its content in one to three pieces", async () => {
    const what = "single writes, each option, pending in 1, 2 and 3 pieces";
    const { figures } = await exploreAll(what, singleFeatureWrites([1, 2, 3]));
    assertFigures("writes_each_option", what, figures);
  });
});
