/**
 * `repairLog`: a log that can be written again after damage to what was durable.
 *
 * Lock → read from the beginning to the end → is it damaged? → the records that are kept are written into another file,
 * through the write protocol, with the snapshot unchanged; its rename puts it into the log's place → release. The damaged
 * file stays beside it, as a backup. A log that is not damaged is made durable, as opening it would: an earlier repair, or
 * its writer, may have failed to do so.
 *
 * After a failure the log is what it was, or `targetState` says that it has been replaced.
 */
import { count, type FilePath, oneOf, readOptions } from "../core/options.ts";
import { type Operation, run, runSync, wait } from "../core/operation.ts";
import { refuseSignals, takeLock } from "../lock/file_lock.ts";
import type { ExclusiveLockOptions, ExclusiveLockSyncOptions, LockPlan } from "../lock/lock_plan.ts";
import { inRoomFor } from "../lock/room_for.ts";
import { type Engine, locate, makeEngine, parentOf, runtimeOption } from "../protocol/engine.ts";
import { attemptFailed, beginAttempt, translate } from "../protocol/failure.ts";
import { closeQuietly } from "../protocol/file_call.ts";
import { syncFile } from "../protocol/sync.ts";
import { type Durability, reachedDurability, writePlan } from "../protocol/write_plan.ts";
import { currentRuntime } from "../runtime/current.ts";
import type { OpenFile, Runtime } from "../runtime/runtime.ts";
import { openRecords } from "./append_file.ts";
import { writersLock } from "./log_options.ts";
import { type LogHeader, recordsOf } from "./log_header.ts";
import { type Opening, putLog, replacing, rewriteLog, syncName } from "./open_log_file.ts";
import { readHeader, type SkippedRange } from "./read_log.ts";
import { RecordReader } from "./record_reader.ts";
import { type Cursor, recordHeaderSize } from "./record.ts";
import { firstCursor, makeSure } from "./records_end.ts";
import { rewrittenFilling } from "./rewritten.ts";
import { type UnsafePathOption, unsafePathReader } from "../protocol/unsafe_path.ts";

/** Options of {@linkcode repairLog}. */
export interface RepairLogOptions extends UnsafePathOption {
  /**
   * What is kept: `"before"`, the records before the first damage; `"readable"`, all whole records. Those behind damage
   * are numbered on without a gap then, and `damage` says what is missing.
   *
   * @default "before"
   */
  keep?: "before" | "readable";
  /**
   * How many earlier versions of the log are kept beside it, hidden; the damaged one is the newest.
   *
   * @default 1
   */
  backup?: number;
  /** How to take the writer's lock. Default: LockBusyError at once when a writer has the log open, this process or another. */
  lock?: ExclusiveLockOptions;
  /** The machine to work on. Default: the one this code runs on. */
  runtime?: Runtime;
}

/** {@linkcode RepairLogOptions} without what cannot exist synchronously. */
export interface RepairLogSyncOptions extends Omit<RepairLogOptions, "lock"> {
  /** As in {@linkcode RepairLogOptions}, without a signal. */
  lock?: ExclusiveLockSyncOptions;
}

/** What a repair has found and done. */
export interface RepairLogResult {
  /** The log, absolute. */
  path: string;
  /** Whether the log was damaged, and has been replaced. */
  repaired: boolean;
  /** Damage to what was durable, in order; with `keep: "before"` the first alone, up to the end of the file. */
  damage: SkippedRange[];
  /** The durability that the log has reached, whether it was repaired or not. */
  durability: Durability;
}

/** Damage as far as the end of the file: how many records were in there, nobody knows. */
const untilEnd = (offset: number, size: number): SkippedRange => ({ offset, bytes: size - offset, records: 0 });

/** All damage, and where the last whole record that is no seal ends. */
interface Findings {
  readonly damage: SkippedRange[];
  readonly end: Cursor;
}

function* findDamage(reader: RecordReader, start: Cursor, size: number, all: boolean): Operation<Findings> {
  const damage: SkippedRange[] = [];
  let end = start;
  for (let cursor = start;;) {
    const found = yield* reader.next(cursor);
    if (found === "end" || (found === "bad" && (yield* reader.provesDamage(cursor)) === undefined)) {
      return { damage, end };
    }
    if (found !== "bad") {
      cursor = found.next;
      // What a seal says is synced ends where the seal begins.
      end = found.kind === "seal" ? { ...cursor, offset: cursor.offset - recordHeaderSize } : cursor;
      continue;
    }
    const next = all ? yield* reader.nextWhole(cursor) : undefined;
    if (next === undefined) return { damage: [...damage, untilEnd(cursor.offset, size)], end };
    const { offset, sequence } = cursor;
    damage.push({ offset, bytes: next.offset - offset, records: next.sequence - sequence });
    cursor = next;
  }
}

/** Makes an empty file durable that needs no repair. */
function* syncEmpty({ engine, path, plan, attempt }: Opening, file: OpenFile): Operation<Durability> {
  const place = { path: parentOf(engine, path), status: yield* wait(file.stat()) };
  const synced = yield* syncFile(engine, { file, place }, plan, attempt);
  return reachedDurability(plan.durability, synced, yield* syncName(engine, path, plan, attempt));
}

