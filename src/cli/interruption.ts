/**
 * Signals that ask the command to stop while it works on a file.
 *
 * The first one aborts the work; whatever is staged is discarded, and the command ends by that signal. Further ones
 * change nothing: a shell, a terminal and a task runner may each send the same one. Nothing looks at the signal after
 * the commit point, so one that comes too late leaves a success a success.
 */
import { FileError, type TargetState } from "../core/errors.ts";
import { type CommandHost, isStopSignal, type PassedSignal, type StopSignal } from "../runtime/host/command_host.ts";

/** The command was asked to stop, and did. */
export class Interrupted extends FileError {
  override readonly name: string = "Interrupted";
  /** By which signal. */
  readonly signal: PassedSignal;
  /** The work on the file at `path` was stopped, before its commit point unless something else is said. */
  constructor(attempt: string, path: string, signal: PassedSignal, targetState: TargetState = "unchanged") {
    const details = { code: signal, path, step: "interrupt", targetState } as const;
    super(attempt, "interrupted", details);
    this.signal = signal;
  }

  /** The signal, if the command is to end by it: sent to itself, the others open a debugger or leave a core dump. */
  get stopSignal(): StopSignal | undefined {
    return isStopSignal(this.signal) ? this.signal : undefined;
  }
}

/** How a command ends whose program was ended by this signal, or by none. */
export function endOfProgram(signal: string | undefined): { readonly signal?: StopSignal } {
  return isStopSignal(signal) ? { signal } : {};
}

/** A signal that aborts with an Interrupted as soon as the process is asked to stop. */
export function abortOnSignal(host: CommandHost, attempt: string, path: string): AbortSignal {
  const controller = new AbortController();
  host.onSignal((signal) => controller.abort(new Interrupted(attempt, path, signal)));
  return controller.signal;
}
