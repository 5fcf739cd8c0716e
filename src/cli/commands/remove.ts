/** `atomic-write remove FILE`. */
import { removeFile } from "../../remove_file.ts";
import type { Call, Outcome } from "../table.ts";
import type { table } from "../tables/remove.ts";
import { locateOperand } from "./location.ts";

/** Runs the command. */
export async function run({ operands, options, abortOnSignal }: Call<typeof table>): Promise<Outcome> {
  const attempt = "Cannot remove";
  const path = locateOperand(operands.file, attempt);
  const signal = abortOnSignal(attempt, path);
  const result = await removeFile(path, { ...options, signal });
  const name = JSON.stringify(result.path);
  const notes: string[] = [];
  if (!result.removed) notes.push(`there is no ${name}`);
  else if (result.durability !== (options.durability ?? "full")) {
    notes.push(`${name} is removed, but a power cut may undo it: durability reached is "${result.durability}"`);
  }
  return { result, notes, changing: true };
}
