/**
 * Content on its way into a store: from what the caller gives to a staged file whose digest is known.
 *
 * - Bytes: hashed first; staged beside their place only if nothing is there.
 * - A stream or a file: staged in the store's directory and hashed on the way, for its place is not known before its end.
 *   A file shares its blocks with the copy where the file system can; what is hashed is always the copy.
 *
 * Every incoming content ends with a call of `drop`, which does nothing after the commit.
 */
import type { ChunkSource, Source } from "../core/bytes.ts";
import type { ConflictError } from "../core/errors.ts";
import { type Operation, wait } from "../core/operation.ts";
import { fillingFromFile, openSource } from "../file/copy_file.ts";
import { removeSecondName } from "../protocol/commit.ts";
import { closeParent, openParent, type ParentDirectory } from "../protocol/directories.ts";
import { childOf } from "../protocol/engine.ts";
import { attachCleanup, type Attempt, attemptFailed, type CleanupFailure, translate } from "../protocol/failure.ts";
import { closeQuietly } from "../protocol/file_call.ts";
import { FileReplacement } from "../protocol/file_replacement.ts";
import { beginStage, discard, finishStage } from "../protocol/stage.ts";
import { type Digest, incomingName } from "../protocol/names/store.ts";
import { notAsExpected } from "../protocol/conflict.ts";
import { writeAll } from "../protocol/content_writer.ts";
import type { WritePlan } from "../protocol/write_plan.ts";
import type { StoreContext } from "./store.ts";

/** What a put has found, and done. */
export interface StoredObject {
  /** SHA-256 of the content. */
  readonly digest: Digest;
  /** `"new"`: it was not there; `"present"`: it was, whole; `"repaired"`: it was, damaged, and has been replaced. */
  readonly found: "new" | "present" | "repaired";
}

/** What is to be stored. */
export interface PutRequest {
  readonly content: Source | { readonly kind: "file"; readonly path: string };
  /** What the digest must turn out to be. */
  readonly expected: Digest | undefined;
  readonly signal: AbortSignal | undefined;
  /** Told what was found. */
  readonly onStored?: ((object: StoredObject) => void) | undefined;
}

/** One content on its way. */
export class Incoming {
  readonly #context: StoreContext;
  readonly #request: PutRequest;
  #digest: Digest | undefined;
  #staged: FileReplacement | undefined;
  /** The directory of the store, from when something is staged in it. */
  #home: ParentDirectory | undefined;
  #finished = false;
  /** The users who may read the file that is put. */
  #sourceMode = 0o777;
  /** Whether something was at its place when that was looked at. */
  seen = false;
  /** What was at its place in the end, before this call. */
  found: StoredObject["found"] = "present";
  readonly attempt: Attempt;

  /** Nothing has been read yet. */
  constructor(context: StoreContext, request: PutRequest) {
    this.#context = context;
    this.#request = request;
    this.attempt = context.attempt("Cannot store into");
  }

  /** Known once `read` has ended. */
  get digest(): Digest {
    if (this.#digest === undefined) throw new Error("The content has not been read");
    return this.#digest;
  }

  /** Whether it can be staged again. */
  get repeatable(): boolean {
    return this.#request.content.kind === "bytes";
  }

  /** Reads what cannot be read twice, and learns the digest. */
  *read(): Operation<void> {
    const { content, expected } = this.#request;
    if (content.kind === "bytes") {
      const hash = this.#context.engine.runtime.createHash();
      hash.update(content.bytes);
      this.#digest = hash.digest();
    } else if (content.kind === "file") yield* this.#readFile(content.path);
    else yield* this.#readChunks(content);
    const { digest } = this;
    this.attempt.verb = "Cannot store";
    this.attempt.path = this.#context.place(digest).path;
    if (expected !== undefined && expected !== digest) throw this.#refused(expected);
    const { fileSystem } = this.#context.engine;
    this.seen = (yield* wait(fileSystem.linkStat(this.attempt.path))) !== undefined;
  }

  #refused(expected: Digest): ConflictError {
    const { digest: actual } = this;
    const refused = { verb: "Cannot store", path: this.#context.place(expected).path };
    return notAsExpected(refused, `the content's digest is ${actual}`, expected, { expected, actual });
  }

  *#readFile(path: string): Operation<void> {
    const source = yield* openSource(this.#context.engine, path, this.attempt);
    try {
      const before = yield* wait(source.stat());
      if (this.#context.engine.capabilities.mode) this.#sourceMode = before.mode;
      const staged = yield* this.#begin();
      yield* fillingFromFile(source, before, path).fill(staged);
      this.#digest = yield* staged.writer.end();
    } finally {
      yield* closeQuietly(source);
    }
  }

  *#readChunks(source: ChunkSource): Operation<void> {
    try {
      const staged = yield* this.#begin();
      yield* writeAll(staged.engine, staged.writer, source, this.#request.signal);
      this.#digest = yield* staged.writer.end();
    } catch (error) {
      source.cancel(error);
      throw error;
    }
  }

  /** Stages in the store's own directory: the temporary file moves from there to its place by its commit. */
  *#begin(): Operation<FileReplacement> {
    const { engine, directory, plan } = this.#context;
    const home = yield* openParent(engine, directory, { ...plan, durability: "none" }, this.attempt);
    this.#home = home;
    const path = childOf(engine, directory, incomingName);
    const target = { path, directory, name: incomingName, status: undefined };
    return yield* this.#beginIn(new FileReplacement(target, home, this.#plan(true), this.attempt), true);
  }

  *#beginIn(write: FileReplacement, hash: boolean): Operation<FileReplacement> {
    yield* beginStage(write, hash);
    return this.#staged = write;
  }

