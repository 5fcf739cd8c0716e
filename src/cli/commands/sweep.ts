/** `atomic-write sweep DIR`. Every removal stands for itself: it may be stopped at any point. */
import { sweep, type SweepOptions } from "../../sweep.ts";
import { exitStatus, statusOf } from "../exit_status.ts";
import type { Call, Outcome } from "../table.ts";
import type { table } from "../tables/sweep.ts";
import { locateOperand } from "./location.ts";

const reasons = {
  young: "it was changed a moment ago",
  alive: "its owner lives",
  unproven: "nothing proves its owner dead; see --older-than",
  foreign: "it is no plain file",
  failed: "it could not be looked at or removed",
} as const;

/** Runs the command. */
export async function run({ operands, options }: Call<typeof table>): Promise<Outcome> {
  const { olderThan, ...rest } = options;
  const settings: SweepOptions = olderThan === undefined ? rest : { ...rest, olderThan: olderThan * 1000 };
  const result = await sweep(locateOperand(operands.dir, "Cannot sweep"), settings);
  const verb = options.dryRun ? "would remove" : "removed";
  const failed = result.kept.find(({ reason }) => reason === "failed");
  return {
    result,
    output: [
      ...result.removed.map((path) => `${verb} ${path}`),
      ...result.kept.map(({ path, reason, code }) => {
        return `kept ${path}: ${reasons[reason]}${code === undefined ? "" : ` (${code})`}`;
      }),
    ],
    status: failed === undefined ? exitStatus.done : statusOf(failed.code ?? ""),
    changing: options.dryRun !== true,
  };
}
