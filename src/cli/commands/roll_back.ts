/** `atomic-write roll-back PATH`: what was published before. */
import { rollBackDirectory } from "../../transaction/roll_back_directory.ts";
import { refuseProgramsNotRunnable } from "../program_lookup.ts";
import type { Call, Outcome } from "../table.ts";
import type { table } from "../tables/roll_back.ts";
import { notInTime, patienceOf } from "./lock_in_time.ts";
import { publishedPath, switched, switchOptions } from "./switched.ts";

const attempt = "Cannot roll back";

/** Runs the command. */
export async function run(call: Call<typeof table>): Promise<Outcome> {
  const { operands, options } = call;
  const timeout = patienceOf(options);
  const path = publishedPath(operands.path, attempt);
  const signal = call.abortOnSignal(attempt, path);
  await refuseProgramsNotRunnable(call.host, attempt, path, options, [path]);
  try {
    const result = await rollBackDirectory(path, switchOptions(call, path, signal, timeout));
    return switched(result, options.durability ?? "full");
  } catch (error) {
    return notInTime(error, options);
  }
}
