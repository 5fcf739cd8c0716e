/**
 * Disks that fail under load, and then the power goes: `sudo deno task failing-disks`. Real ext4, xfs and btrfs on a disk
 * that answers some writes and flushes with EIO, under 1 to 16 writers of each runtime; what was acknowledged must be
 * there after the next mount.
 *
 * Fails at the first violation of any kind, when no disk has failed or nothing was judged, and when the controls (syncs
 * that are shared as this module once shared them) have lost nothing: then the method proves nothing. The figures go to
 * bench/results/failing_disks.json, after every series.
 */
import { LOG_SCENE, productScenes } from "../tests/powercut/failing/plan.ts";
import { type FailingOrder, readFailing, startFailing } from "../tests/powercut/failing/series.ts";
import { cannotCut } from "../tests/powercut/series.ts";
import type { SpawnedScript } from "../tests/support/spawn.ts";
import { commandLine, startRecording } from "./figures/record.ts";
import { SOURCES } from "./figures/source.ts";
import { type FailingOptions, readFailingOptions, USAGE } from "./powercut/failing_options.ts";
import { describeFailing, failingTable, type FailingTally, tallyFailing } from "./powercut/failing_tally.ts";
import { prepare, stop } from "./powercut/prepare.ts";
import { onInterrupt } from "./process.ts";
import { newDirectory, removeLeftovers } from "./suite/leftovers.ts";

const CONTROL = "shared syncs that forget a failure";

type Part = "ours" | "logs" | "processes" | "controls";

/** Every series, with the part of the record that it belongs to. */
function plan(options: FailingOptions): (FailingOrder & { part: Part })[] {
  const { seed, writers } = options;
  const scenes = productScenes.filter((name) => name.includes(options.scenes) && name !== LOG_SCENE);
  const orders: (FailingOrder & { part: Part })[] = [];
  const add = (part: Part, order: FailingOrder) => {
    if (order.cuts > 0 && order.scenes.length > 0) orders.push({ part, ...order });
  };
  for (const fileSystem of options.fileSystems) {
    const share = (count: number) => fileSystem.startsWith("btrfs") ? Math.ceil(count / 5) : count;
    for (const [index, runtime] of options.runtimes.entries()) {
      const common = { fileSystem, runtime, seed: seed + index * 100_000 };
      for (const each of writers) add("ours", { ...common, scenes, writers: each, cuts: share(options.cuts) });
      const log = LOG_SCENE.includes(options.scenes) ? [LOG_SCENE] : [];
      add("logs", { ...common, scenes: log, writers: 2, cuts: options.logs });
      add("processes", { ...common, scenes, writers: 2, processes: 3, cuts: share(options.processes) });
      // Btrfs tells everybody: there the old way loses nothing.
      if (fileSystem.startsWith("btrfs")) continue;
      add("controls", { ...common, scenes: [CONTROL], writers: 8, cuts: options.controls, untilLoss: true });
    }
  }
  return orders;
}

const running = new Set<SpawnedScript>();

async function runOne(order: FailingOrder): Promise<FailingTally | undefined> {
  const started = performance.now();
  const script = startFailing(order);
  running.add(script);
  try {
    const outcome = await readFailing(script);
    if (outcome.unavailable === undefined) return tallyFailing(order, outcome, (performance.now() - started) / 1000);
    console.log(`${order.runtime}, ${order.fileSystem}: not here: ${outcome.unavailable}`);
    return undefined;
  } finally {
    running.delete(script);
  }
}

async function runAll(options: FailingOptions): Promise<string[]> {
  const results: Record<Part, FailingTally[]> = { ours: [], logs: [], processes: [], controls: [] };
  const problems: string[] = [];
  const recording = startRecording("failing_disks", commandLine("failing-disks"), SOURCES.everything);
  const orders = plan(options);
  const job = async () => {
    for (let next = orders.shift(); next !== undefined; next = orders.shift()) {
      const { part, ...order } = next;
      const result = await runOne({ ...order, seconds: options.seconds });
      if (result === undefined) continue;
      results[part].push(result);
      const text = `${part}: ${describeFailing(result)}`;
      console.log(text);
      recording.keep({ options, ...results });
      if ((part === "ours" || part === "logs") && result.violations > 0) problems.push(text);
      if (part === "controls" && result.violations === 0) problems.push(`${text}: the control has lost nothing`);
    }
  };
  await Promise.all(Array.from({ length: options.jobs }, job));
  if (results.ours.length > 0) console.log(`\n${failingTable(results.ours)}`);
  if (Object.values(results).every((each) => each.length === 0)) problems.push("nothing was shown");
  return problems;
}

async function main(options: FailingOptions): Promise<string[]> {
  onInterrupt(() => running.forEach(stop));
  const directory = newDirectory();
  Deno.env.set("ATOMIC_WRITE_TEST_DIRECTORY", directory);
  try {
    await prepare();
    console.log(`seed ${options.seed}`);
    return await runAll(options);
  } finally {
    // One series has failed while others were running.
    running.forEach(stop);
    removeLeftovers(directory);
  }
}

if (Deno.args.includes("--help")) {
  console.log(USAGE);
} else {
  const reason = cannotCut();
  if (reason !== undefined) {
    console.log(`No disk can fail here: it ${reason}.`);
    Deno.exit(1);
  }
  const problems = await main(readFailingOptions(Deno.args));
  console.log(problems.length === 0 ? "\nok" : `\nFAILED\n${problems.join("\n")}`);
  Deno.exit(problems.length === 0 ? 0 : 1);
}
