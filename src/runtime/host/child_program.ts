/**
 * A program that a command starts and waits for, on whichever runtime.
 *
 * Contract:
 * - `start` answers when the program runs, or throws a SystemError whose `call` is `start`: ENOENT when there is no such
 *   program, EACCES when it cannot be run, ENOTCAPABLE when this runtime may not start programs.
 * - "shared" streams are the command's own; "piped" ones are read and written by it, but for standard error. A program
 *   that is "apart" has no input, both of its outputs are read as one, in the order in which they come, and it runs in a
 *   process group of its own where the system has such: a terminal's signals do not reach it, and `send` reaches all that
 *   it has started as well, also when itself has ended.
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
  readOutput(): Promise<Uint8Array | undefined>;
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

/** What a read of one of several outputs has come to. */
interface Arrival {
  readonly read: ChildProgram["readOutput"];
  /** What that read answered; rejects when it failed. */
  readonly chunk: Promise<Uint8Array | undefined>;
}

/**
 * What comes from any of these outputs; undefined when all have ended. At most one chunk of each is held.
 *
 * Not by `Promise.race`: a promise that stays pending keeps the result of every race that it takes part in, so a silent
 * standard error would keep all of standard output (https://github.com/nodejs/node/issues/17469).
 */
export function eitherOutput(sources: readonly ChildProgram["readOutput"][]): ChildProgram["readOutput"] {
  const arrived: Arrival[] = [];
  let open = sources.length;
  let begun = false;
  let wake = () => {};
  const ask = (read: ChildProgram["readOutput"]) => {
    const chunk = read();
    const arrive = () => {
      arrived.push({ read, chunk });
      wake();
    };
    chunk.then(arrive, arrive);
  };
  return async () => {
    if (!begun) sources.forEach(ask);
    begun = true;
    while (open > 0) {
      const next = arrived.shift();
      if (next === undefined) {
        await new Promise<void>((resolve) => wake = resolve);
        continue;
      }
      const chunk = await next.chunk;
      if (chunk === undefined) {
        open--;
        continue;
      }
      ask(next.read);
      return chunk;
    }
    return undefined;
  };
}
