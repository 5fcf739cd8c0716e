/**
 * The object store against cacache and `git hash-object -w`, and the log's group commit against one fsync for each
 * record, on each runtime, on tmpfs (where only our own work shows) and on the disk.
 * Then so many sequential commits of the example version store, which must not become slower as the history grows.
 * `deno task bench:store [--quick] [--only=objects,commits] [--commits=10000]`
 *
 * cacache syncs nothing, and git starts a process for each object: what is compared is what a caller waits for, not what
 * he gets.
 */
import { commandLine, startRecording } from "../scripts/figures/record.ts";
import { SOURCES } from "../scripts/figures/source.ts";
import { PEERS } from "../scripts/toolchain/versions.ts";
import { type BenchRuntime, measuredDirectories, prepare, printRatios, type Rounds } from "./support/harness.ts";

const valueOf = (name: string): string | undefined =>
  Deno.args.find((argument) => argument.startsWith(`${name}=`))?.slice(name.length + 1);
const quick = Deno.args.includes("--quick");
const only = valueOf("--only")?.split(",") ?? ["objects", "commits"];
const commits = Number(valueOf("--commits") ?? (quick ? 500 : 10_000));
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

interface CommitFigures {
  /** Microseconds of a commit, and of the processor for it, in each tenth of them. */
  readonly elapsed: number[];
  readonly processor: number[];
  readonly read: number;
  readonly problems: string[];
  readonly notes: string[];
  readonly left: string[];
}

/** The last tenth of the commits against the first. */
async function measureCommits(
  directory: string,
  runtime: BenchRuntime,
  title: string,
  count: number,
): Promise<CommitFigures> {
  const figures = await runtime.run("bench/contestants/commits.ts", { directory, count }) as CommitFigures;
  const { elapsed, processor, read, problems, notes, left } = figures;
  const ratio = (values: number[]) => ((values.at(-1) ?? NaN) / (values[0] ?? NaN)).toFixed(2);
  const first = (values: number[]) => `${values[0]?.toFixed(0)} us, last ${values.at(-1)?.toFixed(0)} us`;
  console.log(
    `\n${title}: ${count} commits, ${read} read back, ${problems.length} problems, ${left.length} left over`,
  );
  console.log(`  a commit of the first tenth ${first(elapsed)}: ${ratio(elapsed)}x`);
  console.log(`  processor, first tenth ${first(processor)}: ${ratio(processor)}x`);
  if (read !== count || problems.length + notes.length + left.length > 0) {
    throw new Error(JSON.stringify({ read, problems, notes, left }));
  }
  return figures;
}

async function commitsEverywhere(): Promise<void> {
  const recording = startRecording("version_store", commandLine("bench:store"), SOURCES.stores);
  const measured: Record<string, CommitFigures> = {};
  for (const { name, path } of directories) {
    // On a disk nearly all of it is the disk's time: one runtime tells, and fewer commits.
    const disk = name === "disk";
    for (const runtime of disk ? runtimes.slice(-1) : runtimes) {
      const directory = `${path}/${runtime.name.replace(/\W/g, "_")}_commits`;
      const title = `${runtime.name}, ${name}`;
      measured[title] = await measureCommits(directory, runtime, title, disk ? Math.ceil(commits / 10) : commits);
      Deno.removeSync(directory, { recursive: true });
    }
  }
  recording.keep({ commits, measured });
}

const git = await hasGit();
try {
  if (only.includes("commits")) await commitsEverywhere();
  const recording = startRecording("store", commandLine("bench:store"), SOURCES.stores);
  for (const { name, path } of only.includes("objects") ? directories : []) {
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
  if (only.includes("objects")) recording.keep(kept);
} finally {
  for (const directory of directories) directory.remove();
}
