/**
 * Plants mutants, one at a time, in copies of the checkout, and runs the tests that must see each.
 *
 * 1. `runBaseline`: without a mutant all these tests pass, else a red one would prove nothing; each file once for each
 * runtime and effort. 2. Each mutant: its tests, with the effort of a quick run and then of a normal one, until one is
 * red. 3. The copies go, whatever happens.
 *
 * A test that runs out of time has seen only a mutant that `hangs`: of any other nobody knows whether the machine was
 * slow. Nor has a test file that ends without a result for any of its tests seen anything.
 */
import type { FileResult } from "../suite/run_files.ts";
import { Lane, prepareLanes, type RunOptions, type Toolchain } from "./lane.ts";
import type { Mutant } from "./mutant.ts";

/** What became of a mutant. */
export interface Outcome {
  readonly mutant: Mutant;
  /** The test that turned red; undefined: it has survived. */
  readonly killedBy: string | undefined;
  /** What somebody should know who believes that it has survived: tests that were skipped, that had no end. */
  readonly notes: readonly string[];
  /** Of processor time, where it can be told whose that is (one lane, Linux); else of the clock. */
  readonly seconds: number;
}

export interface RunMutantsOptions {
  /** How many copies of the checkout are used at once. */
  readonly lanes: number;
  /** Tests try as hard as in a quick run, and in a normal one only where that has seen nothing; or not even then. */
  readonly quick: boolean;
  /** The tests are known to pass without a mutant: somebody has just run them. */
  readonly provenTests: boolean;
  /** Hears of each mutant as it ends. */
  readonly tell: (outcome: Outcome) => void;
}

/** The most that a test file may take with a mutant in the source. Milliseconds; a busy machine gives more. */
const LIMIT = 300_000;

/** What a hanging one gets. */
const LIMIT_OF_A_HANG = 10_000;

/** What is wrong with a file's run: a failed test, a leftover, or that it could not be run at all. */
function complaint({ path, tests, leftovers }: FileResult): string | undefined {
  const failed = tests.find(({ state }) => state === "failed");
  if (failed !== undefined) return `${path}: ${failed.name === path ? failed.reason : failed.name}`;
  return leftovers.length > 0 ? `${path}: leaves ${leftovers.join(", ")}` : undefined;
}

/** What a file that could not be run has said last. */
const lastLines = (output: string): string => output.trimEnd().split("\n").slice(-12).join("\n    ");

/** Whether a file has failed as a whole: a mutant that cannot even be loaded shows nothing of a test. */
const failedAsAWhole = ({ path, tests }: FileResult): boolean => tests.every(({ name }) => name === path);

function runsOf(mutant: Mutant, quick: boolean): { test: string; options: RunOptions }[] {
  const { tests, hangs } = mutant;
  const runtime = mutant.runtime ?? "deno";
  const timeout = hangs ? LIMIT_OF_A_HANG : LIMIT;
  const efforts = quick ? ["quick"] as const : ["quick", "normal"] as const;
  return efforts.flatMap((effort) => tests.map((test) => ({ test, options: { runtime, effort, timeout } })));
}

/** Ticks of the processor for all processes that this one has waited for: proc_pid_stat(5), fields 16 and 17. */
function processorSeconds(): number {
  const fields = Deno.readTextFileSync("/proc/self/stat").replace(/^.*\)/s, "").trim().split(" ");
  return (Number(fields[13]) + Number(fields[14])) / 100;
}

/** A clock for what one mutant takes. */
const clockFor = (lanes: number): () => number =>
  lanes === 1 && Deno.build.os === "linux" ? processorSeconds : () => performance.now() / 1000;

async function runMutant(lane: Lane, mutant: Mutant, quick: boolean, clock: () => number): Promise<Outcome> {
  const started = clock();
  const notes = new Set<string>();
  let killedBy: string | undefined;
  const restore = await lane.plant(mutant);
  try {
    for (const { test, options } of runsOf(mutant, quick)) {
      const result = await lane.run(test, options);
      if (result.timedOut && mutant.hangs) killedBy = `${test}: no end`;
      else if (result.timedOut || failedAsAWhole(result)) {
        notes.add(`${complaint(result)}: ${lastLines(result.output)}`);
      } else killedBy = complaint(result);
      for (const { state, name, reason } of result.tests) {
        if (state === "skipped") notes.add(`skipped: ${name}: ${reason}`);
      }
      if (killedBy !== undefined) break;
    }
  } finally {
    await restore();
  }
  return { mutant, killedBy, notes: [...notes], seconds: clock() - started };
}

/** Throws when one of the tests is red without any mutant. */
function baselineOf(mutants: readonly Mutant[], quick: boolean): ((lane: Lane) => Promise<void>)[] {
  const runs = new Map(
    mutants.flatMap((mutant) => runsOf(mutant, quick)).map((run) => {
      const { test, options: { runtime, effort } } = run;
      return [`${test} on ${runtime}, ${effort}`, run];
    }),
  );
  return [...runs].map(([title, { test, options }]) => async (lane) => {
    const failure = complaint(await lane.run(test, { ...options, timeout: LIMIT }));
    if (failure !== undefined) throw new Error(`${title}: fails without any mutant: ${failure}`);
  });
}

/** Does all of the work, in so many lanes at once. */
async function shareWork(lanes: readonly Lane[], work: readonly ((lane: Lane) => Promise<void>)[]): Promise<void> {
  const waiting = [...work];
  await Promise.all(lanes.map(async (lane) => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) await next(lane);
  }));
}

async function makeLanes(count: number, toolchain: Toolchain): Promise<Lane[]> {
  return await Promise.all(Array.from({ length: count }, (_, number) => Lane.make(number, toolchain)));
}

export async function runMutants(mutants: readonly Mutant[], options: RunMutantsOptions): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  const clock = clockFor(options.lanes);
  const lanes = await makeLanes(Math.min(options.lanes, mutants.length), await prepareLanes(mutants));
  try {
    if (!options.provenTests) await shareWork(lanes, baselineOf(mutants, options.quick));
    await shareWork(
      lanes,
      mutants.map((mutant) => async (lane) => {
        const outcome = await runMutant(lane, mutant, options.quick, clock);
        outcomes.push(outcome);
        options.tell(outcome);
      }),
    );
  } finally {
    for (const lane of lanes) await lane.remove();
  }
  return outcomes;
}
