/**
 * Syncs: what counts as done, as not supported here, and as failed; and whether what it answers can be trusted.
 *
 * A real failure is final: after it the kernel has marked the pages clean, and a second sync would report success
 * without writing anything (PostgreSQL's fsyncgate, https://wiki.postgresql.org/wiki/Fsync_Errors). Only EINTR, which
 * says that nothing was decided, is repeated.
 *
 * A success counts when no sync on the same file system has failed since the operation began (sync_ledger.ts), and
 * every sync that was in flight when its own ended has ended too. A synchronous call cannot wait for those: it asks a
 * witness (sync_witness.ts). So does every call once a sync has failed there: what is dead answers syncs with success.
 */
import { UnsupportedError } from "../core/errors.ts";
import { type Awaitable, type Operation, wait } from "../core/operation.ts";
import type { FileStatus, OpenFile, SyncLevel } from "../runtime/runtime.ts";
import { SystemError } from "../runtime/system_error.ts";
import type { Engine } from "./engine.ts";
import { type Attempt, attemptFailed } from "./failure.ts";
import { doingTo, failureText } from "./plain_words.ts";
import { isUnsupported, saysFailed } from "./sync_codes.ts";
import { registeredSync, sharedSync } from "./shared_directory.ts";
import {
  beginSync,
  type DeviceSyncs,
  earlierSyncsEnded,
  endSync,
  failureSince,
  noteFailure,
  syncsOn,
} from "./sync_ledger.ts";
import { witnessSync } from "./sync_witness.ts";
import { type Durability, syncsDirectory } from "./write_plan.ts";

/** What the caller wants when a sync does not succeed. */
export interface SyncRules {
  readonly durability: Durability;
  readonly whenUnsupported: "report" | "throw";
  readonly whenSyncFails: "throw" | "report";
}

/** Where what is synced is: in which directory, and on which file system that is. */
export interface SyncPlace {
  readonly path: string;
  readonly status: Pick<FileStatus, "device">;
}

/** An open directory, or one that cannot be synced. */
interface SyncedDirectory {
  readonly path: string;
  readonly status: Pick<FileStatus, "device" | "identity">;
  readonly handle: OpenFile | undefined;
}

/** Others with which a sync is shared once their names are in place, too (round.ts). */
interface SyncSharers {
  shareSync(key: string, begin: () => Awaitable<number>): Promise<number>;
}

const levelOf = (rules: SyncRules): SyncLevel => rules.durability === "barrier" ? "barrier" : "full";

/** EINTR without end is a failure too. */
const interruptions = 8;

const mayRepeat = (error: unknown, tries: number): boolean =>
  error instanceof SystemError && error.code === "EINTR" && tries < interruptions;

/** What a step could not do, for a message. */
const impossible: Readonly<Record<string, string>> = {
  openDirectory: "the directory cannot be opened",
  sync: "the file cannot be synced",
  syncDirectory: "the directory cannot be synced",
};

/** An UnsupportedError for a durability that is not available here. */
export function durabilityUnsupported(
  rules: SyncRules,
  step: string,
  attempt: Attempt,
  cause?: unknown,
): UnsupportedError {
  const forbidden = cause instanceof SystemError && !isUnsupported(cause) ? "permitted" : "supported";
  const reason = `durability ${JSON.stringify(rules.durability)} is not ${forbidden} here: ${
    impossible[step] ?? `${doingTo(step)} failed`
  }`;
  return new UnsupportedError(attempt.verb, reason, {
    code: cause instanceof SystemError ? cause.code : "ENOTSUP",
    path: attempt.path,
    step,
    targetState: attempt.targetState,
    cause,
  });
}

/** Judges a failed sync by the caller's rules: false (reported in the durability), or an error. */
function judge(error: unknown, rules: SyncRules, step: string, attempt: Attempt): false {
  if (!(error instanceof SystemError)) throw error;
  if (isUnsupported(error)) {
    if (rules.whenUnsupported === "report") return false;
    throw durabilityUnsupported(rules, step, attempt, error);
  }
  if (rules.whenSyncFails === "report") return false;
  throw attemptFailed(attempt, error.code, step, failureText(error, attempt.path), error);
}

/** Writes a file in the directory `place` to disk. False: it is not there, and the rules say to go on. */
export function* syncFile(
  engine: Engine,
  { file, place }: { readonly file: OpenFile; readonly place: SyncPlace },
  rules: SyncRules,
  attempt: Attempt,
): Operation<boolean> {
  const syncs = syncsOn(engine, place.status.device);
  const order = beginSync(syncs);
  const level = levelOf(rules);
  for (let tries = 1;; tries++) {
    try {
      yield* wait(file.sync(level));
      break;
    } catch (error) {
      if (mayRepeat(error, tries)) continue;
      endSync(syncs, order, error);
      return judge(error, rules, "sync", attempt);
    }
  }
  const begun = endSync(syncs, order);
  if (isQuiet(syncs)) return true;
  return yield* isTrusted(engine, { syncs, begun, place: place.path, step: "sync" }, rules, attempt);
}

