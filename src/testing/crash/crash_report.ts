/** A report of an exploration, for people: in the message of an assertion, or at the end of a run. */
import { expectReport } from "../expect_report.ts";
import type { CrashReport } from "./crash.ts";

/**
 * What was explored, and the first thing that is wrong, if any.
 *
 * @example
 * ```ts
 * import { describeCrashReport, exploreCrashesSync } from "@durable/atomic-write/testing";
 *
 * const report = exploreCrashesSync({ run: ({ syncFileSystem }) => syncFileSystem.stat("/"), check: () => {} });
 * console.log(describeCrashReport(report)); // 1 call, cut off at 1 instant: 1 state, all there are; 0 violations
 * ```
 */
export function describeCrashReport(report: CrashReport): string {
  expectReport("describeCrashReport", report);
  const count = (number: number, what: string) => `${number} ${what}${number === 1 ? "" : "s"}`;
  const { operations, instants, states, recoveryStates, exhaustive, violations } = report;
  const cutOff = recoveryStates > 0 ? ` (${recoveryStates} of them after cutting off a recovery)` : "";
  const head =
    `${count(operations, "call")}, cut off at ${count(instants, "instant")}: ${count(states, "state")}${cutOff}, ` +
    `${exhaustive ? "all there are" : "a sample"}; ${count(violations.length, "violation")}`;
  const [first] = violations;
  if (first === undefined) return head;
  const reason = first.error instanceof Error ? first.error.stack ?? first.error.message : String(first.error);
  return [
    head,
    `seed ${first.seed}, acknowledged: ${first.acknowledged.map(String).join(", ") || "nothing"}`,
    ...first.trace.map((line) => `  ${line}`),
    "the disk then:",
    ...first.state.split("\n").map((line) => `  ${line}`),
    reason,
  ].join("\n");
}
