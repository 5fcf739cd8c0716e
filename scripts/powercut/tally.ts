/** Counts what a series of cuts lost of what our own functions had acknowledged. */
import type { Complaint } from "../../tests/powercut/judge.ts";
import type { CutReport, SeriesOutcome } from "../../tests/powercut/series.ts";

/** One series, in numbers; kept as raw JSON. */
export interface Tally {
  readonly runtime: string;
  readonly fileSystem: string;
  readonly cuts: number;
  /** Operations acknowledged before their cut. */
  readonly acknowledged: number;
  /** Cuts after which a file was older than acknowledged, or missing. */
  readonly cutsWithLoss: number;
  /** Cuts after which a file was empty, cut short or mixed. */
  readonly cutsWithTorn: number;
  readonly lostFiles: number;
  readonly tornFiles: number;
  /** Of any other kind: permissions, foreign files, temporary files that stay, failures with the power on. */
  readonly otherComplaints: number;
  readonly byScene: Readonly<Record<string, { cuts: number; cutsWithLoss: number; cutsWithTorn: number }>>;
  /** The first few, in words. */
  readonly examples: readonly string[];
  /** What the file system's own checker said at the end. */
  readonly checker: string;
  readonly seconds: number;
}

/** With the file system all of its files are gone. */
const isLoss = ({ kind }: Complaint) => kind === "lost" || kind === "destroyed";
const isTorn = ({ kind }: Complaint) => kind === "torn";
const has = (isSo: (complaint: Complaint) => boolean) => ({ complaints }: CutReport) => complaints.some(isSo);

export function tally(
  names: Pick<Tally, "runtime" | "fileSystem">,
  { cuts, checker }: SeriesOutcome,
  seconds: number,
): Tally {
  const all = cuts.flatMap(({ complaints }) => complaints);
  const [lostFiles, tornFiles] = [all.filter(isLoss).length, all.filter(isTorn).length];
  const byScene: Record<string, { cuts: number; cutsWithLoss: number; cutsWithTorn: number }> = {};
  for (const cut of cuts) {
    const scene = byScene[cut.scene] ??= { cuts: 0, cutsWithLoss: 0, cutsWithTorn: 0 };
    scene.cuts++;
    if (has(isLoss)(cut)) scene.cutsWithLoss++;
    if (has(isTorn)(cut)) scene.cutsWithTorn++;
  }
  return {
    ...names,
    cuts: cuts.length,
    acknowledged: cuts.reduce((sum, { acknowledged }) => sum + acknowledged, 0),
    cutsWithLoss: cuts.filter(has(isLoss)).length,
    cutsWithTorn: cuts.filter(has(isTorn)).length,
    lostFiles,
    tornFiles,
    otherComplaints: all.length - lostFiles - tornFiles,
    byScene,
    examples: cuts.flatMap(({ scene, seed, complaints }) =>
      complaints.map(({ kind, text }) => `${scene}, seed ${seed}: ${kind}: ${text}`)
    ).slice(0, 5),
    checker,
    seconds: Math.round(seconds),
  };
}

/** Whether nothing at all was wrong. */
export const isClean = (each: Tally): boolean =>
  each.cutsWithLoss + each.cutsWithTorn + each.otherComplaints === 0 && each.checker === "";

/** One line about a series of our own functions. */
export function describeTally(each: Tally): string {
  const { runtime, fileSystem, cuts, acknowledged, lostFiles, tornFiles, otherComplaints, seconds } = each;
  const verdict = isClean(each) ? "nothing lost" : `LOST ${lostFiles}, TORN ${tornFiles}, OTHER ${otherComplaints}`;
  const figures = `${cuts} cuts, ${acknowledged} acknowledged operations: ${verdict} (${seconds} s)`;
  const rest = isClean(each) ? [] : [...each.examples, each.checker].filter((line) => line !== "");
  return [`${runtime}, ${fileSystem}: ${figures}`, ...rest.map((line) => `  ${line}`)].join("\n");
}
