/**
 * The one body behind `openFileWriter` and its synchronous twin: lock if asked → directory → temporary file → chunks →
 * commit or discard. A failing step discards, gives the lock back, and is what every later call throws.
 *
 * A lock that the writer took itself is kept until the end. One that was handed in is used while the writer is opened
 * and while it commits, not between: its holder may do other things with it in the meantime, and `ifMatch` is asked
 * again.
 */
import { InvalidArgument } from "../core/errors.ts";
import { ChunkEncoder, type FileChunk } from "../core/bytes.ts";
import type { TargetState } from "../core/errors.ts";
import type { Operation } from "../core/operation.ts";
import { giveBack, takeLock, underLock } from "../lock/file_lock.ts";
import { type LockHold, releaseAfter } from "../lock/lock_hold.ts";
import { enterTarget, returnTicket, type Ticket } from "../protocol/commit_turn.ts";
import { closeParent } from "../protocol/directories.ts";
import { attachCleanup, beginAttempt, checkAbort, translate } from "../protocol/failure.ts";
import {
  conclude,
  ensureTargetDirectory,
  findTarget,
  giveUp,
  hashes,
  noteOtherNames,
} from "../protocol/replace_file.ts";
import type { FileReplacement } from "../protocol/file_replacement.ts";
import { beginStage, discard } from "../protocol/stage.ts";
import type { WriteResult } from "../protocol/write_plan.ts";
import { placeFor } from "../lock/room_for.ts";
import type { OpenPlace } from "../protocol/room.ts";
import { perWriter } from "../protocol/room_shares.ts";
import { checkMatch, guarded, type WriteRequest } from "./write_options.ts";

/** The one body behind both writers. */
export class WriterBody {
  readonly #write: FileReplacement;
  readonly #request: WriteRequest;
  /** The lock that was taken for this writer, if any. */
  readonly #hold: LockHold | undefined;
  readonly #encoder = new ChunkEncoder();
  /** Its place among what is open. */
  readonly #place: OpenPlace;
  /** Why nothing more can be written. */
  #ended: { error: unknown } | undefined;

  constructor(write: FileReplacement, request: WriteRequest, hold: LockHold | undefined, place: OpenPlace) {
    this.#write = write;
    this.#request = request;
    this.#hold = hold;
    this.#place = place;
  }

  /** The caller's signal, as it was given at the beginning. */
  get signal(): AbortSignal | undefined {
    return this.#write.plan.signal;
  }

  /** Takes the lock that is asked for, and opens the temporary file, when there is room for them. */
  static *open(path: string, request: WriteRequest): Operation<WriterBody> {
    const place = yield* placeFor(
      { engine: request.engine, lock: request.lock, signal: request.plan.signal },
      perWriter,
    );
    try {
      const opened = yield* WriterBody.#openIn(path, request, place);
      place.settle(perWriter);
      return opened;
    } catch (error) {
      place.leave();
      throw error;
    }
  }

  static *#openIn(path: string, request: WriteRequest, place: OpenPlace): Operation<WriterBody> {
    const { engine, lock } = request;
    const attempt = beginAttempt("Cannot write", path);
    let hold: LockHold | undefined;
    try {
      checkAbort(request.plan.signal);
      if (lock !== undefined && request.plan.createDirectories) {
        yield* ensureTargetDirectory(engine, path, request.plan, attempt);
      }
      hold = lock === undefined ? undefined : yield* takeLock(engine, path, lock, request.plan.signal);
      const guard = lock !== undefined && "hold" in lock ? lock.hold : hold;
      const plan = guard === undefined ? request.plan : guarded(request.plan, guard);
      const write = yield* findTarget(engine, path, plan, attempt);
      try {
        if (request.ifMatch !== undefined) yield* checkMatch(engine, path, request.ifMatch, plan, attempt);
        yield* noteOtherNames(write);
        yield* beginStage(write, hashes(plan, { bytes: undefined }));
        if (guard === hold) return new WriterBody(write, request, hold, place);
        if (hold !== undefined) yield* hold.release();
        return new WriterBody(write, request, undefined, place);
      } catch (error) {
        yield* closeParent(write.parent);
        throw error;
      }
    } catch (error) {
      const thrown = translate(error, attempt);
      if (hold !== undefined) yield* releaseAfter(hold, thrown);
      throw thrown;
    }
  }

  *write(chunk: FileChunk): Operation<void> {
    this.#checkOpen();
    try {
      // A chunk that is none ends it all, too: what is around it must not become a whole file.
      yield* this.#place.busily(() => this.#write.writer.take(this.#encoder.encode(chunk)));
    } catch (error) {
      throw yield* this.#fail(error);
    }
  }

  /** `ticket` is from the moment of the call; it is returned here. */
  *commit(ticket: Ticket): Operation<WriteResult> {
    try {
      this.#checkOpen();
      return yield* this.#place.busily(() => this.#publish(ticket));
    } finally {
      returnTicket(ticket);
    }
  }

  *#publish(ticket: Ticket): Operation<WriteResult> {
    const write = this.#write;
    let result: WriteResult;
    try {
      enterTarget(write.ticket = ticket, write.turnKey);
      const rest = this.#encoder.end();
      if (rest !== undefined) yield* write.writer.take(rest);
      result = yield* this.#conclude();
    } catch (error) {
      throw yield* this.#fail(error);
    }
    this.#ended = { error: new InvalidArgument("The file has been committed") };
    yield* this.#giveBack(result, result.changed ? "replaced" : "unchanged");
    return result;
  }

  *#conclude(): Operation<WriteResult> {
    const { engine, lock, ifMatch } = this.#request;
    const write = this.#write;
    if (lock === undefined || !("hold" in lock)) return yield* conclude(write);
    const { plan, attempt, target: { path } } = write;
    return yield* underLock(engine, path, lock, plan.signal, function* () {
      if (ifMatch !== undefined) yield* checkMatch(engine, path, ifMatch, plan, attempt);
      return yield* conclude(write);
    }, ({ changed }) => changed ? "replaced" : "unchanged");
  }

  *discard(reason: unknown): Operation<void> {
    if (this.#ended !== undefined) return;
    this.#ended = { error: reason };
    const { attempt } = this.#write;
    const failures = yield* discard(this.#write);
    const failure = failures[0];
    if (failure !== undefined) {
      throw yield* this.#end(attachCleanup(translate(failure.error, attempt), failures, attempt));
    }
    yield* this.#giveBack(undefined, "unchanged");
  }

  /** Lets go of everything after a success. */
  *#giveBack(result: WriteResult | undefined, targetState: TargetState): Operation<void> {
    yield* closeParent(this.#write.parent);
    try {
      if (this.#hold !== undefined) yield* giveBack(this.#hold, result, targetState);
    } finally {
      this.#place.leave();
    }
  }

  #checkOpen(): void {
    if (this.#ended !== undefined) throw this.#ended.error;
  }

  *#fail(error: unknown): Operation<unknown> {
    const thrown = yield* giveUp(this.#write, error);
    this.#ended = { error: thrown };
    return yield* this.#end(thrown);
  }

  /** Lets go of everything after an error, which it answers. */
  *#end(error: unknown): Operation<unknown> {
    yield* closeParent(this.#write.parent);
    if (this.#hold !== undefined) yield* releaseAfter(this.#hold, error);
    this.#place.leave();
    return error;
  }
}
