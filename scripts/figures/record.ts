/**
 * Records of what was measured: bench/results/NAME.json. A record says when, at which commit, by which command and on
 * how busy a machine it was made, and which source it speaks of, with a digest of that source as it was then.
 *
 *     const recording = startRecording("powercut", "deno task powercut", SOURCES.writes);
 *     … recording.keep(results);      // as often as there is more to keep
 *
 * Pages print figures from records only (pages.ts). While the source goes on, a page says at which commit its figures
 * were measured; a release is refused until they are measured anew (`outdated`).
 */
import { exists, ROOT, writeIfChanged } from "../toolchain/folders.ts";
import { commitOf, digestOf, type Source } from "./source.ts";

export interface FiguresRecord<Results = unknown> {
  readonly measured: string;
  /** The last one that changed that source, with "and changes" where it was not exactly that commit's. */
  readonly commit: string;
  readonly command: string;
  readonly system: string;
  readonly processors: number;
  /** Averages of the last minute, five and fifteen: when it began, and when it ended. */
  readonly load: { readonly before: readonly number[]; readonly after: readonly number[] };
  readonly source: Source;
  readonly results: Results;
}

const pathOf = (name: string): string => `${ROOT}/bench/results/${name}.json`;

/** Whether the source that a record speaks of is another one by now. */
export function isOutdated({ source }: Pick<FiguresRecord, "source">, root: string = ROOT): boolean {
  return !source.paths.every((path) => exists(`${root}/${path}`)) || digestOf(source.paths, root) !== source.digest;
}

/** A record, as it was kept. Its results have the type that whoever keeps them gives them. */
export function readRecord<Results>(name: string): FiguresRecord<Results> {
  const record = JSON.parse(Deno.readTextFileSync(pathOf(name))) as FiguresRecord<Results>;
  return checkedRecord(name, record);
}

/** The record, if it says what it is of. */
export function checkedRecord<Results>(name: string, record: FiguresRecord<Results>): FiguresRecord<Results> {
  const missing = (["measured", "commit", "command", "load", "source", "results"] as const)
    .filter((key) => record[key] === undefined);
  if (missing.length > 0) throw new Error(`bench/results/${name}.json does not say: ${missing.join(", ")}`);
  return record;
}

const load = (): number[] => Deno.loadavg().map((average) => Math.round(average * 10) / 10);

/** The command that is running, as somebody types it: `deno task NAME -- OPTIONS`. */
export function commandLine(task: string): string {
  const quoted = Deno.args.filter((each) => each !== "--").map((each) => /[^\w=.,:/-]/.test(each) ? `"${each}"` : each);
  return [`deno task ${task}`, ...quoted.length === 0 ? [] : ["--", ...quoted]].join(" ");
}

/** Begins to measure: notes commit, source and load. `keep` writes what there is so far. */
export function startRecording(name: string, command: string, paths: readonly string[]) {
  const before = load();
  const common = {
    commit: commitOf(paths),
    command,
    system: `${Deno.build.os} ${Deno.osRelease()}`,
    processors: navigator.hardwareConcurrency,
  };
  const source: Source = { paths, digest: digestOf(paths) };
  return {
    keep(results: unknown): void {
      const measured = new Date().toISOString();
      const record: FiguresRecord = { measured, ...common, load: { before, after: load() }, source, results };
      writeIfChanged(pathOf(name), JSON.stringify(record, undefined, 1) + "\n");
      // As everything else that is committed.
      new Deno.Command(Deno.execPath(), { args: ["fmt", "--quiet", pathOf(name)] }).outputSync();
    },
  };
}
