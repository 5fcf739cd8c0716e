/**
 * From the values of the rows that several commands share to the options of a write, and from results to output: of a
 * write, of files that were replaced together, of deployments that were found cut off.
 */
import type { WriteFileOptions } from "../file/write_options.ts";
import type { WriteResult } from "../protocol/write_plan.ts";
import type { ApplyResult } from "../transaction/apply_result.ts";
import type { ApplyPreview } from "../transaction/preview.ts";
import type { RecoveryReport } from "../transaction/recovery.ts";
import { type ExitStatus, exitStatus } from "./exit_status.ts";
import type { WriteValues } from "./grammar/rows.ts";
import { shownName } from "./shown.ts";
import type { Outcome } from "./table.ts";
import type { ShownWait } from "./waiting.ts";

/** The options of a write; `waiting` are those of its lock, if it takes one. */
export function writeOptions(
  values: WriteValues,
  signal: AbortSignal,
  waiting: ShownWait["options"] = {},
): WriteFileOptions {
  const { create, skipEqual, strict, mkdir, lock, lockDirectory, busyTimeout, ...same } = values;
  const isLocked = lock || lockDirectory !== undefined || typeof same.ifMatch === "string";
  return {
    ...same,
    signal,
    ...create ? { ifExists: "fail" } : {},
    ...skipEqual ? { skipIfEqual: true } : {},
    ...strict ? { whenLost: "throw" } : {},
    ...mkdir ? { createDirectories: true } : {},
    ...busyTimeout === undefined ? {} : { busyTimeout: busyTimeout * 1000 },
    ...isLocked ? { lock: { ...lockDirectory === undefined ? {} : { lockDirectory }, ...waiting } } : {},
  };
}

/** What a power cut may undo, when it is less than was asked for. */
export function durabilityNotes(what: string, reached: string, wanted: string | undefined): string[] {
  return reached === (wanted ?? "full") ? [] : [
    `${what}, but a power cut may undo it: durability reached is "${reached}"`,
  ];
}

/** What there is to say about content that is there: `what` says so, `"a" is written`. */
export function notesOn(
  what: string,
  { durability, lost, leftBehind = [] }: Pick<WriteResult, "durability" | "lost" | "leftBehind">,
  wanted: string | undefined,
): string[] {
  return [
    ...durabilityNotes(what, durability, wanted),
    ...lost.length === 0 ? [] : [`${what}, but not everything was kept: ${lost.join(", ")}`],
    ...leftBehind.map((left) => `left behind: ${JSON.stringify(left)}`),
  ];
}

/** What there is to say about a write. */
export function written(result: WriteResult, values: { durability?: string; digest?: boolean }): Outcome {
  return {
    result,
    output: result.digest === undefined || !values.digest ? [] : [result.digest],
    notes: notesOn(`${JSON.stringify(result.path)} is written`, result, values.durability),
    changing: true,
  };
}

const reasons = {
  alive: "it is still running",
  unproven: "its owner may still be running; see --unproven",
  untrusted: "it is not certain whose it is",
  unreachable: "a directory that it uses is missing, or holds none of its files",
  corrupt: "its journal is damaged",
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
function whyKept({ path, reason, missing, user }: RecoveryReport["kept"][number]): string {
  if (user !== undefined) return `it is user ${user}'s; recover it as that user, or with --trust ${user}`;
  if (missing === undefined) return reasons[reason];
  const names = path.replace(/(\.transaction\.[^./\\]+\.)[^/\\]*$/, "$1*");
  return `${reasons[reason]}: ${JSON.stringify(missing)}; bring it back and recover again; if it is gone for good, ` +
    `remove ${shownName(names)} and recover again: files that are in place stay`;
}

/** A line for everything in a report. */
export function recoveryLines(report: RecoveryReport): string[] {
  return [
    ...report.finished.map((path) => `finished ${shownName(path)}`),
    ...report.undone.map((path) => `undone ${shownName(path)}`),
    ...recoveryReasons(report),
  ];
}

/** Those of them that call for a status other than 0. */
export function recoveryReasons({ conflicts, needsActivation, kept }: RecoveryReport): string[] {
  return [
    ...conflicts.map((path) => `left alone ${shownName(path)}: it is neither the old nor the new file`),
    ...needsActivation.map((path) => `may not have taken effect: ${shownName(path)}`),
    ...kept.map((each) => `left alone ${shownName(each.path)}: ${whyKept(each)}`),
  ];
}

/** The status that a report calls for. */
export function recoveryStatus({ conflicts, kept, needsActivation }: RecoveryReport): ExitStatus {
  if (conflicts.length > 0) return exitStatus.conflict;
  const [first] = kept;
  if (first !== undefined) return statusOfReason[first.reason];
  return needsActivation.length > 0 ? exitStatus.rollbackFailed : exitStatus.done;
}

/** What there is to say about a deployment that was only tried: what it would do, and what it would run. */
export function previewed(
  { changed, files, directories }: ApplyPreview,
  programs: Readonly<Partial<Record<"validate" | "activate", readonly string[]>>>,
): Outcome {
  const runs = (["validate", "activate"] as const).flatMap((step) => {
    const command = programs[step];
    return changed && command !== undefined ? [{ step, command }] : [];
  });
  const line = ({ path, state }: ApplyPreview["files"][number]) =>
    state === "unchanged" ? `unchanged ${shownName(path)}` : `would ${state} ${shownName(path)}`;
  return {
    result: { dryRun: true, changed, files, ...directories.length === 0 ? {} : { directories }, runs },
    output: [
      ...[...directories, ...files].map(line),
      ...runs.map(({ step, command }) => `would run ${step}: ${JSON.stringify(command)}`),
    ],
    changing: false,
  };
}

/** What there is to say about a deployment. */
export function deployed(result: ApplyResult, wanted: string): Outcome {
  const notes = [
    ...recoveryLines(result.recovered).map((line) => `found an interrupted deployment: ${line}`),
    ...durabilityNotes("all is in place", result.durability, wanted),
  ];
  for (const { path, lost } of result.files) {
    if (lost.length > 0) notes.push(`${JSON.stringify(path)}: not everything was kept: ${lost.join(", ")}`);
  }
  for (const left of result.leftBehind ?? []) notes.push(`left behind: ${JSON.stringify(left)}`);
  return {
    result,
    output: [...result.directories ?? [], ...result.files].map(({ path, state }) => `${state} ${shownName(path)}`),
    notes,
    changing: true,
  };
}

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Bytes in a JSON object: as text where they are UTF-8. */
export function contentForMachines(bytes: Uint8Array): { text: string } | { base64: string } {
  try {
    return { text: decoder.decode(bytes) };
  } catch {
    let binary = "";
    for (let start = 0; start < bytes.length; start += 0x8000) {
      binary += String.fromCharCode(...bytes.subarray(start, start + 0x8000));
    }
    return { base64: btoa(binary) };
  }
}
