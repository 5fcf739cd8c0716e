/**
 * `deno task mutants`: plants mistakes in the source, one at a time, and runs the tests that must see each of them. Ends
 * with status 1 when one survives that should not, or when fewer than 95 % are seen.
 *
 *     deno task mutants -- --only=lock --share=1/12 --jobs=2
 */
import { allMutants } from "./mutants/all.ts";
import { runMutants } from "./mutants/run_mutants.ts";
import { shareOf } from "./mutants/share.ts";

let mutants = allMutants;
let jobs = navigator.hardwareConcurrency;
for (const argument of Deno.args) {
  const [name, value = ""] = argument.split("=");
  if (name === "--only") mutants = mutants.filter(({ name, file }) => `${file} ${name}`.includes(value));
  else if (name === "--share") mutants = shareOf(mutants, value);
  else if (name === "--jobs" && Number(value) >= 1) jobs = Math.floor(Number(value));
  else if (argument !== "--") throw new TypeError(`unknown argument: ${argument}`);
}
if (mutants.length === 0) throw new TypeError("there is no such mutant");

const outcomes = await runMutants(mutants, jobs, ({ mutant: { name, file, survives }, killedBy }) => {
  const what = killedBy !== undefined
    ? `seen by ${killedBy}`
    : survives === undefined
    ? "SURVIVED"
    : "survived, as argued";
  console.log(`${file}: ${name}: ${what}`);
});
const seen = outcomes.filter(({ killedBy }) => killedBy !== undefined).length;
const unexpected = outcomes.filter(({ mutant, killedBy }) =>
  (killedBy === undefined) !== (mutant.survives !== undefined)
);
console.log(`${seen} of ${outcomes.length} mutants seen (${(seen / outcomes.length * 100).toFixed(1)} %)`);
for (const { mutant: { name, file, survives } } of unexpected) {
  console.log(
    `${file}: ${name}: ${survives === undefined ? "no test sees it" : "is seen, although it is said to survive"}`,
  );
}
Deno.exit(unexpected.length === 0 && seen / outcomes.length >= 0.95 ? 0 : 1);
