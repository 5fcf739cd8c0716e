/**
 * A file that only grows, by whole batches of records, each on the medium before anybody is told so.
 *
 * 1. `openAppendFile`: read all records; what follows the last is cut off if it is the torn tail of a batch that nobody
 *    was told of, and is a CorruptionError otherwise. Then sync: what is there may be visible and not yet durable, and
 *    the next record is going to say that everything before it is.
 * 2. `append`: one write, one sync. 3. `close`: a seal, so that later damage to the last batch cannot pass for a torn tail.
 *
 * After a failing write the file is cut back to where it was, synced, and can be appended to again. After a failing sync
 * nobody knows what is on the medium: every later call throws that first error, until the file is opened anew.
 */
import { CorruptionError } from "../core/errors.ts";
import { type Operation, wait } from "../core/operation.ts";
import type { OpenFile } from "../runtime/runtime.ts";
import { type Engine, parentOf } from "./engine.ts";
import { type Attempt, attemptFailed, translate } from "./failure.ts";
import { type Cursor, encodeRecord, recordHeaderSize } from "./record.ts";
import { RecordReader } from "./record_reader.ts";
import { syncFile, type SyncPlace, type SyncRules } from "./sync.ts";
import { syncsFile } from "./write_plan.ts";

/** What was found behind the last whole record, and cut off: a batch that nobody was told was durable. */
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

/** Where the first record of a file begins. */
export const firstCursor = ({ start, firstSequence }: RecordFile): Cursor => ({
  offset: start,
  sequence: firstSequence,
  syncedThrough: start,
  salt: undefined,
});

/** Eight bytes that nobody can guess. */
export function drawNumber(engine: Engine): bigint {
  const bytes = engine.runtime.random(8);
  return new DataView(bytes.buffer, bytes.byteOffset, 8).getBigUint64(0, true);
}

/** The error for a file of records that is damaged at `offset`. */
export function recordDamage(path: string, offset: number, reason: string): CorruptionError {
  const error = new CorruptionError(`Cannot read ${JSON.stringify(path)}`, reason, {
    code: "ECORRUPT",
    path,
    step: "read",
    targetState: "unchanged",
  });
  error.offset = offset;
  return error;
}

/** Reads to the last whole record; throws a CorruptionError for damage that is no torn tail. */
export function* findEnd(
  file: OpenFile,
  records: RecordFile,
  path: string,
): Operation<{ cursor: Cursor; sealed: boolean }> {
  const reader = new RecordReader(file, records.identity);
  let cursor = firstCursor(records);
  let sealed = true;
  while (true) {
    const found = yield* reader.next(cursor);
    if (found === "end") return { cursor, sealed };
    if (found === "bad") {
      const proof = yield* reader.provesDamage(cursor);
      if (proof === undefined) return { cursor, sealed };
      const reason =
        `the record at byte ${cursor.offset} is damaged: the one at byte ${proof} says that it was durable`;
      throw recordDamage(path, cursor.offset, reason);
    }
    cursor = found.next;
    sealed = found.kind === "seal";
  }
}

/** An open file of records. */
export class AppendFile {
  readonly #engine: Engine;
  readonly #file: OpenFile;
  readonly #place: SyncPlace;
  readonly #identity: bigint;
  readonly #salt: bigint;
  readonly #rules: SyncRules;
  #cursor: Cursor;
  #syncedThrough: number;
  #sealed: boolean;
  /** Whether every sync so far has said that everything is on the medium. */
  #provable: boolean;
  #failure: { error: unknown } | undefined;

  /**
   * `place`: where the file is; `cursor`: behind the last record; `synced`: whether everything before it is on the medium. If it is not, the session
   * of the last record goes on: a new one would have to say that it is.
   */
  constructor(
    engine: Engine,
    file: OpenFile,
    identity: bigint,
    rules: SyncRules,
    state: { place: SyncPlace; cursor: Cursor; synced: boolean; sealed: boolean },
  ) {
    this.#engine = engine;
    this.#file = file;
    this.#place = state.place;
    this.#identity = identity;
    this.#rules = rules;
    this.#cursor = state.cursor;
    this.#provable = state.synced;
    this.#syncedThrough = state.synced ? state.cursor.offset : state.cursor.syncedThrough;
    this.#sealed = state.sealed;
    this.#salt = (state.synced ? undefined : state.cursor.salt) ?? drawNumber(engine);
  }

  /** The open file, to be read between two calls. */
  get file(): OpenFile {
    return this.#file;
  }

  /** Where the next record goes. */
  get end(): number {
    return this.#cursor.offset;
  }

  /** Which sequence it gets. */
  get nextSequence(): number {
    return this.#cursor.sequence;
  }

