/**
 * `deno task mutants`: plants mistakes in the source, one at a time, and runs the tests that must see each of them. Ends
 * with status 1 when one survives that should not, or when fewer than 95 % are seen.
 *
 *     deno task mutants -- --only=src/lock --only=src/log --share=1/12 --jobs=2 --record
 *
 * `--record` keeps what it has shown in bench/results/mutants.json. `--unproven` runs the tests with the mutants alone, for
 * somebody who knows that they pass without; `--quick` no harder than a quick run of the suite does. Tests work in the system's folder for temporary files (TMPDIR); where that is
 * in memory, the whole list takes half the time.
 */
import { allMutants } from "./mutants/all.ts";
import { startRecord } from "./mutants/record.ts";
import { type Outcome, runMutants } from "./mutants/run_mutants.ts";
import { shareOf } from "./mutants/share.ts";

const wanted: string[] = [];
let share: string | undefined;
let lanes = navigator.hardwareConcurrency;
let provenTests = false;
let quick = false;
let keeps = false;
for (const argument of Deno.args) {
  const [name, value = ""] = argument.split("=");
  if (name === "--only") wanted.push(value);
  else if (name === "--share") share = value;
  else if (name === "--jobs" && Number(value) >= 1) lanes = Math.floor(Number(value));
  else if (argument === "--unproven") provenTests = true;
  else if (argument === "--quick") quick = true;
  else if (argument === "--record") keeps = true;
  else if (argument !== "--") throw new TypeError(`unknown argument: ${argument}`);
}
const chosen = allMutants.filter(({ name, file }) =>
  wanted.length === 0 || wanted.some((part) => `${file} ${name}`.includes(part))
);
const mutants = share === undefined ? chosen : shareOf(chosen, share);
if (mutants.length === 0) throw new TypeError("there is no such mutant");

const keep = keeps ? await startRecord() : () => {};

function tell(outcome: Outcome): void {
  const { mutant: { name, file, survives }, killedBy, notes, seconds } = outcome;
  keep(outcome);
  const survived = survives === undefined ? "SURVIVED" : "survived, as argued";
  console.log(`${file}: ${name}: ${killedBy ? `seen by ${killedBy}` : survived} (${seconds.toFixed(1)} s)`);
  if (killedBy === undefined) notes.forEach((note) => console.log(`  ${note}`));
}

const outcomes = await runMutants(mutants, { lanes, quick, provenTests, tell });
const seen = outcomes.filter(({ killedBy }) => killedBy !== undefined).length;
const unexpected = outcomes.filter(({ mutant, killedBy }) =>
  (killedBy === undefined) !== (mutant.survives !== undefined)
);
console.log(`${seen} of ${outcomes.length} mutants seen (${(seen / outcomes.length * 100).toFixed(1)} %)`);
for (const { mutant: { name, file, survives } } of unexpected) {
  const problem = survives === undefined ? "no test sees it" : "is seen, although it is said to survive";
  console.log(`${file}: ${name}: ${problem}`);
}
Deno.exit(unexpected.length === 0 && seen / outcomes.length >= 0.95 ? 0 : 1);
