/**
 * What `applyFiles` is asked to do: read completely and checked before any I/O.
 */
import { InvalidArgument } from "../core/errors.ts";
import type { FileData } from "../core/bytes.ts";
import {
  abortSignal,
  callback,
  count,
  type FilePath,
  filePath,
  type OptionReader,
  readOptions,
  wrongArgument,
} from "../core/options.ts";
import { neededLockOption, refuseSignals } from "../lock/file_lock.ts";
import type { FileLock } from "../lock/file_lock.ts";
import type { LockHold } from "../lock/lock_hold.ts";
import {
  type ExclusiveLockOptions,
  type ExclusiveLockSyncOptions,
  type LockPlan,
  lockPlan,
} from "../lock/lock_plan.ts";
import { type CallbackContext, type CallbackTimeouts, checkTimeouts, timeoutsReader } from "../lock/timed_callback.ts";
import { type Engine, locate, makeEngine, runtimeOption } from "../protocol/engine.ts";
import type { NewFileDefaults, Owner } from "../protocol/mode_and_owner.ts";
import {
  type Durability,
  durabilityReaders,
  replaceOptionReaders,
  type WritePlan,
  writePlan,
} from "../protocol/write_plan.ts";
import { type Trust, type TrustOption, trustReader } from "../protocol/trust.ts";
import { currentRuntime } from "../runtime/current.ts";
import type { RequestedDirectory } from "./make_planned_directories.ts";
import type { Runtime } from "../runtime/runtime.ts";
import { readPlannedDirectory, readPlannedFile, type RequestedFile } from "./planned_files.ts";
import { type UnsafePathOption, unsafePathReader } from "../protocol/unsafe_path.ts";

/** A file that is to be replaced or made together with others. */
export interface PlannedFile {
  /** The file, a path or file: URL. Its directory must exist. */
  path: FilePath;
  /** Its new content. */
  data: FileData;
  /** Permission bits. `"keep"` (default): those of the file that is replaced, or of a new one 0o666 minus the umask. */
  mode?: number | "keep";
  /** `"keep"` (default): the old file's owner, as far as permitted; `"leave"`: the process's own. */
  owner?: Owner | "keep" | "leave";
  /** Used only when the file does not exist yet. */
  defaults?: NewFileDefaults;
}

/** A file that is to be gone together with what happens to others. One that does not exist is `"unchanged"`. */
export interface PlannedRemoval {
  /** The file, a path or file: URL. A symlink is refused: name the file it leads to. */
  path: FilePath;
  /** Removes it. Its content stays as a backup, unless `backup` is 0. */
  remove: true;
}

/** A directory that files of the plan need. */
export interface PlannedDirectory {
  /** The directory, a path or file: URL. Its parent must exist, or come before it in the plan. */
  path: FilePath;
  /** Permission bits of a directory that is made. Default: 0o777 minus the umask. */
  mode?: number;
  /** Owner of a directory that is made. Default: the process's own. */
  owner?: Owner;
}

/** Several files, and one outcome for all of them. */
export interface ApplyPlan {
  /** The files. Two paths to one file, and none at all, are a TypeError. */
  files: readonly (PlannedFile | PlannedRemoval)[];
  /**
   * Directories that are made first, durably, where they are missing. One that exists is left alone; those that were made
   * stay whatever the outcome is. Default: none.
   */
  directories?: readonly PlannedDirectory[];
  /**
   * Asked when everything is staged and nothing has changed yet; throwing refuses. It gets the path at which the new
   * content of each file is now, by the file's path as the plan gives it, as an absolute one, and by the real path,
   * without symlinks: a file may have several entries. For a file that is left alone, that is the real path.
   * It must only read: what it changes there goes live unsynced, and a rollback takes it for somebody else's.
   */
  validate?: (staged: ReadonlyMap<string, string>, context: CallbackContext) => void | Promise<void>;
  /**
   * Makes the new files take effect: reloads a server. When it throws, every file is restored and it is called again.
   * It may be called for files that have taken effect already: after a crash nobody knows.
   */
  activate?: (context: CallbackContext) => void | Promise<void>;
  /** How long `validate` and `activate` may take. Default: as long as they like. */
  timeouts?: CallbackTimeouts;
  /**
   * Keep the last so many versions of each file as hidden backups. Default 3. **0: there is nothing to go back to: when
   * `activate` fails, the new files stay.**
   */
  backup?: number;
}

/** What is going on. */
export interface ApplyProgress {
  /** The step. */
  step: "lock" | "stage" | "back up" | "validate" | "commit" | "rename" | "activate" | "roll back";
  /** How many files the step has done. */
  done: number;
  /** How many there are. */
  total: number;
}

/** Options of {@linkcode applyFiles}. */
export interface ApplyOptions extends TrustOption, UnsafePathOption {
  /** The directory that the journal is kept in while the transaction runs. Default: that of the first file. */
  journal?: FilePath;
  /**
   * How the files' locks are taken; `timeout` is for all of them together. A lock that is held for one of the files is
   * joined. They are always taken: without them two transactions could mix.
   */
  lock?: true | ExclusiveLockOptions | FileLock;
  /**
   * Default `"full"`. With less, "all or nothing" holds when processes are killed, but not when the power fails.
   */
  durability?: Durability;
  /**
   * If something of a file cannot be kept, or cannot even be seen: report it, or throw before the commit point. As in the
   * options of a write.
   *
   * @default "report"
   */
  whenLost?: "report" | "throw";
  /**
   * For how long each file is waited for that another program has open, where the system does not replace open files
   * (Windows), in milliseconds. When the time is over, everything is put back.
   *
   * @default 2000
   */
  busyTimeout?: number;
  /**
   * Aborts before the commit point: nothing has changed then, and `validate` is notified. After it the signal has no
   * effect, but that it ends the waiting for a file that another program has open: then everything is put back.
   */
  signal?: AbortSignal;
  /** Told what is going on. Throwing aborts before the commit point; after it, it is ignored. */
  onProgress?: (progress: ApplyProgress) => void;
  /** The machine to work on. Default: the one this code runs on. */
  runtime?: Runtime;
}

