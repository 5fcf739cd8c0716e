/**
 * The one body behind `openLog` and its synchronous twin.
 *
 * Open: lock → make the file if there is none (through the write protocol) → read to the end, cut a torn tail, make
 * sure of what is left (open_log_file.ts) → sync the directory: the process that made the file may not have done so.
 * Append: is it still our file? → one write, one sync. Checkpoint: a new file — header, snapshot, the records that
 * shall stay — through the write protocol; its rename drops the old records and takes the snapshot in, in one step.
 * Close: seal, close, give the lock back.
 *
 * State after a failure: see append_file.ts. When a checkpoint fails after its rename, the log must be opened anew. When
 * the seal fails, the log is closed with every record in it, and opened as after a kill.
 */
import type { Source } from "../core/bytes.ts";
import { FileError, OutOfRange } from "../core/errors.ts";
import { type Operation, wait } from "../core/operation.ts";
import { takeLock } from "../lock/file_lock.ts";
import type { LockHold } from "../lock/lock_hold.ts";
import { placeFor } from "../lock/room_for.ts";
import type { LockPlan } from "../lock/lock_plan.ts";
import type { AppendFile } from "./append_file.ts";
import { ensureDirectory } from "../protocol/made_directories.ts";
import { type Engine, parentOf } from "../protocol/engine.ts";
import {
  attachCleanup,
  type Attempt,
  attemptFailed,
  beginAttempt,
  type CleanupFailure,
  tidy,
  translate,
} from "../protocol/failure.ts";
import type { TornTail } from "./records_end.ts";
import type { Filling } from "../protocol/replace_file.ts";
import type { OpenPlace } from "../protocol/room.ts";
import { perLog } from "../protocol/room_shares.ts";
import { type Durability, lesserDurability, reachedDurability, type WritePlan } from "../protocol/write_plan.ts";
import { checkpointFilling } from "./checkpoint.ts";
import { recordsOf } from "./log_header.ts";
import { type Opened, openMade, openOrMake, putLog, replacing } from "./open_log_file.ts";
import { LogRecords, readHeader, type ReadPlan, readSnapshot } from "./read_log.ts";

/** The options with which a log is opened. */
export interface LogRequest {
  readonly engine: Engine;
  readonly plan: WritePlan;
  readonly lock: LockPlan;
}

interface PlacedRequest extends LogRequest {
  /** Among what is open in this process. */
  readonly place: OpenPlace;
}

/** An open log. */
export class LogBody {
  readonly engine: Engine;
  readonly path: string;
  readonly #plan: WritePlan;
  readonly #hold: LockHold;
  readonly #place: OpenPlace;
  #appended: AppendFile;
  #identity: string;
  #closed = false;
  /** What opening has cut off. */
  readonly tornTail: TornTail | undefined;
  /** The least that anything so far has reached. */
  reached: Durability;

  /** Called by `open` only. */
  constructor(request: PlacedRequest, path: string, hold: LockHold, opened: Opened) {
    this.engine = request.engine;
    this.path = path;
    this.#plan = { ...request.plan, guard: () => hold.confirm("unchanged") };
    this.#hold = hold;
    this.#place = request.place;
    this.#appended = opened.appended;
    this.#identity = opened.identity;
    this.tornTail = opened.tornTail;
    this.reached = opened.reached;
  }

  /** The sequence that the next record gets. */
  get nextSequence(): number {
    return this.#appended.nextSequence;
  }

  /** Takes the lock and opens the file, which is made if there is none, when there is room for them. */
  static *open(path: string, request: LogRequest): Operation<LogBody> {
    const place = yield* placeFor({ engine: request.engine, signal: request.lock.signal }, perLog.taking);
    try {
      const body = yield* LogBody.#openIn(path, { ...request, place });
      place.settle(perLog.held);
      return body;
    } catch (error) {
      place.leave();
      throw error;
    }
  }

