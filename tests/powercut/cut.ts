/** One power cut: processes write, the power goes at a moment nobody chose, and what is there is judged. */
import * as fs from "node:fs";
import { join } from "node:path";
import { signal } from "../real/processes.ts";
import { type RuntimeName, runtimes, type SpawnedScript, spawnScript } from "../support/spawn.ts";
import { type Complaint, judgeAll, judgeData } from "./judge.ts";
import type { Machine } from "./machine.ts";
import type { WorkOrder } from "./order.ts";
import { positionOf, readHistory } from "./record.ts";
import type { Scene } from "./scenes.ts";
import { seeded } from "./volatile_disk.ts";

export interface CutOrder {
  readonly scene: Scene;
  /** Of the first process; further ones take turns. */
  readonly runtime: RuntimeName;
  readonly seed: number;
  /** Milliseconds at most between the moment when all are at work (or have ended) and the cut. */
  readonly longest: number;
  /** The same where the processes have ended by themselves: a file system writes back after some seconds. */
  readonly longestAfterEnd?: number;
  /** Compares a method of saving, and judges the data alone. Default: judges everything our functions promise. */
  readonly method?: string;
  readonly peers?: string;
}

export interface CutResult {
  /** Operations that were acknowledged before the cut. */
  readonly acknowledged: number;
  readonly complaints: Complaint[];
}

const pause = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** Makes directories as durable as they can be before anything is measured. */
function makeDurably(parent: string, names: readonly string[]): void {
  for (const name of names) fs.mkdirSync(join(parent, name));
  for (const path of [...names.map((name) => join(parent, name)), parent]) {
    const directory = fs.openSync(path, "r");
    fs.fsyncSync(directory);
    fs.closeSync(directory);
  }
}

/** Waits until every process has had something acknowledged. */
async function untilAtWork(processes: readonly { name: string; script: SpawnedScript }[], record: string) {
  const ended: string[] = [];
  for (const { name, script } of processes) {
    // One that could not be started is told by its own promise.
    script.status.then(({ stderr }) => ended.push(`${name}: ${stderr}`), () => {});
  }
  for (let waited = 0;; waited++) {
    const text = fs.existsSync(record) ? fs.readFileSync(record, "utf8") : "";
    if (processes.every(({ name }) => text.includes(`{"done":"${name}#`))) return;
    const failure = ended[0] ?? (waited > 10_000 ? "nothing was acknowledged" : undefined);
    if (failure !== undefined) throw new Error(`A process ended before the cut: ${failure}; the record: ${text}`);
    await pause(3);
  }
}

async function untilEnded(processes: readonly { script: SpawnedScript }[]): Promise<void> {
  for (const { script } of processes) {
    const { code, stderr } = await script.status;
    if (code !== 0 || stderr !== "") throw new Error(`A process ended with status ${code}: ${stderr}`);
  }
}

/** Lets the scene's processes work, cuts the power, kills them, restores the power and judges. */
export async function cutOnce(machine: Machine, order: CutOrder): Promise<CutResult> {
  const { scene, runtime, seed, longest, longestAfterEnd = longest, method = "atomic-write", peers = "" } = order;
  const random = seeded(seed + 1);
  const name = `cut${seed}`;
  const root = join(machine.directory, name);
  const record = join(machine.outside, name);
  makeDurably(machine.directory, [name]);
  makeDurably(root, ["many", "removed"]);
  const others = runtimes();
  const processes = scene.processes.map((workloads, index) => {
    const process = String.fromCharCode("a".charCodeAt(0) + index);
    const work: WorkOrder = { root, record, process, workloads, method, peers };
    const on = index === 0 ? runtime : others[(seed + index) % others.length];
    const script = spawnScript("tests/powercut/scripts/work.ts", [JSON.stringify(work)], { runtime: on });
    return { name: process, script };
  });
  let position: number;
  try {
    await (scene.ends === true ? untilEnded(processes) : untilAtWork(processes, record));
    await pause(random() * (scene.ends === true ? longestAfterEnd : longest));
    position = positionOf(record);
    machine.cut(seed);
  } finally {
    for (const { script } of processes) signal(script, "SIGKILL");
    await Promise.all(processes.map(({ script }) => script.status));
  }
  const history = readHistory(record, position);
  const acknowledged = history.operations.filter((operation) => operation.acknowledged).length;
  try {
    machine.restore();
    const complaints = order.method === undefined
      ? judgeAll(root, history, scene.processes.flat())
      : judgeData(root, history);
    fs.rmSync(root, { recursive: true, force: true });
    fs.rmSync(record);
    return { acknowledged, complaints };
  } catch (error) {
    // It cannot be mounted, or not be read.
    return { acknowledged, complaints: [{ kind: "destroyed", text: String(error) }] };
  }
}
