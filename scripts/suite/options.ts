/** The arguments of the test command: `task test -- --only=deno,node --filter=lock --quick`. */
import { readWanted, type StandardLibrary } from "../toolchain/standard_library.ts";

export const SECTIONS = ["deno", "node", "bun", "npm"] as const;
export type SectionName = typeof SECTIONS[number];

export interface TestOptions {
  only: readonly SectionName[];
  /** Runs only the test files whose path contains one of these. */
  filters: readonly string[];
  effort: "quick" | "normal" | "long";
  /** Nothing is left to other runs: see turn.ts. */
  whole: boolean;
  /** Where `@std/*` comes from; "auto" asks whether JSR answers. */
  standardLibrary: StandardLibrary | "auto";
  /** A program or a version. */
  node: string | undefined;
  /** How many test files run at once. */
  jobs: number;
  /** Shows the output of files that pass, too. */
  verbose: boolean;
}

export const USAGE = `deno task test [-- OPTIONS]
  --only=deno,node,bun,npm   run only these sections
  --filter=TEXT              run only the test files whose path contains TEXT (repeatable; leaves the npm section out,
                             and does not look for type errors on Node and Bun)
  --quick, --long            how hard randomised tests try; --quick leaves the npm section out as well
  --whole                    also what a normal run takes in turn, a part in each run (the default with --filter)
  --in-turn                  the opposite, with --filter
  --node=PATH|VERSION        the Node to use; a version comes from npm
  --jobs=N                   test files at once (default: one more than processors, at most 5)
  --verbose                  the output of passing files, too
  STD=jsr|local              environment: where @std comes from (default: JSR where it answers)`;

/** What is wrong with the arguments themselves: its message says all, and a stack would only hide it. */
export class UsageError extends TypeError {
  override name = "UsageError";
}

function readSections(value: string): SectionName[] {
  return value.split(",").map((name) => {
    const section = SECTIONS.find((known) => known === name);
    if (section === undefined) throw new UsageError(`--only knows ${SECTIONS.join(", ")}, not "${name}"`);
    return section;
  });
}

/** Reads the arguments; a UsageError names the one that is not understood. */
export function readOptions(args: readonly string[], standardLibrary: string | undefined): TestOptions {
  let only: SectionName[] | undefined;
  const filters: string[] = [];
  let effort: TestOptions["effort"] = "normal";
  let whole: boolean | undefined;
  let node: string | undefined;
  // One more than there are processors: many tests wait for a disk, a lock or the end of a process most of their time.
  let jobs = Math.min(4, navigator.hardwareConcurrency) + 1;
  let verbose = false;
  for (const argument of args) {
    const [name, value = ""] = argument.split(/=(.*)/s);
    if (argument === "--") continue;
    else if (name === "--only") only = readSections(value);
    else if (name === "--filter") filters.push(value);
    else if (name === "--node") node = value;
    else if (name === "--jobs" && Number(value) >= 1) jobs = Math.floor(Number(value));
    else if (argument === "--quick") effort = "quick";
    else if (argument === "--long") effort = "long";
    else if (argument === "--whole") whole = true;
    else if (argument === "--in-turn") whole = false;
    else if (argument === "--verbose") verbose = true;
    else throw new UsageError(`unknown argument: ${argument}\n${USAGE}`);
  }
  const partial = effort === "quick" || filters.length > 0;
  const all = SECTIONS.filter((name) => !partial || name !== "npm");
  return {
    only: only ?? all,
    filters,
    effort,
    whole: effort !== "normal" || (whole ?? filters.length > 0),
    standardLibrary: readWanted(standardLibrary),
    node,
    jobs,
    verbose,
  };
}
