/**
 * A log's file, opened for writing: made through the write protocol if there is none, read to its end, cut and synced.
 *
 * After a failure nothing is open; what was found is unchanged, but for a torn tail that may have been cut.
 */
import { type Operation, wait } from "../core/operation.ts";
import type { LockHold } from "../lock/lock.ts";
import { type AppendFile, drawNumber, openAppendFile, type TornTail } from "../protocol/append_file.ts";
import { returnTicket, takeTicket } from "../protocol/commit_turn.ts";
import { closeParent, openParent } from "../protocol/directories.ts";
import { type Engine, parentOf } from "../protocol/engine.ts";
import { type Attempt, attemptFailed } from "../protocol/failure.ts";
import { closeQuietly } from "../protocol/file_call.ts";
import { fillingFrom, replaceFile } from "../protocol/replace_file.ts";
import { syncDirectory } from "../protocol/sync.ts";
import { type Durability, reachedDurability, type WritePlan } from "../protocol/write_plan.ts";
import { formatLogHeader, recordsOf } from "./log_header.ts";
import { readHeader } from "./read_log.ts";

/** A log file, open at its end. */
export interface Opened {
  readonly appended: AppendFile;
  readonly identity: string;
  readonly tornTail: TornTail | undefined;
  readonly reached: Durability;
}

/** Opens the log at `path`, which is made if there is none. */
export function* openOrMake(
  engine: Engine,
  plan: WritePlan,
  path: string,
  hold: LockHold,
  attempt: Attempt,
): Operation<Opened> {
  const existing = yield* openExisting(engine, path, plan, attempt);
  if (existing !== undefined) return existing;
  const ticket = takeTicket();
  try {
    const filling = fillingFrom({ kind: "bytes", bytes: emptyLog(engine) }, undefined);
    yield* replaceFile(engine, path, { ...plan, guard: () => hold.confirm("unchanged") }, filling, ticket);
  } finally {
    returnTicket(ticket);
  }
  const made = yield* openExisting(engine, path, plan, attempt);
  if (made === undefined) throw attemptFailed(attempt, "ENOENT", "open", "it was removed at once");
  return made;
}

/** Opens the log at `path`, cuts what is torn, syncs all of it and its name; undefined when there is none. */
export function* openExisting(
  engine: Engine,
  path: string,
  plan: WritePlan,
  attempt: Attempt,
): Operation<Opened | undefined> {
  const file = yield* wait(engine.fileSystem.open(path, "read-write"));
  if (file === undefined) return undefined;
  try {
    const { identity } = yield* wait(file.stat());
    const header = yield* readHeader(file, path);
    const { appended, tornTail, synced } = yield* openAppendFile(engine, file, recordsOf(header), plan, attempt);
    const named = yield* syncName(engine, path, plan, attempt);
    return { appended, identity, tornTail, reached: reachedDurability(plan.durability, synced, named) };
  } catch (error) {
    yield* closeQuietly(file);
    throw error;
  }
}

function* syncName(engine: Engine, path: string, plan: WritePlan, attempt: Attempt): Operation<boolean> {
  const parent = yield* openParent(engine, parentOf(engine, path), plan, attempt);
  try {
    return yield* syncDirectory(engine, parent, plan, attempt);
  } finally {
    yield* closeParent(parent);
  }
}

/** A log without anything in it. */
function emptyLog(engine: Engine): Uint8Array {
  return formatLogHeader({ identity: drawNumber(engine), firstSequence: 1, snapshot: undefined });
}
