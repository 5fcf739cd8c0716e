/**
 * The end of a transaction: nothing of it is left but its files and their backups.
 *
 * Where only the journal's own directory took part, removing the journal is one step: it is there or it is not. Where
 * others did, their markers must not go before it is certain that no recovery will ask for them: `.activated`, synced,
 * then the markers, then the journal.
 *
 * After a failure the journal is still there under one of its names: a recovery does the rest.
 */
import type { Operation } from "../core/operation.ts";
import type { ParentDirectory } from "../protocol/directories.ts";
import type { Attempt } from "../protocol/failure.ts";
import type { SyncRules } from "../protocol/sync.ts";
import type { Journal } from "./journal.ts";
import { removeMarker } from "./marker.ts";

/** Ends a transaction whose files are settled and durable. `others`: directories with its markers. */
export function* endTransaction(
  journal: Journal,
  others: readonly ParentDirectory[],
  rules: SyncRules,
  attempt: Attempt,
): Operation<void> {
  if (others.length > 0) {
    if (journal.state !== "activated") {
      yield* journal.moveTo("activated");
      yield* journal.sync(rules, attempt);
    }
    for (const other of others) yield* removeMarker(other, journal.id);
  }
  yield* journal.remove();
  yield* journal.sync(rules, attempt);
}
