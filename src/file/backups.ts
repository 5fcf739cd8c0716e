/**
 * `listBackups` and `restoreBackup`: the earlier versions that writes with `backup: N` have kept.
 *
 * Restoring writes the backup's content, mode and owner through the one protocol into a fresh file: renaming the
 * backup itself over the target would do nothing when both are names of one file, and would use the backup up.
 */
import {
  abortSignal,
  count,
  type FilePath,
  filePath,
  flag,
  oneOf,
  readOptions,
  refuseSignal,
} from "../core/options.ts";
import { type Operation, run, runSync, wait } from "../core/operation.ts";
import { fillingFromFile } from "./copy_file.ts";
import { backupDirectoryOf, findBackups, type FoundBackup } from "../protocol/find_backups.ts";
import { returnTicket, takeTicket } from "../protocol/commit_turn.ts";
import { type Engine, locate, makeEngine, nameOf, runtimeOption } from "../protocol/engine.ts";
import { type Attempt, attemptFailed, beginAttempt, beginReading, translate } from "../protocol/failure.ts";
import { closeQuietly } from "../protocol/file_call.ts";
import { replaceFile } from "../protocol/replace_file.ts";
import type { Target } from "../protocol/file_replacement.ts";
import { resolveTarget } from "../protocol/target.ts";
import { type Durability, durabilityReaders, writePlan, type WriteResult } from "../protocol/write_plan.ts";
import { currentRuntime } from "../runtime/current.ts";
import type { Runtime } from "../runtime/runtime.ts";

/** Options of {@linkcode listBackups}. */
export interface ListBackupsOptions {
  /** Where backups were put. Default: beside the file. */
  backupDirectory?: FilePath;
  /** A symlink at the path: the backups of what it leads to (default), or of the link itself. */
  symlink?: "follow" | "replace" | "refuse";
  /** The machine to work on. Default: the one this code runs on. */
  runtime?: Runtime;
}

/** Options of {@linkcode restoreBackup}. */
export interface RestoreBackupOptions extends ListBackupsOptions {
  /** How far the write must have reached on return. Default `"full"`. */
  durability?: Durability;
  /** When the platform cannot give that durability: report what was reached (default), or throw before the commit. */
  whenUnsupported?: "report" | "throw";
  /** When a sync fails with a real error: throw (default), or let the write land and report what was reached. */
  whenSyncFails?: "throw" | "report";
  /** Keep the version that is replaced, too, and the last so many in all. Default 0: no new backup, none removed. */
  backup?: number;
  /** Put the SHA-256 of the content into the result. Default false. */
  digest?: boolean;
  /** Aborts before the commit point. */
  signal?: AbortSignal;
}

/** {@linkcode RestoreBackupOptions} without what cannot exist synchronously. */
export type RestoreBackupSyncOptions = Omit<RestoreBackupOptions, "signal">;

/** An earlier version of a file. */
export interface Backup {
  /** The backup file. */
  path: string;
  /** When it was replaced, in milliseconds since 1970. */
  time: number;
  /** Its size in bytes. */
  size: number;
  /** Its permission bits. */
  mode: number;
}

const listReaders = {
  backupDirectory: filePath,
  symlink: oneOf("follow", "replace", "refuse"),
  runtime: runtimeOption,
};
const restoreReaders = {
  ...listReaders,
  ...durabilityReaders,
  backup: count,
  digest: flag,
  signal: abortSignal,
};

function* find(
  engine: Engine,
  path: FilePath,
  options: { readonly backupDirectory?: FilePath; readonly symlink?: "follow" | "replace" | "refuse" },
  attempt: Attempt,
): Operation<{ target: Target; found: FoundBackup[] }> {
  const elsewhere = options.backupDirectory === undefined ? undefined : locate(engine, options.backupDirectory);
  const target = yield* resolveTarget(engine, locate(engine, path), options.symlink ?? "follow", attempt);
  const directory = backupDirectoryOf(engine, target.path, { backupDirectory: elsewhere });
  const { versions } = yield* findBackups(engine, target.path, directory, target.status);
  return { target, found: versions };
}

function* list(path: FilePath, options: ListBackupsOptions | undefined, synchronous: boolean): Operation<Backup[]> {
  const checked = readOptions(options, listReaders);
  const engine = makeEngine(checked.runtime ?? currentRuntime(), synchronous);
  const attempt = beginReading("Cannot list the backups of", String(path));
  try {
    const { found } = yield* find(engine, path, checked, attempt);
    return found.map(({ path, time, status }) => ({ path, time, size: status.size, mode: status.mode }));
  } catch (error) {
    throw translate(error, attempt);
  }
}

