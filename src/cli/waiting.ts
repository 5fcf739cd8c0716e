/** The lock of a file, as the options that flock(1) has ask for it. */
import { LockTimeoutError } from "../core/errors.ts";
import type { FileLock } from "../lock/file_lock.ts";
import { acquireLock } from "../lock/with_lock.ts";
import { UsageError } from "./arguments.ts";
import { exitStatus } from "./exit_status.ts";
import type { Outcome } from "./table.ts";
import type { WaitValues } from "./grammar/rows.ts";

/** How long to wait for a lock, in milliseconds. */
export function patienceOf({ nonblock, timeout }: WaitValues): number {
  if (nonblock && timeout !== undefined) throw new UsageError("--nonblock and --timeout cannot be combined");
  return nonblock ? 0 : timeout === undefined ? Infinity : timeout * 1000;
}

/** What a command has to say when a lock was not free in time; any other error is thrown. */
export function notInTime(error: unknown, { conflictExitCode }: WaitValues): Outcome & { readonly status: number } {
  if (!LockTimeoutError.is(error)) throw error;
  const { code, step, targetState, message } = error;
  return {
    result: { error: { code, step, targetState, path: error.path, message } },
    notes: [message],
    status: conflictExitCode ?? exitStatus.notInTime,
    changing: false,
  };
}

/** Takes the lock. Not in time: what the command has to say then. */
export async function lockInTime(
  path: string,
  waiting: WaitValues,
  how: { shared: boolean; signal: AbortSignal },
): Promise<FileLock | Outcome & { readonly status: number }> {
  const timeout = patienceOf(waiting);
  try {
    return await acquireLock(path, { ...how, timeout });
  } catch (error) {
    return notInTime(error, waiting);
  }
}

/** How long to wait for a lock, in milliseconds; empty: without end. */
export function patience(
  { nonblock, timeout }: { readonly nonblock?: boolean | undefined; readonly timeout?: number | undefined },
): { timeout?: number } {
  if (nonblock && timeout !== undefined) throw new UsageError("--nonblock and --timeout cannot be combined");
  return nonblock ? { timeout: 0 } : timeout === undefined ? {} : { timeout: timeout * 1000 };
}