  static *#openIn(path: string, request: PlacedRequest): Operation<LogBody> {
    const { engine, plan, lock } = request;
    const attempt = beginAttempt("Cannot open", path);
    try {
      const named = !plan.createDirectories || (yield* ensureDirectory(engine, parentOf(engine, path), plan, attempt));
      const hold = yield* takeLock(engine, path, { plan: lock }, undefined);
      try {
        const target = hold.place.target.path;
        attempt.path = target;
        const guarded = { ...plan, guard: () => hold.confirm("unchanged") };
        const opened = yield* openOrMake({ engine, plan: guarded, path: target, attempt });
        const body = new LogBody(request, target, hold, opened);
        if (!named) body.#note(reachedDurability(plan.durability, true, false));
        return body;
      } catch (error) {
        yield* releaseQuietly(hold);
        throw error;
      }
    } catch (error) {
      throw translate(error, attempt);
    }
  }

  /** Does something that waits for nothing but the disk. */
  busily<T>(body: () => Operation<T>): Operation<T> {
    return this.#place.busily(body);
  }

  #attempt(verb: string): Attempt {
    return beginAttempt(verb, this.path);
  }

  #note(reached: Durability): void {
    this.reached = lesserDurability(this.reached, reached);
  }

  /** Appends records, all or none; the sequence of the first. */
  *append(records: readonly Uint8Array[]): Operation<number> {
    const attempt = this.#attempt("Cannot append to");
    try {
      this.#appended.check();
      yield* this.#checkFile(attempt);
      const { first, synced } = yield* this.#appended.append(records, attempt);
      if (!synced) this.#note("none");
      return first;
    } catch (error) {
      throw translate(error, attempt);
    }
  }

  /** Records in a file that has lost its name, or that others have changed, are in no log. */
  *#checkFile(attempt: Attempt): Operation<void> {
    yield* this.#hold.confirm(attempt.targetState);
    const now = yield* wait(this.engine.fileSystem.linkStat(this.path));
    const same = now?.identity === this.#identity;
    // Emptied in place, as some programs rotate logs: what is appended then could not be read.
    if (same && now.size === this.#appended.size) return;
    const what = same ? "cut or written to" : "removed or replaced";
    throw attemptFailed(attempt, "ESTALE", "linkStat", `the log was ${what} by somebody without its lock`);
  }

  /** Replaces everything up to the sequence `through` by a snapshot. */
  *checkpoint(source: Source, through: number | undefined): Operation<void> {
    const attempt = this.#attempt("Cannot checkpoint");
    let filling: Filling | undefined;
    try {
      this.#appended.check();
      yield* this.#checkFile(attempt);
      const last = this.#appended.nextSequence - 1;
      if (through !== undefined && through > last) {
        throw new OutOfRange(`through must be ${last} or less, the sequence of the last record, not ${through}`);
      }
      const old = yield* readHeader(this.#appended.file, this.path);
      const kept = { file: this.#appended.file, records: recordsOf(old), from: (through ?? last) + 1 };
      filling = checkpointFilling(this.engine, source, kept);
      yield* this.#replace(filling);
    } catch (error) {
      const thrown = translate(error, attempt);
      if (filling === undefined && source.kind === "chunks") source.cancel(thrown);
      throw thrown;
    }
  }

  *#replace(filling: Filling): Operation<void> {
    const before = this.#appended;
    const opening = { engine: this.engine, plan: this.#plan, path: this.path, attempt: this.#attempt("Cannot open") };
    const replaced = replacing(opening, () => before.letGo());
    let reached: Durability;
    try {
      reached = yield* putLog({ ...opening, plan: replaced.plan }, filling);
      this.#note(reached);
    } catch (error) {
      // What is open is no longer, or perhaps not, what the name leads to.
      if (FileError.is(error) && error.targetState !== "unchanged") before.fail(error);
      else if (replaced.isClosed()) yield* before.takeBack(this.path, this.#identity);
      throw error;
    }
    try {
      const opened = yield* openMade(opening, reached);
      this.#appended = opened.appended;
      this.#identity = opened.identity;
    } catch (error) {
      const thrown = afterReplacing(error, opening.attempt);
      before.fail(thrown);
      throw thrown;
    }
    yield* replaced.close();
  }

  /** The records safely on disk. */
  records(plan: ReadPlan): LogRecords {
    return new LogRecords(this.engine, this.path, plan);
  }

  /** The snapshot of the last checkpoint. */
  snapshot(): Operation<Uint8Array | undefined> {
    return readSnapshot(this.engine, this.path);
  }

  /** Ends it, whatever is thrown; a second time does nothing. */
  *close(): Operation<void> {
    if (this.#closed) return;
    this.#closed = true;
    const attempt: Attempt = { ...this.#attempt("Cannot close"), targetState: "replaced" };
    const failures: CleanupFailure[] = [];
    yield* tidy(failures, this.#seal());
    yield* tidy(failures, this.#appended.close());
    yield* releaseQuietly(this.#hold);
    this.#place.leave();
    const [first, ...others] = failures;
    if (first !== undefined) throw attachCleanup(translate(first.error, attempt), others, attempt);
  }

  /** Without its seal, damage to the last batch of a closed log would pass for a torn tail, as after a kill. */
  *#seal(): Operation<void> {
    if (!this.#appended.mustBeSealed) return;
    const attempt: Attempt = { ...this.#attempt("Cannot seal"), targetState: "replaced" };
    try {
      yield* this.#checkFile({ ...attempt, verb: "Cannot close", targetState: "unknown" });
      yield* this.#appended.seal(attempt);
    } catch (error) {
      throw translate(error, attempt);
    }
  }
}

/** What fails once a checkpoint is in place: that nothing was changed is true of its own reading alone. */
function afterReplacing(error: unknown, attempt: Attempt): unknown {
  const replaced: Attempt = { ...attempt, targetState: "replaced" };
  if (!FileError.is(error) || error.targetState !== "unchanged") return translate(error, replaced);
  const reason = "what the checkpoint has put in place cannot be read";
  return attemptFailed(replaced, error.code, error.step, reason, error);
}

function* releaseQuietly(hold: LockHold): Operation<void> {
  try {
    yield* hold.release();
  } catch {
    // Closing frees the kernel's lock.
  }
}
