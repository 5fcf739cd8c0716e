/** The arguments of `deno task failing-disks`. */
import { productScenes } from "../../tests/powercut/failing/plan.ts";
import { fileSystems } from "../../tests/powercut/machine.ts";
import type { RuntimeName } from "../../tests/support/spawn.ts";

export interface FailingOptions {
  /** Cuts with EIO for every runtime, file system and number of writers. */
  cuts: number;
  /** Cuts of a log alone, for every runtime and file system. */
  logs: number;
  /** Cuts with several processes, for every runtime and file system: counted, not judged. */
  processes: number;
  /** Cuts at most until a control has to have lost something; 0: none. */
  controls: number;
  writers: readonly number[];
  fileSystems: readonly string[];
  runtimes: readonly RuntimeName[];
  scenes: string;
  /** Series at once: they mostly wait. */
  jobs: number;
  /** Of one series at most; it then counts as far as it has come. */
  seconds: number;
  seed: number;
}

/** The file systems on a disk of ours that keeps its promises. */
export const failingFileSystems: readonly string[] = Object.keys(fileSystems)
  .filter((name) => name.endsWith("volatile cache"));

export const USAGE = `deno task failing-disks [OPTIONS]      (needs root, Linux, loop devices, FUSE)
  --cuts=100            cuts with EIO of every file system on every runtime with every number of writers; btrfs: a fifth
  --logs=30             cuts of a log that is opened anew after a failed sync, of every file system on every runtime
  --processes=20        cuts with three processes of two writers: counted, but no violation, as docs/guarantees.md says
  --controls=60         cuts at most until the old way of sharing syncs must have lost something; 0: none
  --writers=1,2,4,16
  --runtimes=deno,node,bun
  --file-systems=TEXT   only those whose name contains TEXT (${failingFileSystems.join("; ")})
  --scenes=TEXT         only those whose name contains TEXT (${productScenes.join("; ")})
  --jobs=2              series at once: they mostly wait
  --seconds=3600        the longest that one series may take; it then counts as far as it has come
  --seed=N              repeat a run; default: another one every time`;

function natural(name: string, value: string): number {
  if (!/^\d{1,6}$/.test(value)) throw new TypeError(`${name} wants a number, not "${value}"`);
  return Number(value);
}

/** Reads the arguments; a TypeError names the one that is not understood. */
export function readFailingOptions(args: readonly string[]): FailingOptions {
  const options: FailingOptions = {
    cuts: 100,
    logs: 30,
    processes: 20,
    controls: 60,
    writers: [1, 2, 4, 16],
    fileSystems: failingFileSystems,
    runtimes: ["deno", "node", "bun"],
    scenes: "",
    jobs: 2,
    seconds: 3600,
    seed: Date.now() % 1_000_000,
  };
  for (const argument of args.filter((each) => each !== "--")) {
    const [name = "", value = ""] = argument.split(/=(.*)/s);
    if (name === "--cuts") options.cuts = natural(name, value);
    else if (name === "--logs") options.logs = natural(name, value);
    else if (name === "--processes") options.processes = natural(name, value);
    else if (name === "--controls") options.controls = natural(name, value);
    else if (name === "--jobs") options.jobs = Math.max(1, natural(name, value));
    else if (name === "--seconds") options.seconds = natural(name, value);
    else if (name === "--seed") options.seed = natural(name, value);
    else if (name === "--scenes") options.scenes = value;
    else if (name === "--writers") options.writers = value.split(",").map((each) => natural(name, each));
    else if (name === "--file-systems") {
      options.fileSystems = failingFileSystems.filter((each) => each.includes(value));
    } else if (name === "--runtimes") {
      options.runtimes = (["deno", "node", "bun"] as const).filter((runtime) => value.split(",").includes(runtime));
    } else throw new TypeError(`There is no option ${argument}\n${USAGE}`);
  }
  return options;
}
