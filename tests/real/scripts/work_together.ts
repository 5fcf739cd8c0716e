/**
 * One process of several that work in one directory: its main thread and its workers do everything this module does, in
 * a random order, while some of their syncs fail.
 *
 *     work_together.ts DIRECTORY NAME OPERATIONS WORKERS SHARE_OF_FAILING_SYNCS
 *
 * Each thread keeps a record of its own, `DIRECTORY.records/NAME.THREAD`: a line before and a line after each operation.
 * A thread that is killed leaves a beginning without an end.
 */
import * as fs from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { isMainThread, Worker, workerData } from "node:worker_threads";
import { FileError, updateJsonFile, updateJsonFileSync, writeFile, writeFileSync } from "../../../mod.ts";
import { openLog } from "../../../src/log/mod.ts";
import { currentRuntime } from "../../../src/runtime/current.ts";
import type { Runtime } from "../../../src/runtime/runtime.ts";
import { openObjectStore } from "../../../src/store/mod.ts";
import { faultRuntime } from "../../../src/testing/mod.ts";
import { applyFiles } from "../../../src/transaction/mod.ts";
import { makeVersion } from "../../support/versions.ts";
import type { Counter, Kind, Line } from "../together.ts";

const text = (writer: string, version: number) => makeVersion({ writer, version }, 2_000);
const next = ({ count }: Counter = { count: 0 }): Counter => ({ count: count + 1 });

/** Does one operation of a kind; what is to be remembered of it. */
type Act = (directory: string, writer: string, number: number, runtime: Runtime) => Promise<string> | string;

const acts: Record<Kind, Act> = {
  async count(directory, _writer, number, runtime) {
    const path = join(directory, "counter");
    if (number % 2 === 0) await updateJsonFile(path, next, { runtime });
    else updateJsonFileSync(path, next, { runtime });
    return "";
  },
  async write(directory, writer, number, runtime) {
    const path = join(directory, "shared");
    if (number % 2 === 0) await writeFile(path, text(writer, number), { runtime });
    else writeFileSync(path, text(writer, number), { runtime });
    return "";
  },
  async claim(directory, writer, number, runtime) {
    await writeFile(join(directory, `claim-${number}`), text(writer, number), { runtime, ifExists: "fail" });
    return "";
  },
  async pair(directory, writer, number, runtime) {
    const data = text(writer, number);
    const files = ["pair-a", "pair-b"].map((name) => ({ path: join(directory, name), data }));
    await applyFiles({ files, backup: 0 }, { runtime });
    return "";
  },
  async put(directory, writer, number, runtime) {
    const store = await openObjectStore(join(directory, "store"), { runtime });
    return await store.put(text(number % 3 === 0 ? "same" : writer, number));
  },
  async append(directory, writer, number, runtime) {
    const record = `${writer} ${number}`;
    const log = await openLog(join(directory, "log"), { runtime, lock: { timeout: Infinity } });
    try {
      await log.append(record);
    } finally {
      await log.close();
    }
    return record;
  },
};
const kinds = Object.keys(acts) as Kind[];

interface Thread {
  readonly directory: string;
  readonly writer: string;
  readonly operations: number;
  readonly failing: number;
}

async function work({ directory, writer, operations, failing }: Thread): Promise<void> {
  // One in so many, not by chance: few operations would often meet none.
  let syncs = Math.floor(Math.random() * 10);
  const faulty = faultRuntime(currentRuntime(), {
    at: (call) => call.method === "sync" && ++syncs % Math.round(1 / failing) === 0,
    error: "EIO",
    times: "always",
  });
  const tell = (line: Line) => fs.appendFileSync(`${directory}.records/${writer}`, `${JSON.stringify(line)}\n`);
  let order: Kind[] = [];
  for (let number = 1; number <= operations; number++) {
    // In a random order, but none is left out.
    if (order.length === 0) order = kinds.toSorted(() => Math.random() - 0.5);
    const kind = order.pop() ?? "count";
    tell({ kind, number, state: "begun" });
    try {
      const told = await acts[kind](directory, writer, number, faulty.runtime);
      tell({ kind, number, state: "done", told });
    } catch (error) {
      if (!FileError.is(error)) throw error;
      tell({ kind, number, state: error.targetState, told: `${error.name} ${error.code}` });
    }
  }
  tell({ kind: "count", number: 0, state: "ended", told: String(faulty.fired) });
}

if (isMainThread) {
  const [directory = "", name = "", operations = "1", workers = "0", failing = "0"] = process.argv.slice(2);
  const thread = { directory, operations: Number(operations), failing: Number(failing) };
  const others = Array.from({ length: Number(workers) }, (_, index) =>
    new Promise<void>((resolve, reject) => {
      const data: Thread = { ...thread, writer: `${name}.${index + 1}` };
      const worker = new Worker(new URL(import.meta.url), { workerData: data });
      worker.once("error", reject);
      worker.once("exit", (code) => code === 0 ? resolve() : reject(new Error(`a worker ended with ${code}`)));
    }));
  await Promise.all([work({ ...thread, writer: `${name}.0` }), ...others]);
  process.exit(0);
} else {
  await work(workerData as Thread);
}
