/**
 * What a command asks of the process it runs in: arguments, standard streams, signals, the end. Like the rest of this
 * folder it hides which runtime that is; unlike `Runtime` it is no part of the public surface.
 *
 * Contract:
 * - `readInput` is a pull: nothing is read from standard input before it is called, so that a slow disk slows down
 *   the program that writes into the pipe. What it returns is overwritten by the next call.
 * - `write` has written everything when it returns: an exit right after it cuts nothing off.
 * - While a listener is set with `onSignal` or `onPassedSignal`, those signals do not end the process. Without one they do.
 * - `exit` and `endBySignal` do not wait for anything: what is unfinished then stays unfinished.
 */
import type { StartProgram } from "./child_program.ts";
import type { FileSystemFacts } from "./file_system_facts.ts";
import { codeOf, type SystemError, toSystemError } from "../system_error.ts";

/** The signals that ask a command to stop. */
export type StopSignal = "SIGHUP" | "SIGINT" | "SIGTERM";

/** Signals that say something to a program that runs, and end one that does not listen. */
export type PassedSignal = StopSignal | "SIGALRM" | "SIGQUIT" | "SIGUSR1" | "SIGUSR2";

/** All of them. */
export const passedSignals: readonly PassedSignal[] = [
  "SIGHUP",
  "SIGINT",
  "SIGTERM",
  "SIGALRM",
  "SIGQUIT",
  "SIGUSR1",
  "SIGUSR2",
];

/** Their numbers, the same on every POSIX system: a process that such a signal ended has the status 128 + number. */
export const signalNumbers: Readonly<Record<PassedSignal | "SIGPIPE", number>> = {
  SIGHUP: 1,
  SIGINT: 2,
  SIGQUIT: 3,
  SIGPIPE: 13,
  SIGALRM: 14,
  SIGTERM: 15,
  // Other numbers on macOS, where a shell says 158 and 159.
  SIGUSR1: 10,
  SIGUSR2: 12,
};

/** Whether a signal is one that asks a command to stop. */
export function isStopSignal(name: string | undefined): name is StopSignal {
  return name === "SIGHUP" || name === "SIGINT" || name === "SIGTERM";
}

/** The standard streams. */
export type StandardStream = "input" | "output" | "errors";

/** Their descriptors. */
export const descriptors: Readonly<Record<StandardStream, number>> = { input: 0, output: 1, errors: 2 };

/** The process as a command sees it. */
export interface CommandHost {
  /** What was given after the program's name. */
  readonly arguments: readonly string[];
  /** The next bytes of standard input; undefined at its end. Throws a SystemError. */
  readInput(): Promise<Uint8Array | undefined>;
  /** How many bytes standard input has, where it is a file; undefined where nobody can know. */
  inputSize(): number | undefined;
  /** Writes all of a text or of bytes. Throws a SystemError: EPIPE when nobody reads any more. */
  write(stream: "output" | "errors", content: string | Uint8Array): void;
  /** Whether a person is at the other end. */
  isTerminal(stream: StandardStream): boolean;
  /** Columns of the terminal that `stream` is; undefined when it is none, or does not know (it says 0). */
  columns(stream: "output" | "errors"): number | undefined;
  /** A variable of the environment; undefined when it is not set or may not be read. */
  environment(name: string): string | undefined;
  /** Calls back for every one of the signals, until the returned function is called. */
  onSignal(listener: (signal: StopSignal) => void): () => void;
  /** The same for the signals that a program inside this command is sent, where the system has them. */
  onPassedSignal(listener: (signal: PassedSignal) => void): () => void;
  /** What the system says of the file system of a directory. */
  fileSystemFacts(path: string): FileSystemFacts | undefined;
  /** The words that start this very command again, with what it is permitted; undefined where that is not known. */
  ownCommand(): [string, ...string[]] | undefined;
  /** What this process could do if it were permitted more, and how, in a sentence each. */
  improvements(): readonly string[];
  /** Whether this runtime may start programs at all. */
  mayStart(): boolean;
  /** Starts a program; see child_program.ts. */
  readonly start: StartProgram;
  /** Ends the process. */
  exit(status: number): never;
  /**
   * Ends the process as the signal would have, so that a shell sees what happened: it stops its script on SIGINT only
   * if the child died of it. Where the process cannot do that to itself (as the first process of a container, or
   * without the permission) it exits with 128 and the signal's number, which `$?` shows in both cases.
   * https://www.cons.org/cracauer/sigint.html
   */
  endBySignal(signal: StopSignal): Promise<never>;
}

/** A signal sent to oneself arrives at once, or never. */
const patience = 200;

/** `endBySignal`, from a way to send a signal to oneself, which answers whether it could. */
export async function dieOf(signal: StopSignal, send: () => boolean, exit: (status: number) => never): Promise<never> {
  if (send()) await new Promise((resolve) => setTimeout(resolve, patience));
  return exit(128 + signalNumbers[signal]);
}

/** Pauses this thread. */
function pause(milliseconds: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);
}

/** How long to wait for a stream that somebody who shares it has made non-blocking. */
const retryAfter = 5;

const encoder = new TextEncoder();

/** Writes all of a content by calls that may write a part of it. */
export function writeFully(
  content: string | Uint8Array,
  stream: StandardStream,
  writeSome: (bytes: Uint8Array) => number,
): void {
  let left = typeof content === "string" ? encoder.encode(content) : content;
  while (left.length > 0) {
    try {
      left = left.subarray(writeSome(left));
    } catch (error) {
      if (codeOf(error) !== "EAGAIN") throw toSystemError(error, "write", `standard ${stream}`);
      pause(retryAfter);
    }
  }
}

/** Large enough for a file, which fills it; a pipe gives 64 KiB at a time. */
const bufferSize = 256 * 1024;

/** `readInput`, from a call that reads into a buffer and answers how much, 0 at the end. */
export function readingInto(readSome: (buffer: Uint8Array) => Promise<number>): CommandHost["readInput"] {
  let buffer: Uint8Array | undefined;
  return async () => {
    buffer ??= new Uint8Array(bufferSize);
    for (;;) {
      try {
        const count = await readSome(buffer);
        return count === 0 ? undefined : buffer.subarray(0, count);
      } catch (error) {
        if (codeOf(error) !== "EAGAIN") throw inputError(error);
        await new Promise((resolve) => setTimeout(resolve, retryAfter));
      }
    }
  };
}

/** Standard input cannot be read. */
export function inputError(error: unknown): SystemError {
  return toSystemError(error, "read", "standard input");
}
