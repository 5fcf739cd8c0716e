/**
 * How much the explorations of the simulated machine go through, kept in tests/golden/figures and printed by
 * docs/proof.md (`deno task figures`). Kept are the counts of a whole run on Deno (`--whole`, or a `--filter`), where
 * nothing is left out, with a digest of the source and the tests that they were counted on.
 *
 * Every such run counts anew. On that very source it must count the same; on another one it says that what is kept is
 * older, and a release is refused until it is counted anew: ATOMIC_WRITE_UPDATE_GOLDEN=1 keeps what this run counts. Read
 * the difference: a number that falls is a test that tries less than before.
 */
import { assertEquals } from "@std/assert";
import * as fs from "node:fs";
import { dirname, join } from "node:path";
import process from "node:process";
import { commitOf, digestOf, SOURCES } from "../../scripts/figures/source.ts";
import { effort, turn } from "./effort.ts";
import { checkout } from "./golden.ts";
import { currentRuntime } from "./spawn.ts";

/** Counts by name: rows, calls, states, faults … */
export type Figures = Readonly<Record<string, number>>;

/** Holds what was explored to tests/golden/figures/`name`.json. `what` says it to the readers of the page. */
export function assertFigures(name: string, what: string, figures: Figures): void {
  if (currentRuntime !== "deno" || effort() !== "normal" || turn !== undefined) return;
  const path = join(checkout(), "tests/golden/figures", `${name}.json`);
  const digest = digestOf(SOURCES.explorations);
  if (process.env["ATOMIC_WRITE_UPDATE_GOLDEN"] === "1") {
    const source = { commit: commitOf(["src"]), digest };
    fs.mkdirSync(dirname(path), { recursive: true });
    fs.writeFileSync(path, `${JSON.stringify({ what, ...figures, source }, undefined, 2)}\n`);
  }
  const { source, ...kept } = JSON.parse(fs.readFileSync(path, "utf8")) as { source: { digest: string } };
  if (source.digest === digest) assertEquals(kept, { what, ...figures }, path);
  else console.log(`# OLDER FIGURES ${name}: kept ${JSON.stringify(kept)}, counted ${JSON.stringify(figures)}`);
}
