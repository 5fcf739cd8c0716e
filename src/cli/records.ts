/**
 * The records that standard input holds, for a log: all of it as one, or each line as one as soon as it comes.
 */
import { FileError } from "../core/errors.ts";
import { longestRecord } from "../log/record.ts";
import type { Destination } from "./input.ts";

const lineFeed = 0x0a;

function tooLong(to: Destination): FileError {
  const reason = `a record has ${longestRecord} bytes at most`;
  const details = { code: "EMSGSIZE", path: to.path, step: "read", targetState: "unchanged" } as const;
  return new FileError(to.attempt, reason, details);
}

/** Gathers pieces; each is copied, because the next one overwrites it. */
class Gathered {
  readonly #to: Destination;
  #pieces: Uint8Array[] = [];
  #length = 0;

  constructor(to: Destination) {
    this.#to = to;
  }

  get isEmpty(): boolean {
    return this.#length === 0;
  }

  add(piece: Uint8Array): void {
    this.#length += piece.length;
    if (this.#length > longestRecord) throw tooLong(this.#to);
    if (piece.length > 0) this.#pieces.push(new Uint8Array(piece));
  }

  take(): Uint8Array {
    const all = new Uint8Array(this.#length);
    let offset = 0;
    for (const piece of this.#pieces) {
      all.set(piece, offset);
      offset += piece.length;
    }
    this.#pieces = [];
    this.#length = 0;
    return all;
  }
}

/** The records of standard input, those that came together together. */
export async function* recordsOf(
  pieces: AsyncIterable<Uint8Array>,
  lines: boolean,
  to: Destination,
): AsyncGenerator<Uint8Array[]> {
  const gathered = new Gathered(to);
  for await (const piece of pieces) {
    const records: Uint8Array[] = [];
    let start = 0;
    for (let end = piece.indexOf(lineFeed); lines && end >= 0; end = piece.indexOf(lineFeed, start)) {
      gathered.add(piece.subarray(start, end));
      records.push(gathered.take());
      start = end + 1;
    }
    gathered.add(piece.subarray(start));
    if (records.length > 0) yield records;
  }
  if (!lines || !gathered.isEmpty) yield [gathered.take()];
}
