/**
 * All dead transactions of which there is a sign in a directory, settled one after the other.
 *
 * Per transaction: locate its journal → examine it → dead? `recoverOne`. What is left of none is removed. Those that are
 * alive, or that cannot be proven dead, stay and are reported.
 */
import { type Operation, wait } from "../core/operation.ts";
import type { ParentDirectory } from "../protocol/directories.ts";
import { attemptFailed } from "../protocol/failure.ts";
import { markerName } from "../protocol/names/transaction.ts";
import { isCredible } from "../protocol/trust.ts";
import { examine, type Examined, locate } from "./examine.ts";
import { recoverOne, targetOf } from "./recover_one.ts";
import { recoverActivations } from "./recover_activations.ts";
import type { Recovery } from "./recovery.ts";
import { type DirectoryScan, scanDirectory, transactionsIn } from "./scan.ts";

/** Looking again at what changes while it is looked at ends some time. */
const mostLooks = 100;

/** Recovers what is in a directory. */
export function* recoverDirectory(home: ParentDirectory, recovery: Recovery): Operation<void> {
  const scan = yield* scanDirectory(home);
  for (const id of scan === undefined ? [] : transactionsIn(scan)) yield* recoverTransaction(home, id, recovery);
  if (scan !== undefined) yield* recoverActivations(home, recovery);
}

function* recoverTransaction(home: ParentDirectory, id: string, recovery: Recovery): Operation<void> {
  const { rules, report, attempt } = recovery;
  for (let looks = 0; looks < mostLooks; looks++) {
    const scan = yield* scanDirectory(home);
    if (scan === undefined) return;
    const located = yield* locate(scan, id, recovery);
    if (located.kind === "gone") return;
    if (located.kind === "orphan") return yield* removeOrphan(scan, id, recovery);
    if (located.kind === "kept") {
      const { kind: _, ...kept } = located;
      report.kept.push(kept);
      return;
    }
    const found = yield* examine(located.home, located.names, rules);
    if (found === undefined) continue;
    if (found.verdict !== "dead") return keep(found, recovery);
    // Done or not, again: a journal elsewhere that says nothing yet did not lead back to what is here.
    if ((yield* recoverOne(found, recovery)) === "kept") return;
  }
  throw attemptFailed(attempt, "EBUSY", "recover", `transaction ${id} keeps changing while it is examined`);
}

function keep({ path, verdict, name, status: { user } }: Examined, { report }: Recovery): void {
  if (verdict === "dead") return;
  report.kept.push({ path, reason: verdict, ...verdict === "untrusted" ? { user } : {} });
  // The process that settled it has ended since, or it could be asked.
  if (name.state === "settled" && verdict === "unproven") report.needsActivation.push(path);
}

/** Removes what is left of a transaction that has no journal, as far as it is this user's. */
export function* removeOrphan(scan: DirectoryScan, id: string, { rules, report }: Recovery): Operation<void> {
  const { home, stages, placeholders } = scan;
  const staged = [...stages.get(id) ?? []].sort();
  for (const name of [...staged, ...placeholders.get(id) ?? [], markerName(id)]) {
    const status = yield* wait(home.names.linkStat(name));
    if (status === undefined || !(yield* isCredible(home, status, rules.trust))) continue;
    yield* wait(home.names.remove(name));
    if (staged.includes(name)) report.undone.push(targetOf(home, name));
  }
}
