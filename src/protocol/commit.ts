/**
 * The commit: staged content becomes the target's content. `publish` is the commit point, one line.
 *
 * In the target's turn: backup → a look at attributes → close → last look at directory, file, lock and signal → overtaken by a later call? →
 * **rename** (or link, where nothing may be replaced); from the last look once more where somebody has the target open (busy_target.ts). After it: directory sync, then outdated backups and second names go. The temporary
 * file is closed as late as that, because closing it gives up the lock that keeps sweepers away.
 *
 * State after a failure: `attempt.targetState`, moved forward on the line after the rename. What is reported to have
 * failed may have happened (judge_commit.ts): the state is what is proven, else `"unknown"`. A backup made for a commit that failed goes again.
 */
import { type Operation, wait } from "../core/operation.ts";
import type { FileStatus } from "../runtime/runtime.ts";
import { SystemError } from "../runtime/system_error.ts";
import { makeBackup, pruneBackups, removeBackup } from "./backups.ts";
import { BusyTarget } from "./busy_target.ts";
import { beginTurn, type Committed, type CommitTurn, noteLanding, takeAwayLanding } from "./commit_turn.ts";
import { attachCleanup, checkAbort, tidy, translate } from "./failure.ts";
import { existsAlready, judgeLink, judgeRename, stillInUse, withoutBackup } from "./judge_commit.ts";
import { lookAtAttributes, lookOnceMore } from "./late_metadata.ts";
import { noteProven } from "./proven_content.ts";
import { explainRefusal } from "./refused_change.ts";
import { stillHolds } from "./removal_witness.ts";
import { type FileReplacement, TemporaryVanished } from "./file_replacement.ts";
import { holds } from "./reported_failure.ts";
import { closeStaged, discard, removeOwn } from "./stage.ts";
import { checkSyncs, syncDirectory } from "./sync.ts";
import { reachedDurability, type WriteResult } from "./write_plan.ts";

/**
 * Makes the staged content the target's content. `keepsSecondName`: the caller syncs the directory itself, for many
 * files at once, and calls `removeSecondName` after that.
 */
export function* commit(write: FileReplacement, keepsSecondName = false): Operation<WriteResult> {
  const { engine, ticket } = write;
  if (ticket === undefined) throw new Error("A commit needs a place in the order");
  const turn = yield* beginTurn(ticket, engine.synchronous);
  let later = turn.overtaken;
  try {
    later ??= yield* commitInTurn(write, turn);
  } finally {
    turn.end();
  }
  return yield* later === undefined ? makeDurable(write, keepsSecondName) : yieldTo(write, later);
}

/** Everything up to the commit point; what has overtaken it, if anything. */
function* commitInTurn(write: FileReplacement, turn: CommitTurn): Operation<Committed | undefined> {
  const { engine, parent, plan, attempt } = write;
  write.backup = plan.backup > 0 ? yield* makeBackup(write) : undefined;
  try {
    if (engine.capabilities.attributes) yield* lookAtAttributes(write);
    yield* closeStaged(write);
    for (let published = false; !published;) {
      yield* lookOnceMore(write);
      checkAbort(plan.signal);
      checkSyncs(engine, parent.status.device, plan, attempt);
      const newer = turn.overtaken;
      if (newer !== undefined) {
        if (write.backup !== undefined) yield* removeBackup(engine, write.backup.path);
        return newer;
      }
      published = yield* plan.mustNotExist ? publishNew(write) : publish(write);
    }
  } catch (error) {
    const undone = yield* withoutBackup(write, error);
    // Taken away by the later call itself.
    const newer = undone instanceof TemporaryVanished ? turn.overtaken : undefined;
    if (newer === undefined) throw undone;
    return newer;
  }
  turn.committed(write.fileSynced);
  return undefined;
}

/** The commit point. False: somebody had the target open, has been waited for, and nothing has changed. */
function* publish(write: FileReplacement): Operation<boolean> {
  const { engine, temporary, target, parent, attempt, ticket } = write;
  if (ticket !== undefined) {
    if (engine.synchronous) yield* takeAwayLanding(engine, ticket);
    else noteLanding(ticket, temporary.path);
  }
  try {
    yield* wait(temporary.home.names.rename(temporary.name, parent.names, target.name));
  } catch (error) {
    if (!(error instanceof SystemError)) throw error;
    const busy = write.busy ??= new BusyTarget(parent, target.name, write.plan);
    if (yield* busy.waitAfter(error)) return false;
    const judged = yield* judgeRename(write, error);
    if (busy.timedOut) throw stillInUse(write, judged);
    const refused = { engine, status: write.previous ?? target.status, directory: parent.status };
    throw explainRefusal(judged, refused, attempt);
  } finally {
    if (ticket !== undefined && !engine.synchronous) noteLanding(ticket, undefined);
  }
  write.phase = "committed";
  attempt.targetState = "replaced";
  return true;
}

/**
 * The commit point of a file that must not exist: link(2) can never replace anything. The temporary name stays until the
 * directory is synced: its removal is then a witness for that sync.
 */
