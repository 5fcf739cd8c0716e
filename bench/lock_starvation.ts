/**
 * Sharers that overlap one another against those who need the lock alone: `deno task bench:starvation`.
 *
 * Three processes want one lock shared, and keep it for 40 ms each; two want it alone, and keep it for 5 ms. With the
 * locks of this module, and with flock(1), where whoever overlaps keeps the others out. How often each kind was served,
 * the share of all turns that the exclusive ones got, and the worst waits, ours as a part of flock(1)'s.
 */
import { type BenchRuntime, measuredDirectories, prepare } from "./support/harness.ts";

const sharers = { count: 3, hold: 40 };
const alone = { count: 2, hold: 5 };
const duration = 8_000;

interface Served {
  served: number;
  worst: number;
  middle: number;
}

/** What sharers and exclusive ones got. */
interface Outcome {
  readonly shared: readonly Served[];
  readonly exclusive: readonly Served[];
}

const { runtimes } = await prepare({});
const directories = measuredDirectories();

async function contend(contestant: string, directory: string, who: readonly BenchRuntime[]): Promise<Outcome> {
  const path = `${directory}/starved`;
  Deno.writeTextFileSync(`${path}.lock`, "");
  const total = sharers.count + alone.count;
  const running = Array.from({ length: total }, (_, index) => {
    const shared = index < sharers.count;
    const { hold } = shared ? sharers : alone;
    const configuration = { path, contestant, name: String(index), shared, hold, duration };
    return who[index % who.length]?.run("bench/contestants/lock_starved.ts", configuration) as Promise<Served>;
  });
  const ready = () => [...Deno.readDirSync(directory)].filter(({ name }) => name.endsWith(".ready")).length;
  while (ready() < total) {
    await Promise.race([new Promise((resolve) => setTimeout(resolve, 50)), Promise.race(running)]);
  }
  // Written whole before it has its name.
  Deno.writeTextFileSync(`${path}.gone`, String(Date.now() + 300));
  Deno.renameSync(`${path}.gone`, `${path}.go`);
  const all = await Promise.all(running);
  for (const { name } of [...Deno.readDirSync(directory)]) Deno.removeSync(`${directory}/${name}`, { recursive: true });
  return { shared: all.slice(0, sharers.count), exclusive: all.slice(sharers.count) };
}

const sum = (all: readonly Served[]) => all.reduce((total, { served }) => total + served, 0);
const worst = (all: readonly Served[]) => Math.max(...all.map((each) => each.worst));

function told(contestant: string, { shared, exclusive }: Outcome): void {
  const [together, single] = [sum(shared), sum(exclusive)];
  const share = 100 * single / Math.max(1, together + single);
  console.log(
    `  ${contestant.padEnd(14)} shared ${String(together).padStart(5)} turns, worst wait ${
      worst(shared).toFixed(0)
    } ms;` +
      `  exclusive ${String(single).padStart(5)} turns (${share.toFixed(0)} % of all), worst wait ` +
      `${worst(exclusive).toFixed(0)} ms`,
  );
}

try {
  const [disk] = directories.filter(({ name }) => name === "disk");
  if (disk === undefined) throw new Error("there is no disk to measure on");
  for (const who of [...runtimes.map((runtime) => [runtime]), runtimes]) {
    console.log(`\n${who.map(({ name }) => name).join(" + ")}, ${sharers.count} sharers and ${alone.count} alone`);
    const ours = await contend("atomic-write", disk.path, who);
    const theirs = await contend("flock(1)", disk.path, who);
    told("atomic-write", ours);
    told("flock(1)", theirs);
    const times = (sum(ours.exclusive) / Math.max(1, sum(theirs.exclusive))).toFixed(1);
    const part = (worst(ours.exclusive) / worst(theirs.exclusive)).toFixed(2);
    console.log(`  exclusive, against flock(1): ${times} times the turns, ${part} of the worst wait`);
  }
} finally {
  for (const directory of directories) directory.remove();
}
