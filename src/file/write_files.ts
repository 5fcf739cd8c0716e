/**
 * `writeFiles`: many files, each of them atomic and durable for itself, together faster than one by one.
 *
 * 1. Files are taken from the caller as there is room for them, and go in rounds (round.ts), two at a time: while one
 * waits for the disk, the content of the next is written. 2. Each file of a round is an ordinary replacement, with the
 * calls and checks of `writeFile`; what the round shares is when it syncs. 3. How each fared is reported as it becomes known.
 *
 * State after a failure: a file that fails has failed alone, and is in the state its error says; all others are written.
 */
import { Batches, type Outcome } from "../core/batches.ts";
import { type Source, sourceOf } from "../core/bytes.ts";
import { type FailedFile, FileError, WriteFilesError } from "../core/errors.ts";
import { all, type Operation, run, wait } from "../core/operation.ts";
import { callback, oneOf, readOptions, wrongArgument } from "../core/options.ts";
import { returnTicket, takeTicket, type Ticket } from "../protocol/commit_turn.ts";
import { type Engine, locate, makeEngine } from "../protocol/engine.ts";
import { followedBy } from "../protocol/links.ts";
import { fillingFrom, replaceFile } from "../protocol/replace_file.ts";
import { inRoom, putsFor } from "../protocol/room.ts";
import { makeRound } from "../protocol/round.ts";
import { WholeSync } from "../protocol/whole_sync.ts";
import {
  lesserDurability,
  replaceOptionReaders,
  type WritePlan,
  writePlan,
  type WriteResult,
} from "../protocol/write_plan.ts";
import { unsafePathReader } from "../protocol/unsafe_path.ts";
import { currentRuntime } from "../runtime/current.ts";
import type { FileToWrite, WriteFilesOptions, WriteFilesResult } from "./write_files_options.ts";

/** A file that was taken from the caller. */
interface TakenFile {
  readonly index: number;
  readonly path: string;
  readonly source: Source;
  readonly plan: WritePlan;
  readonly ticket: Ticket;
}

const { runtime: _one, signal: _same, ...planReaders } = replaceOptionReaders;
const { mode, owner, defaults } = planReaders;
const perFile = { mode, owner, defaults };

const optionReaders = {
  ...replaceOptionReaders,
  unsafePath: unsafePathReader,
  whenFailed: oneOf("throw", "report"),
  sync: oneOf("file", "filesystem"),
  onWritten: callback<NonNullable<WriteFilesOptions["onWritten"]>>(),
};

/** So many bytes of content wait at most; beyond that no more files are taken. */
const mostBytes = 64 * 1024 * 1024;

const bytesIn = (source: Source): number => source.kind === "bytes" ? source.bytes.length : 0;

/** One call: what it goes by, and what has come of it so far. */
class ManyFiles {
  readonly #engine: Engine;
  readonly #shared: Parameters<typeof writePlan>[1];
  readonly #plan: WritePlan;
  readonly #throws: boolean;
  readonly #syncsWhole: boolean;
  readonly #onWritten: WriteFilesOptions["onWritten"];
  readonly #batches: Batches<TakenFile, WriteResult>;
  readonly #most: number;
  readonly #failed: FailedFile[] = [];
  readonly #result: WriteFilesResult;
  #taken = 0;
  #pending = 0;
  #pendingBytes = 0;
  #resume = () => {};
  /** What ends the call before its files have ended. */
  #broken: { readonly reason: unknown } | undefined;

  constructor(options: WriteFilesOptions | undefined) {
    const { runtime, whenFailed, onWritten, sync, unsafePath, ...shared } = readOptions(options, optionReaders);
    this.#engine = makeEngine(runtime ?? currentRuntime(), false, followedBy(shared.symlink), unsafePath);
    this.#shared = shared;
    this.#plan = writePlan(this.#engine, shared);
    this.#throws = whenFailed !== "report";
    this.#syncsWhole = sync === "filesystem";
    this.#onWritten = onWritten;
    this.#most = putsFor(this.#engine);
    this.#batches = new Batches((files) => run(() => this.#round(files)), this.#most, 2);
    this.#result = { written: 0, durability: this.#plan.durability, lost: [], unchecked: [], failed: [] };
  }

