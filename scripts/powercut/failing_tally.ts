/** What a series of cuts of failing disks has shown, in numbers: the raw record, and a table of it. */
import type { FailingOrder, FailingOutcome } from "../../tests/powercut/failing/series.ts";

/** One series; kept as raw JSON. */
export interface FailingTally {
  readonly runtime: string;
  readonly fileSystem: string;
  readonly scenes: readonly string[];
  readonly writers: number;
  readonly processes: number;
  /** Cuts at which the disk has answered EIO. */
  readonly cuts: number;
  /** Cuts at which it met nothing to fail; they are not counted anywhere else. */
  readonly without: number;
  /** Requests answered with EIO. */
  readonly errors: number;
  /** Acknowledgements before the cut, all of which were judged. */
  readonly acknowledged: number;
  /** Those of them that came after the first failure had been told. */
  readonly acknowledgedLater: number;
  /** Operations that were told to have failed. */
  readonly failed: number;
  /** Cuts after which the file system had to be repaired before it could be mounted; all of it was judged then. */
  readonly repaired: number;
  /** Cuts after which something acknowledged was missing, old or torn. */
  readonly violations: number;
  /** The first few, in words. */
  readonly examples: readonly string[];
  readonly seconds: number;
}

export function tallyFailing(order: FailingOrder, { cuts, without }: FailingOutcome, seconds: number): FailingTally {
  const { runtime, fileSystem, scenes, writers, processes = 1 } = order;
  const sum = (count: (cut: typeof cuts[number]) => number) => cuts.reduce((total, cut) => total + count(cut), 0);
  return {
    runtime,
    fileSystem,
    scenes,
    writers,
    processes,
    cuts: cuts.length,
    without,
    errors: sum(({ errors }) => errors),
    acknowledged: sum(({ acknowledged }) => acknowledged),
    acknowledgedLater: sum(({ acknowledgedLater }) => acknowledgedLater),
    failed: sum(({ failed }) => failed),
    repaired: cuts.filter(({ repaired }) => repaired).length,
    violations: cuts.filter(({ complaints }) => complaints.length > 0).length,
    examples: cuts.flatMap(({ scene, seed, complaints }) =>
      complaints.map(({ kind, text }) => `${scene}, seed ${seed}: ${kind}: ${text}`)
    ).slice(0, 10),
    seconds: Math.round(seconds),
  };
}

export function describeFailing(each: FailingTally): string {
  const { runtime, fileSystem, writers, processes, cuts, errors, acknowledged, acknowledgedLater, violations } = each;
  const repairs = each.repaired === 0 ? "" : `, ${each.repaired} repaired first`;
  const who = processes === 1 ? `${writers} in flight` : `${processes} processes with ${writers} in flight`;
  const figures = `${cuts} cuts, ${errors} EIO, ${acknowledged} acknowledged (${acknowledgedLater} after a failure)`;
  const line = `${runtime}, ${fileSystem}, ${who}: ${figures}, ${violations} violations${repairs} (${each.seconds} s)`;
  return [line, ...each.examples.map((example) => `  ${example}`)].join("\n");
}

/** Violations of cuts, by runtime and file system, with a column for each number of writers. */
export function failingTable(all: readonly FailingTally[]): string {
  const columns = [...new Set(all.map(({ writers }) => writers))].sort((a, b) => a - b);
  const rows = [...new Set(all.map(({ runtime, fileSystem }) => `${runtime}, ${fileSystem}`))];
  const cell = (row: string, writers: number) => {
    const found = all.filter((each) => `${each.runtime}, ${each.fileSystem}` === row && each.writers === writers);
    const sum = (count: (each: FailingTally) => number) => found.reduce((total, each) => total + count(each), 0);
    return found.length === 0 ? "" : `${sum(({ violations }) => violations)} of ${sum(({ cuts }) => cuts)}`;
  };
  return [
    `| violations | ${columns.map((each) => `${each} in flight`).join(" | ")} |`,
    `| --- | ${columns.map(() => "---").join(" | ")} |`,
    ...rows.map((row) => `| ${row} | ${columns.map((each) => cell(row, each)).join(" | ")} |`),
  ].join("\n");
}
