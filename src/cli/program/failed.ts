/**
 * A program that has failed: the one that a command is about, before anything was changed, or one that stands for
 * `validate` or `activate` (program_step.ts), and how that is reported.
 */
import { FileError } from "../../core/errors.ts";
import type { ProgramEnd } from "../../runtime/host/child_program.ts";
import { exitStatus } from "../exit_status.ts";

/** What is known of it. */
interface ProgramFailedDetails {
  /** `"EPROGRAM"`, or that of the system. */
  readonly code: string;
  /** The file of the command, which is as it was. */
  readonly path: string;
  /** What the message names, if it is not the file. */
  readonly named?: string;
  /** What the command ends with. */
  readonly end: ProgramEnd;
  readonly cause?: unknown;
}

/** The program cannot be run, or has failed. */
export class ProgramFailed extends FileError {
  override readonly name: string = "ProgramFailed";
  /** What the command ends with. */
  readonly status: number;
  readonly signal: string | undefined;
  /** `attempt` failed for this `reason`. */
  constructor(attempt: string, reason: string, { end, ...details }: ProgramFailedDetails) {
    super(attempt, reason, { ...details, step: "program", targetState: "unchanged" });
    this.status = end.status;
    this.signal = end.signal;
  }
}

/** The end, as a shell has it, of a program that cannot be run for this reason. */
export function notRun(code: string): ProgramEnd {
  return { status: code === "ENOENT" ? exitStatus.noProgram : exitStatus.notRunnable, signal: undefined };
}

/** What `--json` tells of a program that has failed. */
export interface ProgramReport {
  readonly step: string;
  readonly command: readonly string[];
  readonly status?: number;
  readonly signal?: string;
  readonly timedOut: boolean;
  readonly output: string;
}

/** The program has not done what it was to do. */
export class StepFailed extends Error {
  override readonly name: string = "StepFailed";
  readonly report: ProgramReport;
  /** `how` it failed. */
  constructor(how: string, report: ProgramReport, cause?: unknown) {
    super(`${JSON.stringify(report.command[0])} ${how}`, cause === undefined ? undefined : { cause });
    this.report = report;
  }
}

/** What it has printed, line by line, for people. */
export function outputLines({ report: { step, output } }: StepFailed): string[] {
  const text = output.trimEnd();
  return text === "" ? [] : text.split(/\r?\n/).map((line) => `${step}: ${line}`);
}
