/**
 * One dead transaction, brought to its end as its journal's name says:
 *
 *     .preparing       nothing was decided: its stages go
 *     (committed)      every file becomes the new one
 *     .rolling-back    every file becomes the old one
 *     .settled         an activation is owed
 *     .activated       only names go
 *
 * Order: the directories it names, with their markers → the files' locks → the journal's lock, and another look at its
 * name, made durable → the files → a sync of every directory → what was staged and not needed → the journal. So recovery may be cut
 * off anywhere and run again; two of them at once do it one after the other.
 *
 * What was committed and needs an activation leaves its journal behind as `.settled` until an activation has returned.
 */
import { type Operation, wait } from "../core/operation.ts";
import type { LockHold } from "../lock/lock.ts";
import type { LockPlan } from "../lock/lock_plan.ts";
import { closeParent, openParent, type ParentDirectory } from "../protocol/directories.ts";
import { childOf, type Engine } from "../protocol/engine.ts";
import { type Attempt, beginAnew } from "../protocol/failure.ts";
import { closeQuietly } from "../protocol/file_call.ts";
import type { SyncRules } from "../protocol/sync.ts";
import { parseStageName } from "../protocol/names/transaction.ts";
import { refusal } from "./believe.ts";
import { endTransaction } from "./end_transaction.ts";
import type { Examined, KeptReason } from "./examine.ts";
import { Journal } from "./journal.ts";
import type { JournalRecord } from "./journal_record.ts";
import { lockFiles, releaseLocks } from "../lock/lock_files.ts";
import { restBeyond, syncHomes } from "./participants.ts";
import { discardStages, journalPath } from "./scan.ts";
import { finishFile, placeFile, restoreFile, type SettledFile } from "./settle.ts";

/** What recovery has found and done. */
export interface Report {
  readonly finished: string[];
  readonly undone: string[];
  readonly conflicts: string[];
  readonly needsActivation: string[];
  readonly kept: { readonly path: string; readonly reason: KeptReason; readonly missing?: string }[];
}

/** Nothing yet. */
export const emptyReport = (): Report => ({ finished: [], undone: [], conflicts: [], needsActivation: [], kept: [] });

/** How a recovery goes about it. */
export interface RecoveryRules {
  readonly lock: LockPlan;
  readonly sync: SyncRules;
  /** Called for a transaction that is settled and needs an activation; when it returns, none is owed any more. */
  readonly activate?: ((journal: string, holds: readonly LockHold[]) => Operation<void>) | undefined;
}

/** Brings a dead transaction to its end, or says in the report why it stays: `"kept"`. `"again"`: it is not as it was. */
export function* recoverOne(
  engine: Engine,
  found: Examined,
  rules: RecoveryRules,
  attempt: Attempt,
  report: Report,
): Operation<"done" | "again" | "kept"> {
  const { record, directory } = found;
  const homes = new Map<string, ParentDirectory>();
  // One transaction after the other, each judged by its own syncs.
  beginAnew(attempt);
  try {
    const own = yield* openParent(engine, directory, rules.sync, attempt);
    homes.set(".", own);
    const decided = found.name.state === "committed" || found.name.state === "rolling-back";
    for (const other of record?.directories ?? []) {
      if (other === ".") continue;
      const reason = yield* refusal(engine, found.id, found, other);
      if (reason === undefined) {
        homes.set(other, yield* restBeyond(homes.size, yield* openParent(engine, other, rules.sync, attempt)));
      } else if (decided) {
        // Part of it would be neither finished nor undone.
        report.kept.push({ path: found.path, reason, ...reason === "unreachable" ? { missing: other } : {} });
        return "kept";
      }
    }
    const others = [...homes.keys()].filter((path) => path !== ".");
    const files = filesOf(engine, found.id, record, homes);
    const step = { engine, found, rules, attempt, report, homes, others, files };
    if (!decided) return yield* withJournal(step, own, (journal) => withoutFiles(step, journal));
    const holds = yield* lockFiles(engine, yield* lockable(engine, files), { plan: rules.lock, whenFull: "skip" });
    try {
      return yield* withJournal(step, own, (journal) => settleFiles(step, journal, holds));
    } finally {
      yield* releaseLocks(holds);
    }
  } finally {
    for (const home of homes.values()) yield* closeParent(home);
  }
}

interface Step {
  readonly engine: Engine;
  readonly found: Examined;
  readonly rules: RecoveryRules;
  readonly attempt: Attempt;
  readonly report: Report;
  readonly homes: ReadonlyMap<string, ParentDirectory>;
  readonly others: readonly string[];
  readonly files: readonly SettledFile[];
}

function filesOf(
  engine: Engine,
  id: string,
  record: JournalRecord | undefined,
  homes: ReadonlyMap<string, ParentDirectory>,
): SettledFile[] {
  const files: SettledFile[] = [];
  for (const file of record?.files ?? []) {
    const home = homes.get(record?.directories[file.directory] ?? "");
    if (home !== undefined) files.push(placeFile(engine, home, id, file));
  }
  return files;
}

