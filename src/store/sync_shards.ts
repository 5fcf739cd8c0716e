/**
 * The end of a put: the directories of its objects are synced, each once; then the temporary names of what was linked go.
 *
 * A file system that refuses that has failed, though it has answered the syncs with success: nothing of the call is then
 * acknowledged. After a failure the objects concerned are in `failures`; they may be there, and harm nobody.
 */
import { all, type Operation } from "../core/operation.ts";
import type { ParentDirectory } from "../protocol/directories.ts";
import type { Attempt, CleanupFailure } from "../protocol/failure.ts";
import { stillHolds, witnessOf } from "../protocol/removal_witness.ts";
import { syncDirectory } from "../protocol/sync.ts";
import { reachedDurability } from "../protocol/write_plan.ts";
import type { Incoming } from "./incoming.ts";
import type { StoreContext } from "./store.ts";

/** Objects with one digest: the first is stored, the others are the same. */
export interface Group {
  readonly lead: Incoming;
  readonly members: Incoming[];
  readonly directory: string;
  fileSynced: boolean;
}

/** Files and syncs at once; more does not make a disk faster. */
export const together = 16;

/** Makes the names of these objects durable, and notes what was reached. */
export function* syncShards(
  context: StoreContext,
  groups: readonly Group[],
  shards: ReadonlyMap<string, ParentDirectory>,
  failures: Map<Incoming, unknown>,
): Operation<void> {
  const { engine, plan } = context;
  const synced = new Set<string>();
  const used = [...new Set(groups.map(({ directory }) => directory))];
  yield* all(
    used.map((directory) =>
      function* (): Operation<void> {
        const parent = shards.get(directory);
        const own = groups.filter((group) => group.directory === directory);
        const attempt: Attempt = own[0]?.lead.attempt ?? context.attempt("Cannot store into");
        try {
          if (parent === undefined) return;
          if (yield* syncDirectory(engine, parent, plan, attempt)) synced.add(directory);
        } catch (error) {
          own.forEach(({ lead }) => failures.set(lead, error));
        }
      }
    ),
    together,
  );
  const removals = yield* removeSecondNames(groups.filter(({ lead }) => !failures.has(lead)));
  const witness = witnessOf([...removals.values()].flat());
  for (const { lead, directory, fileSynced } of groups) {
    const shard = shards.get(directory);
    if (failures.has(lead) || shard === undefined) continue;
    const own = removals.get(lead) ?? [];
    const known = witness === undefined || witnessOf(own) !== undefined ? own : [...own, { error: witness }];
    const claim = { engine, device: shard.status.device, rules: plan, attempt: lead.attempt };
    try {
      const holds = stillHolds(claim, known);
      context.note(reachedDurability(plan.durability, fileSynced && holds, synced.has(directory)));
    } catch (error) {
      failures.set(lead, error);
    }
  }
}

function* removeSecondNames(groups: readonly Group[]): Operation<Map<Incoming, CleanupFailure[]>> {
  const removals = new Map<Incoming, CleanupFailure[]>();
  for (const { lead } of groups) removals.set(lead, yield* lead.removeSecondName());
  return removals;
}
