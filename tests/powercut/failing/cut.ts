/**
 * One cut of a failing disk:
 *
 * 1. The file system is that of the beginning. Processes get their orders; every lane has something acknowledged.
 * 2. The disk begins to fail as the seed's plan says. The lanes go on, repeat what has failed, and go on again.
 * 3. The power goes, while they are at it or after they have ended. What was acknowledged until then is what counts.
 * 4. The lanes end, the power is back, the file system replays its journal, and what is there is judged.
 */
import * as fs from "node:fs";
import { join } from "node:path";
import type { RuntimeName } from "../../support/spawn.ts";
import type { Complaint } from "../judge.ts";
import type { Machine, Medium } from "../machine.ts";
import { type History, positionOf, readHistory } from "../record.ts";
import { seeded } from "../volatile_disk.ts";
import { judgeFailing } from "./judge.ts";
import { FOLDERS } from "./lanes.ts";
import { lanesOf, planOf, processName } from "./plan.ts";
import type { Worker } from "./worker.ts";

export interface FailingCut {
  readonly scene: string;
  readonly runtime: RuntimeName;
  /** Lanes in flight in each process. */
  readonly writers: number;
  readonly seed: number;
}

export interface FailingReport {
  readonly scene: string;
  readonly seed: number;
  /** Requests that the disk answered with EIO. */
  readonly errors: number;
  /** Operations acknowledged before the cut. */
  readonly acknowledged: number;
  /** Those of them that were acknowledged after the first failure had been told. */
  readonly acknowledgedLater: number;
  readonly failed: number;
  /** The file system could only be mounted after its own program had repaired it: its superblock itself was torn. */
  readonly repaired: boolean;
  readonly complaints: readonly Complaint[];
  /** Where there is a complaint: what was on record until the cut. */
  readonly record?: string;
}

/** How long a disk is asked to fail before it is given up on, in milliseconds. */
const PATIENCE = 400;
/** How long it may take at most from the first EIO to the cut. */
const AFTERMATH = 25;

const pause = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** Makes the folders, durably, and lets the disk become what it is then before every cut. */
export function prepareMachine(machine: Machine): Medium {
  const { medium, directory } = machine;
  if (medium === undefined) throw new Error("This machine's disk cannot fail");
  for (const name of FOLDERS) fs.mkdirSync(join(directory, name));
  medium.remember();
  return medium;
}

function countsOf({ operations }: History) {
  const acknowledged = operations.filter((each) => each.acknowledged);
  const failed = operations.filter((each) => !each.acknowledged && each.ended !== Infinity);
  const first = Math.min(...failed.map(({ ended }) => ended));
  return {
    acknowledged: acknowledged.length,
    acknowledgedLater: acknowledged.filter(({ ended }) => ended > first).length,
    failed: failed.length,
  };
}

/** Until the disk has failed and some time has passed, or everything has ended. */
async function untilFailed(medium: Medium, workers: readonly Worker[], aftermath: number): Promise<void> {
  const errors = () => medium.status().failedWrites + medium.status().failedFlushes;
  for (const end = Date.now() + PATIENCE; errors() === 0 && Date.now() < end;) await pause(6);
  for (const end = Date.now() + aftermath; Date.now() < end && !workers.every((each) => each.hasEnded);) await pause(3);
}

/** Brings the file system back; whether it had to be repaired, as its owner would do it. */
function restored(machine: Machine): boolean {
  try {
    machine.restore();
    return false;
  } catch (error) {
    if (!machine.repair()) throw error;
    return true;
  }
}

export async function cutFailing(
  machine: Machine & { readonly medium: Medium },
  workers: readonly Worker[],
  { scene, writers, seed }: FailingCut,
): Promise<FailingReport> {
  const { directory: root, medium } = machine;
  const random = seeded(seed + 1);
  const record = join(machine.outside, `cut${seed}`);
  workers.forEach((worker, number) =>
    worker.begin({ root, record, process: processName(scene, number), lanes: lanesOf(scene, writers, seed) })
  );
  await Promise.all(workers.map((worker) => worker.ready()));
  await pause(random() * 5);
  medium.fail(planOf(scene, seed));
  await untilFailed(medium, workers, random() * AFTERMATH);
  if (random() < 0.5) {
    for (const worker of workers) worker.stop();
    await Promise.all(workers.map((worker) => worker.ended()));
  }
  const { failedWrites, failedFlushes } = medium.status();
  const position = positionOf(record);
  machine.cut(seed);
  for (const worker of workers) worker.stop();
  await Promise.all(workers.map((worker) => worker.ended()));
  const history = readHistory(record, position);
  const common = { scene, seed, errors: failedWrites + failedFlushes, ...countsOf(history) };
  let complaints: Complaint[];
  let repaired = false;
  try {
    repaired = restored(machine);
    complaints = judgeFailing(root, history);
  } catch (error) {
    complaints = [{ kind: "destroyed", text: String(error) }];
  }
  const text = new TextDecoder().decode(fs.readFileSync(record).subarray(0, position));
  fs.rmSync(record);
  return { ...common, repaired, complaints, ...(complaints.length === 0 ? {} : { record: text }) };
}
