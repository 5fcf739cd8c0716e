/**
 * A program that a command runs while it holds a lock.
 *
 * 1. `LockedCommand` listens to signals from its beginning: they end the waiting for the lock. 2. `run` starts the
 * program, and from then on they are the program's: it decides what they mean, and its end is the command's.
 *
 * A signal that a terminal sends reaches the program by itself. Sent on, it would come twice, which many programs take
 * for impatience; so at a terminal only those that no terminal sends are sent on. None of them ends this process while
 * the program runs.
 */
import type { ChildProgram, ProgramEnd, Surroundings } from "../../runtime/host/child_program.ts";
import type { CommandHost, PassedSignal } from "../../runtime/host/command_host.ts";
import { SystemError } from "../../runtime/system_error.ts";
import { exitStatus } from "../exit_status.ts";
import { Interrupted } from "../interruption.ts";
import { notRun, ProgramFailed } from "./failed.ts";
import { programProblem } from "./program_lookup.ts";

/** What a terminal sends to all programs at it. */
const terminalSignals: ReadonlySet<PassedSignal> = new Set(["SIGHUP", "SIGINT", "SIGQUIT"]);

/** A command that waits for a lock, and then for a program. */
export class LockedCommand {
  readonly #host: CommandHost;
  readonly #attempt: string;
  readonly #path: string;
  readonly #waiting = new AbortController();
  #program: ChildProgram | undefined;

  /** `attempt` begins the message of a failure: `Cannot lock`. */
  constructor(host: CommandHost, attempt: string, path: string) {
    this.#host = host;
    this.#attempt = attempt;
    this.#path = path;
    host.onPassedSignal((signal) => this.#asked(signal));
  }

  /** Aborts when the command is asked to stop while no program runs yet. */
  get signal(): AbortSignal {
    return this.#waiting.signal;
  }

  #asked(signal: PassedSignal): void {
    if (this.#program === undefined) {
      this.#waiting.abort(new Interrupted(this.#attempt, this.#path, signal));
    } else if (!terminalSignals.has(signal) || !this.#hasTerminal()) {
      this.#program.send(signal);
    }
  }

  #hasTerminal(): boolean {
    return (["input", "output", "errors"] as const).some((stream) => this.#host.isTerminal(stream));
  }

  /** Starts the program. */
  async run(
    words: readonly string[],
    streams: "shared" | "piped",
    surroundings: Surroundings = {},
  ): Promise<ChildProgram> {
    this.signal.throwIfAborted();
    try {
      this.#program = await this.#host.start(words, streams, surroundings);
    } catch (error) {
      if (!(error instanceof SystemError)) throw error;
      throw await this.#notRun(words, error);
    }
    // Asked to stop in the moment between.
    const { reason } = this.signal;
    if (reason instanceof Interrupted) this.#program.send(reason.signal);
    return this.#program;
  }

  /** The program has ended: until another one runs, a signal aborts the command. */
  programEnded(): void {
    this.#program = undefined;
  }

  /** The lock was taken: it is the program that could not be run. */
  async #notRun([program = ""]: readonly string[], error: SystemError): Promise<ProgramFailed> {
    const known = await programProblem(this.#host, program);
    const { code, reason } = known ?? { code: error.code, reason: "it cannot be started" };
    const details = { code, path: this.#path, named: program, end: notRun(code), cause: error };
    return new ProgramFailed("Cannot run", reason, details);
  }

  /** The error of a program that has failed. */
  failed(words: readonly string[], end: ProgramEnd): ProgramFailed {
    const how = end.signal === undefined ? `ended with status ${end.status}` : `was ended by ${end.signal}`;
    const details = { code: "EPROGRAM", path: this.#path, end };
    return new ProgramFailed(
      this.#attempt,
      `${JSON.stringify(words[0])} ${how}`,
      details,
    );
  }

  /** The error of a program that has ended well, and has left something behind that may still print. */
  outputHeldOpen([program]: readonly string[]): ProgramFailed {
    return new ProgramFailed(
      this.#attempt,
      `${
        JSON.stringify(program)
      } has ended, but something that it left running holds its output open, so nobody knows ` +
        "whether all of the content is there: redirect the output of what is to go on",
      { code: "EPROGRAM", path: this.#path, end: { status: exitStatus.badData, signal: undefined } },
    );
  }
}