/** {@linkcode ApplyOptions} without what cannot exist synchronously. */
export interface ApplySyncOptions extends Omit<ApplyOptions, "signal" | "lock"> {
  /** As in {@linkcode ApplyOptions}. */
  lock?: true | ExclusiveLockSyncOptions | FileLock;
}

/** {@linkcode ApplyPlan} without what cannot exist synchronously. */
export interface ApplyPlanSync extends Omit<ApplyPlan, "validate" | "activate" | "timeouts"> {
  /** As in {@linkcode ApplyPlan}. */
  validate?: (staged: ReadonlyMap<string, string>, context: CallbackContext) => void;
  /** As in {@linkcode ApplyPlan}. */
  activate?: (context: CallbackContext) => void;
}

/** A request that is ready to begin. */
export interface ApplyRequest {
  readonly engine: Engine;
  readonly files: readonly RequestedFile[];
  readonly directories: readonly RequestedDirectory[];
  readonly validate: ApplyPlan["validate"];
  readonly activate: ApplyPlan["activate"];
  readonly timeouts: CallbackTimeouts;
  readonly backup: number;
  /** Absolute. */
  readonly journal: string | undefined;
  readonly lock: LockPlan;
  readonly joined: LockHold | undefined;
  /** Whose unfinished transactions are recovered. */
  readonly trust: Trust;
  /** What holds for everything that is no file: journal, markers, directories. */
  readonly rules: WritePlan;
  readonly progress: (progress: ApplyProgress) => void;
}

const listOfFiles: OptionReader<readonly unknown[]> = (value, name) => {
  if (!Array.isArray(value)) throw wrongArgument(name, "an array of files", value);
  if (value.length === 0) throw new InvalidArgument(`${name} must not be empty`);
  return value;
};

const listOfDirectories: OptionReader<readonly unknown[]> = (value, name) => {
  if (!Array.isArray(value)) throw wrongArgument(name, "an array of directories", value);
  return value;
};

const planReaders = {
  directories: listOfDirectories,
  files: listOfFiles,
  validate: callback<NonNullable<ApplyPlan["validate"]>>(),
  activate: callback<NonNullable<ApplyPlan["activate"]>>(),
  timeouts: timeoutsReader,
  backup: count,
};

const optionReaders = {
  journal: filePath,
  lock: neededLockOption,
  durability: durabilityReaders.durability,
  whenLost: replaceOptionReaders.whenLost,
  busyTimeout: replaceOptionReaders.busyTimeout,
  signal: abortSignal,
  onProgress: callback<NonNullable<ApplyOptions["onProgress"]>>(),
  runtime: runtimeOption,
  trust: trustReader,
  unsafePath: unsafePathReader,
};

/** Reads plan and options. */
export function readApplyRequest(plan: unknown, options: unknown, synchronous: boolean): ApplyRequest {
  if (plan === undefined) throw wrongArgument("A plan", "an object with files", plan);
  const { files, directories = [], validate, activate, timeouts = {}, backup = 3 } = readOptions(plan, planReaders);
  if (files === undefined) throw new InvalidArgument("A plan must have files");
  checkTimeouts(timeouts, { validate, activate }, synchronous);
  const checked = readOptions(options, optionReaders);
  const { journal, lock, durability, whenLost, busyTimeout, signal, onProgress, runtime, trust = [], unsafePath } =
    checked;
  refuseSignals(synchronous, signal, lock);
  const engine = makeEngine(runtime ?? currentRuntime(), synchronous, { option: "trust", users: trust }, unsafePath);
  const shared = {
    ...durability === undefined ? {} : { durability },
    ...whenLost === undefined ? {} : { whenLost },
    ...busyTimeout === undefined ? {} : { busyTimeout },
    ...signal === undefined ? {} : { signal },
  };
  const wanted = lock !== undefined && "plan" in lock ? lock.plan : lockPlan(undefined).plan;
  return {
    engine,
    files: files.map((file, index) => readPlannedFile(engine, file, `files[${index}]`, shared)),
    directories: directories.map((directory, index) =>
      readPlannedDirectory(engine, directory, `directories[${index}]`)
    ),
    validate,
    activate,
    timeouts,
    backup,
    journal: journal === undefined ? undefined : locate(engine, journal),
    lock: { ...wanted, signal: wanted.signal ?? signal },
    joined: lock !== undefined && "hold" in lock ? lock.hold : undefined,
    trust,
    rules: writePlan(engine, shared),
    progress: onProgress ?? (() => {}),
  };
}

/** Reports what is happening once that is decided: the decision does not depend on who receives the report. */
export function tellQuietly({ progress }: Pick<ApplyRequest, "progress">, what: ApplyProgress): void {
  try {
    progress(what);
  } catch {
    // See above.
  }
}
