/** Parts of a list of mutants: for whoever wants to run some of them now and the others another time. */
import type { Mutant } from "./mutant.ts";

/** A part of a list, spread over all of it: `"2/12"` is the second, the fourteenth, … */
export function shareOf<T>(list: readonly T[], share: string): T[] {
  const [, part = "", parts = ""] = /^([1-9]\d*)\/([1-9]\d*)$/.exec(share) ?? [];
  if (part === "" || Number(part) > Number(parts)) {
    throw new TypeError(`a share is written as 1/12, not ${JSON.stringify(share)}`);
  }
  return list.filter((_, index) => index % Number(parts) === Number(part) - 1);
}

/**
 * All mutants that take few seconds, in parts that take so many seconds together. Those that were never run count as long.
 */
export function partsOf(
  mutants: readonly Mutant[],
  secondsOf: (mutant: Mutant) => number | undefined,
  { each, together }: { readonly each: number; readonly together: number },
): Mutant[][] {
  const parts: Mutant[][] = [];
  let left = 0;
  for (const mutant of mutants) {
    const seconds = secondsOf(mutant) ?? Infinity;
    if (seconds > each) continue;
    if (seconds > left) {
      parts.push([]);
      left = together;
    }
    parts.at(-1)?.push(mutant);
    left -= seconds;
  }
  return parts;
}
