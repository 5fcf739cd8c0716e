/**
 * Reading objects: no byte is handed out before all of them are known to be right.
 *
 * A large object is read twice for it: once to verify, once to hand it out (verified again, its last piece held back
 * until then). Readers take no lock; an object that is removed while it is read is read to its end all the same.
 */
import { atMilliseconds } from "../runtime/times.ts";
import { CorruptionError, FileError, MissingObjectError } from "../core/errors.ts";
import { type Operation, wait } from "../core/operation.ts";
import { locate } from "../protocol/engine.ts";
import { beginAttempt, beginReading, translate } from "../protocol/failure.ts";
import { closeQuietly, digestOf, openedStatus, readAll } from "../protocol/file_call.ts";
import type { Filling } from "../protocol/replace_file.ts";
import { replaceFile } from "../protocol/replace_file.ts";
import { returnTicket, takeTicket } from "../protocol/commit_turn.ts";
import { keepReader, type OpenPlace } from "../protocol/room.ts";
import type { Digest } from "../protocol/names/store.ts";
import type { WriteResult } from "../protocol/write_plan.ts";
import type { FileTimes, OpenFile } from "../runtime/runtime.ts";
import type { FilePath } from "../core/options.ts";
import { lockedWrite, type WriteRequest } from "../file/write_options.ts";
import { openObject } from "./refresh.ts";
import { damaged, type StoreContext } from "./store.ts";

const pieceSize = 256 * 1024;

function absent(path: string, digest: Digest): MissingObjectError {
  const error = new MissingObjectError("Cannot read", `there is no object ${digest}`, {
    code: "ENOENT",
    path,
    step: "open",
    targetState: "unchanged",
  });
  error.digest = digest;
  return error;
}

const wrongContent = (path: string, digest: Digest, found: Digest) =>
  damaged(path, digest, `the content of object ${digest} is damaged: its digest is ${found}`);

/** Runs `body` with an object opened; MissingObjectError when there is none. */
function* reading<T>(
  context: StoreContext,
  digest: Digest,
  body: (file: OpenFile, path: string) => Operation<T>,
): Operation<T> {
  const { path } = context.place(digest);
  const attempt = beginReading("Cannot read", path);
  try {
    const file = yield* openObject(context, digest, attempt);
    if (file === undefined) throw absent(path, digest);
    try {
      return yield* body(file, path);
    } finally {
      yield* closeQuietly(file);
    }
  } catch (error) {
    throw translate(error, attempt);
  }
}

/** The bytes of an object. */
export function* getObject(context: StoreContext, digest: Digest): Operation<Uint8Array> {
  return yield* reading(context, digest, function* (file, path) {
    const bytes = yield* readAll(file);
    const hash = context.engine.runtime.createHash();
    hash.update(bytes);
    const found = hash.digest();
    if (found !== digest) throw wrongContent(path, digest, found);
    return bytes;
  });
}

/** Throws unless the object is there and whole. */
function* verifyObject(context: StoreContext, digest: Digest): Operation<void> {
  yield* reading(context, digest, function* (file, path) {
    const found = yield* digestOf(context.engine, file);
    if (found !== digest) throw wrongContent(path, digest, found);
  });
}

/** Reads an object: whether it is what it was. */
export function* judgeObject(context: StoreContext, digest: Digest): Operation<"good" | "corrupt" | "removed"> {
  try {
    yield* verifyObject(context, digest);
    return "good";
  } catch (error) {
    if (CorruptionError.is(error)) return "corrupt";
    if (!FileError.is(error)) throw error;
    if (error.code === "ENOENT" && error.step === "open") return "removed";
    // A sector that cannot be read is damage, too.
    if (error.code === "EIO" && error.step === "read") return "corrupt";
    throw error;
  }
}

/** An object that is handed out piece by piece. */
export class ObjectReader {
  readonly #context: StoreContext;
  readonly #digest: Digest;
  #file: OpenFile | undefined;
  #place: OpenPlace | undefined;
  #ended = false;
  #left = 0;
  #hash: { update(bytes: Uint8Array): void; digest(): string };

