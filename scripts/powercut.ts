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
import { cannotCut, readOutcome, type SeriesOrder, startSeries } from "../tests/powercut/series.ts";
import type { SpawnedScript } from "../tests/support/spawn.ts";
import { type PowercutOptions, readPowercutOptions, USAGE } from "./powercut/options.ts";
import { comparisonTable, describeTally, isClean, type Tally, tally } from "./powercut/tally.ts";
import { prepare, stop } from "./powercut/prepare.ts";
import { execute, onInterrupt } from "./process.ts";
import { newDirectory, removeLeftovers } from "./suite/leftovers.ts";
import { ROOT, writeIfChanged } from "./toolchain/folders.ts";
import { installTool } from "./toolchain/npm.ts";
import { PEERS } from "./toolchain/versions.ts";

/** The scenes that are wanted. */
function chosen(all: Readonly<Record<string, Scene>>, text: string): Record<string, Scene> {
  const found = Object.entries(all).filter(([name]) => name.includes(text));
  if (found.length === 0) throw new TypeError(`No scene is called "${text}": ${Object.keys(all).join("; ")}`);
  return Object.fromEntries(found);
}

let running: SpawnedScript | undefined;

async function runTally(order: SeriesOrder): Promise<Tally | undefined> {
  const started = performance.now();
  running = startSeries(order);
  const outcome = await readOutcome(running);
  const { runtime, fileSystem, method = "" } = order;
  if (outcome.unavailable !== undefined) {
    console.log(`${runtime}, ${fileSystem}: not here: ${outcome.unavailable}`);
    return undefined;
  }
  return tally({ runtime, fileSystem, method }, outcome, (performance.now() - started) / 1000);
}

/** All our functions, on every runtime; each series is handed to `keep` when it has ended. */
async function proveOurs(options: PowercutOptions, keep: (each: Tally) => void): Promise<void> {
  const { longest, longestAfterEnd, seed, cuts } = options;
  if (cuts === 0) return;
  for (const fileSystem of options.fileSystems.filter((name) => honestFileSystems.includes(name))) {
    for (const [index, runtime] of options.runtimes.entries()) {
      const played = chosen(scenes, options.scenes);
      const series = { fileSystem, runtime, scenes: played, cuts, seed: seed + index * cuts, longest, longestAfterEnd };
      const result = await runTally(series);
      if (result === undefined) continue;
      keep(result);
      console.log(describeTally(result));
    }
  }
}

/** One way of saving against another, on Node, where all of them run. */
async function compare(options: PowercutOptions, peers: string, keep: (each: Tally) => void): Promise<void> {
  const { longest, seed } = options;
  if (options.compared === 0) return;
  const hasSponge = (await execute("sh", ["-c", "command -v sponge"])).code === 0;
  if (!hasSponge) console.log("sponge is not here (Debian: apt-get install moreutils)");
  for (const method of options.methods.filter((name) => name !== "sponge" || hasSponge)) {
    // A disk that lies is for seeing whether the cuts notice it, not for comparing on.
    const isControl = method === "atomic-write";
    for (const fileSystem of options.fileSystems.filter((name) => isControl || honestFileSystems.includes(name))) {
      const played = chosen(compared, options.scenes);
      const order = { fileSystem, runtime: "node", scenes: played, cuts: options.compared, seed, longest } as const;
      const result = await runTally({ ...order, method, peers });
      if (result === undefined) continue;
      keep(result);
      console.log(`${method}: ${describeTally(result).split("\n")[0]}`);
    }
  }
}

/** What must not be so, in words. */
function judge(ours: readonly Tally[], comparison: readonly Tally[]): string[] {
  const problems = ours.filter((each) => !isClean(each)).map(describeTally);
  for (const each of comparison) {
    const isHonest = honestFileSystems.includes(each.fileSystem);
    const { method, fileSystem, cuts } = each;
    if (method === "atomic-write" && isHonest && !isClean(each)) problems.push(describeTally(each));
    const mustLose = method.startsWith("atomic-write") && (method !== "atomic-write" || !isHonest);
    if (mustLose && cuts >= 20 && each.cutsWithLoss === 0) problems.push(`${method} lost nothing on ${fileSystem}`);
  }
  return problems;
}

async function main(options: PowercutOptions): Promise<string[]> {
  onInterrupt(() => stop(running));
  const directory = newDirectory();
  Deno.env.set("ATOMIC_WRITE_TEST_DIRECTORY", directory);
  try {
    await prepare();
    const peers = `${await installTool("bench", PEERS)}/node_modules`;
    console.log(`seed ${options.seed}`);
    const [ours, comparison]: [Tally[], Tally[]] = [[], []];
    // After every series: a run of hours that is ended before its time has still shown something.
    const keepIn = (results: Tally[]) => (each: Tally) => {
      results.push(each);
      const raw = { kernel: Deno.osRelease(), options, peers: PEERS, ours, comparison };
      writeIfChanged(`${ROOT}/bench/results/powercut.json`, JSON.stringify(raw, undefined, 2) + "\n");
    };
    await proveOurs(options, keepIn(ours));
    await compare(options, peers, keepIn(comparison));
    if (comparison.length > 0) {
      console.log(
        `\nCuts, of 100, after which acknowledged data was missing or torn:\n\n${comparisonTable(comparison)}`,
      );
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
