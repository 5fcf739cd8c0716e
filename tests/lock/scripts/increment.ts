/**
 * Adds 1 to the counter in a JSON file, again and again, and prints a line after each time that was acknowledged.
 * increment.ts PATH TIMES [OPTIONS_AS_JSON] [sync|locks|threads] [robbed]. With `locks` it takes the lock, and reads and
 * writes inside it; with `threads`, two worker threads share the work: one updates, the other locks. With `robbed`
 * somebody takes its locks away: what is refused therefore is told as a line `lost`, and done again; what was written by
 * then, and may be lost, is told as a line `doubtful`.
 */
import * as fs from "node:fs";
import process from "node:process";
import { isMainThread, Worker, workerData } from "node:worker_threads";
import {
  LockLostError,
  readJsonFile,
  updateJsonFile,
  updateJsonFileSync,
  withLock,
  writeJsonFile,
} from "../../../mod.ts";

interface Counter {
  count: number;
}

const args: string[] = isMainThread ? process.argv.slice(2) : workerData;
const [path = "", times = "1", options = "{}", how = "", robbed = ""] = args;
const next = (current: Counter = { count: 0 }): Counter => ({ count: current.count + 1 });

async function insideTheLock(): Promise<{ changed: boolean }> {
  const { lock, ...rest } = JSON.parse(options);
  return await withLock(path, async (held) => {
    const { signal } = held;
    try {
      return await writeJsonFile(path, next(await readJsonFile<Counter>(path)), { ...rest, lock: held });
    } catch (error) {
      if (LockLostError.is(error) && !signal.aborted) throw new Error("the holder was not notified", { cause: error });
      throw error;
    }
  }, lock);
}

async function once(): Promise<{ changed: boolean }> {
  if (how === "sync") return updateJsonFileSync(path, next, JSON.parse(options));
  return await (how === "locks" ? insideTheLock() : updateJsonFile(path, next, JSON.parse(options)));
}

/** Says something that is with the reader before anything else happens, even if this process is killed next. */
const say = (line: string) => void fs.writeSync(1, `${line}\n`);

async function increment(): Promise<void> {
  for (let time = 0; time < Number(times);) {
    try {
      const { changed } = await once();
      if (!changed) throw new Error("an increment changed nothing");
    } catch (error) {
      if (robbed === "" || !LockLostError.is(error)) throw error;
      say(error.targetState === "unchanged" ? "lost" : "doubtful");
      continue;
    }
    say("+");
    time++;
  }
}

/** Resolves when the thread has ended well. */
function inThread(share: number, how: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL(import.meta.url), { workerData: [path, String(share), options, how, robbed] });
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
