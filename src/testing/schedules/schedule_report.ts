/** A report of an exploration of schedules, for people. */
import { expectReport } from "../expect_report.ts";
import type { ScheduleReport } from "./explore_schedules.ts";
import { shownFact } from "./schedule_text.ts";

/**
 * What was explored, and the first thing that is wrong, if any.
 *
 * @example
 * ```ts
 * import { describeScheduleReport, exploreSchedules } from "@durable/atomic-write/testing";
 *
 * const look = ({ fileSystem }: { fileSystem: { stat(path: string): unknown } }) => fileSystem.stat("/");
 * const report = await exploreSchedules({ together: [look, look], samples: 0 });
 * console.log(describeScheduleReport(report)); // 1 order (…), 0 calls failing in turn: …; 0 violations
 * ```
 */
export function describeScheduleReport(report: ScheduleReport): string {
  expectReport("describeScheduleReport", report);
  const count = (number: number, what: string) => `${number} ${what}${number === 1 ? "" : "s"}`;
  const { orders, pruned, faults, steps, states, recoveryStates, exhaustive, violations } = report;
  const head = `${count(orders, "order")} (${count(pruned, "other")} came to the same), ${
    count(faults, "call")
  } failing in turn: ${count(steps, "step")}, ${count(states, "state")} after power cuts, ${
    recoveryStates === 0 ? "" : `${recoveryStates} of them in a recovery, `
  }${exhaustive ? "all there are within the bound" : "a sample"}; ${count(violations.length, "violation")}`;
  const [first] = violations;
  if (first === undefined) return head;
  const { error } = first;
  return [
    head,
    `schedule ${JSON.stringify(first.schedule)}, seed ${first.seed}`,
    ...first.trace.map((line) => `  ${line}`),
    `${first.kind}, acknowledged: ${first.acknowledged.map(shownFact).join(", ") || "nothing"}; the disk:`,
    ...first.state.split("\n").map((line) => `  ${line}`),
    error instanceof Error ? error.stack ?? error.message : String(error),
  ].join("\n");
}
