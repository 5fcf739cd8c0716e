/**
 * `openLogSync`, `openLogReaderSync`: a log whose calls are done when they return. The same bodies, the same order.
 */
import { type FileData, sourceOf } from "../core/bytes.ts";
import type { FilePath } from "../core/options.ts";
import { readGiven, runSync } from "../core/operation.ts";
import type { TornTail } from "./records_end.ts";
import type { Engine } from "../protocol/engine.ts";
import type { Durability } from "../protocol/write_plan.ts";
import { LogBody } from "./log_body.ts";
import {
  type CheckpointOptions,
  checkpointThrough,
  type LogReaderOptions,
  logRequest,
  type LogSyncOptions,
  manyRecords,
  readerRequest,
  type ReadOptions,
  readPlan,
  recordBytes,
} from "./log_options.ts";
import { type LogRecord, LogRecords, readSnapshot } from "./read_log.ts";

/** `LogReader`, synchronously. */
export interface LogReaderSync {
  /** The file, absolute. */
  readonly path: string;
  /** The records there are, in order; then a CorruptionError if what follows was durable once. */
  read(options?: ReadOptions): Iterable<LogRecord>;
  /** The snapshot of the last checkpoint, verified; undefined before the first. */
  snapshot(): Uint8Array | undefined;
}

/** `Log`, synchronously; each method promises what its asynchronous twin does. */
export interface LogSync extends LogReaderSync, Disposable {
  /** The sequence that the next record will get. */
  readonly nextSequence: number;
  /** What opening found behind the last whole record and cut off. */
  readonly tornTail: TornTail | undefined;
  /** The least durability that anything so far has reached. */
  readonly durability: Durability;
  /** Adds a record; its sequence. */
  append(record: Uint8Array | string): number;
  /** Adds records, all or none, with one write and one sync; their sequences. */
  appendMany(records: Iterable<Uint8Array | string>): number[];
  /** Takes in a snapshot and drops the records that it covers. */
  checkpoint(snapshot: FileData, options?: CheckpointOptions): void;
  /** Seals and closes the file and gives the writer's lock back; throws when the seal cannot be written (see `Log`). */
  close(): void;
}

class SynchronousReader implements LogReaderSync {
  readonly path: string;
  readonly #engine: Engine;

  constructor(engine: Engine, path: string) {
    this.#engine = engine;
    this.path = path;
  }

  read(options?: ReadOptions): Generator<LogRecord> {
    return handOut(new LogRecords(this.#engine, this.path, readGiven(() => readPlan(options))));
  }

  snapshot(): Uint8Array | undefined {
    return runSync(() => readSnapshot(this.#engine, this.path));
  }
}

function* handOut(records: LogRecords): Generator<LogRecord> {
  try {
    while (true) {
      const some = runSync(() => records.next());
      if (some.length === 0) return;
      yield* some;
    }
  } finally {
    runSync(() => records.close());
  }
}

class SynchronousLog extends SynchronousReader implements LogSync {
  readonly #body: LogBody;

  constructor(body: LogBody) {
    super(body.engine, body.path);
    this.#body = body;
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

  append(record: Uint8Array | string): number {
    return runSync(() => this.#body.append([recordBytes(record)]));
  }

  appendMany(records: Iterable<Uint8Array | string>): number[] {
    const checked = readGiven(() => manyRecords(records));
    if (checked.length === 0) return [];
    const first = runSync(() => this.#body.append(checked), 1);
    return checked.map((_, index) => first + index);
  }

  checkpoint(snapshot: FileData, options?: CheckpointOptions): void {
    runSync(() => this.#body.checkpoint(sourceOf(snapshot, true), checkpointThrough(options)), 1);
  }

  close(): void {
    runSync(() => this.#body.close(), 1);
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

/**
 * Opens an append-only log for writing, synchronously; see `openLog` for what it promises.
 *
 * @param path The log, a path or file: URL.
 * @param options See {@linkcode LogSyncOptions}.
 * @throws What `openLog` rejects with; and a DeadlockError when it shall wait for a log that this thread itself has open.
 *
 * @example
 * ```ts
 * import { openLogSync } from "@durable/atomic-write/log";
 *
 * const log = openLogSync("operations.log");
 * console.log(log.append("one"), log.appendMany(["two", "three"])); // 1 [2, 3]
 * log.close();
 * ```
 */
export function openLogSync(path: FilePath, options?: LogSyncOptions): LogSync {
  const { path: location, request } = readGiven(() => logRequest(path, options, true));
  return new SynchronousLog(runSync(() => LogBody.open(location, request), 1));
}

/**
 * A log to be read, synchronously. Nothing is opened yet, locked or changed.
 *
 * @param path The log, a path or file: URL.
 * @param options See {@linkcode LogReaderOptions}.
 *
 * @example
 * ```ts
 * import { openLogReaderSync, openLogSync } from "@durable/atomic-write/log";
 *
 * const log = openLogSync("operations.log");
 * log.append("one");
 * console.log([...openLogReaderSync("operations.log").read()].length); // 1
 * log.close();
 * ```
 */
export function openLogReaderSync(path: FilePath, options?: LogReaderOptions): LogReaderSync {
  const { engine, path: location } = readGiven(() => readerRequest(path, options, true));
  return new SynchronousReader(engine, location);
}
