/**
 * The options of a lock, and the plan they become before any I/O.
 */
import { InvalidArgument, OutOfRange } from "../core/errors.ts";
import {
  abortSignal,
  callback,
  fileMode,
  type FilePath,
  filePath,
  flag,
  milliseconds,
  oneOf,
  type OptionReader,
  readOptions,
} from "../core/options.ts";
import type { Clock, Runtime } from "../runtime/runtime.ts";
import { runtimeOption, type UnsafePath } from "../protocol/engine.ts";
import type { LockBackend, LockInfo } from "./lock_info.ts";
import { type UnsafePathOption, unsafePathReader } from "../protocol/unsafe_path.ts";

/** Options of every function that takes a lock. */
export interface LockOptions extends UnsafePathOption {
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
  /**
   * The directory of the lock file. Default: that of the file, where the lock is `NAME.lock`. All programs that lock a
   * file must use the same; a `NAME.lock` that is there already is locked as well, so that changing to a lock directory
   * loses no update.
   */
  lockDirectory?: FilePath;
  /**
   * Permission bits of the lock file if it is created and the file does not exist yet; otherwise those of the file.
   * Default: 0o666 less the umask.
   */
  mode?: number;
  /**
   * If a program that started this one, directly or not, runs it inside this very lock (`atomic-write lock FILE --
   * PROGRAM`): use its lock, under an inner one that keeps programs which do the same apart. Without it that is a
   * DeadlockError at once. A lock that is held shared cannot be joined by who needs it exclusive.
   *
   * @default false
   */
  join?: boolean;
  /**
   * Called while the call waits for the lock: after one second, and once a second from then on. What it throws ends
   * the wait.
   */
  onWait?: (wait: LockWait) => void;
  /** The machine to work on. Default: the one this code runs on. */
  runtime?: Runtime;
}

/** What there is to tell about a wait for a lock. */
export interface LockWait {
  /** The file that is to be locked. */
  readonly path: string;
  /** Milliseconds since the call began to wait. */
  readonly waited: number;
  /** Who holds the lock, as {@linkcode inspectLock} reports it; undefined if that is not known. */
  readonly holder: LockInfo | undefined;
}

/** {@linkcode LockOptions} without what cannot exist synchronously. */
export type LockSyncOptions = Omit<LockOptions, "signal" | "onWait">;

/** {@linkcode LockOptions} of a call that tries once. */
export type TryLockOptions = Omit<LockOptions, "timeout" | "onWait">;

/** {@linkcode TryLockOptions} without what cannot exist synchronously. */
export type TryLockSyncOptions = Omit<TryLockOptions, "signal">;

/** How a call takes the lock that it works under. */
export interface ExclusiveLockOptions extends Omit<LockOptions, "shared" | "runtime" | "unsafePath"> {
  /** Never: a change needs an exclusive lock. */
  shared?: never;
}

/** {@linkcode ExclusiveLockOptions} without what cannot exist synchronously. */
export interface ExclusiveLockSyncOptions extends Omit<ExclusiveLockOptions, "signal" | "onWait"> {
  /** Never: a synchronous call cannot be aborted. */
  signal?: never;
  /** Never: nothing can be called while a synchronous call waits. */
  onWait?: never;
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
  /** What a lock file that is created is like, if there is no file to follow. */
  readonly newFile: LockFileModel | undefined;
  readonly join: boolean;
  readonly onWait: ((wait: LockWait) => void) | undefined;
  /** Whether a directory may be locked, too: by who asks for nothing but the lock. */
  readonly directories?: boolean;
}

/** What the mode and owner of a new lock file follow. */
export interface LockFileModel {
  readonly mode: number;
  /** Whether the mode is meant in spite of the umask. Default: true. */
  readonly exact?: boolean;
  readonly user?: number | undefined;
  readonly group?: number | undefined;
}

/** A plan, and what only a lock for its own sake may choose. */
interface LockChoice {
  readonly plan: LockPlan;
  readonly runtime: Runtime | undefined;
  readonly unsafePath: UnsafePath | undefined;
}

/** Less would take locks from holders that a busy machine keeps from renewing in time. */
const leastStaleAfter = 2_000;

const staleAfter: OptionReader<number> = (value, name) => {
  const checked = milliseconds(value, name);
  if (checked < leastStaleAfter) throw new OutOfRange(`${name} must be ${leastStaleAfter} ms or more, not ${checked}`);
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
  mode: fileMode,
  join: flag,
  onWait: callback<(wait: LockWait) => void>(),
  runtime: runtimeOption,
  unsafePath: unsafePathReader,
};

const { timeout: _triesOnce, onWait: _neverWaits, ...tryLockReaders } = lockOptionReaders;

/** Reads and checks the options of a call that tries once. */
export function tryLockPlan(options: unknown): LockChoice {
  const choice = planOf(readOptions(options, tryLockReaders));
  return { ...choice, plan: { ...choice.plan, timeout: 0 } };
}

/** Reads and checks lock options. */
export function lockPlan(options: unknown): LockChoice {
  return planOf(readOptions(options, lockOptionReaders));
}

/** Refuses a synchronous call the callback for which its wait leaves no time. */
export function refuseOnWait({ onWait }: LockPlan, name = "onWait"): void {
  if (onWait !== undefined) throw new InvalidArgument(`${name}: nothing can be called while a synchronous call waits`);
}

function planOf(checked: Partial<ReturnType<typeof readOptions<typeof lockOptionReaders>>>): LockChoice {
  const backend = checked.backend ?? "auto";
  if (checked.staleAfter !== undefined && backend !== "directory") {
    throw new InvalidArgument(
      'staleAfter needs backend: "directory": a kernel lock ends with its process, and not before',
    );
  }
  const plan = Object.freeze({
    shared: checked.shared ?? false,
    timeout: checked.timeout === Infinity ? undefined : checked.timeout,
    signal: checked.signal,
    backend,
    staleAfter: checked.staleAfter,
    lockDirectory: checked.lockDirectory,
    newFile: checked.mode === undefined ? undefined : { mode: checked.mode },
    join: checked.join ?? false,
    onWait: checked.onWait,
  });
  return { plan, runtime: checked.runtime, unsafePath: checked.unsafePath };
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