  #plan(mustNotExist: boolean): WritePlan {
    const { engine, plan } = this.#context;
    // Without permission bits "not writable" is an attribute that keeps files from being removed.
    const newFileMode = engine.capabilities.mode ? this.#context.readable & this.#sourceMode : 0o666;
    // An object in the place of a damaged one keeps nothing of it.
    const fresh = { mode: "new", owner: "leave" } as const;
    return { ...plan, ...fresh, skipIfEqual: false, mustNotExist, newFileMode, signal: this.#request.signal };
  }

  /** Completes and syncs what is to be committed; stages it, if that has not been done. */
  *stage(parent: ParentDirectory): Operation<void> {
    if (this.#staged === undefined) {
      const { content } = this.#request;
      if (content.kind !== "bytes") throw attemptFailed(this.attempt, "ENOENT", "link", "what was staged is gone");
      const target = { ...this.#context.place(this.digest), status: undefined };
      this.#finished = false;
      const write = yield* this.#beginIn(new FileReplacement(target, parent, this.#plan(true), this.attempt), false);
      yield* write.writer.takeAll(content.bytes);
    }
    if (this.#finished || this.#staged === undefined) return;
    yield* finishStage(this.#staged);
    this.#finished = true;
  }

  /** What is staged, bound for its place. The directory is left for the caller to sync: once for all objects in it. */
  bound(parent: ParentDirectory, mustNotExist: boolean): FileReplacement {
    const write = this.#staged;
    if (write === undefined) throw new Error("Nothing is staged");
    write.target = { ...this.#context.place(this.digest), status: undefined };
    write.parent = parent.withoutSync();
    write.plan = this.#plan(mustNotExist);
    return write;
  }

  /**
   * What was linked into its place has its temporary name, too; it goes after the last sync, and what its removal answers
   * is a witness for that. Called a second time, it does nothing.
   */
  *removeSecondName(): Operation<CleanupFailure[]> {
    const staged = this.#staged;
    if (staged?.phase !== "committed") return [];
    this.#staged = undefined;
    staged.leftovers = [];
    yield* removeSecondName(staged);
    return staged.leftovers;
  }

  /** The temporary file is gone: another one must be staged. */
  *lose(): Operation<void> {
    const staged = this.#staged;
    this.#staged = undefined;
    if (staged !== undefined) yield* discard(staged);
  }

  /** Says what was found; the error to throw, if that throws. */
  told(): { error: unknown } | undefined {
    try {
      this.#request.onStored?.({ digest: this.digest, found: this.found });
      return undefined;
    } catch (error) {
      return { error };
    }
  }

  /** Gives up what is staged and not committed. The error to throw, if that or `error` is one. */
  *drop(error: unknown): Operation<unknown> {
    const translated = error === undefined ? undefined : translate(error, this.attempt);
    const failures = yield* this.removeSecondName();
    if (this.#staged !== undefined) failures.push(...yield* discard(this.#staged));
    if (this.#home !== undefined) yield* closeParent(this.#home);
    // What was asked for is done: a leftover is for `sweep`.
    return translated === undefined ? undefined : attachCleanup(translated, failures, this.attempt);
  }
}
