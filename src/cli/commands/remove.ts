/** `atomic-write remove FILE`. */
import { removeFile } from "../../file/remove_file.ts";
import type { removeTable } from "../grammar/files.ts";
import { locateOperand } from "../operand.ts";
import { durabilityNotes } from "../results.ts";
import type { Call, Outcome } from "../table.ts";

/** Runs the command. */
export async function run({ operands, options, abortOnSignal }: Call<typeof removeTable>): Promise<Outcome> {
  const attempt = "Cannot remove";
  const path = locateOperand(operands.file, attempt);
  const signal = abortOnSignal(attempt, path);
  const { lockDirectory, ...rest } = options;
  const lock = lockDirectory === undefined ? {} : { lock: { lockDirectory } };
  const result = await removeFile(path, { ...rest, ...lock, signal });
  const name = JSON.stringify(result.path);
  const notes = result.removed
    ? durabilityNotes(`${name} is removed`, result.durability, options.durability)
    : [`there is no ${name}`];
  return { result, notes, changing: true };
}
