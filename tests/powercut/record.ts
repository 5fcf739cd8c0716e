/**
 * What the writing processes report, in the order in which it happened: one line of JSON an event, appended to one file
 * outside the file system that is cut. An append is one system call of a moment, in memory: nothing is lost between a
 * process and the reader when the process is killed, and the lines of several processes have one order.
 *
 * `begin` is on record before the operation starts, `done` only after it has answered. Whoever cuts the power takes the
 * length of the file *before* the cut: only what was acknowledged up to there must be found again.
 */
import * as fs from "node:fs";

/** The beginning of an operation on one file. */
interface Begin {
  begin: string;
  /** Relative to the root of the workload. */
  path: string;
  /** Which version it puts there; null for a removal, "*" for a file that nothing is promised of. */
  content: string | null;
  /** The permissions the file has with this content; undefined where nothing is promised of them. */
  mode?: number | undefined;
}

type Event = Begin | { done: string } | { failed: string; message: string };

/** One operation, as the record tells it. Positions are numbers of lines. */
export interface Operation {
  readonly path: string;
  readonly content: string | null;
  readonly mode: number | undefined;
  readonly begun: number;
  /** When it answered or failed; Infinity while it was running at the cut. */
  ended: number;
  /** Answered without an error before the cut. */
  acknowledged: boolean;
}

/** Everything that was on record. */
export interface History {
  readonly operations: Operation[];
  /** Failures before the cut: there was no reason for any. */
  readonly failures: string[];
}

/** Writes the record of one process. */
export class Recorder {
  readonly #file: number;
  readonly #process: string;
  #count = 0;

  constructor(file: string, process: string) {
    this.#file = fs.openSync(file, "a");
    this.#process = process;
  }

  /** A number that this process has not had. */
  next(): number {
    return ++this.#count;
  }

  begin(path: string, content: string | null, mode?: number): string {
    const name = `${this.#process}#${this.next()}`;
    this.#append({ begin: name, path, content, mode });
    return name;
  }

  done(name: string): void {
    this.#append({ done: name });
  }

  failed(name: string, error: unknown): void {
    this.#append({ failed: name, message: error instanceof Error ? `${error.name}: ${error.message}` : String(error) });
  }

  close(): void {
    fs.closeSync(this.#file);
  }

  #append(event: Event): void {
    fs.writeSync(this.#file, `${JSON.stringify(event)}\n`);
  }
}

/** Where the record is now. */
export const positionOf = (file: string): number => fs.existsSync(file) ? fs.statSync(file).size : 0;

/** Reads a record. `position` is its length before the cut. */
export function readHistory(file: string, position: number): History {
  const bytes = fs.existsSync(file) ? fs.readFileSync(file) : new Uint8Array(0);
  const lines = new TextDecoder().decode(bytes).split("\n").slice(0, -1);
  const before = new TextDecoder().decode(bytes.subarray(0, position)).split("\n").length - 1;
  const operations = new Map<string, Operation>();
  const failures: string[] = [];
  lines.forEach((line, index) => {
    const event = JSON.parse(line) as Event;
    if ("begin" in event) {
      const { begin, path, content, mode } = event;
      operations.set(begin, { path, content, mode, begun: index, ended: Infinity, acknowledged: false });
      return;
    }
    const operation = operations.get("done" in event ? event.done : event.failed);
    if (operation !== undefined) operation.ended = index;
    if (index >= before) return;
    if ("failed" in event) failures.push(event.message);
    else if (operation !== undefined) operation.acknowledged = true;
  });
  return { operations: [...operations.values()], failures };
}
