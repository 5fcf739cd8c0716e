/**
 * Holds test coverage up: it may rise, and never falls below what was reached before.
 *
 * The baseline is one line in a file that everybody's continuous integration reads. A run that is interrupted while it
 * writes must never empty that file, and an empty or damaged one must never pass for "no baseline yet": both would let
 * every coverage through without a word. Run it: `deno run -A examples/coverage_ratchet.ts coverage.txt 87.5`.
 */
import process from "node:process";
import { updateTextFile } from "../mod.ts";

/** The coverage has fallen. */
export class CoverageDropped extends Error {
  override readonly name = "CoverageDropped";
}

/** The baseline file does not say what the baseline is. */
export class BaselineDamaged extends Error {
  override readonly name = "BaselineDamaged";
}

function parseBaseline(text: string): number {
  const percent = /^\d{1,3}(\.\d+)?\n$/.test(text) ? Number(text) : NaN;
  if (percent >= 0 && percent <= 100) return percent;
  throw new BaselineDamaged(`The baseline is ${JSON.stringify(text)}; restore it from version control`);
}

/**
 * Compares with the baseline and raises it. Two runs that end at the same moment cannot lower it either: reading and
 * writing is one step, under the file's lock.
 */
export async function ratchet(path: string, measured: number): Promise<{ before: number | undefined; now: number }> {
  if (!(measured >= 0 && measured <= 100)) throw new RangeError(`${measured} is no percentage`);
  let before: number | undefined;
  await updateTextFile(path, (text) => {
    // Only a file that is not there means that there is no baseline.
    before = text === undefined ? undefined : parseBaseline(text);
    if (before !== undefined && measured < before) {
      throw new CoverageDropped(`Coverage fell from ${before} % to ${measured} %`);
    }
    return `${measured}\n`;
  });
  return { before, now: measured };
}

// Node knows `main` from 24.2 on: https://nodejs.org/api/esm.html#importmetamain
if ((import.meta as { main?: boolean }).main) {
  const [path, measured] = process.argv.slice(2);
  if (path === undefined || measured === undefined || Number.isNaN(Number(measured))) {
    console.error("Usage: coverage_ratchet.ts BASELINE_FILE PERCENT");
    process.exit(64);
  }
  try {
    const { before, now } = await ratchet(path, Number(measured));
    console.log(before === undefined ? `The baseline is ${now} %` : `${before} % → ${now} %`);
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
  }
}
