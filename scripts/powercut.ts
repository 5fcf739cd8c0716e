/**
 * Real power cuts: `sudo deno task powercut`. Cuts file systems off from their medium while each runtime writes, and
 * says what became of acknowledged data; then does the same to others' ways of saving a file, side by side.
 *
 * Fails when our own functions lost anything at their full durability on a file system that keeps its promises, and
 * when the controls (no sync, no directory sync, a disk that lies) lost nothing: then the method proves nothing. The raw
 * figures go to bench/results/powercut.json.
 */
import { honestFileSystems } from "../tests/powercut/machine.ts";
import { compared, type Scene, scenes } from "../tests/powercut/scenes.ts";
import { cannotCut, readOutcome, type SeriesOrder, type SeriesOutcome, startSeries } from "../tests/powercut/series.ts";
import type { SpawnedScript } from "../tests/support/spawn.ts";
import { commandLine, startRecording } from "./figures/record.ts";
import { SOURCES } from "./figures/source.ts";
import { type PowercutOptions, readPowercutOptions, USAGE } from "./powercut/options.ts";
import {
  type ComparedSeries,
  compareMethods,
  isUnharmed,
  lossTable,
  tornTable,
  unequalExposure,
} from "./powercut/comparison.ts";
import { describeTally, isClean, type Tally, tally } from "./powercut/tally.ts";
import { prepare, stop } from "./powercut/prepare.ts";
import { execute, onInterrupt } from "./process.ts";
import { newDirectory, removeLeftovers } from "./suite/leftovers.ts";
import { installTool } from "./toolchain/npm.ts";
import { PEERS } from "./toolchain/versions.ts";

/** What the record has. */
export interface PowercutResults {
  readonly options: PowercutOptions;
  readonly peers: Readonly<Record<string, string>>;
  readonly ours: readonly Tally[];
  readonly comparison: readonly ComparedSeries[];
}

/** The scenes that are wanted. */
function chosen(all: Readonly<Record<string, Scene>>, text: string): Record<string, Scene> {
  const found = Object.entries(all).filter(([name]) => name.includes(text));
  if (found.length === 0) throw new TypeError(`No scene is called "${text}": ${Object.keys(all).join("; ")}`);
  return Object.fromEntries(found);
}

let running: SpawnedScript | undefined;

/** What a series has shown; undefined where there can be none. */
async function runOne(order: SeriesOrder): Promise<SeriesOutcome & { seconds: number } | undefined> {
  const started = performance.now();
  running = startSeries(order);
  const outcome = await readOutcome(running);
  if (outcome.unavailable === undefined) return { ...outcome, seconds: (performance.now() - started) / 1000 };
  console.log(`${order.runtime}, ${order.fileSystem}: not here: ${outcome.unavailable}`);
  return undefined;
}

/** All our functions, on every runtime; each series is handed to `keep` when it has ended. */
async function proveOurs(options: PowercutOptions, keep: (each: Tally) => void): Promise<void> {
  const { longest, longestAfterEnd, seed, cuts, foreignCalls } = options;
  if (cuts === 0) return;
  for (const fileSystem of options.fileSystems.filter((name) => honestFileSystems.includes(name))) {
    for (const [index, runtime] of options.runtimes.entries()) {
      const played = chosen(scenes, options.scenes);
      const range = { cuts, seed: seed + index * cuts, longest, longestAfterEnd };
      const series = { fileSystem, runtime, scenes: played, foreignCalls, ...range };
      const outcome = await runOne(series);
      if (outcome === undefined) continue;
      const result = tally({ runtime, fileSystem }, outcome, outcome.seconds);
      keep(result);
      console.log(describeTally(result));
    }
  }
}

