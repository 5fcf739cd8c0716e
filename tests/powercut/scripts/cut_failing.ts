/** A series of cuts of a failing disk: cut_failing.ts ORDER_AS_JSON, in namespaces of its own; prints its outcome. */
import process from "node:process";
import { Unavailable } from "../../support/programs.ts";
import { cutFailing, type FailingReport, prepareMachine } from "../failing/cut.ts";
import type { FailingOrder, FailingOutcome } from "../failing/series.ts";
import { Worker } from "../failing/worker.ts";
import { DidNotHappen, fileSystems, type Machine, withMachine } from "../machine.ts";

const order = JSON.parse(process.argv[2] ?? "{}") as FailingOrder;
const { runtime, writers, processes = 1, scenes } = order;
const row = fileSystems[order.fileSystem];
if (row === undefined) throw new Error(`There is no file system ${order.fileSystem}`);

/** After so many cuts processes are started anew: what they remember must neither help nor hurt. */
const CUTS_OF_A_PROCESS = 10;
/** Cuts at which the disk had nothing to fail, for each of the others, before something must be wrong. */
const MOST_WITHOUT = 5;

/** Machines on which something hung in a call to the disk: it cannot be unmounted, and is left for another one. */
const MOST_HUNG = 5;

const cuts: FailingReport[] = [];
let without = 0;
let number = 0;
let done = false;
const end = Date.now() + (order.seconds ?? Infinity) * 1000;

async function allCuts(machine: Machine): Promise<void> {
  const medium = prepareMachine(machine);
  let workers: Worker[] = [];
  try {
    for (let first = true; cuts.length < order.cuts && without <= MOST_WITHOUT * order.cuts; first = false, number++) {
      if (first || number % CUTS_OF_A_PROCESS === 0) {
        await Promise.all(workers.map((each) => each.kill()));
        workers = Array.from({ length: processes }, () => new Worker(runtime));
      }
      if (!first) medium.renew();
      const seed = order.seed + number;
      const scene = scenes[seed % scenes.length] ?? "";
      const report = await cutFailing({ ...machine, medium }, workers, { scene, runtime, writers, seed });
      if (report.errors === 0) without++;
      else cuts.push(report);
      // One at which the disk has failed there must be.
      const hasLost = report.complaints.some(({ kind }) => kind === "lost");
      if ((Date.now() > end && cuts.length > 0) || (order.untilLoss === true && hasLost)) break;
    }
    done = true;
  } finally {
    await Promise.all(workers.map((each) => each.kill()));
  }
}

async function outcome(): Promise<FailingOutcome> {
  try {
    for (let hung = 0; !done; hung++) {
      try {
        await withMachine(row as typeof fileSystems[string], allCuts);
      } catch (error) {
        if (!(error instanceof DidNotHappen) || hung === MOST_HUNG) throw error;
        console.error(error.message);
      }
    }
    return { cuts, without };
  } catch (error) {
    if (!(error instanceof Unavailable)) throw error;
    return { unavailable: error.message, cuts: [], without: 0 };
  }
}

// Whoever started this is gone.
process.stdin.on("end", () => process.exit(1)).resume();
console.log(JSON.stringify(await outcome()));
process.exit(0);
