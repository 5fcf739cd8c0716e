/**
 * A program that a command starts and waits for, on whichever runtime.
 *
 * Contract:
 * - `start` answers when the program runs, or throws a SystemError whose `call` is `start`: ENOENT when there is no such
 *   program, EACCES when it cannot be run, ENOTCAPABLE when this runtime may not start programs.
 * - "shared" streams are the command's own; "piped" ones are read and written by it, but for standard error. A program
 *   that is "apart" has no input, both of its outputs are read, and it runs in a process group of its own where the
 *   system has such: a terminal's signals do not reach it, and `send` reaches all that it has started as well, also when
 *   itself has ended.
 * - What this process has open, its locks above all, is not handed on, but for the one descriptor that `inherit` names,
 *   which is 3 in the program.
 * - `ended` resolves when the program has ended; its standard output may then still have something to read.
 */

/** How a program has ended. */
export interface ProgramEnd {
  /** Its status as a shell shows it: 128 and the number of the signal that ended it. */
  readonly status: number;
  readonly signal: string | undefined;
}

/** A program that runs. */
export interface ChildProgram {
  /** The next bytes of its standard output; undefined at the end. */
  readonly readOutput: () => Promise<Uint8Array | undefined>;
  /** The next bytes of its standard error, where it is read at all. */
  readonly readErrors: () => Promise<Uint8Array | undefined>;
  /** Hands bytes to its standard input. False when it does not read any more. */
  writeInput(bytes: Uint8Array): Promise<boolean>;
  /** There is no more input. */
  endInput(): void;
  /** Sends it a signal; nothing when it has ended. */
  send(signal: string): void;
  readonly ended: Promise<ProgramEnd>;
}

/** What a program finds that it would not find in place of this process. */
export interface Surroundings {
  /** Added to this process's environment. */
  readonly environment?: Readonly<Record<string, string>>;
  /** The directory it runs in. */
  readonly directory?: string;
  /** A descriptor of this process that the program has, too. */
  readonly inherit?: number | undefined;
}

/** Starts a program. */
export type StartProgram = (
  words: readonly string[],
  streams: "shared" | "piped" | "apart",
  surroundings?: Surroundings,
) => Promise<ChildProgram>;
