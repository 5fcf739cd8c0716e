/**
 * `openLog`, `openLogReader`: an append-only log with one writer and any number of readers. See log_body.ts for the order
 * of calls, read_log.ts for what readers see.
 *
 * Calls of one log are carried out in the order they were made. Records asked for while a batch is on its way go into the
 * next one: one write and one sync for all of them.
 */
import { InvalidArgument } from "../core/errors.ts";
import type { Batches } from "../core/batches.ts";
import { type FileData, sourceOf } from "../core/bytes.ts";
import type { FilePath } from "../core/options.ts";
import { readGiven, run } from "../core/operation.ts";
import type { TornTail } from "./records_end.ts";
import type { Engine } from "../protocol/engine.ts";
import type { Durability } from "../protocol/write_plan.ts";
import { LogBody } from "./log_body.ts";
import {
  type CheckpointOptions,
  checkpointThrough,
  type LogOptions,
  type LogReaderOptions,
  logRequest,
  manyRecords,
  readerRequest,
  type ReadOptions,
  readPlan,
  recordBytes,
} from "./log_options.ts";
import { type LogRecord, LogRecords, readSnapshot } from "./read_log.ts";
import { type Work, workOn } from "./work.ts";

/** A log as its readers have it; see {@linkcode openLogReader}. */
export interface LogReader {
  /** The file, absolute. */
  readonly path: string;
  /**
   * The records there are, in order. Throws a CorruptionError, with the byte offset, after the last record before
   * damage to what was durable once; the torn tail of an unacknowledged batch is no damage, and not yielded.
   */
  read(options?: ReadOptions): AsyncIterable<LogRecord>;
  /** The snapshot of the last checkpoint, verified; undefined before the first. */
  snapshot(): Promise<Uint8Array | undefined>;
}

/** An open log; see {@linkcode openLog}. */
export interface Log extends LogReader, AsyncDisposable {
  /** The sequence that the next record will get, if nothing is under way. */
  readonly nextSequence: number;
  /** What opening found behind the last whole record and cut off, of a batch that was never acknowledged. */
  readonly tornTail: TornTail | undefined;
  /** The least durability that anything so far has reached. */
  readonly durability: Durability;
  /**
   * Adds a record and resolves with its sequence when it is safely on disk. Concurrent appends share a sync. When it
   * rejects with `targetState: "unchanged"`, also because a sync failed, the record is not in the log and never comes
   * back, and the next append may succeed; after any other failure the log must be opened anew, and then shows whether the
   * record is in it. Do not change the bytes before it settles.
   */
  append(record: Uint8Array | string): Promise<number>;
  /** Adds records, next to each other if they fit into one batch; their sequences, when all are safely on disk. */
  appendMany(records: Iterable<Uint8Array | string>): Promise<number[]>;
  /**
   * Takes in a snapshot of what all records so far amount to, and drops these records, in one atomic and durable step.
   * Records appended after this call come after it. `through` keeps the records that the snapshot does not cover.
   */
  checkpoint(snapshot: FileData, options?: CheckpointOptions): Promise<void>;
  /**
   * Waits for what is under way, seals and closes the file and gives the writer's lock back. A second time does nothing.
   * Rejects when the seal cannot be written: every acknowledged record is there and the log is closed, but damage to its
   * last batch would pass for a torn tail, until somebody opens the log for writing once more.
   */
  close(): Promise<void>;
}

class AsynchronousReader implements LogReader {
  readonly path: string;
  readonly #engine: Engine;

  constructor(engine: Engine, path: string) {
    this.#engine = engine;
    this.path = path;
  }

