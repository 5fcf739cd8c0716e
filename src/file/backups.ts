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
  wrongArgument,
} from "../core/options.ts";
import { type Operation, run, runSync, wait } from "../core/operation.ts";
import { fillingFromFile } from "./copy_file.ts";
import { backupDirectoryOf, findBackups, type FoundBackups } from "../protocol/find_backups.ts";
import { attributesOf } from "../protocol/attributes.ts";
import { returnTicket, takeTicket } from "../protocol/commit_turn.ts";
import { Homes } from "../protocol/homes.ts";
import { type Engine, type FollowedLinks, locate, makeEngine, runtimeOption } from "../protocol/engine.ts";
import {
  type Advised,
  type Attempt,
  attemptFailed,
  beginAttempt,
  beginReading,
  translate,
} from "../protocol/failure.ts";
import { closeQuietly, openedStatus } from "../protocol/file_call.ts";
import { replaceFile } from "../protocol/replace_file.ts";
import type { Target } from "../protocol/file_replacement.ts";
import { resolveTarget } from "../protocol/target.ts";
import { followedBy } from "../protocol/links.ts";
import { type TrustOption, trustReader } from "../protocol/trust.ts";
import {
  type Durability,
  durabilityReaders,
  replaceOptionReaders,
  writePlan,
  type WriteResult,
} from "../protocol/write_plan.ts";
import { currentRuntime } from "../runtime/current.ts";
import type { Runtime } from "../runtime/runtime.ts";

/** Options of {@linkcode listBackups}. */
export interface ListBackupsOptions extends TrustOption {
  /** Where backups were put. Default: beside the file. */
  backupDirectory?: FilePath;
  /** A symlink at the path: the backups of what it leads to (default), or of the link itself. */
  symlink?: "follow" | "replace" | "refuse" | "trust";
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
  /**
   * When owner, mode, access control list or attributes of the backup cannot be given to the file: say in the result what
   * was lost (default), or throw before the file is changed, also where they cannot be seen.
   */
  whenLost?: "report" | "throw";
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
  symlink: oneOf("follow", "replace", "refuse", "trust"),
  trust: trustReader,
  runtime: runtimeOption,
};
const restoreReaders = {
  ...listReaders,
  ...durabilityReaders,
  whenLost: replaceOptionReaders.whenLost,
  backup: count,
  digest: flag,
  signal: abortSignal,
};

/** A directory that is not there has no backups; a file in its place is an error. */
const absent: readonly string[] = ["ENOENT"];

/** Runs `body` with the backups of a file, whose directory is open as long. */
function* withBackups<T>(
  engine: Engine,
  { path, options }: { readonly path: FilePath; readonly options: Omit<ListBackupsOptions, "runtime"> },
  attempt: Attempt,
  body: (target: Target, found: FoundBackups) => Operation<T>,
): Operation<T> {
  const elsewhere = options.backupDirectory === undefined ? undefined : locate(engine, options.backupDirectory);
  const target = yield* resolveTarget(engine, locate(engine, path), options.symlink ?? "follow", attempt);
  const directory = backupDirectoryOf(engine, target.path, { backupDirectory: elsewhere });
  const homes = new Homes(engine, writePlan(engine, {}), attempt);
  try {
    const [own, home] = [yield* homes.find(target.directory, absent), yield* homes.find(directory, absent)];
    if (own === undefined || home === undefined) {
      return yield* body(target, { versions: [], repeated: [], strangers: new Set() });
    }
    const file = { home: own, name: target.name, status: target.status };
    return yield* body(target, yield* findBackups(home, file, options.trust ?? []));
  } finally {
    yield* homes.close();
  }
}

/** Why there is nothing to restore, and what helps. */
function noBackup(which: string | undefined, { strangers }: FoundBackups): string | Advised {
  const reason = which === undefined ? "it has no backup" : `it has no backup ${JSON.stringify(which)}`;
  return strangers.size === 0
    ? reason
    : { reason: `${reason} that counts`, remedy: { use: "trust", users: [...strangers] } };
}

/** Opens the backup that is meant. Only what was found by name and grammar is: `which` chooses among them, it is no path. */
function openBackup(
  engine: Engine,
  of: { readonly path: FilePath; readonly options: Omit<ListBackupsOptions, "runtime"> },
  which: string | undefined,
  attempt: Attempt,
) {
  return withBackups(engine, of, attempt, function* (target, found) {
    const backup = which === undefined
      ? found.versions[0]
      : found.versions.find((backup) => backup.path === which || backup.name === which);
    if (backup === undefined) throw attemptFailed(attempt, "ENOENT", "restore", noBackup(which, found));
    const file = yield* wait(backup.home.names.open(backup.name, "read"));
    if (file === undefined) throw attemptFailed(attempt, "ENOENT", "open", "the backup was removed meanwhile");
    return { target, backup, file };
  });
}

/** Whose links are followed: those of users who are trusted, or anybody's. */
const followedIn = ({ symlink, trust }: Pick<ListBackupsOptions, "symlink" | "trust">): FollowedLinks =>
  trust === undefined ? followedBy(symlink) : { option: "symlink", users: symlink === "trust" ? "any" : trust };

function* list(path: FilePath, options: ListBackupsOptions | undefined, synchronous: boolean): Operation<Backup[]> {
  const checked = readOptions(options, listReaders);
  const engine = makeEngine(checked.runtime ?? currentRuntime(), synchronous, followedIn(checked));
  const attempt = beginReading("Cannot list the backups of", String(path));
  try {
    return yield* withBackups(engine, { path, options: checked }, attempt, function* (_target, { versions }) {
      return versions.map(({ path, time, status }) => ({ path, time, size: status.size, mode: status.mode }));
    });
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
  if (which !== undefined && typeof which !== "string") throw wrongArgument("which", "a backup's name or path", which);
  const { runtime, ...checked } = readOptions(options, restoreReaders);
  const { trust: _trust, ...wishes } = checked;
  refuseSignal(synchronous, checked.signal);
  const engine = makeEngine(runtime ?? currentRuntime(), synchronous, followedIn(checked));
  const attempt = beginAttempt("Cannot restore", String(path));
  const ticket = takeTicket();
  try {
    const { target, backup, file } = yield* openBackup(engine, { path, options: checked }, which, attempt);
    try {
      const status = yield* openedStatus(file);
      if (status.identity !== backup.status.identity) {
        throw attemptFailed(attempt, "ESTALE", "open", "the backup was replaced while it was opened");
      }
      const attributes = engine.capabilities.attributes ? yield* attributesOf(file) : undefined;
      const plan = { ...writePlan(engine, wishes), like: { status, attributes }, symlink: "replace" as const };
      const filling = fillingFromFile(file, status, backup.path);
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
