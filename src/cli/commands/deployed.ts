/** What there is to say about files that were replaced together, and about deployments that were found cut off. */
import type { ApplyResult } from "../../transaction/apply_result.ts";
import type { RecoveryReport } from "../../transaction/recover_transactions.ts";
import { type ExitStatus, exitStatus } from "../exit_status.ts";
import type { Outcome } from "../table.ts";

/** Always true where something was replaced. */
const notWorthANote = "unchecked";

const reasons = {
  alive: "it is under way",
  unproven: "nothing proves its owner dead; see --unproven",
  untrusted: "somebody else may have planted it",
  unreachable: "a directory that takes part is not there, or holds nothing of it",
  corrupt: "its journal does not say what a journal says",
} as const satisfies Record<RecoveryReport["kept"][number]["reason"], string>;

/** What a script can do about a deployment that stays as it is. */
const statusOfReason: Readonly<Record<keyof typeof reasons, ExitStatus>> = {
  alive: exitStatus.tryAgain,
  unproven: exitStatus.tryAgain,
  unreachable: exitStatus.tryAgain,
  untrusted: exitStatus.noPermission,
  corrupt: exitStatus.badData,
};

/** Why a deployment is left alone and, where a directory is missing, what helps. */
function whyKept({ path, reason, missing }: RecoveryReport["kept"][number]): string {
  if (missing === undefined) return reasons[reason];
  const names = path.replace(/(\.transaction\.[^./\\]+\.)[^/\\]*$/, "$1*");
  return `${reasons[reason]}: ${JSON.stringify(missing)}; bring it back and recover again; if it is gone for good, ` +
    `remove ${names} and recover again: files that are in place stay`;
}

/** A line for everything in a report. */
export function recoveryLines(report: RecoveryReport): string[] {
  return [
    ...report.finished.map((path) => `finished ${path}`),
    ...report.undone.map((path) => `undone ${path}`),
    ...recoveryReasons(report),
  ];
}

/** Those of them that call for a status other than 0. */
export function recoveryReasons({ conflicts, needsActivation, kept }: RecoveryReport): string[] {
  return [
    ...conflicts.map((path) => `left alone ${path}: it is neither what it was nor what it was to be`),
    ...needsActivation.map((path) => `may not have taken effect: ${path}`),
    ...kept.map((each) => `left alone ${each.path}: ${whyKept(each)}`),
  ];
}

/** The status that a report calls for. */
export function recoveryStatus({ conflicts, kept, needsActivation }: RecoveryReport): ExitStatus {
  if (conflicts.length > 0) return exitStatus.conflict;
  const [first] = kept;
  if (first !== undefined) return statusOfReason[first.reason];
  return needsActivation.length > 0 ? exitStatus.rollbackFailed : exitStatus.done;
}

/** What there is to say about a deployment. */
export function deployed(result: ApplyResult, wanted: string): Outcome {
  const notes = recoveryLines(result.recovered).map((line) => `found cut off: ${line}`);
  if (result.durability !== wanted) {
    notes.push(`all is in place, but a power cut may undo it: durability reached is "${result.durability}"`);
  }
  for (const { path, lost } of result.files) {
    const worth = lost.filter((what) => what !== notWorthANote);
    if (worth.length > 0) notes.push(`${JSON.stringify(path)}: not everything was kept: ${worth.join(", ")}`);
  }
  for (const left of result.leftBehind ?? []) notes.push(`left behind: ${JSON.stringify(left)}`);
  return {
    result,
    output: result.files.map(({ path, state }) => `${state} ${path}`),
    notes,
    changing: true,
  };
}
