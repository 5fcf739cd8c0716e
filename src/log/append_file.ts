/**
 * A file that only grows, by whole batches of records, each safely on disk before that is reported.
 *
 * 1. `findEnd` and `makeSure` (records_end.ts): where it ends, and whether that is safely on disk. 2. `append`: one write,
 * one sync. 3. `seal`, `close`: a seal is the last batch's witness.
 *
 * After a failing write or sync the file is cut back to where it was, and that is synced: what was acknowledged is
 * there, the batch is not, and the file can be appended to again. Where cutting back fails, too, nobody knows what is safely on disk: every later call throws that first error, until the file is opened anew.
 */
import { FileError, InvalidArgument } from "../core/errors.ts";
import { type Operation, wait } from "../core/operation.ts";
import type { OpenFile } from "../runtime/runtime.ts";
import { SystemError } from "../runtime/system_error.ts";
import { type Engine, nameOf, parentOf } from "../protocol/engine.ts";
import { closeQuietly } from "../protocol/file_call.ts";
import {
  attachCleanup,
  type Attempt,
  beginAnew,
  beginAttempt,
  type CleanupFailure,
  tidy,
  translate,
} from "../protocol/failure.ts";
import { inDirectory } from "../protocol/in_directory.ts";
import { type Cursor, encodeRecord, recordHeaderSize } from "./record.ts";
import type { RecordsEnd } from "./records_end.ts";
import { syncFile, type SyncPlace, type SyncRules } from "../protocol/sync.ts";
import { syncsFile } from "../protocol/write_plan.ts";

/** Eight bytes that nobody can guess. */
export function drawNumber(engine: Engine): bigint {
  const bytes = engine.runtime.random(8);
  return new DataView(bytes.buffer, bytes.byteOffset, 8).getBigUint64(0, true);
}

/** Opens a file of records, and nothing that takes its place or its directory's; undefined when there is none. */
export function openRecords(
  engine: Engine,
  path: string,
  attempt: Attempt,
  access: "read" | "read-write" = "read-write",
): Operation<OpenFile | undefined> {
  const directory = parentOf(engine, path);
  const name = nameOf(engine, path);
  return inDirectory({ engine, directory, attempt }, (names) => wait(names.open(name, access)));
}

/** An open file of records. */
export class AppendFile {
  readonly #engine: Engine;
  #file: OpenFile;
  readonly #place: SyncPlace;
  readonly #identity: bigint;
  readonly #salt: bigint;
  readonly #rules: SyncRules;
  #cursor: Cursor;
  /** How many bytes the file has: a seal's more than the cursor says, or none. */
  #size: number;
  #syncedThrough: number;
  #sealed: boolean;
  /** Whether every sync so far has said that everything is safely on disk. */
  #provable: boolean;
  #isOpen = true;
  #failure: { error: unknown } | undefined;

  /**
   * `place`: where the file is. `synced`: whether everything before the cursor is safely on disk. If it is not, the session of the last record goes
   * on: a new one would have to say that it is.
   */
  constructor(
    engine: Engine,
    file: OpenFile,
    identity: bigint,
    rules: SyncRules,
    { place, cursor, sealed, synced }: Omit<RecordsEnd, "tornTail"> & {
      readonly place: SyncPlace;
      readonly synced: boolean;
    },
  ) {
    this.#engine = engine;
    this.#place = place;
    this.#file = file;
    this.#identity = identity;
    this.#rules = rules;
    this.#cursor = cursor;
    this.#size = cursor.offset + (sealed ? recordHeaderSize : 0);
    this.#provable = synced;
    this.#syncedThrough = synced ? cursor.offset : cursor.syncedThrough;
    this.#sealed = sealed;
    this.#salt = (synced ? undefined : cursor.salt) ?? drawNumber(engine);
  }

  /** The open file, to be read between two calls. */
  get file(): OpenFile {
    return this.#file;
  }

