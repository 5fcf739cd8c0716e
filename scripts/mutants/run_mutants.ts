/**
 * Plants mutants, one at a time, in a copy of the checkout, and runs the tests that must see each.
 *
 * 1. `makeCopy`: the files git knows of, as they are in the working tree. 2. `runBaseline`: without a mutant all these
 * tests pass, else a red one would prove nothing. 3. `runMutant` for each. 4. The copy goes, whatever happens.
 */
import { dirname, join } from "node:path";
import { execute } from "../process.ts";
import { BUILD, ROOT } from "../toolchain/folders.ts";
import { type Mutant, planted } from "./mutant.ts";

/** What became of a mutant. */
export interface Outcome {
  readonly mutant: Mutant;
  /** The test that turned red; undefined: it has survived. */
  readonly killedBy: string | undefined;
}

/** Ten minutes: a mutant that hangs is seen by that, too. */
const patience = 600_000;

async function filesOfCheckout(): Promise<string[]> {
  const args = ["ls-files", "-z", "--cached", "--others", "--exclude-standard"];
  const { code, output } = await execute("git", ["-C", ROOT, ...args], {});
  if (code !== 0) throw new Error(`git ls-files: ${output}`);
  return output.split("\0").filter((path) => path !== "");
}

/** A copy of the checkout for one lane. */
async function makeCopy(lane: number): Promise<string> {
  const folder = `${BUILD}/mutants/${Deno.pid}.${lane}`;
  for (const path of await filesOfCheckout()) {
    const target = join(folder, path);
    await Deno.mkdir(dirname(target), { recursive: true });
    await Deno.copyFile(join(ROOT, path), target);
  }
  return folder;
}

/** Runs tests in a copy; the first that fails. */
async function firstFailure(folder: string, tests: readonly string[]): Promise<string | undefined> {
  const args = [
    "run",
    "-A",
    "--no-prompt",
    "--no-check",
    "--quiet",
    `${folder}/scripts/mutants/run_tests.ts`,
    ...tests,
  ];
  const { code, output, timedOut } = await execute(Deno.execPath(), args, { timeout: patience });
  if (timedOut) return "no end";
  return code === 0 ? undefined : output.trim().split("\n").at(-1) ?? "";
}

async function runMutant(folder: string, mutant: Mutant): Promise<Outcome> {
  const path = join(folder, mutant.file);
  const source = await Deno.readTextFile(path);
  await Deno.writeTextFile(path, planted(mutant, source));
  try {
    return { mutant, killedBy: await firstFailure(folder, mutant.tests) };
  } finally {
    await Deno.writeTextFile(path, source);
  }
}

/** Runs mutants in `lanes` copies at once; `tell` hears of each as it ends. */
export async function runMutants(
  mutants: readonly Mutant[],
  lanes: number,
  tell: (outcome: Outcome) => void,
): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  const waiting = [...mutants];
  const files = [...new Set(mutants.flatMap(({ tests }) => tests))].sort();
  const unproven = [...files];
  const folders: string[] = [];
  const inLane = async (lane: number, work: (folder: string) => Promise<void>) => {
    await work(folders[lane] ??= await makeCopy(lane));
  };
  const together = (work: (folder: string) => Promise<void>) =>
    Promise.all(Array.from({ length: lanes }, (_, lane) => inLane(lane, work)));
  try {
    await together(async (folder) => {
      for (let file = unproven.shift(); file !== undefined; file = unproven.shift()) {
        const failure = await firstFailure(folder, [file]);
        if (failure !== undefined) throw new Error(`fails without any mutant: ${failure}`);
      }
    });
    await together(async (folder) => {
      for (let mutant = waiting.shift(); mutant !== undefined; mutant = waiting.shift()) {
        const outcome = await runMutant(folder, mutant);
        outcomes.push(outcome);
        tell(outcome);
      }
    });
  } finally {
    for (const folder of folders) await Deno.remove(folder, { recursive: true });
  }
  return outcomes;
}
