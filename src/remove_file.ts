/**
 * `removeFile`: a name taken away so that a power cut does not bring it back.
 *
 * Order: open the directory, unlink (the commit point), sync the directory. Nothing to remove is still synced: another
 * program may have removed it a moment ago and never synced that.
 */
import { abortSignal, type FilePath, oneOf, readOptions } from "./core/options.ts";
import { type Operation, run, runSync, wait } from "./core/operation.ts";
import { commitTurn, enterTarget, returnTicket, takeTicket } from "./protocol/commit_turn.ts";
import { closeParent, openParent } from "./protocol/directories.ts";
import { locate, makeEngine, runtimeOption } from "./protocol/engine.ts";
import { type Attempt, checkAbort, translate } from "./protocol/failure.ts";
import { turnKey } from "./protocol/replace_file.ts";
import { syncDirectory } from "./protocol/sync.ts";
import { resolveTarget } from "./protocol/target.ts";
import { type Durability, reachedDurability } from "./protocol/write_plan.ts";
import { currentRuntime } from "./runtime/current.ts";
import type { Runtime } from "./runtime/runtime.ts";

/** Options of {@linkcode removeFile}. */
export interface RemoveFileOptions {
  /** How far the removal must have reached on return. Default `"full"`. */
  durability?: Durability;
  /** When the platform cannot give that durability: report what was reached (default), or throw before the commit. */
  whenUnsupported?: "report" | "throw";
  /** When the sync fails with a real error: throw (default), or report what was reached. */
  whenSyncFails?: "throw" | "report";
  /** Aborts before the commit point. */
  signal?: AbortSignal;
  /** The machine to work on. Default: the one this code runs on. */
  runtime?: Runtime;
}

/** What a removal did. */
export interface RemoveResult {
  /** The name, absolute. */
  path: string;
  /** Whether there was anything by that name. */
  removed: boolean;
  /** The durability that was reached: for a removal, `"full"` or `"barrier"` say that the name stays away. */
  durability: Durability;
}

const readers = {
  durability: oneOf("full", "barrier", "file", "none"),
  whenUnsupported: oneOf("report", "throw"),
  whenSyncFails: oneOf("throw", "report"),
  signal: abortSignal,
  runtime: runtimeOption,
};

function* remove(
  path: FilePath,
  options: RemoveFileOptions | undefined,
  synchronous: boolean,
): Operation<RemoveResult> {
  const checked = readOptions(options, readers);
  const engine = makeEngine(checked.runtime ?? currentRuntime(), synchronous);
  const rules = {
    durability: checked.durability ?? "full",
    whenUnsupported: checked.whenUnsupported ?? "report",
    whenSyncFails: checked.whenSyncFails ?? "throw",
  };
  const attempt: Attempt = { verb: "Cannot remove", path: locate(engine, path), targetState: "unchanged" };
  const ticket = takeTicket();
  try {
    checkAbort(checked.signal);
    const target = yield* resolveTarget(engine, attempt.path, "replace", attempt);
    if ((yield* wait(engine.fileSystem.stat(target.directory))) === undefined) {
      return { path: target.path, removed: false, durability: "none" };
    }
    const parent = yield* openParent(engine, target.directory, rules, attempt);
    try {
      enterTarget(ticket, turnKey(engine, parent, target));
      let removed = false;
      yield* commitTurn(ticket, synchronous, function* () {
        checkAbort(checked.signal);
        removed = yield* wait(engine.fileSystem.remove(target.path));
        if (removed) attempt.targetState = "replaced";
        return true;
      });
      const { handle, status } = parent;
      const synced = handle !== undefined && (yield* syncDirectory(engine, handle, status.identity, rules, attempt));
      return { path: target.path, removed, durability: reachedDurability(rules.durability, synced, synced) };
    } finally {
      yield* closeParent(parent);
    }
  } catch (error) {
    throw translate(error, attempt);
  } finally {
    returnTicket(ticket);
  }
}

/**
 * Removes a file (or a symlink itself) so that it stays removed after a power cut.
 *
 * Nothing by that name is no error: `removed` is then false, and the directory is synced all the same.
 *
 * @param path The file, a path or file: URL.
 * @param options See {@linkcode RemoveFileOptions}.
 * @throws {WriteError} A step failed. `targetState` is `"unchanged"`, or `"replaced"` when the name is gone but that is
 *   not proven durable.
 *
 * @example
 * ```ts
 * import { removeFile, writeFile } from "@durable/atomic-write";
 *
 * const directory = await Deno.makeTempDir();
 * await writeFile(`${directory}/session`, "secret", { mode: 0o600 });
 * const { removed } = await removeFile(`${directory}/session`);
 * console.log(removed); // true
 * await Deno.remove(directory, { recursive: true });
 * ```
 */
export function removeFile(path: FilePath, options?: RemoveFileOptions): Promise<RemoveResult> {
  return run(() => remove(path, options, false));
}

/**
 * {@linkcode removeFile} before it returns.
 *
 * @param path The file, a path or file: URL.
 * @param options See {@linkcode RemoveFileOptions}.
 * @throws What {@linkcode removeFile} rejects with.
 *
 * @example
 * ```ts
 * import { removeFileSync } from "@durable/atomic-write";
 *
 * const directory = Deno.makeTempDirSync();
 * console.log(removeFileSync(`${directory}/nothing`).removed); // false
 * Deno.removeSync(directory);
 * ```
 */
export function removeFileSync(path: FilePath, options?: Omit<RemoveFileOptions, "signal">): RemoveResult {
  return runSync(() => remove(path, options, true));
}
