/**
 * The options of a lock, and the plan they become before any I/O.
 */
import {
  abortSignal,
  type FilePath,
  filePath,
  flag,
  milliseconds,
  oneOf,
  type OptionReader,
  readOptions,
} from "../core/options.ts";
import type { Clock, Runtime } from "../runtime/runtime.ts";
import { runtimeOption } from "../protocol/engine.ts";

/** How a file is locked: by the kernel (flock), or by a lock directory if there is no kernel lock. */
export type LockBackend = "flock" | "directory";

/** Options of every function that takes a lock. */
export interface LockOptions {
  /**
   * Take the lock together with other shared holders, but never at the same time as an exclusive one.
   *
   * @default false
   */
  shared?: boolean;
  /** How long to wait, in milliseconds; 0 tries once. Default: wait until the lock is free. */
  timeout?: number;
  /** Ends the waiting; the call rejects with the signal's reason. */
  signal?: AbortSignal;
  /**
   * `"auto"`: the kernel's lock if there is one, otherwise a lock directory.
   *
   * @default "auto"
   */
  backend?: "auto" | LockBackend;
  /**
   * Requires `backend: "directory"`, otherwise a TypeError: a lock that its holder has not renewed for this many
   * milliseconds (at least 2,000) may be taken over, although the holder may be alive. Updates can then be lost; see
   * docs/guarantees.md.
   */
  staleAfter?: number;
  /** Where the lock file is. Default: beside the file, as `NAME.lock`. All programs that lock a file must use the same. */
  lockDirectory?: FilePath;
  /** The machine to work on. Default: the one this code runs on. */
  runtime?: Runtime;
}

/** {@linkcode LockOptions} without what cannot exist synchronously. */
export type LockSyncOptions = Omit<LockOptions, "signal">;

/** {@linkcode LockOptions} of a call that tries once. */
export type TryLockOptions = Omit<LockOptions, "timeout">;

/** {@linkcode TryLockOptions} without what cannot exist synchronously. */
export type TryLockSyncOptions = Omit<TryLockOptions, "signal">;

/** How a call takes the lock that it works under. */
export interface ExclusiveLockOptions extends Omit<LockOptions, "shared" | "runtime"> {
  /** Never: a change needs an exclusive lock. */
  shared?: never;
}

/** {@linkcode ExclusiveLockOptions} without what cannot exist synchronously. */
export interface ExclusiveLockSyncOptions extends Omit<ExclusiveLockOptions, "signal"> {
  /** Never: a synchronous call cannot be aborted. */
  signal?: never;
}

/** How long somebody is willing to wait. */
export interface Patience {
  /** Milliseconds in all; undefined without end. */
  readonly timeout: number | undefined;
  readonly signal: AbortSignal | undefined;
  /** Milliseconds left. */
  left(): number | undefined;
  /** Whether any time has been spent on waiting: what was seen before may not be so any more. */
  waited: boolean;
}

/** What a lock shall be, with every default filled in. */
export interface LockPlan {
  readonly shared: boolean;
  readonly timeout: number | undefined;
  readonly signal: AbortSignal | undefined;
  readonly backend: "auto" | LockBackend;
  readonly staleAfter: number | undefined;
  readonly lockDirectory: FilePath | undefined;
}

/** Less would take locks from holders that a busy machine keeps from renewing in time. */
const leastStaleAfter = 2_000;

const staleAfter: OptionReader<number> = (value, name) => {
  const checked = milliseconds(value, name);
  if (checked < leastStaleAfter) throw new RangeError(`${name} must be ${leastStaleAfter} ms or more, not ${checked}`);
  return checked;
};

/** The readers of {@linkcode LockOptions}. */
export const lockOptionReaders = {
  shared: flag,
  timeout: milliseconds,
  signal: abortSignal,
  backend: oneOf("auto", "flock", "directory"),
  staleAfter,
  lockDirectory: filePath,
  runtime: runtimeOption,
};

const { timeout: _triesOnce, ...tryLockReaders } = lockOptionReaders;

/** Reads and checks the options of a call that tries once. */
export function tryLockPlan(options: unknown): { plan: LockPlan; runtime: Runtime | undefined } {
  const { plan, runtime } = planOf(readOptions(options, tryLockReaders));
  return { plan: { ...plan, timeout: 0 }, runtime };
}

/** Reads and checks lock options. */
export function lockPlan(options: unknown): { plan: LockPlan; runtime: Runtime | undefined } {
  return planOf(readOptions(options, lockOptionReaders));
}

function planOf(checked: ReturnType<typeof readOptions<typeof lockOptionReaders>>): {
  plan: LockPlan;
  runtime: Runtime | undefined;
} {
  const backend = checked.backend ?? "auto";
  if (checked.staleAfter !== undefined && backend !== "directory") {
    throw new TypeError('staleAfter needs backend: "directory": a kernel lock ends with its process, and not before');
  }
  const plan = Object.freeze({
    shared: checked.shared ?? false,
    timeout: checked.timeout === Infinity ? undefined : checked.timeout,
    signal: checked.signal,
    backend,
    staleAfter: checked.staleAfter,
    lockDirectory: checked.lockDirectory,
  });
  return { plan, runtime: checked.runtime };
}

/** Starts the clock of a plan's timeout. */
export function patienceOf(plan: LockPlan, clock: Clock): Patience {
  const start = plan.timeout === undefined ? 0 : clock.monotonic();
  return {
    timeout: plan.timeout,
    signal: plan.signal,
    left: () => plan.timeout === undefined ? undefined : Math.max(0, plan.timeout - (clock.monotonic() - start)),
    waited: false,
  };
}
