/** The tables of docs/benchmarks.md: medians of rounds in which all contestants took turns, as ratios. */
import { median, type Rounds } from "../../bench/support/harness.ts";

/** Rounds by title: "RUNTIME, WHAT". */
export type Measured = Readonly<Record<string, Rounds>>;

const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;

function table(columns: readonly string[], rows: readonly (readonly string[])[]): string {
  return [line(["", ...columns]), line(["---", ...columns.map(() => "---:")]), ...rows.map(line)].join("\n");
}

const runtimeIn = (title: string): string => title.split(", ")[0] ?? "";
const whatIn = (title: string): string => title.split(", ").slice(1).join(", ");

function ratio(rounds: Rounds | undefined, subject: string, reference: string): string {
  const [ours, theirs] = [median(rounds?.[subject] ?? []), median(rounds?.[reference] ?? [])];
  return Number.isNaN(ours + theirs) ? "–" : (theirs / ours).toFixed(theirs / ours < 10 ? 2 : 1);
}

/** How many times as fast as `reference` each contestant was: a table for everything that was measured. */
export function byContestant(measured: Measured, reference: string): string {
  const runtimes = [...new Set(Object.keys(measured).map(runtimeIn))];
  return [...new Set(Object.keys(measured).map(whatIn))].map((what) => {
    const roundsOf = (runtime: string) => measured[`${runtime}, ${what}`];
    const contestants = [...new Set(runtimes.flatMap((runtime) => Object.keys(roundsOf(runtime) ?? {})))];
    const rows = contestants.map((
      name,
    ) => [name, ...runtimes.map((runtime) => ratio(roundsOf(runtime), name, reference))]);
    return `**${what}**\n\n${table(runtimes, rows)}`;
  }).join("\n\n");
}

/** How many times as fast as `reference` one contestant was: a row for everything that was measured. */
export function byTask(measured: Measured, subject: string, reference: string): string {
  const runtimes = [...new Set(Object.keys(measured).map(runtimeIn))];
  const rows = [...new Set(Object.keys(measured).map(whatIn))]
    .filter((what) => runtimes.some((runtime) => measured[`${runtime}, ${what}`]?.[subject] !== undefined))
    .map((what) => [what, ...runtimes.map((runtime) => ratio(measured[`${runtime}, ${what}`], subject, reference))]);
  return `**${subject}**, against ${reference}\n\n${table(runtimes, rows)}`;
}

/** What a process that wanted a contended lock got. */
export interface Served {
  readonly served: number;
  readonly worst: number;
}

/** Of processes that all want one lock: how evenly they were served, and how long the unluckiest waited. */
export function contention(contended: Readonly<Record<string, readonly Served[]>>): string {
  const rows = Object.entries(contended).map(([title, all]) => {
    const counts = all.map(({ served }) => served);
    const evenness = (Math.min(...counts) / Math.max(...counts)).toFixed(2);
    return [
      title,
      String(counts.reduce((sum, each) => sum + each, 0)),
      evenness,
      `${(Math.max(...all.map(({ worst }) => worst)) / 1000).toFixed(2)} s`,
    ];
  });
  return table(["pairs", "least / most served", "longest wait"], rows);
}

/** Figures by name, as they are. */
export function listed(figures: Readonly<Record<string, number>>, unit: string): string {
  const titles = Object.keys(figures);
  const runtimes = [...new Set(titles.map(runtimeIn))];
  const rows = [...new Set(titles.map(whatIn))].map((what) => [
    what,
    ...runtimes.map((runtime) => String(figures[`${runtime}, ${what}`] ?? "–")),
  ]);
  return `${table(runtimes, rows)}\n\n(${unit})`;
}
