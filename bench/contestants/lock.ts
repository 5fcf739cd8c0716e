/**
 * One lock taken and given back after another, by every way of doing it, on the runtime this runs on; nobody else wants
 * it. Prints the microseconds of a pair in each round, by contestant, as JSON. Started by bench/lock.ts.
 */
import fs from "node:fs";
import process from "node:process";
import { acquireLock, acquireLockSync, withLock } from "../../mod.ts";
import { properLockfile, rawLocks, rawPair } from "./locks.ts";

interface Configuration {
  directory: string;
  peers: string;
  rounds: number;
  pairs: number;
}

const { directory, peers, rounds, pairs } = JSON.parse(process.argv[2] ?? "{}") as Configuration;
const peer = properLockfile(peers);
const raw = await rawLocks();

const contestants: Record<string, (path: string) => unknown> = {
  "atomic-write": async (path) => await (await acquireLock(path)).release(),
  "atomic-write withLock": (path) => withLock(path, () => {}),
  "atomic-write Sync": (path) => acquireLockSync(path)[Symbol.dispose](),
  "atomic-write, directory": async (path) => await (await acquireLock(path, { backend: "directory" })).release(),
  "proper-lockfile": async (path) => await (await peer.lock(path))(),
  "proper-lockfile sync": (path) => peer.lockSync(path)(),
  ...raw === undefined ? {} : {
    "raw flock (open, lock, unlock, close)": (path: string) => {
      const lock = raw.open(`${path}.lock`);
      lock.tryLock();
      lock.unlock();
      lock.close();
    },
    "the calls of a pair alone": (path: string) => rawPair(raw, path),
  },
};

const results: Record<string, number[]> = {};
const everybody = Object.entries(contestants);
// The first rounds warm up: a pair is a hundred functions, which a runtime compiles after some thousands of calls. Each
// contestant begins a round in its turn: the first finds the caches cold.
const warmUp = 100;
for (let number = 0; number < warmUp + rounds; number++) {
  const first = number % everybody.length;
  for (const [name, pair] of [...everybody.slice(first), ...everybody.slice(0, first)]) {
    const path = `${directory}/${name.replace(/\W/g, "_")}`;
    if (number === 0) {
      fs.writeFileSync(path, "");
      if (!/^(atomic|proper)/.test(name)) fs.writeFileSync(`${path}.lock`, "");
    }
    const started = performance.now();
    for (let done = 0; done < pairs; done++) await pair(path);
    const spent = (performance.now() - started) * 1000 / pairs;
    if (number >= warmUp) (results[name] ??= []).push(spent);
  }
}
console.log(JSON.stringify(results));
process.exit(0);