  /** Writes all of them; throws what ended the call, once nothing of it is under way any more. */
  async write(files: Iterable<FileToWrite> | AsyncIterable<FileToWrite>): Promise<WriteFilesResult> {
    try {
      if (Symbol.iterator in files) {
        for (const file of files) {
          const full = this.#take(file);
          if (full !== undefined) await full;
          if (this.#broken !== undefined) break;
        }
      } else {
        for await (const file of files) {
          await this.#take(file);
          if (this.#broken !== undefined) break;
        }
      }
    } catch (error) {
      this.#broken ??= { reason: error };
    }
    while (this.#pending > 0) await this.#settled();
    if (this.#broken !== undefined) throw this.#broken.reason;
    const [first] = this.#failed;
    if (first !== undefined && this.#throws) throw this.#errorOf(first);
    return { ...this.#result, failed: this.#failed };
  }

  /** Begins with a file; a promise where no further one may be taken before it is settled. */
  #take(file: FileToWrite): Promise<void> | undefined {
    const { signal } = this.#plan;
    if (signal?.aborted) throw signal.reason;
    const taken = this.#read(file);
    const size = bytesIn(taken.source);
    this.#pending++;
    this.#pendingBytes += size;
    this.#batches.add(taken).then(
      (result) => this.#written(taken, result),
      (error) => this.#fails(taken, error),
    ).catch((error) => this.#broken ??= { reason: error }).finally(() => {
      this.#pending--;
      this.#pendingBytes -= size;
      this.#resume();
    });
    return this.#pending < 2 * this.#most && this.#pendingBytes < mostBytes ? undefined : this.#settled();
  }

  #settled(): Promise<void> {
    return new Promise((resolve) => this.#resume = resolve);
  }

  #read(file: FileToWrite): TakenFile {
    const index = this.#taken++;
    if (typeof file !== "object" || file === null) throw wrongArgument(`files[${index}]`, "an object", file);
    const { path, data, ...own } = file;
    const place = locate(this.#engine, path);
    const given = readOptions(own, perFile);
    const plan = Object.keys(given).length === 0 ? this.#plan : writePlan(this.#engine, { ...this.#shared, ...given });
    return { index, path: place, source: sourceOf(data, false), plan, ticket: takeTicket() };
  }

  /** Some of the files, side by side. */
  *#round(files: readonly TakenFile[]): Operation<Outcome<WriteResult>[]> {
    const engine = this.#engine;
    const whole = this.#syncsWhole ? new WholeSync(engine) : undefined;
    const parts = makeRound(files.length, whole);
    const writes = files.map(({ path, source, plan, ticket }, index) =>
      function* (): Operation<Outcome<WriteResult>> {
        const round = parts[index];
        try {
          const request = { engine, path, plan: { ...plan, round }, ticket };
          return { value: yield* replaceFile(request, fillingFrom(source)) };
        } catch (error) {
          return { error };
        } finally {
          round?.leave();
          returnTicket(ticket);
        }
      }
    );
    try {
      return yield* inRoom(engine, "sets", { signal: this.#plan.signal }, () => all(writes, files.length));
    } catch (error) {
      // None of them has begun.
      for (const { source, ticket } of files) {
        if (source.kind === "chunks") source.cancel(error);
        returnTicket(ticket);
      }
      throw error;
    } finally {
      if (whole !== undefined) yield* whole.close();
    }
  }

  async #written({ index }: TakenFile, result: WriteResult): Promise<void> {
    const all = this.#result;
    all.written++;
    all.durability = lesserDurability(all.durability, result.durability);
    for (const name of ["lost", "unchecked"] as const) all[name] = [...new Set([...all[name], ...result[name]])];
    await this.#onWritten?.(result, index);
  }

  #fails({ index, path, plan: { signal } }: TakenFile, error: unknown): void {
    if (signal?.aborted && error === signal.reason) this.#broken ??= { reason: error };
    else this.#failed.push({ path, index, error });
  }

  #errorOf({ path, error: cause }: FailedFile): WriteFilesError {
    const others = this.#failed.length - 1;
    const why = FileError.is(cause) ? cause.reason : cause instanceof Error ? cause.message : String(cause);
    const reason = others === 0
      ? why
      : `${why}; ${others} other ${others === 1 ? "file" : "files"} of ${this.#taken} failed, too`;
    const details = FileError.is(cause)
      ? { code: cause.code, path, step: cause.step, targetState: cause.targetState, cause }
      : { code: "ESOURCE", path, step: "read", targetState: "unchanged" as const, cause };
    const error = new WriteFilesError(FileError.is(cause) ? cause.verb : "Cannot write", reason, details);
    return Object.assign(error, { failed: this.#failed, written: this.#result.written });
  }
}

/** A text is no list of files, and a single file is none either. */
function iterableOf<Files>(files: Files): Files {
  const iterable = typeof files === "object" && files !== null &&
    (Symbol.iterator in files || Symbol.asyncIterator in files);
  if (!iterable) throw wrongArgument("files", "an iterable of { path, data }", files);
  return files;
}

function* writeAllFiles(
  files: Iterable<FileToWrite> | AsyncIterable<FileToWrite>,
  options: WriteFilesOptions | undefined,
): Operation<WriteFilesResult> {
  const many = new ManyFiles(options);
  return yield* wait(many.write(iterableOf(files)));
}

/**
 * Replaces or creates many files, each atomically and durably: {@linkcode writeFile} for thousands.
 *
 * Each file is the complete old or the complete new one at any moment, and one that fails stops no other: for all files
 * or none there is `applyFiles`. Together they wait for the disk far less often than one by one. Files are taken from
 * `files` only as fast as they are written, so that an asynchronous iterable may yield millions; of two for one path,
 * the later wins.
 *
 * @param files What to write: an iterable, or an asynchronous one. Do not change a buffer before the promise settles.
 * @param options See {@linkcode WriteFilesOptions}.
 * @returns When all files are written, or have failed.
 * @throws {TypeError} An argument is invalid; files before an invalid one may have been written.
 * @throws {WriteFilesError} Some files failed; `failed` says which, each with the error that `writeFile` would throw, and
 *   all others are written. `path`, `code` and `targetState` are those of the first.
 * @throws Whatever `files` or `onWritten` throws, and the signal's reason, once nothing is under way any more.
 *
 * @example
 * ```ts
 * import { writeFiles } from "@durable/atomic-write";
 *
 * const pages = ["index", "about"].map((name) => ({ path: `${name}.html`, data: `<h1>${name}</h1>\n` }));
 * const { written, durability } = await writeFiles(pages);
 * console.log(written, durability); // 2 "full"
 * ```
 */
export function writeFiles(
  files: Iterable<FileToWrite> | AsyncIterable<FileToWrite>,
  options?: WriteFilesOptions,
): Promise<WriteFilesResult> {
  return run(() => writeAllFiles(files, options));
}