/** One way of saving against another, on Node, where all of them run; at each cut they take turns. */
async function compare(options: PowercutOptions, peers: string, keep: (each: ComparedSeries) => void): Promise<void> {
  const { longest, seed, compared: cuts } = options;
  if (cuts === 0) return;
  const hasSponge = (await execute("sh", ["-c", "command -v sponge"])).code === 0;
  if (!hasSponge) console.log("sponge is not here (Debian: apt-get install moreutils)");
  const methods = options.methods.filter((name) => name !== "sponge" || hasSponge);
  for (const fileSystem of options.fileSystems) {
    // A disk that lies is for seeing whether the cuts notice it, not for comparing on.
    const here = honestFileSystems.includes(fileSystem) ? methods : methods.filter((name) => name === "atomic-write");
    if (here.length === 0) continue;
    const played = chosen(compared, options.scenes);
    const order = { fileSystem, runtime: "node", scenes: played, cuts, seed, longest, methods: here, peers } as const;
    const outcome = await runOne(order);
    if (outcome === undefined) continue;
    const { checker, seconds } = outcome;
    const found = compareMethods(fileSystem, outcome.cuts);
    keep({ fileSystem, methods: found, checker, seconds: Math.round(seconds) });
    console.log(`\n${fileSystem} (${seconds.toFixed(0)} s)\n${lossTable(found)}`);
  }
}

/** What must not be so, in words. */
function judge(ours: readonly Tally[], comparison: readonly ComparedSeries[]): string[] {
  const problems = ours.filter((each) => !isClean(each)).map(describeTally);
  const all = comparison.flatMap(({ methods }) => methods);
  const unequal = unequalExposure(all);
  if (unequal !== "") problems.push(`not exposed alike: ${unequal}`);
  for (const { method, fileSystem, afterSaving, examples, ...rest } of all) {
    const isHonest = honestFileSystems.includes(fileSystem);
    const isUnharmedHere = isUnharmed({ method, fileSystem, afterSaving, examples, ...rest });
    if (method === "atomic-write" && isHonest && !isUnharmedHere) {
      problems.push(`${method} on ${fileSystem}: ${examples.join("; ")}`);
    }
    const mustLose = method.startsWith("atomic-write") && (method !== "atomic-write" || !isHonest);
    if (mustLose && afterSaving.cuts >= 10 && afterSaving.cutsWithLoss === 0) {
      problems.push(`${method} lost nothing on ${fileSystem}`);
    }
  }
  for (const { fileSystem, checker } of comparison) {
    if (checker !== "" && honestFileSystems.includes(fileSystem)) problems.push(`${fileSystem}: ${checker}`);
  }
  return problems;
}

/** Pages print the record of cuts with all that runtimes can call. */
const recordOf = ({ foreignCalls }: PowercutOptions): string =>
  foreignCalls ? "powercut" : "powercut_without_foreign_calls";

async function main(options: PowercutOptions): Promise<string[]> {
  onInterrupt(() => stop(running));
  const directory = newDirectory();
  Deno.env.set("ATOMIC_WRITE_TEST_DIRECTORY", directory);
  try {
    await prepare();
    const peers = `${await installTool("bench", PEERS)}/node_modules`;
    console.log(`seed ${options.seed}`);
    const [ours, comparison]: [Tally[], ComparedSeries[]] = [[], []];
    const recording = startRecording(recordOf(options), commandLine("powercut"), SOURCES.everything);
    // After every series: a run of hours that is ended before its time has still shown something.
    const keepIn = <Series>(results: Series[]) => (each: Series) => {
      results.push(each);
      recording.keep({ options, peers: PEERS, ours, comparison } satisfies PowercutResults);
    };
    await proveOurs(options, keepIn(ours));
    await compare(options, peers, keepIn(comparison));
    const all = comparison.flatMap(({ methods }) => methods);
    if (all.length > 0) {
      console.log(`\nFiles that had been saved, and were lost or torn after the cut:\n\n${lossTable(all)}`);
      console.log(`\nCuts during a save after which the file was torn:\n\n${tornTable(all)}`);
    }
    return judge(ours, comparison);
  } finally {
    removeLeftovers(directory);
  }
}

if (Deno.args.includes("--help")) {
  console.log(USAGE);
} else {
  const reason = cannotCut();
  if (reason !== undefined) {
    console.log(`No power can be cut here: it ${reason}.`);
    Deno.exit(1);
  }
  const problems = await main(readPowercutOptions(Deno.args));
  console.log(problems.length === 0 ? "\nok" : `\nFAILED\n${problems.join("\n")}`);
  Deno.exit(problems.length === 0 ? 0 : 1);
}
