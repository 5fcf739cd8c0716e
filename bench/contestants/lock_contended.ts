/**
 * One of many processes that all want one lock, again and again, and sync a file while they have it. Prints how often
 * it was served, and how long it waited at worst and in the middle, in milliseconds. Started by bench/lock.ts.
 */
import fs from "node:fs";
import process from "node:process";
import { acquireLock } from "../../mod.ts";
import { properLockfile, rawLocks } from "./locks.ts";

interface Configuration {
  directory: string;
  peers: string;
  contestant: string;
  name: string;
  /** How long it goes on, in milliseconds. */
  duration: number;
}

const { directory, peers, contestant, name, duration } = JSON.parse(process.argv[2] ?? "{}") as Configuration;
const path = `${directory}/${contestant.replace(/\W/g, "_")}`;
const pause = (milliseconds: number) => new Promise<void>((resolve) => setTimeout(resolve, milliseconds));

type Take = () => Promise<() => Promise<void> | void>;

function takeRaw(polling: boolean): Take {
  const raw = rawLocks();
  return async () => {
    const lock = raw?.open(`${path}.lock`);
    if (lock === undefined) throw new Error("no flock here");
    if (polling || lock.wait === undefined) { while (!lock.tryLock()) await pause(1 + Math.random() * 9); }
    else await lock.wait();
    return () => {
      lock.unlock();
      lock.close();
    };
  };
}

const takes: Record<string, () => Take> = {
  "atomic-write": () => async () => {
    const lock = await acquireLock(path);
    return () => lock.release();
  },
  "atomic-write, with a timeout": () => async () => {
    const lock = await acquireLock(path, { timeout: 60_000 });
    return () => lock.release();
  },
  "proper-lockfile": () => {
    const { lock } = properLockfile(peers);
    const options = { retries: { forever: true, minTimeout: 5, maxTimeout: 50, randomize: true } };
    return () => lock(path, options);
  },
  "flock, polling": () => takeRaw(true),
  "flock, waiting": () => takeRaw(false),
};

const take = takes[contestant]?.();
if (take === undefined) throw new Error(`no contestant ${contestant}`);
const file = fs.openSync(`${path}.${name}`, "w");
const waits: number[] = [];
const record = new Uint8Array(64);
// All begin together: each says that it is ready, and is then told when.
fs.writeFileSync(`${path}.${name}.ready`, "");
while (!fs.existsSync(`${path}.go`)) await pause(20);
await pause(Math.max(0, Number(fs.readFileSync(`${path}.go`, "utf8")) - Date.now()));
const end = performance.now() + duration;
while (performance.now() < end) {
  const asked = performance.now();
  const release = await take();
  waits.push(performance.now() - asked);
  fs.writeSync(file, record, 0, record.length, 0);
  fs.fsyncSync(file);
  await release();
}
waits.sort((a, b) => a - b);
console.log(JSON.stringify({ served: waits.length, worst: waits.at(-1) ?? 0, middle: waits[waits.length >> 1] ?? 0 }));
process.exit(0);
