/**
 * From what a journal decided to what is on disk: one file at a time, forward or back. The living transaction and every
 * recovery of a dead one go through these two functions; each may be cut off anywhere and run again.
 *
 * `finishFile`: the stage becomes the target. `restoreFile`: the backup becomes the target, or a file that did not exist
 * is removed. Both first look, by SHA-256, whether the target is the old or the new file; if it is neither, somebody
 * else has written it, and it is left alone: a conflict.
 *
 * Neither needs disk space: both only rename and remove names. The backup is the old file itself (a hard link), so that
 * what comes back has its bytes, mode, owner and everything else that was never looked at.
 *
 * Nothing here is durable until the directories are synced.
 */
import { type Operation, wait } from "../core/operation.ts";
import { commitTurn, enterTarget, returnTicket, takeTicket } from "../protocol/commit_turn.ts";
import type { ParentDirectory } from "../protocol/directories.ts";
import type { Engine } from "../protocol/engine.ts";
import { closeQuietly, digestOf } from "../protocol/file_call.ts";
import { type BusyRules, BusyTarget, usualBusyRules } from "../protocol/busy_target.ts";
import { removeIn, renameIn, renameOnto } from "../protocol/reported_failure.ts";
import { turnKey } from "../protocol/file_replacement.ts";
import { stageName } from "../protocol/names/transaction.ts";
import type { FileStatus } from "../runtime/runtime.ts";
import { SystemError } from "../runtime/system_error.ts";
import type { RecordedFile } from "./journal_record.ts";

/** A recorded file and where it is. */
export interface SettledFile {
  readonly record: RecordedFile;
  readonly home: ParentDirectory;
  /** For people: it is reached by its name in `home`. */
  readonly path: string;
  /** The name of its stage. */
  readonly stage: string;
  /** The name of its backup. */
  readonly backup: string | undefined;
}

/** What happened to a file: as decided, or left alone because it is neither old nor new. */
type Settlement = "done" | "conflict";

/** Where a recorded file is. */
export function placeFile(home: ParentDirectory, id: string, record: RecordedFile): SettledFile {
  return {
    record,
    home,
    path: home.pathOf(record.name),
    stage: stageName(record.name, id, record.stage),
    backup: record.backup ?? undefined,
  };
}

/** What there is by a name: nothing, a file with this content, or something else. */
interface Seen {
  readonly status: FileStatus | undefined;
  /** Of a file. */
  readonly digest: string | undefined;
}

/** What cannot be opened because it is no file. */
const noFile = ["ELOOP", "EISDIR", "ENXIO"];

/** Looks at a name without following it; at a file through what is opened, which no cache has an answer for. */
export function* lookAt(home: ParentDirectory, name: string): Operation<Seen> {
  let file;
  try {
    file = yield* wait(home.names.open(name, "read"));
  } catch (error) {
    if (!(error instanceof SystemError && noFile.includes(error.code))) throw error;
    const status = yield* wait(home.names.linkStat(name));
    // A file by now: it was exchanged between the two calls.
    return { status: status?.kind === "file" ? { ...status, kind: "other" } : status, digest: undefined };
  }
  if (file === undefined) return { status: undefined, digest: undefined };
  try {
    return { status: yield* wait(file.stat()), digest: yield* digestOf(home.engine, file) };
  } finally {
    yield* closeQuietly(file);
  }
}

/** Whether there is a file by that name, told by opening it. */
function* isThere(home: ParentDirectory, name: string): Operation<boolean> {
  const file = yield* wait(home.names.open(name, "read"));
  if (file !== undefined) yield* closeQuietly(file);
  return file !== undefined;
}

const is = ({ status, digest }: Seen, wanted: string | null): boolean =>
  wanted === null ? status === undefined : digest === wanted;

/** Whether what is seen is the file as it was before. */
export const isOld = (seen: Seen, { old }: RecordedFile): boolean => is(seen, old);

/** Whether what is seen is the file as it is to be. */
export const isNew = (seen: Seen, record: RecordedFile): boolean => is(seen, record.new);

/** Runs `change` as a commit of this process to that file: a slower, earlier write must not overwrite it. */
function* inTurn(engine: Engine, file: SettledFile, change: () => Operation<void>): Operation<void> {
  const { home, record } = file;
  for (let done = false; !done;) {
    const ticket = takeTicket();
    try {
      enterTarget(ticket, turnKey(home, record.name));
      // Overtaken by a write that was called since: then once more, for what the journal decided is decided.
      yield* commitTurn(ticket, engine.synchronous, function* () {
        yield* change();
        return done = true;
      });
    } finally {
      returnTicket(ticket);
    }
  }
}

/**
 * Makes the stage the target, without looking: for the transaction that has just staged it. Where somebody has the target
 * open, it is waited for as the rules say.
 */
export function* publishStage(engine: Engine, file: SettledFile, identity: string, rules: BusyRules): Operation<void> {
  const { home, stage: from, record: { name: to } } = file;
  yield* inTurn(engine, file, () => renameOnto(new BusyTarget(home, to, rules), { home, from, to, identity }));
}

/** Removes the target, without looking: for the transaction that has just looked at it. */
export function* takeAway(engine: Engine, file: SettledFile): Operation<void> {
  yield* inTurn(engine, file, function* () {
    yield* removeIn(file.home, file.record.name);
  });
}

/** Makes the target the new file, or removes it. */
export function* finishFile(engine: Engine, file: SettledFile): Operation<Settlement> {
  const { record, home } = file;
  const target = yield* lookAt(home, record.name);
  const done = isNew(target, record);
  if (record.new === null) {
    if (!done && !isOld(target, record)) return "conflict";
    if (!done) yield* takeAway(engine, file);
    return "done";
  }
  const stage = yield* lookAt(home, file.stage);
  if (stage.digest !== record.new) return done ? "done" : "conflict";
  if (!done && !isOld(target, record)) return "conflict";
  yield* publishStage(engine, file, stage.status?.identity ?? "", usualBusyRules);
  return "done";
}

/** Makes the target the old file again. */
export function* restoreFile(engine: Engine, file: SettledFile): Operation<Settlement> {
  const { record, home } = file;
  const target = yield* lookAt(home, record.name);
  // A stage that is still there has not become the target: whatever that is, this transaction has not touched it.
  const untouched = yield* isThere(home, file.stage);
  const changed = isNew(target, record);
  if (record.old === null) {
    if (target.status === undefined) return "done";
    if (untouched || !changed) return "conflict";
    yield* takeAway(engine, file);
    return "done";
  }
  const { backup } = file;
  const kept = backup === undefined ? undefined : yield* lookAt(home, backup);
  const restorable = kept?.digest === record.old ? kept.status : undefined;
  const isRestored = isOld(target, record) &&
    (untouched || !changed || target.status?.identity === restorable?.identity);
  if (backup !== undefined && restorable !== undefined && !isRestored) {
    if (!changed) return "conflict";
    yield* inTurn(engine, file, () => renameIn(home, backup, record.name, restorable.identity));
    return "done";
  }
  if (!isOld(target, record)) return "conflict";
  // The backup of a file that is the current one again is no earlier version.
  if (backup !== undefined && restorable !== undefined) yield* removeIn(home, backup);
  return "done";
}
