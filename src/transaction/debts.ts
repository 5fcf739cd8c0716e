/**
 * Transactions whose files are settled, but whose activation nobody has seen succeed: their journals stay, as `.settled`,
 * until a transaction over some of the same files has activated, or until `recoverTransactions` has told of them.
 */
import type { Operation } from "../core/operation.ts";
import type { Engine } from "../protocol/engine.ts";
import type { Attempt } from "../protocol/failure.ts";
import type { SyncRules } from "../protocol/sync.ts";
import { endTransaction } from "./end_transaction.ts";
import type { Examined } from "./examine.ts";
import { Journal } from "./journal.ts";
import { Homes } from "./participants.ts";

/** What these transactions owed has been activated by now. */
export function* payDebts(
  engine: Engine,
  debts: readonly Examined[],
  rules: SyncRules,
  attempt: Attempt,
): Operation<void> {
  const homes = new Homes();
  try {
    for (const { id, directory, name, status, record } of debts) {
      const home = yield* homes.open(engine, directory, rules, attempt);
      const parts = { id, proof: name.proof, state: name.state, identity: status.identity };
      const others = record?.directories.filter((path) => path !== ".") ?? [];
      yield* endTransaction(engine, Journal.adopt(engine, home, parts), others, rules, attempt);
    }
  } catch {
    // Activating once more than needed does no harm.
  } finally {
    yield* homes.close();
  }
}
