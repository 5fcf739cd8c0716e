/**
 * One process that writes while the disk fails: write_while_failing.ts. Takes orders (failing/order.ts) from its input,
 * one cut after another, and ends with its input. A lane ends when it is told to, or when several operations in a row
 * have failed: the file system has given up.
 */
import process from "node:process";
import { createInterface } from "node:readline";
import { laneKinds } from "../failing/lanes.ts";
import { ENDED, type FailingWork, READY, STOP } from "../failing/order.ts";
import { Recorder } from "../record.ts";

/** Failures in a row after which a lane ends. */
const PATIENCE = 4;

const pause = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));
const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

let stopped = false;

async function work({ root, record: file, process, lanes }: FailingWork): Promise<void> {
  const record = new Recorder(file, process);
  let ready = 0;
  await Promise.all(lanes.map(async (kind, number) => {
    const make = laneKinds[kind];
    if (make === undefined) throw new Error(`There is no lane ${kind}`);
    const save = () => Promise.reject(new Error("no method is compared here"));
    const lane = make({ root, process, record, save, lane: number });
    let failures = 0;
    let isReady = false;
    while (!stopped && failures < PATIENCE) {
      try {
        await lane.step(failures > 0);
        failures = 0;
        if (!isReady && ++ready === lanes.length) console.log(READY);
        isReady = true;
        // Those that are quick do not hold up the others: each has something to lose first.
        while (!stopped && ready < lanes.length) await pause(3);
      } catch {
        failures++;
      }
      // Synchronous lanes would starve the others.
      await turn();
    }
    await lane.close?.();
  }));
  record.close();
  console.log(ENDED);
}

process.umask(0o022);
createInterface({ input: process.stdin }).on("line", (line) => {
  if (line === STOP) {
    stopped = true;
    return;
  }
  stopped = false;
  void work(JSON.parse(line) as FailingWork);
}).on("close", () => process.exit(0));
