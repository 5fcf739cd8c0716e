/**
 * `openFileWriter`: a file written piece by piece, which appears whole at `commit` or not at all.
 *
 * Order: open (directory, temporary file), `write` as often as wanted, then `commit` or `discard`. A failing write, an
 * abort or leaving the scope of `await using` discards. Calls are carried out one after another.
 */
import { InvalidArgument } from "../core/errors.ts";
import type { FileChunk } from "../core/bytes.ts";
import { onAbort } from "../core/abort.ts";
import { chunksBetweenTurns, nextTurn } from "../core/event_loop.ts";
import { type Operation, run, runSync, wait } from "../core/operation.ts";
import type { FilePath } from "../core/options.ts";
import { takeTicket } from "../protocol/commit_turn.ts";
import { locate } from "../protocol/engine.ts";
import type { WriteResult } from "../protocol/write_plan.ts";
import { readWriteOptions, type WriteFileOptions, type WriteFileSyncOptions } from "./write_options.ts";
import { WriterBody } from "./writer_body.ts";

/** A file on its way; see {@linkcode openFileWriter}. */
export interface FileWriter extends AsyncDisposable {
  /** Adds content. The chunk must not be changed before the promise resolves. */
  write(chunk: FileChunk): Promise<void>;
  /** A stream into the file. Closing it only ends the content: `commit` makes it visible. Aborting it discards. */
  readonly writable: WritableStream<FileChunk>;
  /** Makes everything written so far the content of the file, with the guarantees of `writeFile`. */
  commit(): Promise<WriteResult>;
  /** Gives up what was written. Does nothing after `commit` or a second time. */
  discard(): Promise<void>;
}

/** {@linkcode FileWriter}, synchronously. */
export interface FileWriterSync extends Disposable {
  /** Adds content. */
  write(chunk: FileChunk): void;
  /** Makes everything written so far the content of the file. */
  commit(): WriteResult;
  /** Gives up what was written. Does nothing after `commit` or a second time. */
  discard(): void;
}

const discarded = (): TypeError => new InvalidArgument("What was written has been discarded");

class QueuedWriter implements FileWriter {
  readonly writable: WritableStream<FileChunk>;
  readonly #body: WriterBody;
  readonly #stopListening: () => void;
  #last: Promise<unknown> = Promise.resolve();
  #chunks = 0;

  constructor(body: WriterBody) {
    this.#body = body;
    const { signal } = body;
    // The caller notices the abort at the next call; the error of that call names what is left behind.
    const abort = () => void this.#queue(() => body.discard(signal?.reason)).catch(() => {});
    if (signal?.aborted) abort();
    this.#stopListening = onAbort(signal, abort);
    this.writable = new WritableStream({
      write: (chunk) => this.write(chunk),
      abort: (reason) => this.#queue(() => body.discard(reason)),
    });
  }

  #queue<T>(start: () => Operation<T>): Promise<T> {
    const result = this.#last.then(() => run(start));
    this.#last = result.catch(() => {});
    return result;
  }

  write(chunk: FileChunk): Promise<void> {
    // What is only gathered reaches no file system, which would see to it that the event loop turns.
    const turns = ++this.#chunks % chunksBetweenTurns === 0;
    const body = this.#body;
    return this.#queue(function* () {
      if (turns) yield* wait(nextTurn());
      yield* body.write(chunk);
    });
  }

  commit(): Promise<WriteResult> {
    const ticket = takeTicket();
    return this.#queue(() => this.#body.commit(ticket)).finally(this.#stopListening);
  }

  discard(): Promise<void> {
    return this.#queue(() => this.#body.discard(discarded())).finally(this.#stopListening);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.discard();
  }
}

class SynchronousWriter implements FileWriterSync {
  readonly #body: WriterBody;

  constructor(body: WriterBody) {
    this.#body = body;
  }

  write(chunk: FileChunk): void {
    runSync(() => this.#body.write(chunk), 1);
  }

  commit(): WriteResult {
    return runSync(() => this.#body.commit(takeTicket()));
  }

  discard(): void {
    runSync(() => this.#body.discard(discarded()));
  }

  [Symbol.dispose](): void {
    this.discard();
  }
}

function* open(path: FilePath, options: WriteFileOptions | undefined, synchronous: boolean): Operation<WriterBody> {
  const request = readWriteOptions(options, synchronous);
  return yield* WriterBody.open(locate(request.engine, path), request);
}

/**
 * Opens a file to be written piece by piece; it appears whole at `commit`, or not at all.
 *
 * Until `commit` the target is untouched and readers see its old content. Leaving the scope of `await using` without a
 * commit, an abort, or a failing write discards everything and leaves no temporary file. The place in the order of
 * writes to one file is that of the call to `commit`.
 *
 * @param path The file, a path or file: URL.
 * @param options Those of {@linkcode writeFile}.
 * @throws What {@linkcode writeFile} rejects with.
 *
 * @example
 * ```ts
 * import { openFileWriter } from "@durable/atomic-write";
 *
 * const writer = await openFileWriter("report.csv");
 * await writer.write("name,count\n");
 * await new Blob(["a,1\n"]).stream().pipeTo(writer.writable);
 * await writer.commit();
 * ```
 */
export async function openFileWriter(path: FilePath, options?: WriteFileOptions): Promise<FileWriter> {
  return new QueuedWriter(await run(() => open(path, options, false), 1, 1));
}

/**
 * {@linkcode openFileWriter}, synchronously.
 *
 * @param path The file, a path or file: URL.
 * @param options Those of {@linkcode writeFileSync}.
 * @throws What {@linkcode writeFile} rejects with.
 *
 * @example
 * ```ts
 * import { openFileWriterSync } from "@durable/atomic-write";
 *
 * const writer = openFileWriterSync("report.csv");
 * for (const row of ["a,1", "b,2"]) writer.write(`${row}\n`);
 * writer.commit();
 * ```
 */
export function openFileWriterSync(path: FilePath, options?: WriteFileSyncOptions): FileWriterSync {
  return new SynchronousWriter(runSync(() => open(path, options, true), 1));
}
