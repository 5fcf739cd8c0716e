/**
 * The end of a file of records: where it is, and whether everything before it is safely on disk.
 *
 * 1. `findEnd`: read all records; what follows the last is the torn tail of a batch that was never acknowledged, or a
 *    CorruptionError. 2. `makeSure`: what a later record or a seal says was synced is safely on disk. What reads well and
 *    has no such witness may be in memory alone, and no sync from now on proves anything of it: after a failed sync the
 *    pages are readable and clean. The caller writes it into another file.
 *
 * State after a failure: a torn tail may have been cut off, and nothing else.
 */
import { CorruptionError, FileError, UnsupportedError } from "../core/errors.ts";
import { type Operation, wait } from "../core/operation.ts";
import type { OpenFile } from "../runtime/runtime.ts";
import { SystemError } from "../runtime/system_error.ts";
import type { Engine } from "../protocol/engine.ts";
import type { Attempt } from "../protocol/failure.ts";
import { type Cursor, nothingSynced, recordHeaderSize } from "./record.ts";
import { RecordReader } from "./record_reader.ts";
import { syncFile, type SyncPlace, type SyncRules } from "../protocol/sync.ts";
import { syncsFile } from "../protocol/write_plan.ts";

/** What was found behind the last whole record, and cut off: a batch that was never acknowledged. */
export interface TornTail {
  /** Where it began. */
  readonly offset: number;
  /** How many bytes it had. */
  readonly bytes: number;
}

/** Which file of records this is, and where they begin. */
export interface RecordFile {
  readonly identity: bigint;
  readonly start: number;
  readonly firstSequence: number;
}

/** Where the first record of a file begins. Nothing has said yet that anything before it is safely on disk. */
export const firstCursor = ({ start, firstSequence }: RecordFile): Cursor => ({
  offset: start,
  sequence: firstSequence,
  syncedThrough: nothingSynced,
  salt: undefined,
});

/** The error for a file of records that is damaged at `offset`. */
export function recordDamage(path: string, offset: number, reason: string): CorruptionError {
  const error = new CorruptionError("Cannot read", reason, {
    code: "ECORRUPT",
    path,
    step: "read",
    targetState: "unchanged",
  });
  error.offset = offset;
  return error;
}

/** The end of a file of records. */
export interface RecordsEnd {
  /** Behind the last record that is no seal: what is written next goes there. */
  readonly cursor: Cursor;
  /** Whether a seal follows, and nothing else. */
  readonly sealed: boolean;
  readonly tornTail: TornTail | undefined;
}

/** Reads to the last whole record; throws a CorruptionError for damage that is no torn tail. */
export function* findEnd(file: OpenFile, records: RecordFile, path: string): Operation<RecordsEnd> {
  const reader = new RecordReader(file, records.identity);
  let cursor = firstCursor(records);
  let end = cursor;
  let sealed = false;
  while (true) {
    const found = yield* reader.next(cursor);
    if (found === "bad") {
      const proof = yield* reader.provesDamage(cursor);
      if (proof !== undefined) {
        const reason =
          `the record at byte ${cursor.offset} is damaged: the one at byte ${proof} says that it was durable`;
        throw recordDamage(path, cursor.offset, reason);
      }
    }
    if (typeof found === "string") {
      const { size } = yield* wait(file.stat());
      const bytes = size - cursor.offset;
      if (bytes > 0) return { cursor: end, sealed: false, tornTail: { offset: cursor.offset, bytes } };
      return { cursor: end, sealed, tornTail: undefined };
    }
    cursor = found.next;
    sealed = found.kind === "seal";
    // A seal speaks for what is before it, and has nothing that must be kept.
    end = sealed ? { ...cursor, offset: cursor.offset - recordHeaderSize } : cursor;
  }
}

/**
 * Cuts a torn tail and says of what is left whether it is safely on disk: `"synced"`; `"unsynced"`: nobody can say, and
 * the rules do not mind; `"unproven"`: it must be written into another file, because syncing this one again proves
 * nothing. A seal stays where it is until something takes its place.
 */
export function* makeSure(
  engine: Engine,
  { file, place }: { readonly file: OpenFile; readonly place: SyncPlace },
  { cursor, tornTail }: RecordsEnd,
  rules: SyncRules,
  attempt: Attempt,
): Operation<"synced" | "unsynced" | "unproven"> {
  const wanted = syncsFile(rules.durability);
  const proven = cursor.syncedThrough === cursor.offset;
  if (wanted && proven && tornTail === undefined) return "synced";
  try {
    if (tornTail !== undefined) yield* wait(file.truncate(cursor.offset));
    const synced = wanted && (yield* syncFile(engine, { file, place }, { ...rules, whenSyncFails: "throw" }, attempt));
    return !synced ? "unsynced" : proven ? "synced" : "unproven";
  } catch (error) {
    if (UnsupportedError.is(error) || !(FileError.is(error) || error instanceof SystemError)) throw error;
    return "unproven";
  }
}
