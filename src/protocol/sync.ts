/**
 * Syncs: what counts as done, as not supported here, and as failed; and one directory sync for all who wait for it.
 *
 * A real failure is final: after it the kernel has marked the pages clean, and a second sync would report success
 * without writing anything (PostgreSQL's fsyncgate, https://wiki.postgresql.org/wiki/Fsync_Errors). Only EINTR, which
 * says that nothing was decided, is repeated.
 *
 * Group commit of directory syncs: whoever comes while a sync is in flight waits for the *next* one, because the one in
 * flight may have started before his rename. All who waited share its outcome.
 */
import { UnsupportedError } from "../core/errors.ts";
import { type Awaitable, type Operation, wait } from "../core/operation.ts";
import type { FileSystem, OpenFile, SyncLevel } from "../runtime/runtime.ts";
import { SystemError } from "../runtime/system_error.ts";
import type { Engine } from "./engine.ts";
import { type Attempt, attemptFailed } from "./failure.ts";
import { doingTo, failureText } from "./plain_words.ts";
import type { Durability } from "./write_plan.ts";

/** What the caller wants when a sync does not succeed. */
export interface SyncRules {
  readonly durability: Durability;
  readonly whenUnsupported: "report" | "throw";
  readonly whenSyncFails: "throw" | "report";
}

/** What a file system answers that has no such sync; everything else is a real failure. */
const unsupportedCodes = new Set(["EINVAL", "ENOTSUP", "EOPNOTSUPP", "ENOSYS"]);

/** Whether an error says "not here" rather than "it failed". */
export function isUnsupported(error: unknown): boolean {
  return error instanceof SystemError && unsupportedCodes.has(error.code);
}

const levelOf = (rules: SyncRules): SyncLevel => rules.durability === "barrier" ? "barrier" : "full";

/** EINTR without end is a failure too. */
const interruptions = 8;

function* untilDecided(sync: () => Awaitable<void>): Operation<void> {
  for (let attempt = 1;; attempt++) {
    try {
      return yield* wait(sync());
    } catch (error) {
      const again = error instanceof SystemError && error.code === "EINTR" && attempt < interruptions;
      if (!again) throw error;
    }
  }
}

/** An UnsupportedError for a durability that cannot be had here. */
export function durabilityUnsupported(
  rules: SyncRules,
  step: string,
  attempt: Attempt,
  cause?: unknown,
): UnsupportedError {
  const forbidden = cause instanceof SystemError && !isUnsupported(cause) ? "permitted" : "supported";
  const reason = `durability ${JSON.stringify(rules.durability)} cannot be had here: ${
    doingTo(step)
  } is not ${forbidden}`;
  return new UnsupportedError(`${attempt.verb} ${JSON.stringify(attempt.path)}`, reason, {
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

/** Puts a file onto the medium. False: it is not there, and the rules say to go on. */
export function* syncFile(file: OpenFile, rules: SyncRules, attempt: Attempt): Operation<boolean> {
  try {
    yield* untilDecided(() => file.sync(levelOf(rules)));
    return true;
  } catch (error) {
    return judge(error, rules, "sync", attempt);
  }
}

/** Puts a directory's entries onto the medium, together with all others that wait for the same directory. */
export function* syncDirectory(
  engine: Engine,
  directory: OpenFile,
  identity: string,
  rules: SyncRules,
  attempt: Attempt,
): Operation<boolean> {
  try {
    const level = levelOf(rules);
    const key = `${identity} ${level}`;
    yield* untilDecided(() =>
      engine.synchronous ? directory.sync(level) : sharedSync(engine.fileSystem, directory, key, level)
    );
    return true;
  } catch (error) {
    return judge(error, rules, "syncDirectory", attempt);
  }
}

interface Waiter {
  readonly directory: OpenFile;
  resolve(): void;
  reject(error: unknown): void;
}

/** Per file system, the directories with a sync in flight, and who waits for the next. */
const inFlight = new WeakMap<FileSystem, Map<string, Waiter[]>>();

function sharedSync(fileSystem: FileSystem, directory: OpenFile, key: string, level: SyncLevel): Awaitable<void> {
  let waiting = inFlight.get(fileSystem);
  if (waiting === undefined) inFlight.set(fileSystem, waiting = new Map());
  const queue = waiting.get(key);
  if (queue !== undefined) {
    return new Promise((resolve, reject) => queue.push({ directory, resolve, reject }));
  }
  const all = waiting;
  all.set(key, []);
  let started: void | PromiseLike<void>;
  try {
    started = directory.sync(level);
  } catch (error) {
    all.delete(key);
    throw error;
  }
  if (started === undefined) {
    all.delete(key);
    return;
  }
  const next = (): void => {
    const batch = all.get(key);
    const leader = batch?.[0];
    if (batch === undefined || leader === undefined) {
      all.delete(key);
      return;
    }
    all.set(key, []);
    // The leader's own handle: it was opened before its rename, so a write error since then is reported through it.
    startSync(leader.directory, level).then(
      () => batch.forEach((each) => each.resolve()),
      (error) => batch.forEach((each) => each.reject(error)),
    ).then(next);
  };
  const first = Promise.resolve(started);
  first.then(next, next);
  return first;
}

async function startSync(directory: OpenFile, level: SyncLevel): Promise<void> {
  await directory.sync(level);
}
