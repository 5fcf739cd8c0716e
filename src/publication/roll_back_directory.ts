/**
 * `rollBackDirectory`: back to the generation before, by the same switch.
 */
import type { FilePath } from "../core/options.ts";
import { type Operation, run, runSync } from "../core/operation.ts";
import { attemptFailed, beginAttempt, checkAbort } from "../protocol/failure.ts";
import { type Durability, reachedDurability } from "../protocol/write_plan.ts";
import { activated } from "./activate_publication.ts";
import { confirmLocks } from "../lock/lock_files.ts";
import {
  type PublishRequest,
  readSwitchRequest,
  type SwitchOptions,
  type SwitchSyncOptions,
} from "./publish_options.ts";
import { syncTree } from "./tree.ts";
import { withPublication } from "./with_publication.ts";

/** What going back did. */
export interface RollBackResult {
  /** The published path: a symlink. */
  path: string;
  /** The directory that it leads to now. */
  generation: string;
  /** The directory that it led to before: it stays, until a later publication removes it. */
  previous: string;
  /** The durability that was reached. */
  durability: Durability;
}

function* rollBack(request: PublishRequest): Operation<RollBackResult> {
  const { engine, path, rules } = request;
  const attempt = beginAttempt("Cannot roll back", path);
  return yield* withPublication(request, attempt, function* (publication, holds) {
    const before = yield* publication.current();
    if (before.kind !== "generation") {
      throw attemptFailed(attempt, "ENOENT", "resolve", "it is not published");
    }
    const generations = yield* publication.generations();
    const now = generations.find(({ name }) => name === before.name)?.time ?? 0;
    const earlier = generations.find(({ time, withdrawn }) => time < now && withdrawn === undefined);
    if (earlier === undefined) throw attemptFailed(attempt, "ENOENT", "resolve", "there is no earlier generation");
    const generation = publication.at(earlier.name);
    // Somebody may have worked in it since it was published.
    const synced = yield* syncTree(engine, generation, rules, attempt);
    checkAbort(rules.signal);
    yield* confirmLocks(holds);
    yield* publication.goBackTo(earlier.name, before.name);
    attempt.targetState = "replaced";
    const durable = yield* publication.sync();
    yield* activated(request, publication, holds, before, earlier.name, attempt);
    return {
      path,
      generation,
      previous: publication.at(before.name),
      durability: reachedDurability(rules.durability, synced, durable),
    };
  });
}

/**
 * Publishes the generation before the present one again. Called once more, it goes further back; what was gone back from
 * is never gone back to.
 *
 * @example
 * ```ts
 * import { publishDirectory, rollBackDirectory } from "@durable/atomic-write/transaction";
 *
 * const directory = await Deno.makeTempDir();
 * const site = `${directory}/site`;
 * await publishDirectory(site, (building) => Deno.writeTextFile(`${building}/index.html`, "old"));
 * await publishDirectory(site, (building) => Deno.writeTextFile(`${building}/index.html`, "new"));
 * await rollBackDirectory(site);
 * console.log(await Deno.readTextFile(`${site}/index.html`)); // old
 * await Deno.remove(directory, { recursive: true });
 * ```
 *
 * @param path What {@linkcode publishDirectory} has published.
 * @param options What is called.
 * @returns Where the link leads now, and where it led.
 * @throws {WriteError} Nothing was published there, or there is no earlier generation: ENOENT (`"unchanged"`).
 * @throws {ActivationError} `activate` threw; what was published is again, and was activated (`"unchanged"`).
 * @throws {RollbackFailedError} And that failed.
 */
export function rollBackDirectory(path: FilePath, options?: SwitchOptions): Promise<RollBackResult> {
  return run(() => rollBack(readSwitchRequest(path, options, false)));
}

/**
 * Like {@linkcode rollBackDirectory}, synchronously.
 *
 * @example
 * ```ts
 * import { publishDirectorySync, rollBackDirectorySync } from "@durable/atomic-write/transaction";
 *
 * const directory = Deno.makeTempDirSync();
 * const site = `${directory}/site`;
 * for (const text of ["old", "new"]) {
 *   publishDirectorySync(site, (building) => Deno.writeTextFileSync(`${building}/index.html`, text));
 * }
 * rollBackDirectorySync(site);
 * console.log(Deno.readTextFileSync(`${site}/index.html`)); // old
 * Deno.removeSync(directory, { recursive: true });
 * ```
 *
 * @param path What {@linkcode publishDirectory} has published.
 * @param options Those of {@linkcode rollBackDirectory}; callbacks return no promises.
 * @returns Where the link leads now, and where it led.
 * @throws What {@linkcode rollBackDirectory} rejects with.
 */
export function rollBackDirectorySync(
  path: FilePath,
  options?: SwitchSyncOptions,
): RollBackResult {
  return runSync(() => rollBack(readSwitchRequest(path, options, true)));
}
