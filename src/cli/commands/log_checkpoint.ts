/** `atomic-write log checkpoint LOG`. */
import { openLog } from "../../log/log.ts";
import { readContent, standardInput } from "../input.ts";
import type { Call, Outcome } from "../table.ts";
import type { table } from "../tables/log_checkpoint.ts";
import { closeLog } from "./close_log.ts";
import { mustExist } from "./existing.ts";
import { locateOperand } from "./location.ts";
import { durabilityNotes, patience } from "./stored.ts";

/** Runs the command. */
export async function run(call: Call<typeof table>): Promise<Outcome> {
  const { through, allowEmpty, requireJson, nonblock, timeout, ...rules } = call.options;
  const attempt = "Cannot checkpoint";
  const path = locateOperand(call.operands.log, attempt);
  const signal = call.abortOnSignal(attempt, path);
  const waiting = patience({ nonblock, timeout });
  await mustExist(path, attempt, "file", "log");
  const report = await call.progress(`reading the snapshot of ${call.operands.log}`, "byte");
  const rulesOfInput = { allowEmpty, requireJson };
  const content = await readContent(standardInput(call.host, report), rulesOfInput, signal, { attempt, path });
  const log = await openLog(path, { ...rules, lock: { timeout: Infinity, ...waiting, signal } });
  try {
    await log.checkpoint(content, through === undefined ? {} : { through });
  } catch (error) {
    await closeLog(log);
    throw error;
  }
  const closing = await closeLog(log);
  const { durability, nextSequence } = log;
  return {
    result: { path: log.path, nextSequence, durability },
    notes: [...durabilityNotes("the checkpoint is made", durability, rules.durability), ...closing],
    changing: true,
  };
}
