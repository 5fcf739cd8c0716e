/**
 * The content of the file that a checkpoint puts in the old one's place: header, snapshot, the records that stay.
 *
 * How long the snapshot is and what its digest is may be known only at its end: the header is written last, over a
 * placeholder, in the staged file; all of it is synced before the rename. Records are written anew: their checksums
 * contain where they are.
 */
import type { Source } from "../core/bytes.ts";
import { type Operation, wait } from "../core/operation.ts";
import { drawNumber } from "./append_file.ts";
import type { Engine } from "../protocol/engine.ts";
import { attemptFailed, CallerError } from "../protocol/failure.ts";
import { encodeRecord, nothingSynced, recordHeaderSize } from "./record.ts";
import { RecordReader } from "./record_reader.ts";
import { firstCursor, type RecordFile } from "./records_end.ts";
import type { Filling } from "../protocol/replace_file.ts";
import type { FileReplacement } from "../protocol/file_replacement.ts";
import type { OpenFile } from "../runtime/runtime.ts";
import { formatLogHeader, logHeaderSize } from "./log_header.ts";

/** The records that stay: those of an open log from a sequence on. */
interface KeptRecords {
  readonly file: OpenFile;
  readonly records: RecordFile;
  readonly from: number;
  /** Damage is passed over; what follows it is numbered on without a gap. */
  readonly skips?: boolean;
}

/** The filling for a checkpoint's file. */
export function checkpointFilling(engine: Engine, source: Source, kept: KeptRecords): Filling {
  return {
    bytes: undefined,
    repeatable: source.kind === "bytes",
    fill: (staged) => fill(engine, source, kept, staged),
    cancel: (reason) => source.kind === "chunks" ? source.cancel(reason) : undefined,
  };
}

function* fill(engine: Engine, source: Source, kept: KeptRecords, staged: FileReplacement): Operation<void> {
  const { writer } = staged;
  const hash = engine.runtime.createHash();
  yield* writer.take(new Uint8Array(logHeaderSize));
  let length = 0;
  for (let piece = yield* nextPiece(source, length); piece !== undefined; piece = yield* nextPiece(source, length)) {
    hash.update(piece);
    length += piece.length;
    yield* writer.take(piece);
  }
  const identity = drawNumber(engine);
  yield* copyRecords(engine, kept, identity, logHeaderSize + length, staged);
  yield* writer.end();
  const snapshot = { length, digest: hash.digest() };
  yield* overwrite(staged, formatLogHeader({ identity, firstSequence: kept.from, snapshot }));
}

function* nextPiece(source: Source, before: number): Operation<Uint8Array | undefined> {
  if (source.kind === "bytes") return before === 0 && source.bytes.length > 0 ? source.bytes : undefined;
  try {
    let piece = yield* wait(source.next());
    // An empty piece is not the end.
    while (piece?.length === 0) piece = yield* wait(source.next());
    return piece;
  } catch (error) {
    throw new CallerError(error);
  }
}

/** Writes the records that stay, from `start` on. */
export function* copyRecords(
  engine: Engine,
  { file, records, from, skips }: KeptRecords,
  identity: bigint,
  start: number,
  staged: FileReplacement,
): Operation<void> {
  const reader = new RecordReader(file, records.identity);
  const salt = drawNumber(engine);
  let offset = start;
  let missing = 0;
  for (let cursor = firstCursor(records);;) {
    const found = yield* reader.next(cursor);
    if (typeof found === "string") {
      // Behind a torn tail there may be whole records that were never acknowledged: they stay out.
      const damaged = found === "bad" && skips === true && (yield* reader.provesDamage(cursor)) !== undefined;
      const next = damaged ? yield* reader.nextWhole(cursor) : undefined;
      if (next === undefined) return;
      missing += next.sequence - cursor.sequence;
      cursor = next;
      continue;
    }
    cursor = found.next;
    if (found.kind === "seal" || found.sequence < from) continue;
    const bytes = new Uint8Array(recordHeaderSize + found.data.length);
    // All of it will be synced before it is visible; but what is said must be true where no sync is wanted, too.
    const header = { kind: "data" as const, sequence: found.sequence - missing, syncedThrough: nothingSynced, salt };
    encodeRecord(bytes, 0, identity, offset, header, found.data);
    offset += bytes.length;
    yield* staged.writer.take(bytes);
  }
}

/** Puts the header where its place was kept. */
function* overwrite(staged: FileReplacement, header: Uint8Array): Operation<void> {
  const { file } = staged.temporary;
  yield* wait(file.seek(0));
  for (let offset = 0; offset < header.length;) {
    const count = yield* wait(file.write(header.subarray(offset)));
    if (!(count > 0)) throw attemptFailed(staged.attempt, "EIO", "write", "the system accepted no more bytes");
    offset += count;
  }
}
