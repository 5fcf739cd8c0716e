/**
 * Sets of 2, 10, 100 and 1,000 files of 4 KiB: `applyFiles` against writing one file after the other, by this module and
 * by write-file-atomic, on each runtime, on tmpfs (where only our own work shows) and on the disk.
 * `deno task bench:transaction [--quick]`
 *
 * Whoever writes files one by one may be left with a mix of old and new ones, and write-file-atomic does not sync
 * directories: what is compared is what a caller waits for, not what he gets.
 */
import { commandLine, startRecording } from "../scripts/figures/record.ts";
import { SOURCES } from "../scripts/figures/source.ts";
import { PEERS } from "../scripts/toolchain/versions.ts";
import { measuredDirectories, prepare, printRatios, type Rounds } from "./support/harness.ts";

const quick = Deno.args.includes("--quick");
const recording = startRecording("transaction", commandLine("bench:transaction"), SOURCES.transactions);
const { runtimes, peerFolder } = await prepare({ "write-file-atomic": PEERS["write-file-atomic"] });
const directories = measuredDirectories();
const kept: Record<string, Rounds> = {};
/** Rounds by the number of files: enough to measure, and not so many that a slow disk takes minutes. */
const rounds = { 2: 7, 10: 7, 100: 3, 1000: 1 } as const;
try {
  for (const { name, path } of directories) {
    for (const runtime of runtimes) {
      for (const count of [2, 10, 100, 1000] as const) {
        const directory = `${path}/${runtime.name.replace(/\W/g, "_")}_${count}`;
        Deno.mkdirSync(directory);
        const configuration = {
          directory,
          peers: peerFolder,
          rounds: quick ? 1 : rounds[count],
          count,
          // Small sets are over too soon for the clock.
          repeat: Math.max(1, 20 / count),
          size: 4096,
        };
        const measured = await runtime.run("bench/contestants/transaction.ts", configuration) as Rounds;
        Deno.removeSync(directory, { recursive: true });
        const title = `${runtime.name}, ${name}, ${count} files, a file`;
        kept[title] = measured;
        printRatios(title, measured, "write-file-atomic, one by one");
      }
    }
  }
} finally {
  for (const directory of directories) directory.remove();
}
recording.keep(kept);
