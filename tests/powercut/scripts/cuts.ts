/** A series of power cuts: cuts.ts ORDER_AS_JSON, in namespaces of its own; prints its outcome as JSON. See series.ts. */
import process from "node:process";
import { Unavailable } from "../../support/programs.ts";
import { cutOnce } from "../cut.ts";
import { type FileSystemRow, fileSystems, type Machine, withMachine } from "../machine.ts";
import type { CutReport, SeriesOrder, SeriesOutcome } from "../series.ts";

const order = JSON.parse(process.argv[2] ?? "{}") as SeriesOrder;
const { runtime, longest, longestAfterEnd = longest, methods, peers = "", foreignCalls = true } = order;
const row = fileSystems[order.fileSystem];
if (row === undefined) throw new Error(`There is no file system ${order.fileSystem}`);
const scenes = Object.entries(order.scenes);
const cuts: CutReport[] = [];
const isDestroyed = ({ complaints }: CutReport) => complaints.some(({ kind }) => kind === "destroyed");

const common = { runtime, longest, longestAfterEnd, foreignCalls };
/** Which seed is next, and the methods whose turn has not come at it. */
const turns = Array.from({ length: order.cuts }, (_, index) => {
  const inTurn = methods ?? [""];
  const first = index % inTurn.length;
  return [...inTurn.slice(first), ...inTurn.slice(0, first)].map((method) => ({ seed: order.seed + index, method }));
}).flat();

/** Cuts until all are made, or one machine is of no use any more; answers what the file system's checker says. */
async function cutMachine(machine: Machine): Promise<string> {
  for (let turn = turns.shift(); turn !== undefined; turn = turns.shift()) {
    const { seed, method } = turn;
    const [title = "", scene = { processes: [] }] = scenes[seed % scenes.length] ?? [];
    const comparison = methods === undefined ? {} : { method, peers };
    const result = await cutOnce(machine, { ...common, scene, seed, ...comparison });
    const report = { scene: title, method, seed, ...result };
    cuts.push(report);
    if (isDestroyed(report)) return "";
    if (order.untilLoss === true && report.complaints.length > 0) break;
  }
  return machine.check();
}

async function allCuts(fileSystem: FileSystemRow): Promise<SeriesOutcome> {
  try {
    let checker = "";
    do {
      checker = await withMachine(fileSystem, cutMachine);
    } while (turns.length > 0 && order.untilLoss !== true);
    return { cuts, checker };
  } catch (error) {
    if (!(error instanceof Unavailable)) throw error;
    return { unavailable: error.message, cuts: [], checker: "" };
  }
}

// Whoever started this is gone.
process.stdin.on("end", () => process.exit(1)).resume();
console.log(JSON.stringify(await allCuts(row)));
process.exit(0);
