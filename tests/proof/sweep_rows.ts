/** Sweeps the faults of many rows of the table, and says how many there were. */
import { assert } from "@std/assert";
import { byEffort, inTurn } from "../support/effort.ts";
import type { Figures } from "../support/explored_figures.ts";
import { currentRuntime } from "../support/spawn.ts";
import { type Aggravation, driversOf, sweepRow } from "./faults.ts";
import type { Row } from "./row.ts";

/** All rows on one runtime, a part on the others: they run the same code. */
const stride = currentRuntime === "deno" ? byEffort({ quick: 10, normal: 1, long: 1 }) : 10;

/** What fails for ever fails the two drivers alike: they run one body, which tests/twins_test.ts proves of its calls. */
const asynchronousTimes = byEffort<("once" | "always")[]>({
  quick: ["once"],
  normal: ["once"],
  long: ["once", "always"],
});

/** The rows that are swept here, or every so many of them; a third in each run of the whole suite. */
export function some(rows: readonly Row[], every = 1): Row[] {
  return inTurn(rows.filter((_row, index) => index % (stride * every) === 0), 3);
}

/** Sweeps the faults of these rows on both drivers; prints a line for each and one for all, and answers what is kept. */
export async function sweepAll(what: string, rows: readonly Row[], aggravation?: Aggravation): Promise<Figures> {
  const started = performance.now();
  let calls = 0;
  let runs = 0;
  for (const row of rows) {
    for (const api of driversOf(row)) {
      const report = await sweepRow(row, api, aggravation, api.name === "sync" ? undefined : asynchronousTimes);
      console.log(`${row.name} (${api.name}): ${report.calls} calls, ${report.runs} faults`);
      calls += report.calls;
      runs += report.runs;
    }
  }
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  console.log(
    `# SWEPT ${what}: ${rows.length} operations, ${calls} calls, ${runs} faults, no violations (${seconds} s)`,
  );
  assert(runs > 0);
  return { operations: rows.length, calls, faults: runs };
}
