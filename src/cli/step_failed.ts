/** A program that stands for `validate` or `activate` has failed: what `program_step.ts` throws, and how it is told. */

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