  /** Nothing is opened yet. */
  constructor(context: StoreContext, digest: Digest) {
    this.#context = context;
    this.#digest = digest;
    this.#hash = context.engine.runtime.createHash();
  }

  /** The next piece; undefined at the end, or after an error. Closes the file then. */
  *next(): Operation<Uint8Array | undefined> {
    if (this.#ended) return undefined;
    const { path } = this.#context.place(this.#digest);
    try {
      const file = this.#file ??= yield* this.#open(path);
      const piece = new Uint8Array(Math.min(pieceSize, this.#left));
      for (let used = 0; used < piece.length;) {
        const count = yield* wait(file.read(piece.subarray(used)));
        if (count === 0) throw damaged(path, this.#digest, `object ${this.#digest} has become shorter`);
        used += count;
      }
      this.#hash.update(piece);
      this.#left -= piece.length;
      if (this.#left > 0) return piece;
      const found = this.#hash.digest();
      if (found !== this.#digest) throw wrongContent(path, this.#digest, found);
      yield* this.close();
      return piece.length === 0 ? undefined : piece;
    } catch (error) {
      yield* this.close();
      throw translate(error, this.#context.attempt("Cannot read", path));
    }
  }

  *#open(path: string): Operation<OpenFile> {
    this.#place = yield* keepReader(this.#context.engine);
    const file = yield* openObject(this.#context, this.#digest, beginReading("Cannot read", path));
    if (file === undefined) throw absent(path, this.#digest);
    // From here on `close` closes it.
    this.#file = file;
    const found = yield* digestOf(this.#context.engine, file);
    if (found !== this.#digest) throw wrongContent(path, this.#digest, found);
    this.#left = (yield* wait(file.stat())).size;
    yield* wait(file.seek(0));
    return file;
  }

  /** Ends it; a second time does nothing. */
  *close(): Operation<void> {
    this.#ended = true;
    const file = this.#file;
    this.#file = undefined;
    if (file !== undefined) yield* closeQuietly(file);
    this.#place?.leave();
  }
}

/** Writes an object to a file outside of the store. */
export function* restoreObject(
  context: StoreContext,
  digest: Digest,
  target: FilePath,
  request: WriteRequest,
): Operation<WriteResult> {
  const { engine } = request;
  const location = locate(engine, target);
  const attempt = beginAttempt("Cannot restore", location);
  let ticket = request.lock === undefined ? takeTicket() : undefined;
  try {
    return yield* reading(context, digest, function* (file, path) {
      const filling = verifiedFilling(file, path, digest);
      return yield* lockedWrite(request, location, function* (plan) {
        const restored = { ...plan, times: yield* freshTimes(context, location), digest: true };
        return yield* replaceFile({ engine, path: location, plan: restored, ticket: ticket ??= takeTicket() }, filling);
      });
    });
  } catch (error) {
    throw translate(error, attempt);
  } finally {
    if (ticket !== undefined) returnTicket(ticket);
  }
}

/** Content that is compared with its digest before it can be committed. */
function verifiedFilling(file: OpenFile, path: string, digest: Digest): Filling {
  return {
    bytes: undefined,
    repeatable: true,
    *fill(staged) {
      yield* wait(file.seek(0));
      // A clone has what is on the disk, which need not be what is read, once a sync has failed.
      yield* staged.writer.takeFile(file, yield* openedStatus(file));
      const found = yield* staged.writer.end();
      if (found !== digest) throw wrongContent(path, digest, found ?? "unknown");
    },
    cancel: () => {},
  };
}

/**
 * Now, but later than what is replaced, whatever the clock says: editors and build tools take a file with the time they
 * know for the file they know.
 */
function* freshTimes(context: StoreContext, path: string): Operation<FileTimes | undefined> {
  const { fileSystem, runtime } = context.engine;
  const previous = yield* wait(fileSystem.stat(path));
  if (previous === undefined) return undefined;
  return atMilliseconds(Math.max(runtime.clock.now(), Math.floor(previous.modified) + 1));
}
