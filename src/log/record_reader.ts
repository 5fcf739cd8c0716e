/**
 * Reading records from an open file, and judging what is no record.
 *
 * `next` answers the record at the cursor, or that there is none: the end, or something else. Something else is either
 * the torn tail of a batch that was never acknowledged, or damage to acknowledged records. It is damage exactly
 * if a whole record further on says that everything up to beyond this place was synced: `provesDamage` looks for one.
 *
 * Nothing is changed here. A file that grows in the meantime is fine: what is incomplete now may be whole in a moment.
 */
import { type Operation, wait } from "../core/operation.ts";
import type { OpenFile } from "../runtime/runtime.ts";
import { findProof } from "./damage_proof.ts";
import { after, type Cursor, follows, isIntact, parseRecordHeader, recordHeaderSize } from "./record.ts";

/** A record that was read. */
export interface ReadRecord {
  readonly kind: "data" | "seal";
  readonly sequence: number;
  /** Its own copy. */
  readonly data: Uint8Array;
  /** The position after it. */
  readonly next: Cursor;
}

const windowSize = 256 * 1024;

/** Reads records. One at a time uses it. */
export class RecordReader {
  readonly #file: OpenFile;
  readonly #identity: bigint;
  #window = new Uint8Array(0);
  #start = 0;

  /** A reader of a file with this identity in its header. */
  constructor(file: OpenFile, identity: bigint) {
    this.#file = file;
    this.#identity = identity;
  }

  /** The bytes from `offset` on, as many as there are up to `length`. Valid until the next call. */
  *bytes(offset: number, length: number): Operation<Uint8Array> {
    const begin = offset - this.#start;
    if (begin >= 0 && begin + length <= this.#window.length) return this.#window.subarray(begin, begin + length);
    const buffer = new Uint8Array(Math.max(length, windowSize));
    yield* wait(this.#file.seek(offset));
    let used = 0;
    while (used < buffer.length) {
      const count = yield* wait(this.#file.read(buffer.subarray(used)));
      if (count === 0) break;
      used += count;
    }
    this.#window = buffer.subarray(0, used);
    this.#start = offset;
    return this.#window.subarray(0, length);
  }

  /** Where the first byte at `offset` or behind it is that is in no hole; see `OpenFile`. */
  nextData(offset: number): number | undefined {
    return this.#file.nextData?.(offset);
  }

  /** What was read before is not what is there now. */
  forget(): void {
    this.#window = new Uint8Array(0);
  }

  /** The record at the cursor; "end" where the file ends there, "bad" for everything else. */
  *next(cursor: Cursor): Operation<ReadRecord | "end" | "bad"> {
    const head = yield* this.bytes(cursor.offset, recordHeaderSize);
    if (head.length === 0) return "end";
    const header = parseRecordHeader(viewOf(head));
    if (header === undefined || !follows(cursor, header)) return "bad";
    const size = recordHeaderSize + header.length;
    // What is damaged may say that it is a gigabyte long.
    if (size > windowSize && (yield* wait(this.#file.stat())).size < cursor.offset + size) return "bad";
    const whole = yield* this.bytes(cursor.offset, size);
    if (!isIntact(whole, header, this.#identity, cursor.offset)) return "bad";
    const data = whole.slice(recordHeaderSize);
    return { kind: header.kind, sequence: header.sequence, data, next: after(cursor, header) };
  }

  /** Where the next whole record begins behind the cursor: one stands there before it. Undefined: there is none. */
  *nextWhole(cursor: Cursor): Operation<Cursor | undefined> {
    const { size } = yield* wait(this.#file.stat());
    const offset = yield* findProof(this, { size, cursor, identity: this.#identity, any: true });
    if (offset === undefined) return undefined;
    const header = parseRecordHeader(viewOf(yield* this.bytes(offset, recordHeaderSize)));
    if (header === undefined) return undefined;
    const { sequence, syncedThrough, salt } = header;
    return { offset, sequence, syncedThrough, salt };
  }

  /** Where a record begins that proves that what is at the cursor was synced once; undefined: none does. */
  *provesDamage(cursor: Cursor): Operation<number | undefined> {
    const { size } = yield* wait(this.#file.stat());
    return yield* findProof(this, { size, cursor, identity: this.#identity });
  }
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
}