/**
 * Judges what one sync of a whole file system has answered (whole_sync.ts), for one of the files that it was made for.
 * Undefined: it was not made, or has failed, and the file is synced by itself.
 */
export function* judgeWholeSync(
  engine: Engine,
  { place, synced }: { readonly place: SyncPlace; readonly synced: Operation<number | undefined> },
  rules: SyncRules,
  attempt: Attempt,
): Operation<boolean | undefined> {
  const begun = yield* synced;
  if (begun === undefined) return undefined;
  const syncs = syncsOn(engine, place.status.device);
  if (isQuiet(syncs)) return true;
  return yield* isTrusted(engine, { syncs, begun, place: place.path, step: "sync" }, rules, attempt);
}

/**
 * Writes a directory's entries to disk, together with all others that wait for the same directory. False: they
 * are not there, and the rules say to go on; or the directory could not even be opened.
 */
export function* syncDirectory(
  engine: Engine,
  directory: SyncedDirectory & { readonly sharers?: SyncSharers | undefined },
  rules: SyncRules,
  attempt: Attempt,
): Operation<boolean> {
  const { handle, status, path, sharers } = directory;
  if (!syncsDirectory(rules.durability)) return false;
  if (handle === undefined) {
    yield* wait(engine.fileSystem.flushDirectory?.(path));
    return false;
  }
  const syncs = syncsOn(engine, status.device);
  const sync = { handle, level: levelOf(rules) };
  const key = `${status.identity} ${sync.level}`;
  const begin = () => sharedSync(engine.fileSystem, syncs, key, sync);
  let begun: number;
  for (let tries = 1;; tries++) {
    try {
      begun = yield* wait(
        engine.synchronous
          ? registeredSync(syncs, sync)
          : sharers === undefined
          ? begin()
          : sharers.shareSync(key, begin),
      );
      break;
    } catch (error) {
      if (!mayRepeat(error, tries)) return judge(error, rules, "syncDirectory", attempt);
    }
  }
  if (isQuiet(syncs)) return true;
  return yield* isTrusted(engine, { syncs, begun, place: path, step: "syncDirectory" }, rules, attempt);
}

/** Nothing else is being synced there, and nothing has ever failed: whatever has been answered is true. */
const isQuiet = ({ inFlight, failure }: DeviceSyncs): boolean => failure === undefined && inFlight.size === 0;

interface AnsweredSync {
  readonly syncs: DeviceSyncs;
  /** Those that had started when it ended have a lower order. */
  readonly begun: number;
  /** The directory of what was synced, or that itself. */
  readonly place: string;
  readonly step: string;
}

/** Whether the success that a sync has answered can be trusted. */
function* isTrusted(
  engine: Engine,
  { syncs, begun, place, step }: AnsweredSync,
  rules: SyncRules,
  attempt: Attempt,
): Operation<boolean> {
  if (!engine.synchronous) yield* earlierSyncsEnded(syncs, begun);
  if (failureSince(syncs, attempt.since) === undefined && isDoubtful(engine, syncs)) {
    try {
      yield* witnessSync(engine, place);
    } catch (error) {
      // It could not be asked (no room, no permission): nobody knows.
      if (!saysFailed(error)) return judge(error, rules, step, attempt);
      noteFailure(syncs, error);
    }
  }
  const failure = failureSince(syncs, attempt.since);
  if (failure === undefined) return true;
  if (rules.whenSyncFails === "report") return false;
  throw distrusted(failure, step, attempt);
}

/** A synchronous call has not waited; and a file system that has failed before may be dead, and answer syncs with success. */
const isDoubtful = ({ synchronous }: Engine, { inFlight, failure }: DeviceSyncs): boolean =>
  failure !== undefined || (synchronous && inFlight.size > 0);

/** The error for what was synced with success, and yet may be lost. */
function distrusted(failure: SystemError, step: string, attempt: Attempt): Error {
  const why = failureText(failure, attempt.path);
  const reason = `a sync on this file system failed while this was in progress, which may have lost it: ${why}`;
  return attemptFailed(attempt, failure.code, step, reason, failure);
}

/** Right before a commit: throws when what has been synced so far can no longer be trusted, and the caller wants to know. */
export function checkSyncs(engine: Engine, device: string, rules: SyncRules, attempt: Attempt): void {
  if (rules.durability === "none" || rules.whenSyncFails === "report") return;
  const failure = failureSince(syncsOn(engine, device), attempt.since);
  if (failure !== undefined) throw distrusted(failure, "sync", attempt);
}
