/**
 * `publishDirectory`: a whole directory replaced by one switch of a symlink.
 *
 * lock → what the dead have left goes → build, in a directory of its own → sync it, bottom up → `validate` → its final
 * name, synced → adopt a plain directory, if there is one → **the switch** → sync → `activate` → generations that nobody
 * needs go → unlock.
 *
 * Before the switch an error leaves what was published, and removes what was built. When `activate` fails, the symlink
 * is switched back, and it is called again. A process that is killed leaves one or the other published, whole; what else
 * it leaves, the next publication removes.
 */
import { ValidationError } from "../core/errors.ts";
import { type FilePath, filePath, wrongArgument } from "../core/options.ts";
import { type Operation, run, runSync, wait } from "../core/operation.ts";
import type { LockHold } from "../lock/lock_hold.ts";
import type { ParentDirectory } from "../protocol/directories.ts";
import {
  attachCleanup,
  type Attempt,
  attemptFailed,
  beginAnew,
  beginAttempt,
  CallerError,
  checkAbort,
  type CleanupFailure,
  tidy,
  translate,
} from "../protocol/failure.ts";
import { generationName } from "../protocol/names/generation.ts";
import { stillHolds } from "../protocol/removal_witness.ts";
import { type Durability, reachedDurability } from "../protocol/write_plan.ts";
import { activated } from "./activate_publication.ts";
import { callInside } from "../lock/own_holds.ts";
import { callInTime } from "../lock/timed_callback.ts";
import { confirmLocks } from "../lock/lock_files.ts";
import { activationName } from "./owed_activation.ts";
import { outdatedGenerations } from "./outdated_generations.ts";
import type { Publication, Published } from "./publication.ts";
import {
  type PublishOptions,
  type PublishRequest,
  type PublishSyncOptions,
  readPublishRequest,
} from "./publish_options.ts";
import { removeTree, syncTree } from "./tree.ts";
import { tidyPublication, withPublication, withTree } from "./with_publication.ts";

/** What a publication did. */
export interface PublishResult {
  /** The published path: a symlink. */
  path: string;
  /** The directory that it leads to now. */
  generation: string;
  /** The directory that it led to before. */
  previous?: string;
  /** The durability that was reached. */
  durability: Durability;
  /** Generations that were removed. */
  removed: string[];
  /** What could not be removed: the next publication tries again. */
  leftBehind?: string[];
}

/** Refuses to publish over what was not published before, unless that is asked for. */
export function refusalToAdopt({ adopt }: PublishRequest, attempt: Attempt): (current: Published) => void {
  return ({ kind }) => {
    if (adopt || (kind !== "directory" && kind !== "link")) return;
    const what = kind === "link" ? "a symlink that leads elsewhere" : "a plain directory";
    throw attemptFailed(attempt, "EEXIST", "resolve", { reason: `there is ${what}`, remedy: { use: "adopt" } });
  };
}

function* publish(
  request: PublishRequest,
  build: (building: ParentDirectory) => void | PromiseLike<void>,
): Operation<PublishResult> {
  const { engine, path, rules } = request;
  const attempt = beginAttempt("Cannot publish", path);
  const refuse = refusalToAdopt(request, attempt);
  return yield* withPublication(request, attempt, function* (publication, holds, failures) {
    const before = yield* publication.current();
    refuse(before);
    const building = generationName(yield* publication.newName("building"));
    const made: string[] = [building];
    let previous: Published = before;
    let generation: string;
    let owed: string;
    let synced: boolean;
    try {
      yield* wait(publication.home.names.makeDirectory(building, 0o777));
      yield* withTree(publication, building, attempt, (tree) => callInside(engine, holds, () => build(tree)));
      checkAbort(rules.signal);
      const finish = function* (tree: ParentDirectory) {
        return { identity: tree.status.identity, synced: yield* syncTree(tree, rules, attempt) };
      };
      const built = yield* withTree(publication, building, attempt, finish);
      synced = built.synced;
      yield* validated(request, holds, publication.at(building), attempt);
      checkAbort(rules.signal);
      if (before.kind === "directory") {
        yield* confirmLocks(holds);
        previous = { kind: "generation", name: yield* publication.adopt() };
      }
      const final = yield* publication.newName("generation");
      generation = generationName(final);
      owed = activationName(final);
      made.push(generation);
      const link = yield* publication.prepare(building, final, request.activate !== undefined);
      yield* withTree(publication, generation, attempt, function* (tree) {
        if (tree.status.identity === built.identity) return;
        throw attemptFailed(attempt, "ESTALE", "rename", "the new directory was exchanged for another one");
      });
      yield* confirmLocks(holds);
      yield* publication.publish(link, generation);
    } catch (error) {
      throw yield* withoutBuilt(publication, made, error, attempt);
    }
    attempt.targetState = "replaced";
    const durable = yield* publication.sync();
    yield* activated(request, publication, { holds, previous, current: generation, owed, attempt, failures });
    const removed = yield* prune(request, publication, generation, failures);
    const { device } = publication.home.status;
    const proven = stillHolds({ engine, device, rules, attempt }, failures);
    const leftBehind = failures.flatMap((failure) => failure.leftBehind ?? []);
    return {
      path,
      generation: publication.at(generation),
      ...previous.kind === "generation" ? { previous: publication.at(previous.name) } : {},
      durability: reachedDurability(rules.durability, synced && proven, durable && proven),
      removed: removed.map((name) => publication.at(name)),
      ...leftBehind.length === 0 ? {} : { leftBehind },
    };
  }, refuse);
}

