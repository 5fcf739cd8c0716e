/**
 * Reading a log, while it is written or not. Readers take no lock and change nothing.
 *
 * Each reading opens the file anew and reads it to its end: after a checkpoint in the meantime, the file it has opened
 * is the one before it, whole. Records come in order; the first thing that is no record ends the reading, with a
 * CorruptionError if it can be proven that it was one (see protocol/record_reader.ts). What came before has been yielded.
 */
import { ReadError } from "../core/errors.ts";
import { type Operation, wait } from "../core/operation.ts";
import type { Engine } from "../protocol/engine.ts";
import { type Attempt, beginReading, translate } from "../protocol/failure.ts";
import { closeQuietly } from "../protocol/file_call.ts";
import { inRoom, keepReader, type OpenPlace } from "../protocol/room.ts";
import type { Cursor } from "./record.ts";
import { type ReadRecord, RecordReader } from "./record_reader.ts";
import { firstCursor, recordDamage } from "./records_end.ts";
import type { OpenFile } from "../runtime/runtime.ts";
import { type LogHeader, logHeaderSize, parseLogHeader, recordsOf } from "./log_header.ts";

/** One record of a log. */
export interface LogRecord {
  /** Its place in the order: one more than that of the record before, across checkpoints and openings. */
  sequence: number;
  /** What was appended. */
  data: Uint8Array;
}

/** Damage that was passed over. */
export interface SkippedRange {
  /** Where it begins in the file. */
  readonly offset: number;
  /** How many bytes it has. */
  readonly bytes: number;
  /** How many records were in there. */
  readonly records: number;
}

/** How a log is read. */
export interface ReadPlan {
  /** The first sequence that is handed out. */
  readonly from: number;
  /** Told of damage, which is passed over; without it damage is an error. */
  readonly skipped?: ((range: SkippedRange) => void) | undefined;
}

const readAttempt = (path: string): Attempt => beginReading("Cannot read", path);

/** Reads exactly so many bytes, or as many as there are. */
function* readFully(file: OpenFile, offset: number, length: number): Operation<Uint8Array> {
  const bytes = new Uint8Array(length);
  yield* wait(file.seek(offset));
  let used = 0;
  while (used < length) {
    const count = yield* wait(file.read(bytes.subarray(used)));
    if (count === 0) break;
    used += count;
  }
  return bytes.subarray(0, used);
}

/** The header of an open log; CorruptionError when it is none. */
export function* readHeader(file: OpenFile, path: string): Operation<LogHeader> {
  const header = parseLogHeader(yield* readFully(file, 0, logHeaderSize));
  if (typeof header === "string") throw recordDamage(path, 0, header);
  const { size } = yield* wait(file.stat());
  const { start } = recordsOf(header);
  if (size < start) throw recordDamage(path, size, `it ends within its snapshot, which is to end at byte ${start}`);
  return header;
}

function* openLogFile(engine: Engine, path: string): Operation<OpenFile> {
  const file = yield* wait(engine.fileSystem.open(path, "read"));
  if (file !== undefined) return file;
  throw new ReadError("Cannot read", "there is no log", {
    code: "ENOENT",
    path,
    step: "open",
    targetState: "unchanged",
  });
}

/** An empty file is a log that nothing was written to yet. */
function* isEmpty(file: OpenFile): Operation<boolean> {
  return (yield* wait(file.stat())).size === 0;
}

/** The snapshot of the last checkpoint; undefined before the first. CorruptionError if it is not what it was. */
export function* readSnapshot(engine: Engine, path: string): Operation<Uint8Array | undefined> {
  return yield* inRoom(engine, "calls", {}, () => snapshotIn(engine, path));
}

