/**
 * The one body behind `openFileWriter` and its synchronous twin: lock if asked → directory → temporary file → chunks →
 * commit or discard. A failing step discards, gives the lock back, and is what every later call throws.
 *
 * A lock that the writer took itself is kept until the end. One that was handed in is used while the writer is opened
 * and while it commits, not between: its holder may do other things with it meanwhile, and `ifMatch` is asked again.
 */
import { ChunkEncoder, type FileChunk } from "../core/bytes.ts";
import type { Operation } from "../core/operation.ts";
import { giveBack, takeLock, underLock } from "../lock/file_lock.ts";
import { type LockHold, releaseAfter } from "../lock/lock.ts";
import { enterTarget, returnTicket, type Ticket } from "../protocol/commit_turn.ts";
import { closeParent, openParent } from "../protocol/directories.ts";
import { attachCleanup, beginAttempt, checkAbort, translate } from "../protocol/failure.ts";
import {
  conclude,
  ensureTargetDirectory,
  findTarget,
  giveUp,
  hashes,
  separatedNames,
  turnKey,
} from "../protocol/replace_file.ts";
import { beginStage, discard, type StagedFile } from "../protocol/staged_file.ts";
import type { WriteResult } from "../protocol/write_plan.ts";
import { checkMatch, guarded, type WriteRequest } from "./write_options.ts";

/** The one body behind both writers. */
export class WriterBody {
  readonly #staged: StagedFile;
  readonly #separates: boolean;
  readonly #request: WriteRequest;
  /** The lock that was taken for this writer, if any. */
  readonly #hold: LockHold | undefined;
  readonly #encoder = new ChunkEncoder();
  /** Why nothing more can be written. */
  #ended: { error: unknown } | undefined;

  constructor(staged: StagedFile, separates: boolean, request: WriteRequest, hold: LockHold | undefined) {
    this.#staged = staged;
    this.#separates = separates;
    this.#request = request;
    this.#hold = hold;
  }

  /** The caller's signal, as it was given at the beginning. */
  get signal(): AbortSignal | undefined {
    return this.#staged.plan.signal;
  }

  /** Takes the lock that is asked for, and opens the temporary file. */
  static *open(path: string, request: WriteRequest): Operation<WriterBody> {
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
      const target = yield* findTarget(engine, path, plan, attempt);
      if (request.ifMatch !== undefined) yield* checkMatch(engine, path, request.ifMatch, plan, attempt);
      const parent = yield* openParent(engine, target.directory, plan, attempt);
      try {
        const separates = yield* separatedNames(engine, target, plan, attempt);
        const staged = yield* beginStage(engine, target, parent, plan, attempt, hashes(plan, { bytes: undefined }));
        if (guard === hold) return new WriterBody(staged, separates, request, hold);
        if (hold !== undefined) yield* hold.release();
        return new WriterBody(staged, separates, request, undefined);
      } catch (error) {
        yield* closeParent(parent);
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
      yield* this.#staged.writer.take(this.#encoder.encode(chunk));
    } catch (error) {
      throw yield* this.#fail(error);
    }
  }

  /** `ticket` is from the moment of the call; it is returned here. */
  *commit(ticket: Ticket): Operation<WriteResult> {
    try {
      this.#checkOpen();
      return yield* this.#publish(ticket);
    } finally {
      returnTicket(ticket);
    }
  }

  *#publish(ticket: Ticket): Operation<WriteResult> {
    const staged = this.#staged;
    const { engine, parent, target } = staged;
    let result: WriteResult;
    try {
      enterTarget(ticket, turnKey(engine, parent, target));
      const rest = this.#encoder.end();
      if (rest !== undefined) yield* staged.writer.take(rest);
      result = yield* this.#conclude(ticket);
    } catch (error) {
      throw yield* this.#fail(error);
    }
    this.#ended = { error: new TypeError("The file has been committed") };
    yield* closeParent(parent);
    if (this.#hold !== undefined) yield* giveBack(this.#hold, result, result.changed ? "replaced" : "unchanged");
    return result;
  }

  *#conclude(ticket: Ticket): Operation<WriteResult> {
    const { engine, lock, ifMatch } = this.#request;
    const staged = this.#staged;
    if (lock === undefined || !("hold" in lock)) return yield* conclude(staged, ticket, this.#separates);
    const { plan, attempt, target: { path } } = staged;
    const separates = this.#separates;
    return yield* underLock(engine, path, lock, plan.signal, function* () {
      if (ifMatch !== undefined) yield* checkMatch(engine, path, ifMatch, plan, attempt);
      return yield* conclude(staged, ticket, separates);
    }, ({ changed }) => changed ? "replaced" : "unchanged");
  }

  *discard(reason: unknown): Operation<void> {
    if (this.#ended !== undefined) return;
    this.#ended = { error: reason };
    const { attempt } = this.#staged;
    const failures = yield* discard(this.#staged);
    const failure = failures[0];
    if (failure !== undefined) {
      throw yield* this.#end(attachCleanup(translate(failure.error, attempt), failures, attempt));
    }
    yield* closeParent(this.#staged.parent);
    if (this.#hold !== undefined) yield* giveBack(this.#hold, undefined, "unchanged");
  }

  #checkOpen(): void {
    if (this.#ended !== undefined) throw this.#ended.error;
  }

  *#fail(error: unknown): Operation<unknown> {
    const thrown = yield* giveUp(this.#staged, error);
    this.#ended = { error: thrown };
    return yield* this.#end(thrown);
  }

  /** Lets go of everything after an error, which it answers. */
  *#end(error: unknown): Operation<unknown> {
    yield* closeParent(this.#staged.parent);
    if (this.#hold !== undefined) yield* releaseAfter(this.#hold, error);
    return error;
  }
}
