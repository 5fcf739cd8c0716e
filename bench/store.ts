/**
 * The object store against cacache and `git hash-object -w`, and the log's group commit against one fsync for each
 * record, on each runtime, on tmpfs (where only our own work shows) and on the disk.
 * `deno run -A bench/store.ts [--quick]`
 *
 * cacache syncs nothing, and git starts a process for each object: what is compared is what a caller waits for, not what
 * he gets.
 */
import { PEERS } from "../scripts/toolchain/versions.ts";
import { keepResults, measuredDirectories, prepare, printRatios, type Rounds } from "./support/harness.ts";

const quick = Deno.args.includes("--quick");
const { runtimes, peerFolder } = await prepare(PEERS);
const directories = measuredDirectories();
const kept: Record<string, Rounds> = {};

async function hasGit(): Promise<boolean> {
  try {
    return (await new Deno.Command("git", { args: ["--version"], stdout: "null", stderr: "null" }).output()).success;
  } catch {
    return false;
  }
}

/** Objects or records in a round: enough to measure, and not so many that a slow disk takes minutes. */
const amounts = { put: 20, putMany: 200, get: 100, append: 100 } as const;
const references = {
  put: "cacache put (no sync at all)",
  putMany: "cacache put at once (no sync at all)",
  get: "cacache get",
  append: "write and fsync for each record",
} as const;

const git = await hasGit();
try {
  for (const { name, path } of directories) {
    for (const runtime of runtimes) {
      for (const what of ["put", "putMany", "get", "append"] as const) {
        for (const size of what === "append" ? [100] : [4096, 2 ** 20]) {
          const count = Math.ceil(amounts[what] / (size > 4096 ? 5 : 1));
          const directory = `${path}/${runtime.name.replace(/\W/g, "_")}_${what}_${size}`;
          Deno.mkdirSync(directory);
          const rounds = quick ? 3 : 9;
          const configuration = { directory, peers: peerFolder, rounds, count, size, git, what };
          const measured = await runtime.run("bench/contestants/store.ts", configuration) as Rounds;
          Deno.removeSync(directory, { recursive: true });
          const title = `${runtime.name}, ${name}, ${what}, ${size} bytes`;
          kept[title] = measured;
          printRatios(title, measured, references[what]);
        }
      }
    }
  }
} finally {
  for (const directory of directories) directory.remove();
}
keepResults("store", kept);
