/** From the values of the rows that several commands share to the options of a write, and from its result to output. */
import type { WriteResult } from "../../protocol/write_plan.ts";
import type { WriteFileOptions } from "../../write_options.ts";
import type { Outcome } from "../table.ts";
import type { WriteValues } from "../tables/write_rows.ts";

/** The options of a write. */
export function writeOptions(values: WriteValues, signal: AbortSignal): WriteFileOptions {
  const { create, skipEqual, mkdir, ...same } = values;
  return {
    ...same,
    signal,
    ...create ? { ifExists: "fail" } : {},
    ...skipEqual ? { skipIfEqual: true } : {},
    ...mkdir ? { createDirectories: true } : {},
  };
}

/** Always true where something was replaced: what this runtime cannot see cannot be told from case to case. */
const notWorthANote = "unchecked";

function notesOn(result: WriteResult, wanted: string): string[] {
  const name = JSON.stringify(result.path);
  const lost = result.lost.filter((what) => what !== notWorthANote);
  const notes: string[] = [];
  if (result.durability !== wanted) {
    notes.push(`${name} is written, but a power cut may undo it: durability reached is "${result.durability}"`);
  }
  if (lost.length > 0) notes.push(`${name} is written, but not everything was kept: ${lost.join(", ")}`);
  for (const left of result.leftBehind ?? []) notes.push(`left behind: ${JSON.stringify(left)}`);
  return notes;
}

/** What there is to say about a write. */
export function written(result: WriteResult, values: { durability?: string; digest?: boolean }): Outcome {
  return {
    result,
    output: result.digest === undefined || !values.digest ? [] : [result.digest],
    notes: notesOn(result, values.durability ?? "full"),
    changing: true,
  };
}
