/** One power cut: processes write, the power goes at a moment nobody chose, and what is there is judged. */
import * as fs from "node:fs";
import { join } from "node:path";
import { signal } from "../real/processes.ts";
import { type RuntimeName, runtimes, type SpawnedScript, spawnScript } from "../support/spawn.ts";
import type { CutResult } from "./cut_result.ts";
import { KEPT_FOLDERS } from "./found.ts";
import { judgeAll, judgeData } from "./judge.ts";
import type { Machine } from "./machine.ts";
import type { WorkOrder } from "./order.ts";
import { makeVersion } from "../support/versions.ts";
import { positionOf, readHistory, Recorder } from "./record.ts";
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
  /** Default: true. False: every runtime does without functions of the C library. */
  readonly foreignCalls?: boolean;
}

/** The most that a process whose way of saving is compared saves before it ends. */
const MOST_SAVES = 20;

/** So far, by this process. */
let cuts = 0;

const pause = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

function syncDirectory(path: string): void {
  const directory = fs.openSync(path, "r");
  fs.fsyncSync(directory);
  fs.closeSync(directory);
}

/** Makes directories as durable as they can be before anything is measured. */
function makeDurably(parent: string, names: readonly string[]): void {
  for (const name of names) fs.mkdirSync(join(parent, name));
  for (const path of [...names.map((name) => join(parent, name)), parent]) syncDirectory(path);
}

/** Puts files there as somebody did long ago, durably. They are on record, as acknowledged before anything else. */
function makeOld(root: string, record: string, names: readonly string[]): void {
  const recorder = new Recorder(record, "old");
  for (const name of names) {
    const version = recorder.next();
    const operation = recorder.begin(name, `old ${version}`);
    const file = fs.openSync(join(root, name), "wx");
    fs.writeSync(file, makeVersion({ writer: "old", version }));
    fs.fsyncSync(file);
    fs.closeSync(file);
    recorder.done(operation);
  }
  recorder.close();
  syncDirectory(root);
}

/** Whether the record has the end of so many operations of a process, however they ended where it is a method's. */
function hasWorked(text: string, name: string, count: number, orFailed: boolean): boolean {
  const of = (what: string) => text.split(`{"${what}":"${name}#`).length - 1;
  return of("done") + (orFailed ? of("failed") : 0) >= count;
}

/** Waits until every process has worked. */
async function untilAtWork(
  processes: readonly { name: string; script: SpawnedScript }[],
  record: string,
  isAtWork: (text: string, name: string) => boolean,
) {
  const ended: string[] = [];
  for (const { name, script } of processes) {
    // One that could not be started is told by its own promise.
    script.status.then(({ stderr }) => ended.push(`${name}: ${stderr}`), () => {});
  }
  for (let waited = 0;; waited++) {
    const text = fs.existsSync(record) ? fs.readFileSync(record, "utf8") : "";
    if (processes.every(({ name }) => isAtWork(text, name))) return;
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
  const { foreignCalls = true } = order;
  const random = seeded(seed + 1);
  const saves = 1 + Math.floor(random() * MOST_SAVES);
  // Its removal is not durable: after the next cut it may be there again.
  const name = `cut${seed}-${cuts++}`;
  const root = join(machine.directory, name);
  const record = join(machine.outside, name);
  makeDurably(machine.directory, [name]);
  makeDurably(root, ["many", "removed", ...KEPT_FOLDERS]);
  makeOld(root, record, scene.old ?? []);
  const others = runtimes();
  const processes = scene.processes.map((workloads, index) => {
    const process = String.fromCharCode("a".charCodeAt(0) + index);
    const work: WorkOrder = { root, record, process, workloads, method, saves, peers, foreignCalls };
    const on = index === 0 ? runtime : others[(seed + index) % others.length];
    const script = spawnScript("tests/powercut/scripts/work.ts", [JSON.stringify(work)], { runtime: on });
    return { name: process, script };
  });
  const isAtWork = (text: string, name: string) =>
    order.method === undefined || name !== "a" ? hasWorked(text, name, 1, false) : hasWorked(text, name, saves, true);
  let position: number;
  try {
    await (scene.ends === true ? untilEnded(processes) : untilAtWork(processes, record, isAtWork));
    await pause(random() * (scene.ends === true ? longestAfterEnd : longest));
    position = positionOf(record);
    machine.cut(seed);
  } finally {
    for (const { script } of processes) signal(script, "SIGKILL");
    await Promise.all(processes.map(({ script }) => script.status));
  }
  const history = readHistory(record, position);
  const done = history.operations.filter((operation) => operation.acknowledged && operation.content !== "*");
  const counts = {
    acknowledged: done.filter(({ content }) => content?.startsWith("old ") !== true).length,
    failed: history.failures.length,
    files: new Set(done.map(({ path }) => path)).size,
  };
  try {
    machine.restore();
    const complaints = order.method === undefined
      ? judgeAll(root, history, scene.processes.flat())
      : judgeData(root, history);
    fs.rmSync(root, { recursive: true, force: true });
    fs.rmSync(record);
    return { ...counts, complaints };
  } catch (error) {
    // It cannot be mounted, or not be read.
    return { ...counts, complaints: [{ kind: "destroyed", text: String(error) }] };
  }
}
