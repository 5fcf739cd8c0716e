/**
 * A temporary file beside its target, and the proof of its owner's life.
 *
 * 1. `createTemporary`: a name nobody can guess, created exclusively; where the kernel has locks, the open file is
 *    locked, so that anyone can test whether its owner lives by trying to lock it too, in any pid namespace.
 * 2. `writeAll`: every byte, however short the writes.
 *
 * When creating fails, nothing is left. After `createTemporary` the caller owns file and name, and discards both.
 */
import { onAbort } from "../core/abort.ts";
import { chunksBetweenTurns, nextTurn } from "../core/event_loop.ts";
import { type Operation, wait } from "../core/operation.ts";
import type { FileSystem, Hash, OpenFile } from "../runtime/runtime.ts";
import { SystemError } from "../runtime/system_error.ts";
import type { ChunkSource, Source } from "../core/bytes.ts";
import { childOf, type Engine } from "./engine.ts";
import type { ParentDirectory } from "./directories.ts";
import {
  attachCleanup,
  type Attempt,
  attemptFailed,
  CallerError,
  checkAbort,
  type CleanupFailure,
  tidy,
  translate,
} from "./failure.ts";
import { factsFitName, type Proof, temporaryName } from "./names.ts";
import { isUnsupported } from "./sync_codes.ts";

/** A created temporary file. */
export interface TemporaryFile {
  readonly path: string;
  readonly file: OpenFile;
}

/** Devices that answered that they have no locks. */
const lockless = new WeakMap<FileSystem, Set<string>>();

/** A name that is taken is a planted one, or a 2^-128 accident: three tries tell the difference. */
const mostTries = 3;

/** `program`: also where the lock costs the start of a program, which is too much for every write. */
function proofFor(engine: Engine, device: string, program: boolean): Proof {
  const { fileLock } = engine.capabilities;
  const locks = fileLock === "call" || (program && fileLock === "program");
  if (locks && !lockless.get(engine.fileSystem)?.has(device)) return { kind: "lock" };
  const facts = engine.runtime.process.facts();
  return facts !== undefined && factsFitName(facts) ? { kind: "process", facts } : { kind: "none" };
}

/** ENOLCK is how NFS without its lock service says that it has none. */
const hasNoLocks = (error: unknown): boolean =>
  isUnsupported(error) || (error instanceof SystemError && error.code === "ENOLCK");

/** Creates a temporary file for `name` in `parent`. */
export function* createTemporary(
  engine: Engine,
  parent: ParentDirectory,
  name: string,
  mode: number,
  attempt: Attempt,
): Operation<TemporaryFile> {
  const nameFor = (proof: Proof) => temporaryName(name, proof, (length) => engine.runtime.random(length));
  // Not locked: somebody tests this very file. He finds it young, and leaves it.
  return yield* createProven(engine, parent, mode, attempt, nameFor, false);
}

/** A file whose name says how its owner's death can be proven, and whether it is locked, where that is the proof. */
export interface ProvenFile extends TemporaryFile {
  readonly proof: Proof;
  /** False where somebody else held the lock in the moment of asking. */
  readonly locked: boolean;
}

/** Creates a file whose name carries the proof of its owner's life; `nameFor` makes a new name with every call. */
export function* createProven(
  engine: Engine,
  parent: ParentDirectory,
  mode: number,
  attempt: Attempt,
  nameFor: (proof: Proof) => string,
  program: boolean,
): Operation<ProvenFile> {
  const { fileSystem } = engine;
  for (let tries = 1;; tries++) {
    const proof = proofFor(engine, parent.status.device, program);
    const path = childOf(engine, parent.path, nameFor(proof));
    let file: OpenFile;
    try {
      file = yield* wait(fileSystem.create(path, mode));
    } catch (error) {
      if (error instanceof SystemError && error.code === "EEXIST" && tries < mostTries) continue;
      throw error;
    }
    if (proof.kind !== "lock") return { path, file, proof, locked: false };
    try {
      return { path, file, proof, locked: yield* wait(file.tryLock(false)) };
    } catch (error) {
      const failures: CleanupFailure[] = [];
      yield* tidy(failures, () => file.close());
      yield* tidy(failures, () => fileSystem.remove(path), path);
      // That there are no locks here is no failure; that what was made for finding out stays, is.
      const failure = hasNoLocks(error) ? failures[0] : { error };
      if (failure !== undefined) throw attachCleanup(translate(failure.error, attempt), failures, attempt);
      const devices = lockless.get(fileSystem) ?? new Set();
      lockless.set(fileSystem, devices.add(parent.status.device));
    }
  }
}

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
   * Takes everything from an open file, with `mayShare` sharing its blocks where the file system can. `report` is told
   * how much was taken; what it throws goes to the caller.
   */
  *takeFile(source: OpenFile, mayShare: boolean, report: (bytes: number) => void = () => {}): Operation<void> {
    const shares = mayShare && this.bytesWritten === 0 && (yield* wait(this.#file.clone(source)));
    if (shares) yield* this.#takeClone();
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

  /** What is in the file now, and nobody changes any more: a hash is that of the clone, not of its source. */
  *#takeClone(): Operation<void> {
    this.bytesWritten = (yield* wait(this.#file.stat())).size;
    if (this.#hash === undefined) return;
    const buffer = new Uint8Array(gatherSize);
    for (let count = 1; count > 0;) {
      checkAbort(this.#signal);
      count = yield* wait(this.#file.read(buffer));
      this.#hash.update(buffer.subarray(0, count));
    }
  }

  /** Writes what was gathered; the SHA-256 where it was asked for. Nothing may be taken afterwards. */
  *end(): Operation<string | undefined> {
    yield* this.#flush();
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

/** Writes all of a source. What the source throws comes back as a CallerError. */
export function* writeAll(writer: ContentWriter, source: Source, signal: AbortSignal | undefined): Operation<void> {
  if (source.kind === "bytes") return yield* writer.takeAll(source.bytes);
  let promised = 0;
  while (true) {
    checkAbort(signal);
    let chunk: Uint8Array | undefined;
    try {
      const next = untilAborted(source, signal);
      chunk = yield* wait(next);
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
