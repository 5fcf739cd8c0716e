/**
 * `recoverTransactions`: what is promised; how it is kept, in recover.ts and recover_one.ts.
 */
import { FileError } from "../core/errors.ts";
import { abortSignal, callback, type FilePath, filePath, oneOf, readOptions } from "../core/options.ts";
import { type Operation, run, runSync } from "../core/operation.ts";
import { lockPlanOption, refuseSignals } from "../lock/file_lock.ts";
import type { LockHold } from "../lock/lock_hold.ts";
import { type ExclusiveLockOptions, type ExclusiveLockSyncOptions, lockPlan } from "../lock/lock_plan.ts";
import { locate, makeEngine, runtimeOption } from "../protocol/engine.ts";
import { type Attempt, attemptFailed, beginAttempt, checkAbort, translate } from "../protocol/failure.ts";
import { inRoom } from "../protocol/room.ts";
import { type TrustOption, trustReader } from "../protocol/trust.ts";
import { writePlan } from "../protocol/write_plan.ts";
import { currentRuntime } from "../runtime/current.ts";
import type { Runtime } from "../runtime/runtime.ts";
import {
  activateInTime,
  type CallbackContext,
  type CallbackTimeouts,
  checkTimeouts,
  timeoutsReader,
} from "../lock/timed_callback.ts";
import { recoverDirectory } from "./recover.ts";
import { Homes } from "../protocol/homes.ts";
import { emptyReport, type Recovery, type RecoveryReport } from "./recovery.ts";
import { type UnsafePathOption, unsafePathReader } from "../protocol/unsafe_path.ts";

/** Options of {@linkcode recoverTransactions}. */
export interface RecoverOptions extends TrustOption, UnsafePathOption {
  /**
   * Called for each transaction that is settled now and whose activation may not have happened, with the path of its
   * journal, which is removed when the callback has returned. Without it those journals stay, and are named every time.
   */
  activate?: (journal: string, context: CallbackContext) => void | Promise<void>;
  /** How long `activate` may take, in milliseconds, each time it is called. Default: as long as it likes. */
  timeouts?: Pick<CallbackTimeouts, "activate">;
  /**
   * `"recover"`: also transactions whose owner may still be running. Only when it is known that no such process runs
   * any more.
   */
  unproven?: "keep" | "recover";
  /** How the files' locks are taken. */
  lock?: ExclusiveLockOptions;
  /** Ends the waiting for locks. */
  signal?: AbortSignal;
  /** The machine to work on. Default: the one this code runs on. */
  runtime?: Runtime;
}

/** {@linkcode RecoverOptions} without what cannot exist synchronously. */
export interface RecoverSyncOptions extends Omit<RecoverOptions, "signal" | "lock" | "timeouts"> {
  /** As in {@linkcode RecoverOptions}. */
  lock?: ExclusiveLockSyncOptions;
}

const readers = {
  activate: callback<NonNullable<RecoverOptions["activate"]>>(),
  timeouts: timeoutsReader,
  unproven: oneOf("keep", "recover"),
  lock: lockPlanOption,
  signal: abortSignal,
  runtime: runtimeOption,
  trust: trustReader,
  unsafePath: unsafePathReader,
};

function* recover(
  path: FilePath,
  options: RecoverOptions | undefined,
  synchronous: boolean,
  report: RecoveryReport = emptyReport(),
): Operation<RecoveryReport> {
  const checked = readOptions(options, readers);
  const engine = makeEngine(checked.runtime ?? currentRuntime(), synchronous, {
    option: "trust",
    users: checked.trust ?? [],
  }, checked.unsafePath);
  const directory = locate(engine, filePath(path, "directory"));
  const attempt: Attempt = { ...beginAttempt("Cannot recover", directory), targetState: "unknown" };
  const { activate, timeouts = {}, lock = lockPlan(undefined).plan, signal } = checked;
  refuseSignals(synchronous, signal, { plan: lock });
  checkTimeouts(timeouts, { activate }, synchronous);
  const rules = {
    lock: { ...lock, signal: lock.signal ?? signal },
    sync: writePlan(engine, {}),
    trust: checked.trust ?? [],
    unproven: checked.unproven ?? "keep",
    activate: activate === undefined
      ? undefined
      : (journal: string, holds: readonly LockHold[]) =>
        activateInTime({ engine, timeouts, activate: (context) => activate(journal, context) }, holds),
  };
  try {
    checkAbort(signal);
    yield* inRoom(
      engine,
      "sets",
      { signal },
      () => recoverIn(directory, { rules, homes: new Homes(engine, rules.sync, attempt), attempt, report }),
    );
    return report;
  } catch (error) {
    throw translate(error, attempt);
  }
}

function* recoverIn(directory: string, recovery: Recovery): Operation<void> {
  const { homes, attempt } = recovery;
  try {
    yield* recoverDirectory(yield* homes.open(directory), recovery);
  } catch (error) {
    const isMissing = FileError.is(error) && error.code === "ENOENT" && error.step === "openDirectory";
    throw isMissing ? attemptFailed(attempt, "ENOENT", "readDirectory", "there is no such directory") : error;
  } finally {
    yield* homes.close();
  }
}

/**
 * Brings every transaction that a crash has cut off, and of which there is a sign in the directory, to its end: all of its
 * files new if it had been decided, all as they were if not. Transactions that are alive stay.
 *
 * {@linkcode applyFiles} does it by itself for what it meets. Call this when a service starts, and when `needsActivation`
 * is to be known: what depends on the files (a server to reload) may not have been notified.
 *
 * One that was cut off before its journal had been written is found only from the directories of its files, each for
 * itself: nothing has changed by then, and what was staged there stays until that directory is recovered or applied to.
 *
 * It may itself be cut off and called again, needs no room on the disk, and leaves files that are neither old nor new
 * alone (`conflicts`). Subdirectories are not looked into.
 *
 * @example
 * ```ts
 * import { recoverTransactions } from "@durable/atomic-write/transaction";
 *
 * const { finished, undone, needsActivation } = await recoverTransactions(".");
 * console.log(finished.length, undone.length, needsActivation.length); // 0 0 0
 * ```
 *
 * @param directory A directory of the transaction: of any of its files, or of the journal.
 * @param options Whether to activate, and what to do about transactions whose owner may still be running.
 * @returns What was done, and what was left alone.
 * @throws {WriteError} There is no such directory, or something could not be renamed or synced: call it again
 * (`"unknown"`).
 */
export function recoverTransactions(directory: FilePath, options?: RecoverOptions): Promise<RecoveryReport> {
  return run(() => recover(directory, options, false));
}

/**
 * Like {@linkcode recoverTransactions}, synchronously.
 *
 * @example
 * ```ts
 * import { recoverTransactionsSync } from "@durable/atomic-write/transaction";
 *
 * console.log(recoverTransactionsSync(".").finished.length); // 0
 * ```
 *
 * @param directory A directory of the transaction.
 * @param options Those of {@linkcode recoverTransactions}; callbacks return no promises.
 * @returns What was done, and what was left alone.
 * @throws What {@linkcode recoverTransactions} rejects with.
 */
export function recoverTransactionsSync(
  directory: FilePath,
  options?: RecoverSyncOptions,
): RecoveryReport {
  return runSync(() => recover(directory, options, true));
}

/** {@linkcode recoverTransactions} that adds to a report, which then contains what was done even when it throws. */
export async function recoverInto(report: RecoveryReport, directory: FilePath, options: RecoverOptions): Promise<void> {
  await run(() => recover(directory, options, false, report));
}
