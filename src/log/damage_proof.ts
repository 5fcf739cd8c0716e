/**
 * Whether what is at a cursor was durable once: a whole record further on that says so is looked for, at every byte.
 *
 * What is there may be content that somebody else has chosen, and look like the beginning of a record at each of its
 * bytes. So the checksums of all that may be records are taken together: the file is read once, the state of one
 * running checksum is noted where each begins and ends, and the checksum between the two follows from these
 * (crc_shift.ts). What that costs grows with the bytes, whatever they say; zeros cost next to nothing, and holes are not
 * even read where the system tells where they are: a file may say that it is a terabyte long.
 */
import type { Operation } from "../core/operation.ts";
import { isZero } from "../core/zeros.ts";
import { crc32c } from "./crc32c.ts";
import { shiftState } from "./crc_shift.ts";
import { type Cursor, identityChecksum, placeChecksum, provingLength, recordHeaderSize } from "./record.ts";

/** The file that is looked through. */
interface Content {
  /** Its bytes from `offset` on, as many as there are up to `length`. */
  bytes(offset: number, length: number): Operation<Uint8Array>;
  /** Where the first byte at `offset` or behind it is that is in no hole; Infinity where there is none, undefined: unknown. */
  nextData?(offset: number): number | undefined;
}

const windowSize = 256 * 1024;
/** More that end further on are not kept at once: the file is read once more for the others. */
const mostPending = 2 ** 20;
/** The checksum itself is not in it. */
const checksumSize = 4;

/** What is looked through. */
interface Doubted {
  /** Bytes the file has. */
  readonly size: number;
  readonly identity: bigint;
  /** Where the doubt begins. */
  readonly cursor: Cursor;
  /** Whole records are looked for, whatever they prove. */
  readonly any?: true;
}

/** Where a record begins that proves that what is at the cursor was synced once; undefined: none does. */
export function* findProof(content: Content, doubted: Doubted, most = mostPending): Operation<number | undefined> {
  const { size, cursor } = doubted;
  for (let from = cursor.offset + 1; from + recordHeaderSize <= size;) {
    const pass = new Pass(doubted, from, most);
    for (let offset = from; offset + recordHeaderSize <= size && !pass.done;) {
      const data = Math.min(content.nextData?.(offset) ?? offset, size);
      const isHole = data - offset > windowSize;
      const window = isHole ? undefined : yield* content.bytes(offset, Math.min(windowSize, size - offset));
      if (window !== undefined && window.length < recordHeaderSize) return undefined;
      const end = window === undefined ? data : offset + window.length;
      const proof = window === undefined || isZero(window) ? pass.takeZeros(end) : pass.take(window, offset);
      if (proof !== undefined) return proof;
      // What begins in the last bytes goes on behind them.
      offset = end - recordHeaderSize + 1;
    }
    if (pass.resume === undefined) return undefined;
    from = pass.resume;
  }
  return undefined;
}

/**
 * What may be records, by number: of millions of them each would be an object, and most of the time would go into that.
 * A number is used again when its record has been judged.
 */
class PossibleRecords {
  readonly #places: Float64Array;
  readonly #ends: Float64Array;
  readonly #checksums: Uint32Array;
  readonly #states: Uint32Array;
  readonly #free: number[] = [];
  /** Those that have not been judged, by the window that they end in. */
  readonly #pending = new Map<number, number[]>();
  #used = 0;
  count = 0;

  constructor(most: number) {
    // As much as is there is used: memory that was not written to costs nothing.
    this.#places = new Float64Array(most);
    this.#ends = new Float64Array(most);
    this.#checksums = new Uint32Array(most);
    this.#states = new Uint32Array(most);
  }

  place = (record: number): number => this.#places[record] as number;
  end = (record: number): number => this.#ends[record] as number;
  checksum = (record: number): number => this.#checksums[record] as number;
  /** The state at the first byte that is in its checksum, with what comes before that. */
  state = (record: number): number => this.#states[record] as number;

  setState(record: number, state: number): void {
    this.#states[record] = state;
  }

  add(place: number, end: number, checksum: number): number {
    const record = this.#free.pop() ?? this.#used++;
    this.#places[record] = place;
    this.#ends[record] = end;
    this.#checksums[record] = checksum;
    const key = Math.floor(end / windowSize);
    const bucket = this.#pending.get(key);
    if (bucket === undefined) this.#pending.set(key, [record]);
    else bucket.push(record);
    this.count++;
    return record;
  }