function* publishNew(write: FileReplacement): Operation<boolean> {
  const { engine, temporary, target, parent, attempt, leftovers, ticket } = write;
  if (ticket !== undefined && engine.synchronous) yield* takeAwayLanding(engine, ticket);
  try {
    yield* wait(temporary.home.names.link(temporary.name, parent.names, target.name));
  } catch (error) {
    if (!(error instanceof SystemError)) throw error;
    if (error.code !== "EEXIST") {
      const judged = yield* judgeLink(write, error);
      // Linked all the same: the other name must not stay, and nobody else removes it any more.
      if (write.phase === "committed") yield* removeSecondName(write);
      throw attachCleanup(translate(judged, attempt), leftovers, attempt);
    }
    // NFS may answer EEXIST to a repeated request whose first reply was lost: open(2), "NOTES".
    if ((yield* holds(parent, target.name, write.identity)) !== true) throw existsAlready(attempt, "link", error);
  }
  write.phase = "committed";
  attempt.targetState = "replaced";
  return true;
}

/** A file that was linked has its temporary name, too. */
export function* removeSecondName(
  { plan, temporary: { home, name, path }, leftovers }: FileReplacement,
): Operation<void> {
  if (plan.mustNotExist) yield* tidy(leftovers, removeOwn(home, name), path);
}

/** Makes the names in the target's directory durable, in one sync for all of a round. */
function* syncParentNames({ engine, parent, plan, attempt }: FileReplacement): Operation<boolean> {
  const { path, status, handle } = parent;
  const directory = plan.round === undefined ? parent : { path, status, handle, sharers: plan.round };
  return yield* syncDirectory(engine, directory, plan, attempt);
}

/** Everything after the commit point. */
function* makeDurable(write: FileReplacement, keepsSecondName: boolean): Operation<WriteResult> {
  const { engine, parent, plan, attempt, backup, leftovers } = write;
  let named: boolean;
  try {
    named = yield* syncParentNames(write);
  } catch (error) {
    yield* removeSecondName(write);
    throw attachCleanup(translate(error, attempt), leftovers, attempt);
  }
  if (plan.mustNotExist && !keepsSecondName) yield* removeSecondName(write);
  if (plan.backup > 0) yield* pruneBackups(write);
  let synced = write.fileSynced;
  if (leftovers.length > 0 && !stillHolds({ engine, device: parent.status.device, rules: plan, attempt }, leftovers)) {
    named = synced = false;
  }
  // A write whose earlier version a power cut may take away has not reached all that was asked for.
  if (backup?.durable === false) named = false;
  if (plan.skipIfEqual === "proven" && named && synced) yield* rememberProven(write);
  const result = resultOf(write, synced, named);
  if (write.digest !== undefined && plan.digest) result.digest = write.digest;
  if (backup !== undefined) result.backup = backup.path;
  const leftBehind = leftovers.flatMap((failure) => failure.leftBehind ?? []);
  if (leftBehind.length > 0) result.leftBehind = leftBehind;
  return result;
}

function resultOf(write: FileReplacement, fileSynced: boolean, directorySynced: boolean): WriteResult {
  const { target, plan } = write;
  return {
    path: target.path,
    bytesWritten: write.writer.bytesWritten,
    changed: true,
    replaced: target.status !== undefined || write.previous !== undefined,
    durability: reachedDurability(plan.durability, fileSynced, directorySynced && target.unsyncedAncestors !== true),
    lost: write.lost,
    unchecked: write.unchecked,
  };
}

/** Examined again, because its rename has changed it; what another program has changed by then is not ours to prove. */
function* rememberProven({ engine, target, parent, identity, modified, writer }: FileReplacement): Operation<void> {
  let now: FileStatus | undefined;
  yield* tidy(
    [],
    (function* () {
      now = yield* wait(parent.names.linkStat(target.name));
    })(),
  );
  if (now?.identity !== identity || now?.modified !== modified || now?.size !== writer.bytesWritten) return;
  noteProven(engine, now);
}

/** A later call has committed: this one's content never shows, but what shows is made as durable as it can be. */
function* yieldTo(write: FileReplacement, later: Committed): Operation<WriteResult> {
  const { plan, target, parent, attempt } = write;
  // To create a file that a later call has created is no success, be it that call's own content or not.
  if (plan.mustNotExist && (yield* wait(parent.names.linkStat(target.name))) !== undefined) {
    throw existsAlready(attempt, "link");
  }
  const failures = yield* discard(write);
  const failure = failures[0];
  if (failure !== undefined) throw attachCleanup(translate(failure.error, attempt), failures, attempt);
  // What shows was made visible by the other call, perhaps before a sync failed that this one has not lived through.
  attempt.since = Math.min(attempt.since, later.since);
  const named = yield* syncParentNames(write);
  const result = resultOf(write, later.fileSynced, named);
  if (write.digest !== undefined && plan.digest) result.digest = write.digest;
  return Object.assign(result, { bytesWritten: 0, changed: false, superseded: true, lost: [], unchecked: [] });
}
