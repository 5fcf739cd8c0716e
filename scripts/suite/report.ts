/**
 * What the test command prints: quiet while all is well, the whole output of a file that fails, a closing line for each
 * section, the skipped tests under their reasons, and `N passed, N failed` at the very end.
 */
import type { FileResult } from "./run_files.ts";
import type { TestResult } from "./junit.ts";

export interface Counts {
  passed: number;
  failed: number;
  skipped: number;
}

export function count(tests: readonly TestResult[]): Counts {
  const of = (wanted: TestResult["state"]) => tests.filter(({ state }) => state === wanted).length;
  return { passed: of("passed"), failed: of("failed"), skipped: of("skipped") };
}

export function add(left: Counts, right: Counts): Counts {
  return {
    passed: left.passed + right.passed,
    failed: left.failed + right.failed,
    skipped: left.skipped + right.skipped,
  };
}

/** `N passed, N failed`, and the skipped where there are any. */
export function countLine({ passed, failed, skipped }: Counts): string {
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ""}`;
}

export function printFile(section: string, { path, tests, output, leftovers }: FileResult, verbose: boolean): void {
  const failed = tests.filter(({ state }) => state === "failed");
  if (failed.length > 0 || verbose) {
    console.log(`\n---- ${section}: ${path} ${failed.length > 0 ? "failed" : "passed"}`);
    console.log(verbose ? output.trim() : shorten(output.trim()));
    for (const { name, reason } of failed) {
      console.log(`FAILED ${section}: ${name === path ? path : `${path}: ${name}`}: ${firstLine(reason)}`);
    }
    console.log("----");
  }
  if (leftovers.length > 0) {
    console.log(`${section}: ${path} left in its directory (removed now): ${leftovers.slice(0, 5).join(", ")}`);
  }
}

/** The beginning and the end of what is too long to be read; whoever asks for all of it (`--verbose`) gets all of it. */
function shorten(text: string): string {
  const lines = text.split("\n");
  if (lines.length <= 400) return text;
  return [...lines.slice(0, 200), `[${lines.length - 400} lines left out]`, ...lines.slice(-200)].join("\n");
}

function firstLine(text: string): string {
  return text.trim().split("\n")[0] ?? "";
}

/** Skipped tests, grouped by reason. */
function printSkips(results: readonly FileResult[]): void {
  const skips = results.flatMap(({ path, tests }) =>
    tests.filter(({ state }) => state === "skipped").map((test) => ({ ...test, path }))
  );
  for (const [reason, tests] of Map.groupBy(skips, ({ reason }) => reason)) {
    console.log(`  skipped, ${reason}:`);
    for (const { path, name } of tests) console.log(`    ${path}: ${name}`);
  }
}

/** How many of a section's slowest files are named, by the processor time they took: the time of the whole run is kept down by looking at them. */
const SLOWEST = 10;

const busy = ({ processorSeconds, seconds }: FileResult): number => processorSeconds ?? seconds;

/** By the clock where no file tells more: the seconds of those that ran at the same time are then added all the same. */
const unit = (results: readonly FileResult[]): string =>
  results.some(({ processorSeconds }) => processorSeconds !== undefined) ? "seconds of a processor" : "seconds of work";

function printSlowest(results: readonly FileResult[]): void {
  const slowest = results.toSorted((a, b) => busy(b) - busy(a)).slice(0, SLOWEST);
  const names = slowest.filter((result) => busy(result) >= 1).map((result) =>
    `${busy(result).toFixed(0)} ${result.path}`
  );
  if (names.length > 0) console.log(`  slowest, in ${unit(results)}: ${names.join(", ")}`);
}

/** The closing lines of a section. */
export function printSection(title: string, results: readonly FileResult[]): Counts {
  const counts = count(results.flatMap(({ tests }) => tests));
  const seconds = results.reduce((sum, result) => sum + busy(result), 0);
  console.log(`${title}: ${countLine(counts)} (${seconds.toFixed(0)} ${unit(results)})`);
  printSlowest(results);
  printSkips(results);
  return counts;
}
