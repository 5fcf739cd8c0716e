/**
 * From the commit point to the end: rename every stage to its target → sync the directories → `activate` → the journal
 * goes → outdated backups go.
 *
 * State after a failure: roll_back.ts has put everything back, or says what is where. Once all is activated nothing is
 * taken back any more: what could not be removed is named, and a file system that refuses the removal because it has
 * failed is a witness against the syncs before it, whose error was reported to another process.
 */
import type { Operation } from "../core/operation.ts";
import { type CleanupFailure, tidy } from "../protocol/failure.ts";
import { stillHolds } from "../protocol/removal_witness.ts";
import { removeIn } from "../protocol/reported_failure.ts";
import { type Durability, reachedDurability } from "../protocol/write_plan.ts";
import { activateInTime } from "../lock/timed_callback.ts";
import { tellQuietly } from "./apply_plan.ts";
import { payDebts } from "./debts.ts";
import { endTransaction } from "./end_transaction.ts";
import type { Entered } from "./enter.ts";
import { syncHomes } from "./participants.ts";
import { rollBack } from "./roll_back.ts";
import { publishStage, takeAway } from "./settle.ts";
import type { Transaction } from "./transaction.ts";

/** How a transaction ended. */
interface Ending {
  readonly durability: Durability;
  readonly leftBehind: readonly string[];
}

/** Carries out what is decided. `decided`: whether the decision is known to be durable. */
export function* afterCommit(transaction: Transaction, entered: Entered, decided: boolean): Operation<Ending> {
  const { engine, attempt, changes, journal, standing, request } = transaction;
  const { rules, activate, backup } = request;
  let synced: boolean;
  try {
    yield* publishAll(transaction);
    synced = yield* syncHomes(engine, transaction.homes, rules, attempt);
  } catch (error) {
    throw yield* rollBack(transaction, entered, error, false);
  }
  attempt.targetState = "replaced";
  if (activate !== undefined) {
    tellQuietly(transaction.request, { step: "activate", done: 0, total: changes.length });
    try {
      yield* activateInTime(request, entered.holds);
    } catch (error) {
      throw yield* rollBack(transaction, entered, error, true);
    }
    yield* payDebts(engine, entered, rules, attempt);
  }
  // All is done: a journal that cannot be removed is finished again by the next one, which finds nothing to do.
  const failures: CleanupFailure[] = [];
  yield* tidy(failures, endTransaction(journal, transaction.marked, rules, attempt), journal.path);
  if (backup > 0) yield* prune(transaction, failures);
  const { device } = journal.home.status;
  if (decided && synced) synced = stillHolds({ engine, device, rules, attempt }, failures);
  const fileSynced = standing.filesSynced && changes.every(({ staged }) => staged?.fileSynced ?? true);
  return {
    durability: reachedDurability(rules.durability, fileSynced, decided && synced && standing.namesSynced),
    leftBehind: failures.flatMap(({ leftBehind }) => leftBehind ?? []),
  };
}

function* publishAll(transaction: Transaction): Operation<void> {
  const places = transaction.places();
  const total = places.length;
  tellQuietly(transaction.request, { step: "rename", done: 0, total });
  for (const [index, change] of transaction.changes.entries()) {
    const place = places[index];
    if (place === undefined) continue;
    transaction.attempt.targetState = "unknown";
    if (change.staged === undefined) yield* takeAway(transaction.engine, place);
    else {
      yield* publishStage(transaction.engine, place, change.staged.identity ?? "", transaction.request.rules);
      change.staged.phase = "committed";
    }
    change.published = true;
    tellQuietly(transaction.request, { step: "rename", done: index + 1, total });
  }
}

/** All but the newest of each file's backups. */
function* prune(
  { changes, request: { backup: keep } }: Transaction,
  failures: CleanupFailure[],
): Operation<void> {
  for (const { participant: { home }, backup, earlier } of changes) {
    if (backup === undefined) continue;
    for (const outdated of [...earlier].sort((a, b) => b.time - a.time).slice(keep - 1)) {
      yield* tidy(failures, removeIn(home, outdated.name), home.pathOf(outdated.name));
    }
  }
}