  /** From here on every call throws this. */
  fail(error: unknown): void {
    this.#failure ??= { error };
  }

  /** Throws what has ended this file. */
  check(): void {
    if (this.#failure !== undefined) throw this.#failure.error;
  }

  /** Appends records, all or none; the sequence of the first, and whether they are on the medium. */
  *append(records: readonly Uint8Array[], attempt: Attempt): Operation<{ first: number; synced: boolean }> {
    this.check();
    const { bytes, next } = this.#encoded(records, "data");
    const first = this.#cursor.sequence;
    try {
      yield* this.#write(bytes, attempt);
    } catch (error) {
      throw yield* this.#cutBack(error, attempt);
    }
    attempt.targetState = "replaced";
    try {
      const synced = yield* this.#sync(this.#rules, attempt);
      this.#cursor = next;
      this.#sealed = false;
      // After a sync that failed, a later one proves nothing of what that one was to write.
      this.#provable &&= synced;
      if (this.#provable) this.#syncedThrough = next.offset;
      return { first, synced: this.#provable };
    } catch (error) {
      this.fail(translate(error, attempt));
      throw error;
    }
  }

  #encoded(records: readonly Uint8Array[], kind: "data" | "seal"): { bytes: Uint8Array; next: Cursor } {
    const size = records.reduce((sum, { length }) => sum + recordHeaderSize + length, 0);
    const bytes = new Uint8Array(size);
    let { offset, sequence } = this.#cursor;
    const syncedThrough = this.#syncedThrough;
    const salt = this.#salt;
    let at = 0;
    for (const data of records) {
      const header = { kind, sequence, syncedThrough, salt };
      const written = encodeRecord(bytes, at, this.#identity, offset, header, data);
      at += written;
      offset += written;
      if (kind === "data") sequence++;
    }
    return { bytes, next: { offset, sequence, syncedThrough, salt } };
  }

  *#write(bytes: Uint8Array, attempt: Attempt): Operation<void> {
    yield* wait(this.#file.seek(this.#cursor.offset));
    for (let offset = 0; offset < bytes.length;) {
      const count = yield* wait(this.#file.write(bytes.subarray(offset)));
      if (!(count > 0)) throw attemptFailed(attempt, "EIO", "write", "the system accepted no more bytes");
      offset += count;
    }
  }

  *#sync(rules: SyncRules, attempt: Attempt): Operation<boolean> {
    if (!syncsFile(rules.durability)) return false;
    return yield* syncFile(this.#engine, { file: this.#file, place: this.#place }, rules, attempt);
  }

  /** Takes back what part of a batch was written; the error for the caller. */
  *#cutBack(error: unknown, attempt: Attempt): Operation<unknown> {
    try {
      yield* wait(this.#file.truncate(this.#cursor.offset));
      yield* this.#sync({ ...this.#rules, whenUnsupported: "throw", whenSyncFails: "throw" }, attempt);
    } catch (second) {
      attempt.targetState = "unknown";
      const thrown = translate(error, attempt);
      if (thrown instanceof Error && "cleanupErrors" in thrown) (thrown.cleanupErrors as unknown[]).push(second);
      this.fail(thrown);
      return thrown;
    }
    return error;
  }

  /** Says at the end of the file that all of it is on the medium. Not synced itself: a seal that is lost is no loss. */
  *seal(attempt: Attempt): Operation<void> {
    if (this.#sealed || this.#failure !== undefined || this.#syncedThrough !== this.#cursor.offset) return;
    yield* this.#write(this.#encoded([new Uint8Array(0)], "seal").bytes, attempt);
    this.#sealed = true;
  }

  /** Closes the file. */
  *close(): Operation<void> {
    this.fail(new TypeError("The log has been closed"));
    yield* wait(this.#file.close());
  }
}

/** Opens a file of records at its end, in the state that `append` needs; the caller closes `file` if this throws. */
export function* openAppendFile(
  engine: Engine,
  file: OpenFile,
  records: RecordFile,
  rules: SyncRules,
  attempt: Attempt,
): Operation<{ appended: AppendFile; tornTail: TornTail | undefined; synced: boolean }> {
  const { cursor, sealed } = yield* findEnd(file, records, attempt.path);
  const status = yield* wait(file.stat());
  const { size } = status;
  const place = { path: parentOf(engine, attempt.path), status };
  let tornTail: TornTail | undefined;
  if (size > cursor.offset) {
    yield* wait(file.truncate(cursor.offset));
    tornTail = { offset: cursor.offset, bytes: size - cursor.offset };
  }
  const synced = syncsFile(rules.durability) && (yield* syncFile(engine, { file, place }, rules, attempt));
  const appended = new AppendFile(engine, file, records.identity, rules, { place, cursor, synced, sealed });
  return { appended, tornTail, synced };
}
