/**
 * Content on its way into an open file: every byte, however short the writes, counted and hashed if asked.
 *
 * 1. `take`, `takeAll`, `takeFile`, or `writeAll` for a whole source. 2. `end`, after which nothing may be taken.
 * A failure leaves the file half written; the caller discards it.
 */
import { onAbort } from "../core/abort.ts";
import type { ChunkSource, Source } from "../core/bytes.ts";
import { chunksBetweenTurns, nextTurn } from "../core/event_loop.ts";
import { type Operation, wait } from "../core/operation.ts";
import type { FileStatus, Hash, OpenFile } from "../runtime/runtime.ts";
import type { Engine } from "./engine.ts";
import { type Attempt, attemptFailed, CallerError, checkAbort } from "./failure.ts";
import { hasHoles, runsOf } from "./holes.ts";
import { idly } from "./room.ts";

/** Bytes handed to one write call: large enough to cost nothing, small enough to abort between two. */
const pieceSize = 16 * 1024 * 1024;
/** Smaller chunks of a stream are gathered up to this before they are written. */
const gatherSize = 256 * 1024;

/** Tells a caller's function how far the work is. */
function told(report: (bytes: number) => void, bytes: number): void {
  try {
    report(bytes);
  } catch (error) {
    throw new CallerError(error);
  }
}

/** Counts, hashes if asked, and writes. */
export class ContentWriter {
  /** Bytes taken so far. */
  bytesWritten = 0;
  readonly #file: OpenFile;
  readonly #attempt: Attempt;
  readonly #signal: AbortSignal | undefined;
  readonly #hash: Hash | undefined;
  #gathered: Uint8Array | undefined;
  #used = 0;
  #digest: string | undefined;

  /** A writer to `file`. */
  constructor(file: OpenFile, attempt: Attempt, signal: AbortSignal | undefined, hash: Hash | undefined) {
    this.#file = file;
    this.#attempt = attempt;
    this.#signal = signal;
    this.#hash = hash;
  }

