/**
 * bench/results/mutants.json: what became of each mutant, when it was last run, and at which commit. A run of some of them
 * replaces what is said of these; what is no longer in the list goes.
 */
import { execute } from "../process.ts";
import { exists, ROOT, writeIfChanged } from "../toolchain/folders.ts";
import { allMutants } from "./all.ts";
import type { Mutant } from "./mutant.ts";
import type { Outcome } from "./run_mutants.ts";

const PATH = `${ROOT}/bench/results/mutants.json`;

export interface Recorded {
  readonly file: string;
  readonly name: string;
  /** The test that turned red; null: none did. */
  readonly seenBy: string | null;
  readonly seconds: number;
  readonly commit: string;
}

interface Record {
  readonly mutants: readonly Recorded[];
}

function keyOf({ file, name }: Pick<Mutant, "file" | "name">): string {
  return `${file}: ${name}`;
}

/** What is recorded, by `keyOf`. */
function readAll(): Map<string, Recorded> {
  const record: Record = exists(PATH) ? JSON.parse(Deno.readTextFileSync(PATH)) : { mutants: [] };
  return new Map(record.mutants.map((entry) => [keyOf(entry), entry]));
}

/** How long each took until it was seen; `undefined` of one that was never run, or not seen. Seconds. */
export function readSeconds(): (mutant: Mutant) => number | undefined {
  const known = readAll();
  return (mutant) => {
    const entry = known.get(keyOf(mutant));
    return entry === undefined || entry.seenBy === null ? undefined : entry.seconds;
  };
}

/** The commit, with a mark where the working tree is not what it says. */
async function currentCommit(): Promise<string> {
  const git = async (...args: string[]) => (await execute("git", ["-C", ROOT, ...args])).output.trim();
  const changed = await git("status", "--porcelain", "--untracked-files=no", "--", "src", "tests", "scripts");
  return `${await git("rev-parse", "--short=10", "HEAD")}${changed === "" ? "" : " and changes"}`;
}

function keepOutcome({ mutant: { file, name }, killedBy, seconds }: Outcome, commit: string): void {
  const known = readAll();
  const entry = { file, name, seenBy: killedBy ?? null, seconds: Math.round(seconds * 10) / 10, commit };
  known.set(keyOf(entry), entry);
  const mutants = allMutants.flatMap((mutant) => known.get(keyOf(mutant)) ?? []);
  const seen = mutants.filter(({ seenBy }) => seenBy !== null).length;
  const score = { mutants: allMutants.length, run: mutants.length, seen };
  writeIfChanged(PATH, JSON.stringify({ score, mutants }, undefined, 2) + "\n");
}

/** Puts what a run has shown into the record, mutant by mutant: what cuts the run off loses nothing. */
export async function startRecord(): Promise<(outcome: Outcome) => void> {
  const commit = await currentCommit();
  return (outcome) => keepOutcome(outcome, commit);
}
