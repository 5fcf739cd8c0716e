/**
 * A share of the mutants: those that take little processor time, in parts of a quarter of a minute. Which part it is, the source
 * decides: another one after each change, and the same one whenever nothing has changed. The suite has run their tests
 * without a mutant, so that a red one is the mutant's. All of them: `deno task mutants`.
 */
import { assert, assertEquals } from "@std/assert";
import { it } from "node:test";
import { digestOf } from "./figures/source.ts";
import { allMutants } from "./mutants/all.ts";
import { readSeconds } from "./mutants/record.ts";
import { runMutants } from "./mutants/run_mutants.ts";
import { partsOf } from "./mutants/share.ts";

/** Seconds of processor time. */
const limits = { each: 5, together: 15 };
const turn = Number.parseInt(digestOf(["src"]).slice(0, 8), 16);

it("a share of the mutants is seen by its tests", async () => {
  // What Node and Bun run has to be compiled first, and what is argued to survive is no sign of anything.
  const mutants = allMutants.filter(({ runtime, survives, hangs }) => runtime === undefined && !survives && !hangs);
  const parts = partsOf(mutants, readSeconds(), limits);
  const part = parts[turn % parts.length] ?? [];
  assert(part.length > 0, "bench/results/mutants.json knows of no mutant that is quickly run");
  const outcomes = await runMutants(part, { lanes: 1, quick: false, provenTests: true, tell: () => {} });
  console.log(`part ${turn % parts.length + 1} of ${parts.length}: ${outcomes.length} of ${allMutants.length} mutants`);
  const survivors = outcomes.filter(({ killedBy }) => killedBy === undefined);
  assertEquals(survivors.map(({ mutant: { file, name }, notes }) => [`${file}: ${name}`, ...notes]), []);
});