function* snapshotIn(engine: Engine, path: string): Operation<Uint8Array | undefined> {
  try {
    const file = yield* openLogFile(engine, path);
    try {
      const { snapshot } = (yield* isEmpty(file)) ? { snapshot: undefined } : yield* readHeader(file, path);
      if (snapshot === undefined) return undefined;
      const bytes = yield* readFully(file, logHeaderSize, snapshot.length);
      const hash = engine.runtime.createHash();
      hash.update(bytes);
      if (hash.digest() === snapshot.digest) return bytes;
      const error = recordDamage(path, logHeaderSize, "its snapshot is damaged");
      error.digest = snapshot.digest;
      throw error;
    } finally {
      yield* closeQuietly(file);
    }
  } catch (error) {
    throw translate(error, readAttempt(path));
  }
}

/** So much is read before records are handed out. */
const handOut = 64 * 1024;

/** Reads the records of a log, some at a time. */
export class LogRecords {
  readonly #engine: Engine;
  readonly #path: string;
  readonly #plan: ReadPlan;
  #file: OpenFile | undefined;
  #place: OpenPlace | undefined;
  #reader: RecordReader | undefined;
  #cursor: Cursor | undefined;
  #ended = false;
  /** Thrown by the next call: what came before it is handed out first. */
  #failure: unknown;

  /** Nothing is opened yet. */
  constructor(engine: Engine, path: string, plan: ReadPlan) {
    this.#engine = engine;
    this.#path = path;
    this.#plan = plan;
  }

  /** The next records; none at the end, where the file is closed. */
  *next(): Operation<LogRecord[]> {
    const records: LogRecord[] = [];
    try {
      if (this.#failure !== undefined) throw this.#failure;
      let bytes = 0;
      while (!this.#ended && bytes < handOut) {
        const found = yield* this.#one();
        if (found === undefined) {
          yield* this.close();
          break;
        }
        if (found.kind === "seal" || found.sequence < this.#plan.from) continue;
        records.push({ sequence: found.sequence, data: found.data });
        bytes += found.data.length + 1;
      }
      return records;
    } catch (error) {
      const thrown = translate(error, readAttempt(this.#path));
      yield* this.close();
      if (records.length === 0) throw thrown;
      this.#failure = thrown;
      return records;
    }
  }

  *#one(): Operation<ReadRecord | undefined> {
    const reader = this.#reader ??= yield* this.#open();
    const cursor = this.#cursor;
    if (cursor === undefined) return undefined;
    let found = yield* reader.next(cursor);
    if (typeof found === "string") {
      // It may have been written since the window was read.
      reader.forget();
      found = yield* reader.next(cursor);
    }
    if (found === "bad") {
      const proof = yield* reader.provesDamage(cursor);
      // The proof may have been written after the record was looked at, and the record before it.
      reader.forget();
      found = proof === undefined ? "end" : yield* reader.next(cursor);
      if (typeof found === "string" && proof !== undefined) {
        const next = this.#plan.skipped === undefined ? undefined : yield* reader.nextWhole(cursor);
        if (next !== undefined) {
          const { offset, sequence } = cursor;
          this.#plan.skipped?.({ offset, bytes: next.offset - offset, records: next.sequence - sequence });
          this.#cursor = next;
          return yield* this.#one();
        }
        const reason =
          `the record at byte ${cursor.offset} is damaged: the one at byte ${proof} says that it was durable`;
        throw recordDamage(this.#path, cursor.offset, reason);
      }
    }
    if (typeof found === "string") return undefined;
    this.#cursor = found.next;
    return found;
  }

  *#open(): Operation<RecordReader> {
    this.#place = yield* keepReader(this.#engine);
    const file = yield* openLogFile(this.#engine, this.#path);
    // From here on `close` closes it.
    this.#file = file;
    if (yield* isEmpty(file)) return new RecordReader(file, 0n);
    const records = recordsOf(yield* readHeader(file, this.#path));
    this.#cursor = firstCursor(records);
    return new RecordReader(file, records.identity);
  }

  /** Ends the reading; a second time does nothing. */
  *close(): Operation<void> {
    this.#ended = true;
    const file = this.#file;
    this.#file = undefined;
    if (file !== undefined) yield* closeQuietly(file);
    this.#place?.leave();
  }
}
