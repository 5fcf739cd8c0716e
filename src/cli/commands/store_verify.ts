/** `atomic-write store verify DIR`. */
import { exitStatus } from "../exit_status.ts";
import { countText } from "../quantity.ts";
import type { Call, Outcome } from "../table.ts";
import type { table } from "../tables/store_verify.ts";
import { openStore } from "./stored.ts";

/** Runs the command. */
export async function run({ operands, progress }: Call<typeof table>): Promise<Outcome> {
  const store = await openStore(operands.dir, "Cannot verify");
  const report = await progress(`verifying ${operands.dir}`, "object");
  const result = await store.verify({ onProgress: ({ checked, total }) => report(checked, total) });
  const { checked, corrupt } = result;
  return {
    result,
    output: corrupt,
    reasons: corrupt.map((digest) => `damaged ${digest}`),
    notes: corrupt.length === 0
      ? []
      : [`${countText(corrupt.length, "object")} of ${checked} damaged; put the content again to repair it`],
    status: corrupt.length === 0 ? exitStatus.done : exitStatus.badData,
    changing: false,
  };
}
