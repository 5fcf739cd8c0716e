/**
 * What `deno task compare` has seen, and README's table of it. What a cell says is what the record says: an error is
 * told as an error, and how much was tried stands beside what came of it.
 */
import type { PowercutResults } from "../powercut.ts";
import type { FiguresRecord } from "./record.ts";

/** The columns. */
export const COMPARED = ["atomic-write", "write-file-atomic", "atomically", "steno"] as const;

/** Two containers that save to one file at the same moment, round after round, while one process reads it. */
export interface Containers {
  readonly rounds: number;
  /** Rounds in which at least one read, while both saved or right after, showed neither writer's content. */
  readonly tornRounds: number;
  readonly reads: number;
  readonly tornReads: number;
  readonly saves: number;
  /** The code of each save that failed. */
  readonly failures: readonly string[];
}

/** Somebody asks for the lock of a holder that is stopped; then the holder goes on. */
export interface Takeover {
  /** "success", or the error. */
  readonly taken: string;
  /** Whether the holder was told within five seconds of going on. */
  readonly holderTold: boolean;
}

export interface CompareResults {
  readonly node: string;
  readonly peers: Readonly<Record<string, string>>;
  /** What happened, by situation and package. */
  readonly situations: Readonly<Record<string, Readonly<Record<string, string>>>>;
  readonly containers: Readonly<Record<string, Containers>>;
  readonly takeovers: Readonly<Record<string, Takeover>>;
}

function containersText({ rounds, tornRounds, saves, failures }: Containers): string {
  const torn = tornRounds === 0 ? `torn in none of ${rounds} rounds` : `**torn in ${tornRounds} of ${rounds} rounds**`;
  if (failures.length === 0) return torn;
  const codes = [...new Set(failures)].join(", ");
  return `${torn}; **${failures.length} of ${saves} saves failed** (${codes})`;
}

export function takeoverText({ taken, holderTold }: Takeover): string {
  if (taken !== "success") return `the holder keeps its lock; the other one waits and gets ${taken}`;
  return holderTold
    ? "**two holders**, until the first continues and is notified"
    : "**two holders**, and the first is not notified";
}

/** All file systems together: what was at stake was the same for each package. */
function powerCutText({ comparison }: PowercutResults, writer: string): string {
  const found = comparison.flatMap(({ methods }) => methods).filter(({ method }) => method === writer);
  if (found.length === 0) throw new Error(`The power cuts say nothing of ${writer}`);
  const sum = (key: "files" | "lost" | "torn" | "failed") =>
    found.reduce((total, { afterSaving }) => total + afterSaving[key], 0);
  const bad = sum("lost") + sum("torn");
  const failed = sum("failed");
  const text = bad === 0
    ? `none of ${sum("files")} saved files lost`
    : `**${bad} of ${sum("files")} saved files lost**`;
  return failed === 0 ? text : `${text}; **${failed} saves failed**`;
}

const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;

/** README's table. */
export function comparedTable(
  { results }: FiguresRecord<CompareResults>,
  { results: cuts }: FiguresRecord<PowercutResults>,
): string {
  const { peers, situations, containers, takeovers } = results;
  const named = (name: string) => name in peers ? `${name} ${peers[name]}` : name;
  const row = (title: string, cellOf: (writer: string) => string) => line([title, ...COMPARED.map(cellOf)]);
  const takeover = (holder: string) => {
    const found = takeovers[holder];
    if (found === undefined) throw new Error(`Nothing is known of ${holder}'s locks`);
    return takeoverText(found);
  };
  return [
    line(["What happens when …", ...COMPARED.map(named)]),
    line(["---", ...COMPARED.map(() => "---")]),
    ...Object.entries(situations).map(([title, cells]) => row(title, (writer) => cells[writer] ?? "–")),
    row("two containers write one file", (writer) => {
      const found = containers[writer];
      return found === undefined ? "–" : containersText(found);
    }),
    row("the power fails after the save", (writer) => powerCutText(cuts, writer)),
    line([
      "a lock's holder is stopped for longer than `stale`",
      takeover("atomic-write"),
      `${named("proper-lockfile")}: ${takeover("proper-lockfile")}`,
      "no locks",
      "no locks",
    ]),
  ].join("\n");
}
