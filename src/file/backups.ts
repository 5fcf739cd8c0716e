/**
 * `listBackups`: the earlier versions of a file that writes with `backup: N` have kept.
 *
 * `withBackups` opens the directories of the file and of its backups, finds the backups by name and grammar, and keeps
 * both open while its body runs; `restoreBackup` (restore_backup.ts) chooses among what it finds. Nothing is changed here.
 */
import { type FilePath, filePath, oneOf, readOptions } from "../core/options.ts";
import { type Operation, run, runSync } from "../core/operation.ts";
import { type Engine, type FollowedLinks, locate, makeEngine, runtimeOption } from "../protocol/engine.ts";
import { type Attempt, beginReading, translate } from "../protocol/failure.ts";
import type { Target } from "../protocol/file_replacement.ts";
import { backupDirectoryOf, findBackups, type FoundBackups } from "../protocol/find_backups.ts";
import { Homes } from "../protocol/homes.ts";
import { inRoom } from "../protocol/room.ts";
import { followedBy } from "../protocol/links.ts";
import { resolveTarget } from "../protocol/target.ts";
import { type TrustOption, trustReader } from "../protocol/trust.ts";
import { writePlan } from "../protocol/write_plan.ts";
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

/** The readers of {@linkcode ListBackupsOptions}. */
export const listReaders = {
  backupDirectory: filePath,
  symlink: oneOf("follow", "replace", "refuse", "trust"),
  trust: trustReader,
  runtime: runtimeOption,
};
/** A directory that is not there has no backups; a file in its place is an error. */
const absent: readonly string[] = ["ENOENT"];

/** Runs `body` with the backups of a file, whose directory is open as long. */
export function* withBackups<T>(
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

/** Whose links are followed: those of users who are trusted, or anybody's. */
export const followedIn = ({ symlink, trust }: Pick<ListBackupsOptions, "symlink" | "trust">): FollowedLinks =>
  trust === undefined ? followedBy(symlink) : { option: "symlink", users: symlink === "trust" ? "any" : trust };

function* list(path: FilePath, options: ListBackupsOptions | undefined, synchronous: boolean): Operation<Backup[]> {
  const checked = readOptions(options, listReaders);
  const engine = makeEngine(checked.runtime ?? currentRuntime(), synchronous, followedIn(checked), "allow");
  const attempt = beginReading("Cannot list the backups of", String(path));
  try {
    return yield* inRoom(engine, "calls", {}, () => {
      return withBackups(engine, { path, options: checked }, attempt, function* (_target, { versions }) {
        return versions.map(({ path, time, status }) => ({ path, time, size: status.size, mode: status.mode }));
      });
    });
  } catch (error) {
    throw translate(error, attempt);
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
 * await writeFile("conf", "old");
 * await writeFile("conf", "new", { backup: 3 });
 * console.log((await listBackups("conf")).length); // 1
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
 * console.log(listBackupsSync("conf")); // []
 * ```
 */
export function listBackupsSync(path: FilePath, options?: ListBackupsOptions): Backup[] {
  return runSync(() => list(path, options, true));
}
