/**
 * Puts figures into the pages that print them, from the records of the runs that measured or counted them:
 * `deno task figures`. With `--check` nothing is written: the exit code is 1 when a page says something else than its
 * record (a part of `deno task static`). With `--fresh` it is 1 when the source that a record speaks of has changed
 * since (a release is refused then; how to measure anew is what the record itself says).
 */
import { outdatedCounts } from "./figures/explored.ts";
import { PAGES, RECORDS, withFigures } from "./figures/pages.ts";
import { isOutdated, readRecord } from "./figures/record.ts";
import { formatted } from "./formatted.ts";
import { ROOT } from "./toolchain/folders.ts";

/** The records that are older than the source they speak of, in words. */
export function outdated(): string[] {
  const counts = outdatedCounts();
  const again = ["tests/proof", "tests/transaction/crash"].map((filter) =>
    `ATOMIC_WRITE_UPDATE_GOLDEN=1 deno task test --only=deno --filter=${filter}`
  );
  const explored = counts.length === 0
    ? []
    : [`${counts.length} counts in tests/golden/figures are of another source: ${again.join("; ")}`];
  const measured = RECORDS.filter((name) => isOutdated(readRecord(name))).map((name) => {
    const { commit, command } = readRecord(name);
    return `bench/results/${name}.json is of the source as of ${commit}, which has changed: ${command}`;
  });
  return [...measured, ...explored];
}

async function main(args: readonly string[]): Promise<string[]> {
  if (args.includes("--fresh")) return outdated();
  const problems: string[] = [];
  for (const path of Object.keys(PAGES)) {
    const text = Deno.readTextFileSync(`${ROOT}/${path}`);
    const made = await formatted(withFigures(path, text));
    if (made === text) continue;
    if (args.includes("--check")) problems.push(`${path} has other figures than its records: run deno task figures`);
    else Deno.writeTextFileSync(`${ROOT}/${path}`, made);
  }
  return problems;
}

if (import.meta.main) {
  const problems = await main(Deno.args);
  for (const problem of problems) console.log(problem);
  Deno.exit(problems.length === 0 ? 0 : 1);
}
