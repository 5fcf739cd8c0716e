/**
 * The program of `deno task explore:together` (scripts/explore_together.ts): a line for each meeting, and the sum of all.
 * Ends with status 1 when there is a violation.
 */
import process from "node:process";
import { describeScheduleReport, type ScheduleReport } from "../../../src/testing/mod.ts";
import { explore, type Meeting, nameOf } from "./meeting.ts";
import { pairs, threes } from "./meetings.ts";

const numbers = { preemptions: 2, samples: 50, limit: 5_000, disks: 64, recoveryDisks: 4, seed: 1, minutes: Infinity };
let names: readonly string[] | undefined;
let [part, parts] = [1, 1];
for (const argument of process.argv.slice(2)) {
  const [option = "", value = ""] = argument.split("=");
  const name = option.replace(/^--/, "");
  if (name in numbers && Number(value) >= 0) numbers[name as keyof typeof numbers] = Number(value);
  else if (name === "pairs") names = value.split(",");
  else if (name === "part" && /^\d+\/\d+$/.test(value)) [part = 1, parts = 1] = value.split("/").map(Number);
  else if (argument !== "--") throw new TypeError(`unknown argument: ${argument}`);
}

const { minutes, ...effort } = numbers;
const seconds = (): number => (process.cpuUsage().user + process.cpuUsage().system) / 1e6;
const pairOf = ({ kinds }: Meeting): string => kinds.map(({ name }) => name).join("+");
const meetings = [...pairs.flat(), ...threes]
  .filter((meeting) => names === undefined || names.includes(pairOf(meeting)))
  .filter((_, index) => index % parts === part - 1);

const sum = { meetings: 0, orders: 0, faults: 0, steps: 0, states: 0, recoveryStates: 0, whole: 0, violations: 0 };
function count(report: ScheduleReport): void {
  sum.meetings++;
  for (const key of ["orders", "faults", "steps", "states", "recoveryStates"] as const) sum[key] += report[key];
  if (report.exhaustive) sum.whole++;
  sum.violations += report.violations.length;
}

for (const meeting of meetings) {
  if (seconds() > minutes * 60) break;
  const before = seconds();
  const report = await explore(meeting, effort);
  count(report);
  console.log(`${nameOf(meeting)}: ${describeScheduleReport(report)}; ${(seconds() - before).toFixed(1)} s`);
}
const { violations, ...counted } = sum;
console.log(
  `of ${meetings.length} meetings: ${JSON.stringify(counted)}, ${violations} violations, ${seconds().toFixed(0)} s`,
);
if (violations > 0) process.exit(1);
