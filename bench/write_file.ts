/**
 * Durable writes of 4 KiB against write-file-atomic, atomically, steno, a plain writeFile and a raw floor, on each
 * runtime, on tmpfs (where only our own work shows) and on the disk. `deno task bench`
 *
 * None of the peers syncs the directory, and two do not sync at all: what is compared is what a caller waits for, not
 * what he gets.
 */
import { commandLine, startRecording } from "../scripts/figures/record.ts";
import { SOURCES } from "../scripts/figures/source.ts";
import { PEERS } from "../scripts/toolchain/versions.ts";
import { measuredDirectories, prepare, printRatios, type Rounds } from "./support/harness.ts";

const recording = startRecording("write_file", commandLine("bench"), SOURCES.writes);
const { runtimes, peerFolder } = await prepare(PEERS);
const directories = measuredDirectories();
const kept: Record<string, Rounds> = {};
try {
  for (const { name, path } of directories) {
    for (const together of [1, 100, 1000]) {
      for (const runtime of runtimes) {
        const configuration = {
          directory: path,
          peers: peerFolder,
          rounds: together === 1000 ? 5 : 15,
          writes: together === 1 ? (name === "disk" ? 20 : 200) : Math.max(200, together),
          size: 4096,
          together,
        };
        const rounds = await runtime.run("bench/contestants/write_file.ts", configuration) as Rounds;
        const title = `${runtime.name}, ${name}, ${together === 1 ? "one after another" : `${together} files at once`}`;
        kept[title] = rounds;
        printRatios(title, rounds, "write-file-atomic");
      }
    }
  }
} finally {
  for (const directory of directories) directory.remove();
}
recording.keep(kept);
