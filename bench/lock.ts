/**
 * Locks against proper-lockfile, polling with flock, and raw flock: `deno task bench:lock`.
 *
 * First a pair of taking and giving back that nobody disturbs, on every runtime. Then 16 processes that all want one
 * lock and sync a file while they hold it: how many pairs a second, how evenly they are served (the least served in
 * parts of the most served), and the worst wait.
 */
import { commandLine, startRecording } from "../scripts/figures/record.ts";
import { SOURCES } from "../scripts/figures/source.ts";
import { PEERS } from "../scripts/toolchain/versions.ts";
import { type BenchRuntime, measuredDirectories, prepare, printRatios, type Rounds } from "./support/harness.ts";

const processes = 16;
const duration = 5_000;
/** Short rounds, and many: the median is then one that nobody else's work has interrupted. */
const rounds = 60;
const pairsPerRound = 20;

interface Served {
  served: number;
  worst: number;
  middle: number;
}

const recording = startRecording("lock", commandLine("bench:lock"), SOURCES.locks);
const { runtimes, peerFolder } = await prepare(PEERS);
const directories = measuredDirectories();
const kept: { pairs: Record<string, Rounds>; contended: Record<string, Served[]> } = { pairs: {}, contended: {} };

async function contend(title: string, contestant: string, directory: string, who: readonly BenchRuntime[]) {
  const path = `${directory}/${contestant.replace(/\W/g, "_")}`;
  Deno.writeTextFileSync(path, "");
  Deno.writeTextFileSync(`${path}.lock`, "");
  // What proper-lockfile makes there is a directory.
  if (contestant === "proper-lockfile") Deno.removeSync(`${path}.lock`);
  const running = Array.from({ length: processes }, (_, index) => {
    const configuration = { directory, peers: peerFolder, contestant, name: String(index), duration };
    return who[index % who.length]?.run("bench/contestants/lock_contended.ts", configuration) as Promise<Served>;
  });
  const isReady = ({ name }: Deno.DirEntry) =>
    name.startsWith(path.slice(directory.length + 1)) && /\.ready$/.test(name);
  while ([...Deno.readDirSync(directory)].filter(isReady).length < processes) {
    await Promise.race([new Promise((resolve) => setTimeout(resolve, 50)), Promise.race(running)]);
  }
  // Written whole before it has its name.
  Deno.writeTextFileSync(`${path}.gone`, String(Date.now() + 300));
  Deno.renameSync(`${path}.gone`, `${path}.go`);
  const all = await Promise.all(running);
  for (const { name } of [...Deno.readDirSync(directory)]) Deno.removeSync(`${directory}/${name}`, { recursive: true });
  kept.contended[`${title}: ${contestant}`] = all;
  const counts = all.map(({ served }) => served);
  const pairs = counts.reduce((sum, count) => sum + count, 0) * 1000 / duration;
  const evenness = Math.min(...counts) / Math.max(...counts);
  const worst = Math.max(...all.map((each) => each.worst));
  console.log(
    `  ${contestant.padEnd(30)} ${pairs.toFixed(0).padStart(6)} pairs/s   least/most served ${evenness.toFixed(2)}   ` +
      `worst wait ${worst.toFixed(0).padStart(6)} ms`,
  );
}

try {
  const [disk] = directories.filter(({ name }) => name === "disk");
  if (disk === undefined) throw new Error("there is no disk to measure on");
  for (const runtime of runtimes) {
    const configuration = { directory: disk.path, peers: peerFolder, rounds, pairs: pairsPerRound };
    const measured = await runtime.run("bench/contestants/lock.ts", configuration) as Rounds;
    const title = `${runtime.name}, nobody else`;
    kept.pairs[title] = measured;
    printRatios(title, measured, "proper-lockfile");
    const best = (name: string) => Math.min(...measured[name] ?? []);
    const times = best("proper-lockfile") / best("atomic-write");
    console.log(`  best rounds: ${best("atomic-write").toFixed(1)} us, ${times.toFixed(1)}x of proper-lockfile's`);
  }
  const groups = [...runtimes.map((runtime) => [runtime]), runtimes];
  for (const who of groups) {
    const title = who.map(({ name }) => name).join(" + ");
    console.log(`\n${title}, ${processes} processes, one lock, a sync inside`);
    await contend(title, "atomic-write", disk.path, who);
    await contend(title, "atomic-write, with a timeout", disk.path, who);
    if (who.length > 1) continue;
    await contend(title, "proper-lockfile", disk.path, who);
    await contend(title, "flock, polling", disk.path, who);
    // Bun has no waiting call that leaves the event loop alone.
    if (!title.startsWith("Bun")) await contend(title, "flock, waiting", disk.path, who);
  }
} finally {
  for (const directory of directories) directory.remove();
}
recording.keep(kept);
