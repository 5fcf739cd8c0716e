/**
 * What power cuts left of what others' ways of saving had acknowledged, beside ours: the figures that are kept, and the
 * tables that pages and the command print.
 *
 * The first table is about what was acknowledged before the power went: the same saves for every method, so as many
 * files at stake. The second is about a save that was running. A save that failed is neither lost nor whole: it is
 * counted as failed, and said.
 */
import type { Complaint } from "../../tests/powercut/judge.ts";
import { WHILE_SAVING } from "../../tests/powercut/scenes.ts";
import type { CutReport } from "../../tests/powercut/series.ts";

/** One method on one file system, after its saves or while it saves. */
export interface Compared {
  readonly cuts: number;
  /** Saves that were acknowledged before the power went, and saves that failed while there was power. */
  readonly acknowledged: number;
  readonly failed: number;
  /** Files of which something had been acknowledged: each must be there, and whole. */
  readonly files: number;
  /** Of these: missing, or older than acknowledged. */
  readonly lost: number;
  /** Of these: empty, cut short or mixed. */
  readonly torn: number;
  /** Cuts after which the file system itself could not be used. */
  readonly destroyed: number;
  readonly cutsWithLoss: number;
}

export interface ComparedMethod {
  readonly method: string;
  readonly fileSystem: string;
  readonly afterSaving: Compared;
  readonly whileSaving: Compared;
  /** The first few of what was found, in words. */
  readonly examples: readonly string[];
}

/** What was compared on one file system, with all methods taking turns. */
export interface ComparedSeries {
  readonly fileSystem: string;
  readonly methods: readonly ComparedMethod[];
  /** What the file system's own checker said at the end. */
  readonly checker: string;
  readonly seconds: number;
}

function count(cuts: readonly CutReport[]): Compared {
  const sum = (of: (cut: CutReport) => number) => cuts.reduce((total, cut) => total + of(cut), 0);
  const ofKind = (kind: Complaint["kind"]) => ({ complaints }: CutReport) =>
    complaints.filter((each) => each.kind === kind).length;
  return {
    cuts: cuts.length,
    acknowledged: sum(({ acknowledged }) => acknowledged),
    failed: sum(({ failed }) => failed),
    files: sum(({ files }) => files),
    lost: sum(ofKind("lost")),
    torn: sum(ofKind("torn")),
    destroyed: sum(ofKind("destroyed")),
    cutsWithLoss: cuts.filter(({ complaints }) => complaints.length > 0).length,
  };
}

/** Counts a series, method by method, in the order in which they took their first turns. */
export function compareMethods(fileSystem: string, cuts: readonly CutReport[]): ComparedMethod[] {
  return [...Map.groupBy(cuts, ({ method }) => method)].map(([method, reports]) => ({
    method,
    fileSystem,
    afterSaving: count(reports.filter(({ scene }) => scene !== WHILE_SAVING)),
    whileSaving: count(reports.filter(({ scene }) => scene === WHILE_SAVING)),
    examples: reports.flatMap(({ scene, seed, complaints }) =>
      complaints.map(({ kind, text }) => `${scene}, seed ${seed}: ${kind}: ${text}`)
    ).slice(0, 3),
  }));
}

/** Whether nothing at all was wrong. */
export const isUnharmed = ({ afterSaving, whileSaving }: ComparedMethod): boolean =>
  [afterSaving, whileSaving].every(({ failed, cutsWithLoss }) => failed + cutsWithLoss === 0);

/** Why two methods that were compared were not exposed to the same; "" where they were. */
export function unequalExposure(all: readonly ComparedMethod[]): string {
  const attempts = ({ afterSaving: { cuts, acknowledged, failed } }: ComparedMethod) =>
    `${acknowledged + failed} saves before ${cuts} cuts`;
  for (const [fileSystem, methods] of Map.groupBy(all, (each) => each.fileSystem)) {
    const found = new Set(methods.map(attempts));
    if (found.size > 1) return `${fileSystem}: ${[...found].join(", ")}`;
  }
  return "";
}

type Cell = (found: ComparedMethod) => string;

const failures = ({ acknowledged, failed }: Compared): string =>
  failed === 0 ? "" : `${failed} of ${acknowledged + failed} saves failed; `;

const afterSaving: Cell = ({ afterSaving: found }) => {
  const { files, lost, torn, destroyed } = found;
  if (files === 0) return `${failures(found)}nothing acknowledged`;
  const more = destroyed === 0 ? "" : `, file system gone ${destroyed} times`;
  return `${failures(found)}${lost} of ${files}${torn === 0 ? "" : `, ${torn} torn`}${more}`;
};

const whileSaving: Cell = ({ whileSaving: found }) => {
  const { cuts, torn, destroyed } = found;
  return `${failures(found)}${torn + destroyed} of ${cuts}`;
};

function table(all: readonly ComparedMethod[], cell: Cell): string {
  const columns = [...new Set(all.map(({ fileSystem }) => fileSystem))];
  const rows = [...new Set(all.map(({ method }) => method))].sort((a, b) => ORDER(a) - ORDER(b));
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  const cellOf = (method: string, fileSystem: string) => {
    const found = all.find((each) => each.method === method && each.fileSystem === fileSystem);
    return found === undefined ? "–" : cell(found);
  };
  return [
    line(["", ...columns]),
    line(["---", ...columns.map(() => "---")]),
    ...rows.map((method) => line([nameOf(method), ...columns.map((column) => cellOf(method, column))])),
  ].join("\n");
}

/** Ours first, then packages, then what a program or a shell does by itself. */
const ORDER = (method: string): number =>
  method === "atomic-write" ? 0 : method.startsWith("atomic-write") ? 1 : /[.&]/.test(method) ? 3 : 2;

const nameOf = (method: string): string => /[.&]|^sponge/.test(method) ? `\`${method}\`` : method;

/** Of files whose saving had been acknowledged, how many were lost, and how many torn. */
export const lossTable = (all: readonly ComparedMethod[]): string => table(all, afterSaving);

/** After how many of the cuts during a save the file was torn. */
export const tornTable = (all: readonly ComparedMethod[]): string => table(all, whileSaving);
