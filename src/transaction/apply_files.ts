/**
 * `applyFiles`: several files, one outcome. What is promised is here; how it is kept, in apply.ts.
 */
import { run, runSync } from "../core/operation.ts";
import { apply, type ApplyName } from "./apply.ts";
import {
  type ApplyOptions,
  type ApplyPlan,
  type ApplyPlanSync,
  type ApplySyncOptions,
  readApplyRequest,
} from "./apply_plan.ts";
import type { ApplyResult } from "./apply_result.ts";

/**
 * Replaces or creates several files: all of them, or none.
 *
 * Everything is staged, synced and validated before the first file changes; then one rename of a journal decides, and the
 * files follow. When `activate` fails, every file is put back exactly (bytes, mode, owner; files that did not exist are
 * removed) and `activate` is called again. A crash at any instant leaves what {@linkcode recoverTransactions}, or the next
 * transaction that meets it, turns into all old or all new. Files that have their content, mode and owner already are not
 * touched; if all have, nothing is called and `changed` is false.
 *
 * What does not hold: readers that open two of the files one after the other may see the old one and the new other for
 * a moment. Publish a directory ({@linkcode publishDirectory}) where that matters.
 *
 * @example
 * ```ts
 * import { applyFiles } from "@durable/atomic-write/transaction";
 *
 * const { changed } = await applyFiles({
 *   files: [
 *     { path: "server.key", data: "KEY", defaults: { mode: 0o600 } },
 *     { path: "server.crt", data: "CERTIFICATE" },
 *   ],
 *   validate: (staged) => {
 *     // Look at the new contents where they are staged; throw to refuse them.
 *     if (!staged.has("server.key")) throw new Error("a certificate needs its key");
 *   },
 *   activate: () => {
 *     // Reload the server; throw to have everything put back.
 *   },
 * });
 * console.log(changed); // true
 * ```
 *
 * @param plan The files and what is to be called.
 * @param options How it is done.
 * @returns What was written.
 * @throws {TypeError} A path twice, no files, a wrong option: before anything is touched.
 * @throws {ValidationError} `validate` threw (`"unchanged"`).
 * @throws {ActivationError} `activate` threw; everything is as it was, and activated again (`"unchanged"`); with
 * `backup: 0`, and where an earlier transaction that did not come to activating them has put the files in place, they
 * stay (`"replaced"`).
 * @throws {RollbackFailedError} And putting back, or activating what was put back, failed: `files` says what is where.
 * @throws {ConflictError} A program that takes no locks changed a file during the call (`"unchanged"`).
 * @throws {LockTimeoutError} A file's lock was not free in time (`"unchanged"`).
 * @throws {WriteError} Anything else, before the commit point or put back after it (`"unchanged"`); `"unknown"` where not
 * even that can be reported.
 */
export function applyFiles(plan: ApplyPlan, options?: ApplyOptions): Promise<ApplyResult> {
  return run(() => apply(readApplyRequest(plan, options, false)));
}

/**
 * Like {@linkcode applyFiles}, synchronously: nothing else of this thread runs while it waits for locks.
 *
 * @example
 * ```ts
 * import { applyFilesSync } from "@durable/atomic-write/transaction";
 *
 * const files = ["a", "b"].map((name) => ({ path: name, data: name }));
 * console.log(applyFilesSync({ files }).changed); // true
 * ```
 *
 * @param plan Like that of {@linkcode applyFiles}; its callbacks return no promises.
 * @param options Those of {@linkcode applyFiles}, without `signal`s.
 * @returns What was written.
 * @throws What {@linkcode applyFiles} rejects with.
 */
export function applyFilesSync(plan: ApplyPlanSync, options?: ApplySyncOptions): ApplyResult {
  return runSync(() => apply(readApplyRequest(plan, options, true)));
}

/** {@linkcode applyFiles} for a command, which has a name for the whole of the plan. Not a part of the public surface. */
export function applyFilesNamed(name: ApplyName, plan: ApplyPlan, options: ApplyOptions): Promise<ApplyResult> {
  return run(() => apply(readApplyRequest(plan, options, false), name));
}