function* restore(
  path: FilePath,
  which: string | undefined,
  options: RestoreBackupOptions | undefined,
  synchronous: boolean,
): Operation<WriteResult> {
  if (which !== undefined && typeof which !== "string") throw new TypeError("which must be a backup's name or path");
  const { runtime, ...checked } = readOptions(options, restoreReaders);
  refuseSignal(synchronous, checked.signal);
  const engine = makeEngine(runtime ?? currentRuntime(), synchronous);
  const attempt = beginAttempt("Cannot restore", String(path));
  const ticket = takeTicket();
  try {
    const { target, found } = yield* find(engine, path, checked, attempt);
    // Only what was found by name and grammar is ever opened: `which` chooses among them, it is no path.
    const chosen = which === undefined
      ? found[0]
      : found.find((backup) => backup.path === which || nameOf(engine, backup.path) === which);
    if (chosen === undefined) {
      const what = which === undefined ? "it has no backup" : `it has no backup ${JSON.stringify(which)}`;
      throw attemptFailed(attempt, "ENOENT", "restore", what);
    }
    const file = yield* wait(engine.fileSystem.open(chosen.path, "read", { follow: false }));
    if (file === undefined) throw attemptFailed(attempt, "ENOENT", "open", "the backup was removed meanwhile");
    try {
      const status = yield* wait(file.stat());
      if (status.identity !== chosen.status.identity) {
        throw attemptFailed(attempt, "ESTALE", "open", "the backup was replaced while it was opened");
      }
      const plan = { ...writePlan(engine, checked), like: status, symlink: "replace" as const };
      const filling = fillingFromFile(file, status, chosen.path);
      return yield* replaceFile({ engine, path: target.path, plan, ticket }, filling);
    } finally {
      yield* closeQuietly(file);
    }
  } catch (error) {
    throw translate(error, attempt);
  } finally {
    returnTicket(ticket);
  }
}

/**
 * Lists the earlier versions of a file, newest first. A backup that a killed write left and that still *is* the current
 * file is not among them.
 *
 * @param path The file the backups are of; it need not exist any more.
 * @param options See {@linkcode ListBackupsOptions}.
 * @throws {ReadError} The directory cannot be read; `code` says why. Nothing is changed.
 *
 * @example
 * ```ts
 * import { listBackups, writeFile } from "@durable/atomic-write";
 *
 * const directory = await Deno.makeTempDir();
 * await writeFile(`${directory}/conf`, "old");
 * await writeFile(`${directory}/conf`, "new", { backup: 3 });
 * console.log((await listBackups(`${directory}/conf`)).length); // 1
 * await Deno.remove(directory, { recursive: true });
 * ```
 */
export function listBackups(path: FilePath, options?: ListBackupsOptions): Promise<Backup[]> {
  return run(() => list(path, options, false));
}

/**
 * Like {@linkcode listBackups}, synchronously.
 *
 * @param path The file the backups are of.
 * @param options See {@linkcode ListBackupsOptions}.
 * @throws What {@linkcode listBackups} rejects with.
 *
 * @example
 * ```ts
 * import { listBackupsSync } from "@durable/atomic-write";
 *
 * const directory = Deno.makeTempDirSync();
 * console.log(listBackupsSync(`${directory}/conf`)); // []
 * Deno.removeSync(directory);
 * ```
 */
export function listBackupsSync(path: FilePath, options?: ListBackupsOptions): Backup[] {
  return runSync(() => list(path, options, true));
}

/**
 * Makes an earlier version the file's content again: bytes, mode and owner, as atomic and durable as any write. The
 * backup stays.
 *
 * @param path The file to restore; it need not exist any more.
 * @param which The name or path of one of {@linkcode listBackups}. Default: the newest.
 * @param options See {@linkcode RestoreBackupOptions}.
 * @throws {WriteError} There is no such backup (`code` is `"ENOENT"`), or a step failed; `targetState` says what became
 *   of the file.
 *
 * @example
 * ```ts
 * import { readTextFile, restoreBackup, writeFile } from "@durable/atomic-write";
 *
 * const directory = await Deno.makeTempDir();
 * await writeFile(`${directory}/conf`, "good");
 * await writeFile(`${directory}/conf`, "bad", { backup: 3 });
 * await restoreBackup(`${directory}/conf`);
 * console.log(await readTextFile(`${directory}/conf`)); // "good"
 * await Deno.remove(directory, { recursive: true });
 * ```
 */
export function restoreBackup(path: FilePath, which?: string, options?: RestoreBackupOptions): Promise<WriteResult> {
  return run(() => restore(path, which, options, false));
}

/**
 * Like {@linkcode restoreBackup}, synchronously.
 *
 * @param path The file to restore.
 * @param which The name or path of one of {@linkcode listBackupsSync}. Default: the newest.
 * @param options See {@linkcode RestoreBackupOptions}.
 * @throws What {@linkcode restoreBackup} rejects with.
 *
 * @example
 * ```ts
 * import { restoreBackupSync, writeFileSync } from "@durable/atomic-write";
 *
 * const directory = Deno.makeTempDirSync();
 * writeFileSync(`${directory}/conf`, "good");
 * writeFileSync(`${directory}/conf`, "bad", { backup: 3 });
 * restoreBackupSync(`${directory}/conf`);
 * Deno.removeSync(directory, { recursive: true });
 * ```
 */
export function restoreBackupSync(
  path: FilePath,
  which?: string,
  options?: RestoreBackupSyncOptions,
): WriteResult {
  return runSync(() => restore(path, which, options, true));
}
