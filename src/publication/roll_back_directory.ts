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
  readRollBackRequest,
  type RollBackOptions,
  type RollBackSyncOptions,
} from "./publish_options.ts";
import { activationName } from "./owed_activation.ts";
import { syncTree } from "./tree.ts";
import type { Published } from "./publication.ts";
import { withPublication, withTree } from "./with_publication.ts";

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
  /** What could not be removed: the next publication tries again. */
  leftBehind?: string[];
}

function* rollBack(request: PublishRequest): Operation<RollBackResult> {
  const { path, rules, activate, generation: wanted } = request;
  const attempt = beginAttempt("Cannot roll back", path);
  const refuse = ({ kind }: Published) => {
    if (kind !== "generation") throw attemptFailed(attempt, "ENOENT", "resolve", "it is not published");
  };
  return yield* withPublication(request, attempt, function* (publication, holds, failures) {
    const before = yield* publication.current();
    refuse(before);
    const from = before.kind === "generation" ? before.name : "";
    const generations = yield* publication.generations();
    const now = generations.find(({ name }) => name === from)?.time ?? 0;
    const chosen = wanted === undefined
      ? generations.find(({ time, withdrawn }) => time < now && withdrawn === undefined)
      : generations.find(({ name }) => name === wanted);
    if (chosen === undefined) {
      const reason = wanted === undefined ? "there is no earlier generation" : "there is no such generation";
      const users = [...publication.strangers];
      const advised = { reason: `${reason} that counts`, remedy: { use: "trust", users } } as const;
      throw attemptFailed(attempt, "ENOENT", "resolve", users.length === 0 ? reason : advised);
    }
    const generation = publication.at(chosen.name);
    // Somebody may have worked in it since it was published.
    const synced = yield* withTree(publication, chosen.name, attempt, (tree) => syncTree(tree, rules, attempt));
    const name = yield* publication.newName("switch");
    checkAbort(rules.signal);
    yield* confirmLocks(holds);
    const result = { path, generation, previous: publication.at(from) };
    if (chosen.name === from) {
      return { ...result, durability: reachedDurability(rules.durability, synced, yield* publication.sync()) };
    }
    // A call that goes forward does not report what is left.
    const forward = { name, owes: activate !== undefined };
    yield* publication.goBackTo(chosen.name, chosen.time < now ? from : undefined, forward);
    attempt.targetState = "replaced";
    const durable = yield* publication.sync();
    const owed = activationName(name);
    yield* activated(request, publication, { holds, previous: before, current: chosen.name, owed, attempt, failures });
    const leftBehind = failures.flatMap((failure) => failure.leftBehind ?? []);
    return {
      ...result,
      durability: reachedDurability(rules.durability, synced, durable),
      ...leftBehind.length === 0 ? {} : { leftBehind },
    };
  }, refuse);
}

/**
 * Publishes the generation before the present one again. Called once more, it goes further back; what was gone back from
 * is never gone back to, unless `generation` names it.
 *
 * @example
 * ```ts
 * import { readTextFile, writeFile } from "@durable/atomic-write";
 * import { publishDirectory, rollBackDirectory } from "@durable/atomic-write/transaction";
 *
 * await publishDirectory("site", (building) => writeFile(`${building}/index.html`, "old"));
 * await publishDirectory("site", (building) => writeFile(`${building}/index.html`, "new"));
 * await rollBackDirectory("site");
 * console.log(await readTextFile("site/index.html")); // old
 * ```
 *
 * @param path What {@linkcode publishDirectory} has published.
 * @param options What is called.
 * @returns Where the link leads now, and where it led.
 * @throws {WriteError} Nothing was published there, or there is no earlier generation: ENOENT (`"unchanged"`).
 * @throws {ActivationError} `activate` threw; what was published is again, and was activated (`"unchanged"`).
 * @throws {RollbackFailedError} And that failed.
 */
export function rollBackDirectory(path: FilePath, options?: RollBackOptions): Promise<RollBackResult> {
  return run(() => rollBack(readRollBackRequest(path, options, false)));
}

/**
 * Like {@linkcode rollBackDirectory}, synchronously.
 *
 * @example
 * ```ts
 * import { readTextFileSync, writeFileSync } from "@durable/atomic-write";
 * import { publishDirectorySync, rollBackDirectorySync } from "@durable/atomic-write/transaction";
 *
 * for (const text of ["old", "new"]) {
 *   publishDirectorySync("site", (building) => writeFileSync(`${building}/index.html`, text));
 * }
 * rollBackDirectorySync("site");
 * console.log(readTextFileSync("site/index.html")); // old
 * ```
 *
 * @param path What {@linkcode publishDirectory} has published.
 * @param options Those of {@linkcode rollBackDirectory}; callbacks return no promises.
 * @returns Where the link leads now, and where it led.
 * @throws What {@linkcode rollBackDirectory} rejects with.
 */
export function rollBackDirectorySync(
  path: FilePath,
  options?: RollBackSyncOptions,
): RollBackResult {
  return runSync(() => rollBack(readRollBackRequest(path, options, true)));
}
