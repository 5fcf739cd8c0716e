/**
 * What a program prints, as the new content of a file: all of it, or a failure.
 *
 * `read` answers piece after piece, and undefined once the output has come to its end and the program has ended well.
 * It throws as soon as the program has failed, whatever holds its output open, and when the program has ended but its
 * output stays open and silent: something it has left in the background has inherited it, and whether that belongs to
 * the content nobody can tell. (The last part of `gen > >(filter)` comes after the end of the shell.)
 */
import type { ProgramFailed } from "./failed.ts";

/** A program that prints. */
interface PrintingProgram {
  readonly ended: Promise<{ readonly status: number; readonly signal: string | undefined }>;
  readOutput(): Promise<Uint8Array | undefined>;
}

/** The errors of a program's output. */
interface OutputFailures {
  /** The program has failed. */
  ofEnd(end: Awaited<PrintingProgram["ended"]>): ProgramFailed;
  /** Something in the background holds the output open. */
  ofOpenOutput(): ProgramFailed;
}

/** How long, in milliseconds, an output may stay open and silent after the end of its program. */
const longestSilence = 2000;

/** The output of one program. */
export class ProgramOutput {
  readonly #program: PrintingProgram;
  readonly #failures: OutputFailures;
  readonly #end: Promise<void>;
  #hasEnded = false;
  #failure: ProgramFailed | undefined;
  /** Rejects the read that waits, if one does. */
  #stop: ((failure: ProgramFailed) => void) | undefined;
  #silence: ReturnType<typeof setTimeout> | undefined;

  constructor(program: PrintingProgram, failures: OutputFailures) {
    this.#program = program;
    this.#failures = failures;
    this.#end = program.ended.then((end) => {
      this.#hasEnded = true;
      if (end.status !== 0) this.#fail(failures.ofEnd(end));
      else if (this.#stop !== undefined) this.#limitSilence();
    });
  }

  #fail(failure: ProgramFailed): void {
    this.#failure ??= failure;
    this.#stop?.(this.#failure);
  }

  #limitSilence(): void {
    this.#silence = setTimeout(() => this.#fail(this.#failures.ofOpenOutput()), longestSilence);
  }

  /** The next piece; undefined at the end of what has been printed completely. */
  async read(): Promise<Uint8Array | undefined> {
    if (this.#failure !== undefined) throw this.#failure;
    try {
      const chunk = await new Promise<Uint8Array | undefined>((resolve, reject) => {
        this.#stop = reject;
        // Only while somebody waits: a slow disk is no silence.
        if (this.#hasEnded) this.#limitSilence();
        this.#program.readOutput().then(resolve, reject);
      });
      if (chunk !== undefined) return chunk;
    } finally {
      this.#stop = undefined;
      clearTimeout(this.#silence);
    }
    await this.#end;
    if (this.#failure !== undefined) throw this.#failure;
    return undefined;
  }
}