/** Makes a log durable that needs no repair and whose last record ends at `end`. */
function* syncIntact(opening: Opening, file: OpenFile, header: LogHeader, end: Cursor): Operation<Durability> {
  const { engine, path, plan, attempt } = opening;
  const place = { path: parentOf(engine, path), status: yield* wait(file.stat()) };
  const found = { cursor: end, sealed: false, tornTail: undefined };
  const sureness = yield* makeSure(engine, { file, place }, found, plan, attempt);
  if (sureness === "unproven") return yield* rewriteLog(opening, file, header);
  return reachedDurability(plan.durability, sureness === "synced", yield* syncName(engine, path, plan, attempt));
}

function* repair(
  path: FilePath,
  options: RepairLogOptions | RepairLogSyncOptions | undefined,
  synchronous: boolean,
): Operation<RepairLogResult> {
  const { keep = "before", backup = 1, lock, runtime, unsafePath } = readOptions(options, {
    keep: oneOf("before", "readable"),
    backup: count,
    lock: writersLock,
    runtime: runtimeOption,
    unsafePath: unsafePathReader,
  });
  refuseSignals(synchronous, undefined, lock === undefined ? undefined : { plan: lock });
  const engine = makeEngine(runtime ?? currentRuntime(), synchronous, undefined, unsafePath);
  const wanted = { engine, path: locate(engine, path), lock: lock ?? writersLock({}, "lock"), keep, backup };
  return yield* inRoomFor({ engine, lock: { plan: wanted.lock } }, true, () => repairInRoom(wanted));
}

interface Repair {
  readonly engine: Engine;
  readonly path: string;
  readonly lock: LockPlan;
  readonly keep: "before" | "readable";
  readonly backup: number;
}

function* repairInRoom({ engine, path, lock, keep, backup }: Repair): Operation<RepairLogResult> {
  const attempt = beginAttempt("Cannot repair", path);
  try {
    const hold = yield* takeLock(engine, path, { plan: lock }, undefined);
    try {
      attempt.path = hold.place.target.path;
      const plan = { ...writePlan(engine, { backup }), guard: () => hold.confirm("unchanged") };
      return yield* repairLocked({ engine, plan, path: attempt.path, attempt }, keep === "readable");
    } finally {
      yield* hold.release();
    }
  } catch (error) {
    throw translate(error, attempt);
  }
}

function* repairLocked(opening: Opening, skips: boolean): Operation<RepairLogResult> {
  const { engine, path, attempt } = opening;
  const file = yield* openRecords(engine, path, attempt, "read");
  if (file === undefined) throw attemptFailed(attempt, "ENOENT", "open", "there is no log");
  const replaced = replacing(opening, () => closeQuietly(file));
  const repairing = { ...opening, plan: replaced.plan };
  try {
    const { size } = yield* wait(file.stat());
    // An empty file is a log that nothing was written to yet.
    if (size === 0) return { path, repaired: false, damage: [], durability: yield* syncEmpty(opening, file) };
    const header = yield* readHeader(file, path);
    const records = recordsOf(header);
    const reader = new RecordReader(file, records.identity);
    const { damage, end } = yield* findDamage(reader, firstCursor(records), size, skips);
    const durability = damage.length === 0
      ? yield* syncIntact(repairing, file, header, end)
      : yield* putLog(repairing, rewrittenFilling(engine, file, header, skips));
    return { path, repaired: damage.length > 0, damage, durability };
  } finally {
    yield* replaced.close();
  }
}

/**
 * Makes a log that is damaged before its end usable again: what is kept is written into another file, which takes the
 * log's place in one atomic and durable step; the damaged log stays beside it as a backup.
 *
 * A log that is not damaged keeps its records; a torn tail is no damage. If its last records may be in memory alone, it
 * is written into another file, as `openLog` does. To see beforehand what would be lost, read the log with
 * `whenDamaged: "skip"`.
 *
 * @param path The log, a path or file: URL.
 * @param options See {@linkcode RepairLogOptions}.
 * @throws {CorruptionError} Its header is damaged: nothing can be read; or the snapshot is cut off. Nothing was changed.
 * @throws {LockBusyError} A writer has the log open; a LockTimeoutError where `lock.timeout` was waited for.
 * @throws {WriteError} There is no log, or the new one cannot be written; `targetState` says whether it was replaced.
 *
 * @example
 * ```ts
 * import { openLog, repairLog } from "@durable/atomic-write/log";
 *
 * const log = await openLog("operations.log");
 * await log.append("one");
 * await log.close();
 * const { repaired } = await repairLog("operations.log", { keep: "readable" });
 * console.log(repaired); // false
 * ```
 */
export function repairLog(path: FilePath, options?: RepairLogOptions): Promise<RepairLogResult> {
  return run(() => repair(path, options, false));
}

/**
 * Like {@linkcode repairLog}, synchronously.
 *
 * @param path The log, a path or file: URL.
 * @param options See {@linkcode RepairLogOptions}.
 * @throws What {@linkcode repairLog} rejects with.
 *
 * @example
 * ```ts
 * import { openLogSync, repairLogSync } from "@durable/atomic-write/log";
 *
 * openLogSync("operations.log").close();
 * console.log(repairLogSync("operations.log").damage); // []
 * ```
 */
export function repairLogSync(path: FilePath, options?: RepairLogSyncOptions): RepairLogResult {
  return runSync(() => repair(path, options, true));
}
