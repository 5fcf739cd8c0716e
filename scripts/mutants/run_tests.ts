/**
 * Runs test files of the checkout it lies in on Deno, one after another, and ends at the first that fails: with status 1,
 * and with what failed on standard output. A process of its own, since it is a copy of the checkout that is run.
 *
 *     deno run -A scripts/mutants/run_tests.ts tests/protocol/sync_test.ts …
 */
import { readOptions } from "../suite/options.ts";
import { runFile } from "../suite/run_files.ts";
import { denoRunner, type Programs, testEnvironment } from "../suite/runners.ts";
import { chooseStandardLibrary, denoArguments } from "../toolchain/standard_library.ts";

const options = readOptions([], Deno.env.get("STD"));
const programs: Programs = { denoArguments: denoArguments(await chooseStandardLibrary(options.standardLibrary)) };
const runner = denoRunner(programs, testEnvironment(programs, "normal"));
for (const path of Deno.args) {
  const { tests, leftovers } = await runFile(runner, path, options);
  const [failed] = tests.filter(({ state }) => state === "failed");
  if (failed === undefined && leftovers.length === 0) continue;
  console.log(`${path}: ${failed?.name ?? `leaves ${leftovers.join(", ")}`}`);
  Deno.exit(1);
}
