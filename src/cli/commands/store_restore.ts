/** `atomic-write store restore DIR DIGEST FILE`. */
import type { Call, Outcome } from "../table.ts";
import type { table } from "../tables/store_restore.ts";
import { locateOperand } from "./location.ts";
import { openStore, readDigest } from "./stored.ts";
import { writeOptions, written } from "./written.ts";

/** Runs the command. */
export async function run({ operands, options, abortOnSignal }: Call<typeof table>): Promise<Outcome> {
  const attempt = "Cannot restore";
  const digest = readDigest(operands.digest, "DIGEST");
  const path = locateOperand(operands.file, attempt);
  const signal = abortOnSignal(attempt, path);
  const store = await openStore(operands.dir, "Cannot restore from");
  return written(await store.restore(digest, path, writeOptions(options, signal)), options);
}