  /** Takes out those that end within the limit, in the order in which they do. */
  takeEnding(limit: number): number[] {
    let ending: number[] = [];
    for (const [key, bucket] of this.#pending) {
      if (key * windowSize > limit) continue;
      const later = (key + 1) * windowSize <= limit ? [] : bucket.filter((record) => this.end(record) > limit);
      const now = later.length === 0 ? bucket : bucket.filter((record) => this.end(record) <= limit);
      ending = ending.length === 0 ? now : ending.concat(now);
      if (later.length === 0) this.#pending.delete(key);
      else this.#pending.set(key, later);
    }
    this.count -= ending.length;
    return this.#isInOrder(ending) ? ending : ending.sort((a, b) => this.end(a) - this.end(b));
  }

  #isInOrder(records: readonly number[]): boolean {
    for (let index = 1; index < records.length; index++) {
      if (this.end(records[index - 1] as number) > this.end(records[index] as number)) return false;
    }
    return true;
  }

  /** These have been judged. */
  free(records: readonly number[]): void {
    for (const record of records) this.#free.push(record);
  }
}

/** The state after the bytes between two offsets of the file. */
type Checksum = (state: number, from: number, to: number) => number;

/** One reading of the file. */
class Pass {
  readonly #doubted: Doubted;
  readonly #most: number;
  readonly #records: PossibleRecords;
  readonly #file: number;
  /** Up to where the running state has come, and it. */
  #at: number;
  #state = 0;
  /** Where the next pass looks on, if this one could not keep all. */
  resume: number | undefined;

  constructor(doubted: Doubted, from: number, most: number) {
    this.#doubted = doubted;
    this.#most = most;
    this.#records = new PossibleRecords(Math.min(most, doubted.size));
    this.#file = identityChecksum(doubted.identity);
    this.#at = from + checksumSize;
  }

  /** Nothing is left to be looked at. */
  get done(): boolean {
    return this.resume !== undefined && this.#records.count === 0;
  }

  /** Looks at the next bytes of the file, of which those at the end come once more; a place that proves, if one does. */
  take(window: Uint8Array, offset: number): number | undefined {
    const { size } = this.#doubted;
    const view = new DataView(window.buffer, window.byteOffset, window.length);
    const last = window.length - recordHeaderSize;
    const begun: number[] = [];
    for (let at = 0; at <= last && this.resume === undefined; at++) {
      const place = offset + at;
      const length = provingLength(this.#doubted, view, at, place);
      if (length === undefined) continue;
      const end = place + recordHeaderSize + length;
      if (end > size) continue;
      if (this.#records.count >= this.#most) this.resume = place;
      else begun.push(this.#records.add(place, end, view.getUint32(at, true)));
    }
    const checksum = (state: number, from: number, to: number) => ~crc32c(window, ~state, from - offset, to - offset);
    return this.#judge(checksum, begun, this.#limit(offset + window.length));
  }

  /** The same for bytes up to `end` that are all zero: no record has the number 0, so none begins there. */
  takeZeros(end: number): number | undefined {
    return this.#judge((state, from, to) => shiftState(state, to - from), [], this.#limit(end));
  }

  /** How far what was read up to `end` can be judged: behind, there may be beginnings that are not seen yet. */
  #limit(end: number): number {
    return end >= this.#doubted.size ? end : end - recordHeaderSize + 1 + checksumSize;
  }

  /** Brings the running state to the limit, past every beginning and every end. */
  #judge(checksum: Checksum, begun: readonly number[], limit: number): number | undefined {
    const records = this.#records;
    const ending = records.takeEnding(limit);
    let next = 0;
    const advance = (to: number) => {
      if (to <= this.#at) return;
      this.#state = checksum(this.#state, this.#at, to);
      this.#at = to;
    };
    const begin = (until: number) => {
      for (; next < begun.length; next++) {
        const record = begun[next] as number;
        const place = records.place(record);
        if (place + checksumSize > until) return;
        advance(place + checksumSize);
        records.setState(record, this.#state ^ ~placeChecksum(this.#file, place));
      }
    };
    for (const record of ending) {
      const end = records.end(record);
      begin(end);
      advance(end);
      const length = end - records.place(record) - checksumSize;
      const found = ~(this.#state ^ shiftState(records.state(record), length)) >>> 0;
      if (found === records.checksum(record)) return records.place(record);
    }
    begin(limit);
    advance(limit);
    records.free(ending);
    return undefined;
  }
}
