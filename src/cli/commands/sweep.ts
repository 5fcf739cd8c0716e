/** `atomic-write sweep DIR`. Every removal is independent: it may be stopped at any point. */
import { type KeptTemporaryFile, sweep, type SweepOptions } from "../../file/sweep.ts";
import { exitStatus, statusOf } from "../exit_status.ts";
import type { Call, Outcome } from "../table.ts";
import type { sweepTable } from "../grammar/upkeep.ts";
import { shownName } from "../shown.ts";
import { locateOperand } from "../operand.ts";

const reasons = {
  young: "it was changed a moment ago",
  alive: "its owner is alive",
  unproven: "its owner may be alive; see --older-than",
  foreign: "it is not a plain file",
  failed: "it could not be examined or removed",
} as const;

/** Runs the command. */
export async function run({ operands, options }: Call<typeof sweepTable>): Promise<Outcome> {
  const { olderThan, ...rest } = options;
  const settings: SweepOptions = olderThan === undefined ? rest : { ...rest, olderThan: olderThan * 1000 };
  const result = await sweep(locateOperand(operands.dir, "Cannot sweep"), settings);
  const verb = options.dryRun ? "would remove" : "removed";
  const lineFor = ({ path, reason, code }: KeptTemporaryFile) =>
    `kept ${shownName(path)}: ${reasons[reason]}${code === undefined ? "" : ` (${code})`}`;
  const failed = result.kept.filter(({ reason }) => reason === "failed");
  const [first] = failed;
  return {
    result,
    output: [
      ...result.removed.map((path) => `${verb} ${shownName(path)}`),
      ...result.kept.map(lineFor),
    ],
    reasons: failed.map(lineFor),
    status: first === undefined ? exitStatus.done : statusOf(first.code ?? ""),
    changing: options.dryRun !== true,
  };
}
