/**
 * Whether what is at a cursor was durable once: a whole record further on that says so is looked for, at every byte.
 *
 * What is there may be content that somebody else has chosen, and look like the beginning of a record at each of its
 * bytes. So the checksums of all that may be records are taken together: the file is read once, the state of one
 * running checksum is noted where each begins and ends, and the checksum between the two follows from these
 * (crc_shift.ts). What that costs grows with the bytes, whatever they say.
 */
import type { Operation } from "../core/operation.ts";
import { crc32c } from "./crc32c.ts";
import { shiftState } from "./crc_shift.ts";
import { couldProve, type Cursor, parseRecordHeader, placeChecksum, recordHeaderSize } from "./record.ts";

/** Reads bytes of the file, as many as there are up to `length`. */
type ReadBytes = (offset: number, length: number) => Operation<Uint8Array>;

/** What may be a record. */
interface PossibleRecord {
  readonly place: number;
  readonly end: number;
  readonly checksum: number;
  /** The state at the first byte that is in its checksum, with what comes before that. */
  state: number;
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
}

/** Where a record begins that proves that what is at the cursor was synced once; undefined: none does. */
export function* findProof(read: ReadBytes, doubted: Doubted, most = mostPending): Operation<number | undefined> {
  const { size, cursor } = doubted;
  for (let from = cursor.offset + 1; from + recordHeaderSize <= size;) {
    const pass = new Pass(doubted, from, most);
    for (let offset = from; offset + recordHeaderSize <= size && !pass.done;) {
      const window = yield* read(offset, Math.min(windowSize, size - offset));
      if (window.length < recordHeaderSize) return undefined;
      const proof = pass.take(window, offset);
      if (proof !== undefined) return proof;
      offset += window.length - recordHeaderSize + 1;
    }
    if (pass.resume === undefined) return undefined;
    from = pass.resume;
  }
  return undefined;
}

/** One reading of the file. */
class Pass {
  readonly #doubted: Doubted;
  readonly #most: number;
  /** By the window that they end in. */
  readonly #pending = new Map<number, PossibleRecord[]>();
  #count = 0;
  /** Up to where the running state has come, and it. */
  #at: number;
  #state = 0;
  /** Where the next pass looks on, if this one could not keep all. */
  resume: number | undefined;

  constructor(doubted: Doubted, from: number, most: number) {
    this.#doubted = doubted;
    this.#most = most;
    this.#at = from + checksumSize;
  }

  /** Nothing is left to be looked at. */
  get done(): boolean {
    return this.resume !== undefined && this.#count === 0;
  }

  /** Looks at the next bytes of the file, of which those at the end come once more; a place that proves, if one does. */
  take(window: Uint8Array, offset: number): number | undefined {
    const { size, cursor } = this.#doubted;
    const view = new DataView(window.buffer, window.byteOffset, window.length);
    const last = window.length - recordHeaderSize;
    const begun: PossibleRecord[] = [];
    for (let at = 0; at <= last && this.resume === undefined; at++) {
      const place = offset + at;
      const header = parseRecordHeader(view, at);
      if (header === undefined || !couldProve(cursor, header, place)) continue;
      const end = place + recordHeaderSize + header.length;
      if (end > size) continue;
      if (this.#count >= this.#most) {
        this.resume = place;
        break;
      }
      const candidate = { place, end, checksum: header.checksum, state: 0 };
      begun.push(candidate);
      this.#keep(candidate);
    }
    const whole = offset + window.length;
    // Further on, there may be beginnings that are not seen yet.
    const limit = whole >= size ? whole : offset + last + 1 + checksumSize;
    return this.#judge(window, offset, begun, limit);
  }

  #keep(candidate: PossibleRecord): void {
    const key = Math.floor(candidate.end / windowSize);
    const bucket = this.#pending.get(key);
    if (bucket === undefined) this.#pending.set(key, [candidate]);
    else bucket.push(candidate);
    this.#count++;
  }

  /** Those that end within the limit, in the order in which they do. */
  #ending(limit: number): PossibleRecord[] {
    const ending: PossibleRecord[] = [];
    for (const [key, bucket] of this.#pending) {
      if (key * windowSize > limit) continue;
      const later = bucket.filter(({ end }) => end > limit);
      for (const candidate of bucket) if (candidate.end <= limit) ending.push(candidate);
      if (later.length === 0) this.#pending.delete(key);
      else this.#pending.set(key, later);
    }
    this.#count -= ending.length;
    return ending.sort((a, b) => a.end - b.end);
  }

  /** Brings the running state to the limit, past every beginning and every end. */
  #judge(window: Uint8Array, offset: number, begun: readonly PossibleRecord[], limit: number): number | undefined {
    const ending = this.#ending(limit);
    let next = 0;
    const advance = (to: number) => {
      if (to <= this.#at) return;
      this.#state = ~crc32c(window.subarray(this.#at - offset, to - offset), ~this.#state);
      this.#at = to;
    };
    const begin = (until: number) => {
      for (let candidate = begun[next]; candidate !== undefined; candidate = begun[++next]) {
        const first = candidate.place + checksumSize;
        if (first > until) return;
        advance(first);
        candidate.state = this.#state ^ ~placeChecksum(this.#doubted.identity, candidate.place);
      }
    };
    for (const candidate of ending) {
      begin(candidate.end);
      advance(candidate.end);
      const length = candidate.end - candidate.place - checksumSize;
      const found = ~(this.#state ^ shiftState(candidate.state, length)) >>> 0;
      if (found === candidate.checksum) return candidate.place;
    }
    begin(limit);
    advance(limit);
    return undefined;
  }
}
