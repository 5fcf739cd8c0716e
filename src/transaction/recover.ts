/**
 * All dead transactions of which there is a sign in a directory, brought to their ends one after the other.
 *
 * Per transaction: locate its journal → examine it → dead? `recoverOne`. What is left of none is removed. Those that are
 * alive, or that nothing proves dead, stay and are reported.
 */
import type { Operation } from "../core/operation.ts";
import type { Engine } from "../protocol/engine.ts";
import { type Attempt, attemptFailed } from "../protocol/failure.ts";
import { examine, type Examined, locate } from "./examine.ts";
import { removeMarker } from "./marker.ts";
import { recoverOne, type RecoveryRules, type Report, targetOf } from "./recover_one.ts";
import { discardStages, scanDirectory, transactionsIn } from "./scan.ts";

/** Looking again at what changes while it is looked at ends some time. */
const mostLooks = 100;

/** Recovers what is in a directory; false when there is no such directory. */
export function* recoverDirectory(
  engine: Engine,
  directory: string,
  rules: RecoveryRules,
  whenUnproven: "keep" | "recover",
  attempt: Attempt,
  report: Report,
): Operation<boolean> {
  const scan = yield* scanDirectory(engine, directory);
  if (scan === undefined) return false;
  for (const id of transactionsIn(scan)) {
    yield* recoverTransaction(engine, directory, id, rules, whenUnproven, attempt, report);
  }
  return true;
}

function* recoverTransaction(
  engine: Engine,
  directory: string,
  id: string,
  rules: RecoveryRules,
  whenUnproven: "keep" | "recover",
  attempt: Attempt,
  report: Report,
): Operation<void> {
  for (let looks = 0; looks < mostLooks; looks++) {
    const scan = yield* scanDirectory(engine, directory);
    if (scan === undefined) return;
    const located = yield* locate(engine, scan, id);
    if (located.kind === "gone") return;
    if (located.kind === "orphan") return yield* removeOrphan(engine, directory, id, report);
    if (located.kind === "kept") {
      const { kind: _, ...kept } = located;
      report.kept.push(kept);
      return;
    }
    const found = yield* examine(engine, located.directory, located.names, whenUnproven);
    if (found === undefined) continue;
    if (found.verdict !== "dead") return keep(found, report);
    // Done or not, again: a journal elsewhere that says nothing yet did not lead back to what is here.
    if ((yield* recoverOne(engine, found, rules, attempt, report)) === "kept") return;
  }
  throw attemptFailed(attempt, "EBUSY", "recover", `transaction ${id} keeps changing while it is examined`);
}

function keep({ path, verdict, name }: Examined, report: Report): void {
  if (verdict === "dead") return;
  report.kept.push({ path, reason: verdict });
  // Whoever settled it has ended since, or this could be asked of him.
  if (name.state === "settled" && verdict === "unproven") report.needsActivation.push(path);
}

/** Removes what is left of a transaction that has no journal. */
export function* removeOrphan(engine: Engine, directory: string, id: string, report: Report): Operation<void> {
  for (const name of yield* discardStages(engine, directory, id)) report.undone.push(targetOf(engine, directory, name));
  yield* removeMarker(engine, directory, id);
}
