/**
 * One of several processes that all want one lock, some shared and some alone, each of which keeps it for a while. Prints
 * how often it was served, and how long it waited at worst and in the middle, in milliseconds. Started by
 * bench/lock_starvation.ts.
 */
import { spawnSync } from "node:child_process";
import fs from "node:fs";
import process from "node:process";
import { acquireLock, LockTimeoutError } from "../../mod.ts";

interface Configuration {
  path: string;
  contestant: string;
  name: string;
  shared: boolean;
  /** How long it keeps the lock, in milliseconds. */
  hold: number;
  /** How long it goes on, in milliseconds. */
  duration: number;
}

const { path, contestant, name, shared, hold, duration } = JSON.parse(process.argv[2] ?? "{}") as Configuration;
const pause = (milliseconds: number) => new Promise<void>((resolve) => setTimeout(resolve, milliseconds));

/** Takes the lock, keeps it, and gives it back; how long it was waited for. Undefined: not before the end. */
const takes: Record<string, (left: number) => Promise<number | undefined>> = {
  async "atomic-write"(left) {
    const asked = performance.now();
    try {
      const lock = await acquireLock(path, { shared, timeout: left });
      const waited = performance.now() - asked;
      await pause(hold);
      await lock.release();
      return waited;
    } catch (error) {
      if (!LockTimeoutError.is(error)) throw error;
      return undefined;
    }
  },
  "flock(1)"(left) {
    const asked = performance.now();
    const options = [shared ? "-s" : "-x", "-w", String(left / 1000)];
    const { status } = spawnSync("flock", [...options, `${path}.lock`, "sleep", String(hold / 1000)]);
    return Promise.resolve(status === 0 ? performance.now() - asked - hold : undefined);
  },
};

const take = takes[contestant];
if (take === undefined) throw new Error(`no contestant ${contestant}`);
const waits: number[] = [];
// All begin together: each says that it is ready, and is then told when.
fs.writeFileSync(`${path}.${name}.ready`, "");
while (!fs.existsSync(`${path}.go`)) await pause(20);
await pause(Math.max(0, Number(fs.readFileSync(`${path}.go`, "utf8")) - Date.now()));
const end = performance.now() + duration;
let served = 0;
for (let left = duration; left > 0; left = end - performance.now()) {
  const waited = await take(left);
  if (waited !== undefined) served++;
  // Who was not served at all has waited to the end.
  waits.push(waited ?? left);
}
waits.sort((a, b) => a - b);
console.log(JSON.stringify({ served, worst: waits.at(-1) ?? 0, middle: waits[waits.length >> 1] ?? 0 }));
process.exit(0);
