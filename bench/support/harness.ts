/**
 * What every bench needs: the three runtimes, the peers from npm, a directory on the file system that is measured, and
 * a table of ratios. Contestants take turns within one run of one process, round after round, so that whatever slows
 * the machine down slows all of them down; a figure is the median over the rounds.
 */
import { mustExecute } from "../../scripts/process.ts";
import { prepareBun } from "../../scripts/toolchain/bun.ts";
import { compile } from "../../scripts/toolchain/compile.ts";
import { OUT, ROOT } from "../../scripts/toolchain/folders.ts";
import { linkFsExt } from "../../scripts/toolchain/fs_ext.ts";
import { prepareNode } from "../../scripts/toolchain/node.ts";
import { installTool } from "../../scripts/toolchain/npm.ts";

/** A runtime that can run a contestant's script, named by its path in the source. */
export interface BenchRuntime {
  readonly name: string;
  run(script: string, configuration: unknown): Promise<unknown>;
}

/** Microseconds of each round, by contestant. */
export type Rounds = Record<string, number[]>;

/** Gets runtimes and peers ready. `peers`: npm packages and versions; their folder is answered. */
export async function prepare(
  peers: Record<string, string>,
): Promise<{ runtimes: BenchRuntime[]; peerFolder: string }> {
  const peerFolder = await installTool("bench", peers);
  const problems = await compile();
  if (problems !== "") console.error(problems);
  const node = await prepareNode(undefined);
  const bun = await prepareBun();
  const addon = await linkFsExt(node, OUT);
  if (addon !== "") console.error(`Node runs without fs-ext: ${addon}`);
  const javascript = (script: string) => `${OUT}/${script.replace(/\.ts$/, ".js")}`;
  const start = (name: string, command: string, args: string[], locate: (script: string) => string): BenchRuntime => ({
    name,
    async run(script, configuration) {
      const output = await mustExecute(command, [...args, locate(script), JSON.stringify(configuration)], {
        timeout: 600_000,
        directory: peerFolder,
      });
      return JSON.parse(output.slice(output.indexOf("{")));
    },
  });
  // The peers import one another from the folder npm made, beside whose package.json this runs.
  const deno = ["run", "--allow-all", "--no-check", "--quiet", "--no-config", "--node-modules-dir=manual"];
  return {
    peerFolder: `${peerFolder}/node_modules`,
    runtimes: [
      start(`Deno ${Deno.version.deno}`, Deno.execPath(), deno, (script) => `${ROOT}/${script}`),
      start(`Bun ${bun.version}`, bun.command, ["run"], javascript),
      start(`Node ${node.version}`, node.command, [], javascript),
    ],
  };
}

/** Directories to measure in: memory where the system has it, and the disk the checkout is on. */
export function measuredDirectories(): { name: string; path: string; remove(): void }[] {
  const places = [{ name: "disk", parent: `${ROOT}/build` }];
  try {
    if (Deno.statSync("/dev/shm").isDirectory) places.unshift({ name: "tmpfs", parent: "/dev/shm" });
  } catch {
    console.error("no /dev/shm here: nothing is measured on tmpfs");
  }
  return places.map(({ name, parent }) => {
    const path = Deno.makeTempDirSync({ dir: parent, prefix: "atomic-write-bench-" });
    return { name, path, remove: () => Deno.removeSync(path, { recursive: true }) };
  });
}

/** The middle value. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? NaN) + upper) / 2;
}

/** Prints medians and how many times faster than `reference` each contestant is. */
export function printRatios(title: string, rounds: Rounds, reference: string): void {
  const base = median(rounds[reference] ?? []);
  console.log(`\n${title}`);
  for (const [name, values] of Object.entries(rounds)) {
    const middle = median(values);
    const times = `${(base / middle).toFixed(2)}x`;
    console.log(`  ${name.padEnd(34)} ${middle.toFixed(1).padStart(10)} us   ${times.padStart(8)} of ${reference}`);
  }
}
