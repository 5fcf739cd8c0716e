/**
 * A log's file, opened for writing.
 *
 * There is none, or an empty file: it is made through the write protocol. There is one: it is read to its end, a torn tail is cut, and its
 * name is synced. Where nothing says of its last records that they are safely on disk (the writer was killed, or lost
 * power, or its last sync failed), all of it is written into another file, through the write protocol: a sync would
 * succeed even for records that an earlier sync has failed to write.
 *
 * After a failure nothing is open; what was found is unchanged, but for a torn tail that may have been cut.
 */
import { type Operation, wait } from "../core/operation.ts";
import { AppendFile, drawNumber, openRecords } from "./append_file.ts";
import { returnTicket, takeTicket } from "../protocol/commit_turn.ts";
import { closeParent, openParent } from "../protocol/directories.ts";
import { type Engine, parentOf } from "../protocol/engine.ts";
import { type Attempt, attemptFailed } from "../protocol/failure.ts";
import { closeQuietly } from "../protocol/file_call.ts";
import { type Filling, fillingFrom, replaceFile } from "../protocol/replace_file.ts";
import { findEnd, makeSure, type TornTail } from "./records_end.ts";
import { syncDirectory } from "../protocol/sync.ts";
import type { OpenFile } from "../runtime/runtime.ts";
import { type Durability, reachedDurability, type WritePlan } from "../protocol/write_plan.ts";
import { formatLogHeader, type LogHeader, recordsOf } from "./log_header.ts";
import { readHeader } from "./read_log.ts";
import { rewrittenFilling } from "./rewritten.ts";

/** Where a log is to be opened, and by which rules. */
export interface Opening {
  readonly engine: Engine;
  /** Its guard asks whether the writer's lock is still held. */
  readonly plan: WritePlan;
  readonly path: string;
  readonly attempt: Attempt;
}

/** A log file, open at its end. */
export interface Opened {
  readonly appended: AppendFile;
  readonly identity: string;
  readonly tornTail: TornTail | undefined;
  readonly reached: Durability;
}

/** Opens the log, which is made if there is none. */
export function* openOrMake(opening: Opening): Operation<Opened> {
  const existing = yield* openExisting(opening);
  if (existing !== undefined) return existing;
  const empty = formatLogHeader({ identity: drawNumber(opening.engine), firstSequence: 1, snapshot: undefined });
  return yield* openMade(opening, yield* putLog(opening, fillingFrom({ kind: "bytes", bytes: empty })));
}

/** Puts a log into the place of what is there; how durable it is. */
export function* putLog({ engine, path, plan }: Opening, filling: Filling): Operation<Durability> {
  const ticket = takeTicket();
  try {
    return (yield* replaceFile({ engine, path, plan: { ...plan, skipIfEqual: false }, ticket }, filling)).durability;
  } finally {
    returnTicket(ticket);
  }
}

/** A file that is open here and is about to be replaced. */
interface ReplacedFile {
  /** Closes the file right before the rename, where the system replaces no file that is open. */
  readonly plan: WritePlan;
  isClosed(): boolean;
  /** Closes it, unless it is closed by now. */
  close(): Operation<void>;
}

/** The plan for replacing a file that `close` closes. */
export function replacing({ engine, plan }: Opening, close: () => Operation<void>): ReplacedFile {
  let closed = false;
  function* closeOnce(): Operation<void> {
    if (closed) return;
    closed = true;
    yield* close();
  }
  function* guard(): Operation<void> {
    if (plan.guard !== undefined) yield* plan.guard();
    yield* closeOnce();
  }
  return {
    plan: engine.capabilities.replacesOpenFiles ? plan : { ...plan, guard },
    isClosed: () => closed,
    close: closeOnce,
  };
}

/** Writes an open log whose records may be in memory alone into another file, which takes its place. */
export function* rewriteLog(opening: Opening, file: OpenFile, header: LogHeader): Operation<Durability> {
  // What is replaced has the same content: no version worth keeping.
  const rewriting = { ...opening, plan: { ...opening.plan, backup: 0 } };
  return yield* putLog(rewriting, rewrittenFilling(opening.engine, file, header));
}

/** Opens the log that was just put there, and is as durable as `reached` says. */
export function* openMade({ engine, path, plan, attempt }: Opening, reached: Durability): Operation<Opened> {
  const file = yield* openRecords(engine, path, attempt);
  if (file === undefined) throw attemptFailed(attempt, "ENOENT", "open", "it was removed at once");
  try {
    const status = yield* wait(file.stat());
    const { identity } = status;
    const records = recordsOf(yield* readHeader(file, path));
    const { cursor, tornTail } = yield* findEnd(file, records, path);
    const place = { path: parentOf(engine, path), status };
    const end = { place, cursor, sealed: false, synced: reached !== "none" };
    return { appended: new AppendFile(engine, file, records.identity, plan, end), identity, tornTail, reached };
  } catch (error) {
    yield* closeQuietly(file);
    throw error;
  }
}

/** Opens the log that is there, and makes sure of it and of its name; undefined when there is none, or an empty file. */
function* openExisting(opening: Opening): Operation<Opened | undefined> {
  const { engine, path, plan, attempt } = opening;
  const file = yield* openRecords(engine, path, attempt);
  if (file === undefined) return undefined;
  const replaced = replacing(opening, () => closeQuietly(file));
  try {
    const status = yield* wait(file.stat());
    // Another program has made the file before it had anything to put into it, as a service manager does.
    if (status.size === 0) {
      yield* replaced.close();
      return undefined;
    }
    const place = { path: parentOf(engine, path), status };
    const header = yield* readHeader(file, path);
    const records = recordsOf(header);
    const end = yield* findEnd(file, records, path);
    const { tornTail } = end;
    const sureness = yield* makeSure(engine, { file, place }, end, plan, attempt);
    if (sureness === "unproven") {
      const made = yield* openMade(opening, yield* rewriteLog({ ...opening, plan: replaced.plan }, file, header));
      yield* replaced.close();
      return { ...made, tornTail };
    }
    const synced = sureness === "synced";
    const named = yield* syncName(engine, path, plan, attempt);
    const appended = new AppendFile(engine, file, records.identity, plan, { ...end, place, synced });
    return {
      appended,
      identity: status.identity,
      tornTail,
      reached: reachedDurability(plan.durability, synced, named),
    };
  } catch (error) {
    yield* replaced.close();
    throw error;
  }
}

/** Makes the name of a log durable; false where the platform cannot. */
export function* syncName(engine: Engine, path: string, plan: WritePlan, attempt: Attempt): Operation<boolean> {
  const parent = yield* openParent(engine, parentOf(engine, path), plan, attempt);
  try {
    return yield* syncDirectory(engine, parent, plan, attempt);
  } finally {
    yield* closeParent(parent);
  }
}
