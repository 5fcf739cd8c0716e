/** `atomic-write remove FILE`. */
import { removeFile } from "../../file/remove_file.ts";
import type { removeTable } from "../grammar/files.ts";
import { locateOperand } from "../operand.ts";
import { durabilityNotes } from "../results.ts";
import type { Call, Outcome } from "../table.ts";
import { ShownWait } from "../waiting.ts";

/** Runs the command. */
export async function run(call: Call<typeof removeTable>): Promise<Outcome> {
  const { operands, options, abortOnSignal } = call;
  const attempt = "Cannot remove";
  const path = locateOperand(operands.file, attempt);
  const signal = abortOnSignal(attempt, path);
  const { lock, lockDirectory, ...rest } = options;
  const isLocked = lock || lockDirectory !== undefined || rest.ifMatch !== undefined;
  const place = lockDirectory === undefined ? {} : { lockDirectory };
  const waiting = isLocked ? { lock: { ...place, ...new ShownWait(call).options } } : {};
  const result = await removeFile(path, { ...rest, ...waiting, signal });
  const name = JSON.stringify(result.path);
  const notes = result.removed
    ? durabilityNotes(`${name} is removed`, result.durability, options.durability)
    : [`there is no ${name}`];
  return { result, notes, changing: true };
}