  /** Takes a chunk; small ones are gathered. The chunk is not needed afterwards. */
  *take(chunk: Uint8Array): Operation<void> {
    this.bytesWritten += chunk.length;
    this.#hash?.update(chunk);
    if (this.#used + chunk.length > gatherSize) yield* this.#flush();
    if (chunk.length >= gatherSize) return yield* this.#writeFully(chunk);
    this.#gathered ??= new Uint8Array(gatherSize);
    this.#gathered.set(chunk, this.#used);
    this.#used += chunk.length;
  }

  /** Takes all there is at once, without a copy. */
  *takeAll(bytes: Uint8Array): Operation<void> {
    this.bytesWritten += bytes.length;
    this.#hash?.update(bytes);
    yield* this.#writeFully(bytes);
  }

  /**
   * Takes everything from an open file with this status, sharing its blocks where the file system can, and leaving its
   * holes holes. `report` receives the number of bytes taken; what it throws goes to the caller.
   *
   * What was shared is compared. A clone shares what is on the disk: where write-back of the source has failed, that is
   * not what the source reads, and nothing reports it a second time (docs/design.md).
   */
  *takeFile(source: OpenFile, status: FileStatus, report: (bytes: number) => void = () => {}): Operation<void> {
    if (this.bytesWritten === 0 && (yield* wait(this.#file.clone(source)))) yield* this.#keepEqual(source, report);
    // Blocks are where a multiple of their size is.
    if (hasHoles(status) && this.bytesWritten % gatherSize === 0) yield* this.#takeWithHoles(source, report);
    else yield* this.#takeContent(source, report);
    told(report, this.bytesWritten);
  }

  *#takeContent(source: OpenFile, report: (bytes: number) => void): Operation<void> {
    const buffer = new Uint8Array(gatherSize);
    while (true) {
      checkAbort(this.#signal);
      const count = yield* wait(source.read(buffer));
      if (count === 0) return;
      yield* this.take(buffer.subarray(0, count));
      told(report, this.bytesWritten);
    }
  }

  *#takeWithHoles(source: OpenFile, report: (bytes: number) => void): Operation<void> {
    yield* this.#flush();
    const buffer = new Uint8Array(gatherSize);
    let skipped = false;
    while (true) {
      checkAbort(this.#signal);
      const length = yield* readFully(source, buffer);
      if (length === 0) break;
      const piece = buffer.subarray(0, length);
      for (const { start, end, isHole } of runsOf(piece)) {
        if (!isHole) {
          if (skipped) yield* wait(this.#file.seek(this.bytesWritten + start));
          yield* this.#writeFully(piece.subarray(start, end));
        }
        skipped = isHole;
      }
      this.bytesWritten += length;
      this.#hash?.update(piece);
      told(report, this.bytesWritten);
    }
    if (!skipped) return;
    yield* wait(this.#file.truncate(this.bytesWritten));
    yield* wait(this.#file.seek(this.bytesWritten));
  }

  /** Keeps of a clone what reads like its source. Both are then where the rest is to be copied, if there is any. */
  *#keepEqual(source: OpenFile, report: (bytes: number) => void): Operation<void> {
    const [wanted, cloned] = [new Uint8Array(gatherSize), new Uint8Array(gatherSize)];
    // Four bytes at a time: what is behind a shorter piece is that of the piece before, equal too.
    const [words, others] = [new Uint32Array(wanted.buffer), new Uint32Array(cloned.buffer)];
    while (true) {
      checkAbort(this.#signal);
      const length = yield* readFully(source, wanted);
      if ((yield* readFully(this.#file, cloned)) !== length || !isEqual(words, others, length)) break;
      if (length === 0) return;
      this.bytesWritten += length;
      this.#hash?.update(wanted.subarray(0, length));
      told(report, this.bytesWritten);
    }
    yield* wait(this.#file.truncate(this.bytesWritten));
    yield* wait(this.#file.seek(this.bytesWritten));
    yield* wait(source.seek(this.bytesWritten));
  }

  /** Writes what was gathered; the SHA-256 where it was asked for. Nothing may be taken afterwards. */
  *end(): Operation<string | undefined> {
    if (this.#used > 0) yield* this.#flush();
    return this.#digest ??= this.#hash?.digest();
  }

  *#flush(): Operation<void> {
    if (this.#gathered === undefined || this.#used === 0) return;
    const bytes = this.#gathered.subarray(0, this.#used);
    this.#used = 0;
    yield* this.#writeFully(bytes);
  }

  *#writeFully(bytes: Uint8Array): Operation<void> {
    let offset = 0;
    while (offset < bytes.length) {
      checkAbort(this.#signal);
      const written = yield* wait(this.#file.write(bytes.subarray(offset, offset + pieceSize)));
      if (!(written > 0)) throw attemptFailed(this.#attempt, "EIO", "write", "the system accepted no more bytes");
      offset += written;
    }
  }
}

/** Fills the buffer as far as the file goes. */
function* readFully(file: OpenFile, buffer: Uint8Array): Operation<number> {
  let used = 0;
  while (used < buffer.length) {
    const count = yield* wait(file.read(buffer.subarray(used)));
    if (count === 0) break;
    used += count;
  }
  return used;
}

function isEqual(words: Uint32Array, others: Uint32Array, length: number): boolean {
  for (let index = 0; index * 4 < length; index++) {
    if (words[index] !== others[index]) return false;
  }
  return true;
}

/** Writes all of a source. What the source throws comes back as a CallerError. */
export function* writeAll(
  engine: Engine,
  writer: ContentWriter,
  source: Source,
  signal: AbortSignal | undefined,
): Operation<void> {
  if (source.kind === "bytes") return yield* writer.takeAll(source.bytes);
  let promised = 0;
  while (true) {
    checkAbort(signal);
    let chunk: Uint8Array | undefined;
    try {
      const next = untilAborted(source, signal);
      chunk = yield* idly(engine, next);
      // A source whose promises are all settled already would not let the event loop turn.
      if (next instanceof Promise && ++promised % chunksBetweenTurns === 0) yield* wait(nextTurn());
    } catch (error) {
      throw error instanceof CallerError ? error : new CallerError(error);
    }
    if (chunk === undefined) return;
    yield* writer.take(chunk);
  }
}

/** A source that never answers must not outlive the caller's patience. */
function untilAborted(source: ChunkSource, signal: AbortSignal | undefined) {
  const next = source.next();
  if (signal === undefined || next === undefined || !("then" in next)) return next;
  return new Promise<Uint8Array | undefined>((resolve, reject) => {
    const abort = () => reject(new CallerError(signal.reason));
    // The source itself may have aborted, while it was asked.
    if (signal.aborted) abort();
    const settled = onAbort(signal, abort);
    next.then(
      (chunk) => (settled(), resolve(chunk)),
      (error) => (settled(), reject(error)),
    );
  });
}