  read(options?: ReadOptions): AsyncGenerator<LogRecord> {
    return handOut(new LogRecords(this.#engine, this.path, readGiven(() => readPlan(options))));
  }

  snapshot(): Promise<Uint8Array | undefined> {
    return run(() => readSnapshot(this.#engine, this.path));
  }
}

async function* handOut(records: LogRecords): AsyncGenerator<LogRecord> {
  try {
    while (true) {
      const some = await run(() => records.next());
      if (some.length === 0) return;
      yield* some;
    }
  } finally {
    await run(() => records.close());
  }
}

class AsynchronousLog extends AsynchronousReader implements Log {
  readonly #body: LogBody;
  readonly #work: Batches<Work, number>;
  #closing: Promise<void> | undefined;
  #underWay = new Set<Promise<unknown>>();

  constructor(body: LogBody) {
    super(body.engine, body.path);
    this.#body = body;
    this.#work = workOn(body);
  }

  get nextSequence(): number {
    return this.#body.nextSequence;
  }

  get tornTail(): TornTail | undefined {
    return this.#body.tornTail;
  }

  get durability(): Durability {
    return this.#body.reached;
  }

  #add(work: Work): Promise<number> {
    if (this.#closing !== undefined) throw new InvalidArgument("The log has been closed");
    const result = this.#work.add(work);
    const settled = result.catch(() => {}).finally(() => this.#underWay.delete(settled));
    this.#underWay.add(settled);
    return result;
  }

  // deno-lint-ignore require-await -- a wrong argument is a rejection
  async append(record: Uint8Array | string): Promise<number> {
    return readGiven(() => this.#add({ record: recordBytes(record) }));
  }

  async appendMany(records: Iterable<Uint8Array | string>): Promise<number[]> {
    const added = readGiven(() => manyRecords(records).map((record) => this.#add({ record })));
    return await Promise.all(added);
  }

  async checkpoint(snapshot: FileData, options?: CheckpointOptions): Promise<void> {
    await readGiven(() => {
      const through = checkpointThrough(options);
      return this.#add({ snapshot: sourceOf(snapshot, false), through });
    });
  }

  close(): Promise<void> {
    return this.#closing ??= this.#close();
  }

  async #close(): Promise<void> {
    await Promise.all(this.#underWay);
    await run(() => this.#body.busily(() => this.#body.close()));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

/**
 * Opens an append-only log for writing, creating it if there is none.
 *
 * When an `append` has resolved, its record is safely on disk: no crash, kill or power cut loses or tears it. Records are
 * read back in order, complete and verified. Remains of a batch that was never acknowledged are cut off when the log is
 * opened, and reported (`tornTail`). Damage to durable records is never mistaken for that: opening throws a
 * CorruptionError with the byte offset, and `openLogReader` still reads everything before it.
 *
 * Records that can be read are not assumed to be durable: if the last writer did not close the log (it was killed, or a
 * sync failed), opening rewrites it to a new file. That needs space, and permission to create files in its directory.
 *
 * There is one writer: it holds the lock of the file (`NAME.lock`) until `close`. A second one fails at once, unless
 * `lock` says how long to wait. Readers need no lock, on any runtime.
 *
 * Not guaranteed: that damage to the very last batch after a *kill* can be distinguished from a torn tail (a closed log
 * is sealed, which rules that out); that a log cut short by another program is noticed (keep `nextSequence` elsewhere
 * to notice it); that a record is absent after its append was rejected, unless `targetState` is `"unchanged"`.
 *
 * @param path The log, a path or file: URL.
 * @param options See {@linkcode LogOptions}.
 * @throws {LockBusyError} There is another writer; a LockTimeoutError where `lock.timeout` was waited for.
 * @throws {CorruptionError} It is no log, or damaged before its end; `offset` says where. Nothing was changed.
 * @throws {WriteError} It cannot be made, opened or synced.
 *
 * @example
 * ```ts
 * import { openLog } from "@durable/atomic-write/log";
 *
 * {
 *   await using log = await openLog("operations.log");
 *   await Promise.all([log.append("one"), log.append("two")]); // one sync
 *   await log.checkpoint(JSON.stringify({ count: 2 }));
 *   await log.append("three");
 *   for await (const { sequence, data } of log.read()) console.log(sequence, new TextDecoder().decode(data)); // 3 three
 * }
 * ```
 */
export async function openLog(path: FilePath, options?: LogOptions): Promise<Log> {
  const { path: location, request } = readGiven(() => logRequest(path, options, false));
  return new AsynchronousLog(await run(() => LogBody.open(location, request), 1, 1));
}

/**
 * A log to be read, while somebody writes it or not. Nothing is opened yet, locked or changed.
 *
 * @param path The log, a path or file: URL.
 * @param options See {@linkcode LogReaderOptions}.
 *
 * @example
 * ```ts
 * import { openLog, openLogReader } from "@durable/atomic-write/log";
 *
 * const log = await openLog("operations.log");
 * await log.append("one");
 * const reader = openLogReader("operations.log");
 * for await (const record of reader.read()) console.log(record.sequence); // 1
 * await log.close();
 * ```
 */
export function openLogReader(path: FilePath, options?: LogReaderOptions): LogReader {
  const { engine, path: location } = readGiven(() => readerRequest(path, options, false));
  return new AsynchronousReader(engine, location);
}
