/**
 * One dead transaction, settled as its journal's name says:
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
import { lockFiles, releaseLocks } from "../lock/lock_files.ts";
import type { LockHold } from "../lock/lock_hold.ts";
import type { ParentDirectory } from "../protocol/directories.ts";
import { beginAnew } from "../protocol/failure.ts";
import { closeQuietly } from "../protocol/file_call.ts";
import { journalName, parseStageName } from "../protocol/names/transaction.ts";
import { refusal } from "./believe.ts";
import { endTransaction } from "./end_transaction.ts";
import { type Examined, isDecided } from "./examine.ts";
import { Journal } from "./journal.ts";
import type { JournalRecord } from "./journal_record.ts";
import { syncHomes } from "./participants.ts";
import type { Recovery } from "./recovery.ts";
import { discardStages } from "./scan.ts";
import { finishFile, placeFile, restoreFile, type SettledFile } from "./settle.ts";

/** Brings a dead transaction to its end, or says in the report why it stays: `"kept"`. `"again"`: it is not as it was. */
export function* recoverOne(found: Examined, recovery: Recovery): Operation<"done" | "again" | "kept"> {
  const { record, home } = found;
  const { rules, homes, attempt, report } = recovery;
  // One transaction after the other, each judged by its own syncs.
  beginAnew(attempt);
  const places = new Map([[".", home]]);
  const decided = isDecided(found.name);
  for (const path of record?.directories ?? []) {
    if (path === ".") continue;
    const other = yield* homes.find(path);
    const reason = yield* refusal(found, other, rules.trust);
    if (reason === undefined && other !== undefined) places.set(path, other);
    else if (decided) {
      // Part of it would be neither finished nor undone.
      report.kept.push({
        path: found.path,
        reason: reason ?? "unreachable",
        ...reason === "unreachable" ? { missing: path } : {},
      });
      return "kept";
    }
  }
  const others = [...places.values()].filter((place) => place !== home);
  const files = filesOf(found.id, record, places);
  const step = { recovery, found, others, files };
  if (!decided) return yield* withJournal(step, (journal) => withoutFiles(step, journal));
  const lockables = yield* lockable(files);
  const holds = yield* lockFiles(home.engine, lockables, { plan: rules.lock, whenFull: "skip" });
  try {
    return yield* withJournal(step, (journal) => settleFiles(step, journal, holds));
  } finally {
    yield* releaseLocks(holds);
  }
}

interface Step {
  readonly recovery: Recovery;
  readonly found: Examined;
  /** Directories with its markers. */
  readonly others: readonly ParentDirectory[];
  readonly files: readonly SettledFile[];
}

function filesOf(
  id: string,
  record: JournalRecord | undefined,
  homes: ReadonlyMap<string, ParentDirectory>,
): SettledFile[] {
  const files: SettledFile[] = [];
  for (const file of record?.files ?? []) {
    const home = homes.get(record?.directories[file.directory] ?? "");
    if (home !== undefined) files.push(placeFile(home, id, file));
  }
  return files;
}

/** What is no file (any more) will be a conflict, and has no lock. */
function* lockable(files: readonly SettledFile[]) {
  const found = [];
  for (const { path, home, record } of files) {
    const status = yield* wait(home.names.linkStat(record.name));
    if (status === undefined || status.kind === "file") found.push({ path, home, name: record.name });
  }
  return found;
}

/** Others that look at the journal hold its lock for a moment, and shared. */
const longestLook = 5_000;

/** Takes the journal over, unless it is not as it was. */
function* withJournal(
  { recovery: { rules, attempt }, found }: Step,
  body: (journal: Journal) => Operation<"done" | "kept">,
): Operation<"done" | "again" | "kept"> {
  const { home, status, name } = found;
  const { engine } = home;
  const file = yield* wait(home.names.open(journalName(name), "read"));
  if (file === undefined) return "again";
  try {
    if ((yield* wait(file.stat())).identity !== status.identity) return "again";
    if (name.proof.kind === "lock" && engine.capabilities.fileLock !== "none") {
      const had = (yield* wait(file.tryLock(false))) || (yield* wait(file.lock(false, longestLook, rules.lock.signal)));
      if (had !== true) return "again";
    }
    if ((yield* wait(home.names.linkStat(journalName(name))))?.identity !== status.identity) return "again";
    const { id, proof, state } = name;
    const journal = Journal.adopt(engine, home, { id, proof, state, identity: status.identity });
    // A name that a failed sync has left beside the true one must not come back when that one is gone.
    for (const stale of found.stale) yield* wait(home.names.remove(journalName(stale)));
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
  const { recovery: { rules, attempt, report }, found, others, files } = step;
  if (journal.state === "settled") return yield* concludeDebt(step, journal, []);
  const staged: string[] = [];
  for (const home of [found.home, ...others]) {
    for (const name of yield* discardStages(home, found.id)) staged.push(targetOf(home, name));
  }
  if (journal.state !== "activated") {
    for (const file of files) yield* removeNeedless(file);
    report.undone.push(...files.length > 0 ? files.map((file) => file.path) : staged);
  }
  yield* endTransaction(journal, others, rules.sync, attempt);
  return "done";
}

/** The target that a stage was for, as far as its name tells. */
export function targetOf(home: ParentDirectory, stage: string): string {
  const target = parseStageName(stage)?.target ?? stage;
  return home.pathOf(/~[0-9a-f]{16}$/.test(target) ? stage : target);
}

/** The backup made for a change that never came is no earlier version: it is the file itself. */
function* removeNeedless({ home, backup, record }: SettledFile): Operation<void> {
  if (backup === undefined) return;
  const kept = yield* wait(home.names.linkStat(backup));
  const current = yield* wait(home.names.linkStat(record.name));
  if (kept !== undefined && kept.identity === current?.identity) yield* wait(home.names.remove(backup));
}

function* settleFiles(step: Step, journal: Journal, holds: readonly LockHold[]): Operation<"done" | "kept"> {
  const { recovery: { rules, attempt, report }, found, others, files } = step;
  const { home } = found;
  const { engine } = home;
  const forward = journal.state === "committed";
  for (const file of files) {
    const settlement = yield* forward ? finishFile(engine, file) : restoreFile(engine, file);
    const list = settlement === "conflict" ? report.conflicts : forward ? report.finished : report.undone;
    list.push(file.path);
  }
  // Also where nothing was to be done: the process that did it may not have come to sync it.
  yield* syncHomes(engine, [home, ...others], rules.sync, attempt);
  for (const each of [home, ...others]) yield* discardStages(each, found.id);
  if (found.record?.activates) return yield* concludeDebt(step, journal, holds);
  yield* endTransaction(journal, others, rules.sync, attempt);
  return "done";
}

function* concludeDebt(
  { recovery: { rules, attempt, report }, others }: Step,
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
  yield* endTransaction(journal, others, rules.sync, attempt);
  return "done";
}