/** What is no file (any more) will be a conflict, and has no lock. */
function* lockable(engine: Engine, files: readonly SettledFile[]) {
  const found = [];
  for (const { path, home, record } of files) {
    const status = yield* wait(engine.fileSystem.linkStat(path));
    if (status === undefined || status.kind === "file") found.push({ path, home, name: record.name });
  }
  return found;
}

/** Others that look at the journal hold its lock for a moment, and shared. */
const longestLook = 5_000;

/** Takes the journal over, unless it is not as it was. */
function* withJournal(
  { engine, found, rules, attempt }: Step,
  home: ParentDirectory,
  body: (journal: Journal) => Operation<"done" | "kept">,
): Operation<"done" | "again" | "kept"> {
  const { path, status, name } = found;
  const file = yield* wait(engine.fileSystem.open(path, "read", { follow: false }));
  if (file === undefined) return "again";
  try {
    if ((yield* wait(file.stat())).identity !== status.identity) return "again";
    if (name.proof.kind === "lock" && engine.capabilities.fileLock !== "none") {
      const had = (yield* wait(file.tryLock(false))) || (yield* wait(file.lock(false, longestLook, rules.lock.signal)));
      if (had !== true) return "again";
    }
    if ((yield* wait(engine.fileSystem.linkStat(path)))?.identity !== status.identity) return "again";
    const { id, proof, state } = name;
    const journal = Journal.adopt(engine, home, { id, proof, state, identity: status.identity });
    // A name that a failed sync has left beside the true one must not come back when that one is gone.
    for (const stale of found.stale) yield* wait(engine.fileSystem.remove(journalPath(engine, home.path, stale)));
    // Its owner may have been killed between the rename that is seen here and its sync. What is done now must not outlast
    // the decision it follows from.
    yield* journal.sync(rules.sync, attempt);
    return yield* body(journal);
  } finally {
    yield* closeQuietly(file);
  }
}

/** Nothing to be done about the files: they were never touched, or are settled. */
function* withoutFiles(step: Step, journal: Journal): Operation<"done" | "kept"> {
  const { engine, found, report, homes, others, files } = step;
  if (journal.state === "settled") return yield* concludeDebt(step, journal, []);
  const staged: string[] = [];
  for (const home of homes.values()) {
    for (const name of yield* discardStages(engine, home.path, found.id)) {
      staged.push(targetOf(engine, home.path, name));
    }
  }
  if (journal.state !== "activated") {
    for (const file of files) yield* removeNeedless(engine, file);
    report.undone.push(...files.length > 0 ? files.map((file) => file.path) : staged);
  }
  yield* endTransaction(engine, journal, others, step.rules.sync, step.attempt);
  return "done";
}

/** The target that a stage was for, as far as its name tells. */
export function targetOf(engine: Engine, directory: string, stage: string): string {
  const target = parseStageName(stage)?.target ?? stage;
  return childOf(engine, directory, /~[0-9a-f]{16}$/.test(target) ? stage : target);
}

/** The backup made for a change that never came is no earlier version: it is the file itself. */
function* removeNeedless(engine: Engine, { backup, path }: SettledFile): Operation<void> {
  if (backup === undefined) return;
  const kept = yield* wait(engine.fileSystem.linkStat(backup));
  const current = yield* wait(engine.fileSystem.linkStat(path));
  if (kept !== undefined && kept.identity === current?.identity) yield* wait(engine.fileSystem.remove(backup));
}

function* settleFiles(step: Step, journal: Journal, holds: readonly LockHold[]): Operation<"done" | "kept"> {
  const { engine, found, rules, attempt, report, homes, others, files } = step;
  const forward = journal.state === "committed";
  for (const file of files) {
    const settlement = yield* forward ? finishFile(engine, file) : restoreFile(engine, file);
    const list = settlement === "conflict" ? report.conflicts : forward ? report.finished : report.undone;
    list.push(file.path);
  }
  // Also where nothing was to be done: whoever did it may not have come to sync it.
  yield* syncHomes(engine, homes.values(), rules.sync, attempt);
  for (const home of homes.values()) yield* discardStages(engine, home.path, found.id);
  if (found.record?.activates) return yield* concludeDebt(step, journal, holds);
  yield* endTransaction(engine, journal, others, rules.sync, attempt);
  return "done";
}

function* concludeDebt(
  { engine, rules, attempt, report, others }: Step,
  journal: Journal,
  holds: readonly LockHold[],
): Operation<"done" | "kept"> {
  if (journal.state !== "settled") {
    yield* journal.moveTo("settled");
    yield* journal.sync(rules.sync, attempt);
  }
  if (rules.activate === undefined) {
    report.needsActivation.push(journal.path);
    return "kept";
  }
  yield* rules.activate(journal.path, holds);
  yield* endTransaction(engine, journal, others, rules.sync, attempt);
  return "done";
}
