/**
 * The options of publishing a directory and of going back, read before any I/O.
 */
import {
  abortSignal,
  callback,
  count,
  type FilePath,
  filePath,
  flag,
  milliseconds,
  readOptions,
} from "../core/options.ts";
import { lockPlanOption, refuseSignals } from "../lock/file_lock.ts";
import {
  type ExclusiveLockOptions,
  type ExclusiveLockSyncOptions,
  type LockPlan,
  lockPlan,
} from "../lock/lock_plan.ts";
import { type CallbackContext, type CallbackTimeouts, checkTimeouts, timeoutsReader } from "../lock/timed_callback.ts";
import { type Engine, locate, makeEngine, nameOf, runtimeOption } from "../protocol/engine.ts";
import { type Trust, type TrustOption, trustReader } from "../protocol/trust.ts";
import { type Durability, durabilityReaders, type WritePlan, writePlan } from "../protocol/write_plan.ts";
import { currentRuntime } from "../runtime/current.ts";
import type { Runtime } from "../runtime/runtime.ts";
import { type UnsafePathOption, unsafePathReader } from "../protocol/unsafe_path.ts";

/** Options of everything that switches what is published. */
export interface SwitchOptions extends TrustOption, UnsafePathOption {
  /**
   * Makes what is published now take effect. When it throws, the symlink is switched back, and it is called again. A process
   * that is killed before it has returned owes it: the next call with an `activate`, and `recoverTransactions`, know.
   */
  activate?: (context: CallbackContext) => void | Promise<void>;
  /** How long `activate` may take, in milliseconds, each time it is called. Default: as long as it likes. */
  timeouts?: Pick<CallbackTimeouts, "activate">;
  /** How the lock of the published path is taken. */
  lock?: ExclusiveLockOptions;
  /** Default `"full"`. */
  durability?: Durability;
  /** Aborts before the switch. */
  signal?: AbortSignal;
  /** The machine to work on. Default: the one this code runs on. */
  runtime?: Runtime;
}

/** Options of {@linkcode rollBackDirectory}. */
export interface RollBackOptions extends SwitchOptions {
  /**
   * The generation to go to: its path, or its name beside the published path. One that is newer than the present one, or
   * was gone back from, is published again as well. Default: the one before the present one.
   */
  generation?: FilePath;
}

/** {@linkcode RollBackOptions} without what cannot exist synchronously. */
export interface RollBackSyncOptions extends SwitchSyncOptions {
  /** As in {@linkcode RollBackOptions}. */
  generation?: FilePath;
}

/** Options of {@linkcode publishDirectory}. */
export interface PublishOptions extends Omit<SwitchOptions, "timeouts"> {
  /** How many earlier generations stay. Default 3. */
  keep?: number;
  /**
   * How long, in milliseconds, a generation stays at least after another one has taken its place: readers may still be in
   * it. Default 60,000.
   */
  grace?: number;
  /**
   * Publish over a plain directory, which becomes an earlier generation, or over a symlink that leads elsewhere: what it
   * leads to stays, but `rollBackDirectory` knows no way back to it.
   */
  adopt?: boolean;
  /** Asked when the new directory is complete and durable, and not published yet; throwing refuses it. */
  validate?: (directory: string, context: CallbackContext) => void | Promise<void>;
  /** How long `validate` and `activate` may take. Default: as long as they like. */
  timeouts?: CallbackTimeouts;
}

/** {@linkcode SwitchOptions} without what cannot exist synchronously. */
export interface SwitchSyncOptions extends Omit<SwitchOptions, "signal" | "lock" | "timeouts"> {
  /** As in {@linkcode SwitchOptions}. */
  lock?: ExclusiveLockSyncOptions;
}

/** {@linkcode PublishOptions} without what cannot exist synchronously. */
export interface PublishSyncOptions extends Omit<PublishOptions, "signal" | "lock" | "timeouts"> {
  /** As in {@linkcode PublishOptions}. */
  lock?: ExclusiveLockSyncOptions;
}

/** A request that is ready to begin. */
export interface PublishRequest {
  readonly engine: Engine;
  readonly path: string;
  readonly keep: number;
  readonly grace: number;
  readonly adopt: boolean;
  /** The name of the generation to go to. */
  readonly generation: string | undefined;
  readonly validate: PublishOptions["validate"];
  readonly activate: PublishOptions["activate"];
  readonly timeouts: CallbackTimeouts;
  /** Whose generations count. */
  readonly trust: Trust;
  readonly lock: LockPlan;
  readonly rules: WritePlan;
}

const switchReaders = {
  activate: callback<NonNullable<SwitchOptions["activate"]>>(),
  timeouts: timeoutsReader,
  lock: lockPlanOption,
  durability: durabilityReaders.durability,
  signal: abortSignal,
  runtime: runtimeOption,
  trust: trustReader,
  unsafePath: unsafePathReader,
};

const rollBackReaders = { ...switchReaders, generation: filePath };

const publishReaders = {
  ...switchReaders,
  keep: count,
  grace: milliseconds,
  adopt: flag,
  validate: callback<NonNullable<PublishOptions["validate"]>>(),
};

/** Reads the options of a publication. */
export function readPublishRequest(path: FilePath, options: unknown, synchronous: boolean): PublishRequest {
  return requestOf(path, readOptions(options, publishReaders), synchronous);
}

/** Reads the options of a switch to what was published before. */
export function readRollBackRequest(path: FilePath, options: unknown, synchronous: boolean): PublishRequest {
  const { generation, ...others } = readOptions(options, rollBackReaders);
  const request = requestOf(path, others, synchronous);
  if (generation === undefined) return request;
  return { ...request, generation: nameOf(request.engine, locate(request.engine, generation)) };
}

/** Reads the options that every switch has. */
export function readSwitchRequest(path: FilePath, options: unknown, synchronous: boolean): PublishRequest {
  return requestOf(path, readOptions(options, switchReaders), synchronous);
}

function requestOf(
  path: FilePath,
  checked: ReturnType<typeof readOptions<typeof publishReaders>>,
  synchronous: boolean,
): PublishRequest {
  const { keep = 3, grace = 60_000, adopt = false, validate, activate, timeouts = {} } = checked;
  const { lock, durability, signal, runtime, trust = [], unsafePath } = checked;
  const plan = lock ?? lockPlan(undefined).plan;
  refuseSignals(synchronous, signal, { plan });
  checkTimeouts(timeouts, { validate, activate }, synchronous);
  const engine = makeEngine(runtime ?? currentRuntime(), synchronous, { option: "trust", users: trust }, unsafePath);
  return {
    engine,
    // `releases/current/` means the symlink itself.
    path: locate(engine, filePath(path, "path")).replace(/(?<=[^/\\])[/\\]+$/, ""),
    keep,
    grace,
    adopt,
    generation: undefined,
    validate,
    activate,
    timeouts,
    trust,
    lock: { ...plan, signal: plan.signal ?? signal },
    rules: writePlan(engine, {
      ...durability === undefined ? {} : { durability },
      ...signal === undefined ? {} : { signal },
    }),
  };
}
