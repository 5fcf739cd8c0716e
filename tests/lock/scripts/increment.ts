/**
 * Adds 1 to the counter in a JSON file, again and again, and prints a line after each time that was acknowledged.
 * increment.ts PATH TIMES [OPTIONS_AS_JSON] [sync|threads]. With `threads`, two worker threads share the work: one updates,
 * the other takes the lock, and reads and writes inside it.
 */
import * as fs from "node:fs";
import process from "node:process";
import { isMainThread, Worker, workerData } from "node:worker_threads";
import { readJsonFile, updateJsonFile, updateJsonFileSync, withLock, writeJsonFile } from "../../../mod.ts";

interface Counter {
  count: number;
}

const args: string[] = isMainThread ? process.argv.slice(2) : workerData;
const [path = "", times = "1", options = "{}", how = ""] = args;
const next = (current: Counter = { count: 0 }): Counter => ({ count: current.count + 1 });

async function insideTheLock(): Promise<{ changed: boolean }> {
  const { lock, ...rest } = JSON.parse(options);
  return await withLock(path, async (held) => {
    return await writeJsonFile(path, next(await readJsonFile<Counter>(path)), { ...rest, lock: held });
  }, lock);
}

async function increment(): Promise<void> {
  for (let time = 0; time < Number(times); time++) {
    const { changed } = how === "sync"
      ? updateJsonFileSync(path, next, JSON.parse(options))
      : how === "locks"
      ? await insideTheLock()
      : await updateJsonFile(path, next, JSON.parse(options));
    if (!changed) throw new Error("an increment changed nothing");
    // A line that is with the reader before anything else happens, even if this process is killed next.
    fs.writeSync(1, "+\n");
  }
}

/** Resolves when the thread has ended well. */
function inThread(share: number, how: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL(import.meta.url), { workerData: [path, String(share), options, how] });
    worker.once("error", reject);
    worker.once("exit", (code) => code === 0 ? resolve() : reject(new Error(`a thread ended with ${code}`)));
  });
}

if (how !== "threads") await increment();
else {
  const half = Math.floor(Number(times) / 2);
  await Promise.all([inThread(Number(times) - half, ""), inThread(half, "locks")]);
}
if (isMainThread) process.exit(0);