function* validated(
  { engine, path, validate, timeouts, rules: { signal } }: PublishRequest,
  holds: readonly LockHold[],
  building: string,
  attempt: Attempt,
): Operation<void> {
  if (validate === undefined) return;
  try {
    const timing = { name: "validate", limit: timeouts.validate, signal } as const;
    yield* callInTime(engine, holds, timing, (context) => validate(building, context));
  } catch (error) {
    // A caller that asked it to stop must not learn that the directory is bad.
    checkAbort(signal);
    const cause = error instanceof CallerError ? error.reason : error;
    const reason = `the new directory was refused: ${cause instanceof Error ? cause.message : String(cause)}`;
    const details = { code: "EINVALID", path, step: "validate", targetState: "unchanged" as const, cause };
    throw new ValidationError(attempt.verb, reason, details);
  }
}

/** What was built goes again, and the symlink to it; the error for the caller. */
function* withoutBuilt(
  publication: Publication,
  made: readonly string[],
  error: unknown,
  attempt: Attempt,
): Operation<unknown> {
  const failures: CleanupFailure[] = [];
  const [building] = made;
  // A sync that has failed may be the cause: what comes after it is judged by its own syncs.
  beginAnew(attempt);
  for (const name of made) {
    // A rename that is said to have failed may have happened, and what is published stays.
    if (name !== building && (yield* publication.mayLeadTo(name))) {
      attempt.targetState = "unknown";
      continue;
    }
    failures.push(...yield* removeTree(publication.home, name));
  }
  yield* tidy(failures, tidyPublication(publication));
  return attachCleanup(translate(error, attempt), failures, attempt);
}

/** Removes generations that are neither among the last ones nor in anybody's use any more; which they were. */
function* prune(
  { keep, grace }: PublishRequest,
  publication: Publication,
  current: string,
  failures: CleanupFailure[],
): Operation<string[]> {
  const removed: string[] = [];
  for (const name of yield* outdatedGenerations(publication, current, { keep, grace })) {
    yield* tidy(
      failures,
      function* () {
        failures.push(...yield* publication.discard(name));
        removed.push(name);
      }(),
      publication.at(name),
    );
  }
  return removed;
}

const begin = (path: FilePath, build: unknown, options: unknown, synchronous: boolean): PublishRequest => {
  filePath(path, "path");
  if (typeof build !== "function") throw wrongArgument("build", "a function of a directory", build);
  return readPublishRequest(path, options, synchronous);
};

/** {@linkcode publishDirectory} for those who fill the new directory through what is opened. */
export function publishTree(
  path: FilePath,
  build: (building: ParentDirectory) => void | Promise<void>,
  options?: PublishOptions,
): Promise<PublishResult> {
  return run(() => publish(begin(path, build, options, false), build));
}

/**
 * Replaces a whole directory by one switch: `build` fills a new one, and when all of that is safely on disk the symlink at
 * `path` is renamed over to lead there.
 *
 * A reader that resolves the link once (opens the directory and reads inside, or uses its real path) sees all old or all
 * new. One that goes through `path` again for every file may see files of both. Readers that are still inside an earlier
 * generation keep it for at least `grace`.
 *
 * @example
 * ```ts
 * import { readTextFile, writeFile } from "@durable/atomic-write";
 * import { publishDirectory } from "@durable/atomic-write/transaction";
 *
 * await publishDirectory("site", async (building) => {
 *   await writeFile(`${building}/index.html`, "<h1>New</h1>");
 * });
 * console.log(await readTextFile("site/index.html")); // <h1>New</h1>
 * ```
 *
 * @param path Where it is published: nothing, or what an earlier call has left; anything else needs `adopt: true`.
 * @param build Fills the new directory, which it is given empty, by any means. Its files are synced afterwards.
 * @param options What is kept, and what is called.
 * @returns The new generation and the one before.
 * @throws {ValidationError} `validate` threw (`"unchanged"`).
 * @throws {ActivationError} `activate` threw; what was published before is again, and was activated (`"unchanged"`).
 * @throws {RollbackFailedError} And that failed.
 * @throws {UnsupportedError} There are no symlinks here (`"unchanged"`).
 * @throws {WriteError} There is something else at the path, the disk is full, …: before the switch (`"unchanged"`); after
 * it, where its sync fails (`"replaced"`).
 */
export function publishDirectory(
  path: FilePath,
  build: (directory: string) => void | Promise<void>,
  options?: PublishOptions,
): Promise<PublishResult> {
  return run(() => publish(begin(path, build, options, false), ({ path }) => build(path)));
}

/**
 * Like {@linkcode publishDirectory}, synchronously.
 *
 * @example
 * ```ts
 * import { readTextFileSync, writeFileSync } from "@durable/atomic-write";
 * import { publishDirectorySync } from "@durable/atomic-write/transaction";
 *
 * publishDirectorySync("site", (building) => {
 *   writeFileSync(`${building}/index.html`, "<h1>New</h1>");
 * });
 * console.log(readTextFileSync("site/index.html")); // <h1>New</h1>
 * ```
 *
 * @param path Where it is published.
 * @param build Fills the new directory, and returns no promise.
 * @param options Those of {@linkcode publishDirectory}; callbacks return no promises.
 * @returns The new generation and the one before.
 * @throws What {@linkcode publishDirectory} rejects with.
 */
export function publishDirectorySync(
  path: FilePath,
  build: (directory: string) => void,
  options?: PublishSyncOptions,
): PublishResult {
  return runSync(() => publish(begin(path, build, options, true), ({ path }) => build(path)));
}
