/** One process of a workload: work.ts ORDER_AS_JSON. Works until it is killed, or until its workloads have ended. */
import process from "node:process";
import { loadMethod } from "../methods.ts";
import type { WorkOrder } from "../order.ts";
import { withoutForeignCalls } from "../../support/without_foreign_calls.ts";
import { Recorder } from "../record.ts";
import { workloads } from "../workloads.ts";

const order = JSON.parse(process.argv[2] ?? "{}") as WorkOrder;
process.umask(0o022);
if (!order.foreignCalls) withoutForeignCalls();
const surroundings = {
  root: order.root,
  process: order.process,
  record: new Recorder(order.record, order.process),
  save: await loadMethod(order.method, order.peers),
  saves: order.saves,
};
// What fails is on record; whether it had to, the one who cuts the power knows.
await Promise.allSettled(order.workloads.map((name) => {
  const workload = workloads[name];
  if (workload === undefined) throw new Error(`There is no workload ${name}`);
  return workload.run(surroundings);
}));
