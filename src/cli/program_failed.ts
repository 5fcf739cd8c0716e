/** A program that could not be run, or that has failed, before its command has changed anything. */
import { FileError } from "../core/errors.ts";
import type { ProgramEnd } from "../runtime/child_program.ts";
import { exitStatus } from "./exit_status.ts";

/** What is known of it. */
interface ProgramFailedDetails {
  /** `"EPROGRAM"`, or that of the system. */
  readonly code: string;
  /** The file of the command, which is as it was. */
  readonly path: string;
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
  constructor(attempt: string, reason: string, { code, path, end, cause }: ProgramFailedDetails) {
    super(attempt, reason, { code, path, step: "program", targetState: "unchanged", cause });
    this.status = end.status;
    this.signal = end.signal;
  }
}

/** The end, as a shell has it, of a program that cannot be run for this reason. */
export function notRun(code: string): ProgramEnd {
  return { status: code === "ENOENT" ? exitStatus.noProgram : exitStatus.notRunnable, signal: undefined };
}
