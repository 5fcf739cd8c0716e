/**
 * `restoreBackup`: an earlier version, kept by a write with `backup: N`, becomes the file's content again.
 *
 * The backup is found by name and grammar as `listBackups` finds it, and opened; its content, mode and owner are written
 * through the one protocol into a fresh file. Renaming the backup itself over the target would do nothing when both are
 * names of one file, and would use the backup up. After a failure `targetState` says what happened to the file; the backup
 * stays in any case.
 */
import { abortSignal, count, type FilePath, flag, readOptions, refuseSignal, wrongArgument } from "../core/options.ts";
import { type Operation, run, runSync, wait } from "../core/operation.ts";
import { attributesOf } from "../protocol/attributes.ts";
import { returnTicket, takeTicket } from "../protocol/commit_turn.ts";
import { type Engine, makeEngine } from "../protocol/engine.ts";
import { type Advised, type Attempt, attemptFailed, beginAttempt, translate } from "../protocol/failure.ts";
import { closeQuietly, openedStatus } from "../protocol/file_call.ts";
import type { FoundBackups } from "../protocol/find_backups.ts";
import { inRoom } from "../protocol/room.ts";
import { replaceFile } from "../protocol/replace_file.ts";
import {
  type Durability,
  durabilityReaders,
  replaceOptionReaders,
  writePlan,
  type WriteResult,
} from "../protocol/write_plan.ts";
import { currentRuntime } from "../runtime/current.ts";
import { followedIn, type ListBackupsOptions, listReaders, withBackups } from "./backups.ts";
import { fillingFromFile } from "./copy_file.ts";
import { type UnsafePathOption, unsafePathReader } from "../protocol/unsafe_path.ts";

/** Options of {@linkcode restoreBackup}. */
export interface RestoreBackupOptions extends ListBackupsOptions, UnsafePathOption {
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

const restoreReaders = {
  ...listReaders,
  ...durabilityReaders,
  whenLost: replaceOptionReaders.whenLost,
  backup: count,
  digest: flag,
  signal: abortSignal,
  unsafePath: unsafePathReader,
};

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
    if (file === undefined) throw attemptFailed(attempt, "ENOENT", "open", "the backup was removed in the meantime");
    return { target, backup, file };
  });
}

function* restore(
  path: FilePath,
  which: string | undefined,
  options: RestoreBackupOptions | undefined,
  synchronous: boolean,
): Operation<WriteResult> {
  if (which !== undefined && typeof which !== "string") throw wrongArgument("which", "a backup's name or path", which);
  const { runtime, unsafePath, ...checked } = readOptions(options, restoreReaders);
  const { trust: _trust, ...wishes } = checked;
  refuseSignal(synchronous, checked.signal);
  const engine = makeEngine(runtime ?? currentRuntime(), synchronous, followedIn(checked), unsafePath);
  const attempt = beginAttempt("Cannot restore", String(path));
  const ticket = takeTicket();
  try {
    return yield* inRoom(engine, "calls", { signal: checked.signal }, function* () {
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
    });
  } catch (error) {
    throw translate(error, attempt);
  } finally {
    returnTicket(ticket);
  }
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
 * await writeFile("conf", "good");
 * await writeFile("conf", "bad", { backup: 3 });
 * await restoreBackup("conf");
 * console.log(await readTextFile("conf")); // "good"
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
 * writeFileSync("conf", "good");
 * writeFileSync("conf", "bad", { backup: 3 });
 * restoreBackupSync("conf");
 * ```
 */
export function restoreBackupSync(
  path: FilePath,
  which?: string,
  options?: RestoreBackupSyncOptions,
): WriteResult {
  return runSync(() => restore(path, which, options, true));
}