  /** How many bytes the file has. */
  get size(): number {
    return this.#size;
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

  /** Appends records, all or none; the sequence of the first, and whether they are safely on disk. */
  *append(records: readonly Uint8Array[], attempt: Attempt): Operation<{ first: number; synced: boolean }> {
    this.check();
    const { bytes, next } = this.#encoded(records, "data");
    const first = this.#cursor.sequence;
    let synced: boolean;
    try {
      yield* this.#write(bytes, attempt);
      synced = yield* this.#sync(this.#rules, attempt);
    } catch (error) {
      throw yield* this.#cutBack(error, attempt);
    }
    this.#cursor = next;
    // After a sync that failed, a later one proves nothing of what that one was to write.
    this.#provable &&= synced;
    if (this.#provable) this.#syncedThrough = next.offset;
    return { first, synced: this.#provable };
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
    const start = this.#cursor.offset;
    // A seal may be in memory alone: written over, it would leave its place on the disk to what was there before.
    if (this.#size > start) yield* wait(this.#file.truncate(start));
    this.#sealed = false;
    this.#size = start;
    yield* wait(this.#file.seek(start));
    for (let offset = 0; offset < bytes.length;) {
      const count = yield* wait(this.#file.write(bytes.subarray(offset)));
      if (!(count > 0)) throw new SystemError("EIO", "write", attempt.path);
      offset += count;
    }
    this.#size = start + bytes.length;
  }

  *#sync(rules: SyncRules, attempt: Attempt): Operation<boolean> {
    if (!syncsFile(rules.durability)) return false;
    return yield* syncFile(this.#engine, { file: this.#file, place: this.#place }, rules, attempt);
  }

  /** Takes back a batch of which nobody knows how much is safely on disk; the error for the caller. */
  *#cutBack(error: unknown, attempt: Attempt): Operation<unknown> {
    // What is cut off now is judged by failures that are still to come: the one that is known is why it is cut off.
    beginAnew(attempt);
    try {
      yield* wait(this.#file.truncate(this.#cursor.offset));
      yield* this.#sync({ ...this.#rules, whenUnsupported: "report", whenSyncFails: "throw" }, attempt);
    } catch (second) {
      attempt.targetState = "unknown";
      // Told as what it is now: what the failing sync threw says that nothing was changed.
      const cause = FileError.is(error) && error.cause instanceof SystemError ? error.cause : error;
      const thrown = translate(cause, attempt);
      if (FileError.is(thrown)) thrown.cleanupErrors.push(second);
      this.fail(thrown);
      return thrown;
    }
    this.#size = this.#cursor.offset;
    return error;
  }

  /** Whether all of it is safely on disk, and nothing at its end says so yet. */
  get mustBeSealed(): boolean {
    return !this.#sealed && this.#failure === undefined && this.#syncedThrough === this.#cursor.offset;
  }

  /** Says at the end of the file that all of it is safely on disk. Not synced itself: a seal that is lost is no loss. */
  *seal(attempt: Attempt): Operation<void> {
    const { bytes } = this.#encoded([new Uint8Array(0)], "seal");
    try {
      yield* this.#write(bytes, attempt);
    } catch (error) {
      const failures: CleanupFailure[] = [];
      yield* tidy(failures, () => this.#file.truncate(this.#cursor.offset));
      throw attachCleanup(translate(error, attempt), failures, attempt);
    }
    this.#sealed = true;
  }

  /** Closes the file. */
  *close(): Operation<void> {
    this.fail(new InvalidArgument("The log has been closed"));
    if (this.#isOpen) yield* wait(this.#file.close());
    this.#isOpen = false;
  }

  /** Closes the file because another one takes its place; nothing is written to it any more. */
  *letGo(): Operation<void> {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    yield* closeQuietly(this.#file);
  }

  /** Opens the file again that was let go of; every later call throws where the name leads to another one by now. */
  *takeBack(path: string, identity: string): Operation<void> {
    try {
      const file = yield* openRecords(this.#engine, path, beginAttempt("Cannot open", path));
      if (file === undefined) throw new SystemError("ENOENT", "open", path);
      this.#file = file;
      this.#isOpen = true;
      if ((yield* wait(file.stat())).identity !== identity) throw new SystemError("ESTALE", "open", path);
    } catch (error) {
      this.fail(translate(error, beginAttempt("Cannot open", path)));
    }
  }
}
