/**
 * A whole transaction, in this order:
 *
 * find the files → lock them, recover what is in the way → compare; all equal: only sync → journal and markers → stage →
 * back up → sync what is equal → `validate` → **commit** → what follows from it (after_commit.ts) → unlock.
 *
 * Before the commit an error takes everything back; after it, roll_back.ts does. Aborts count before it only.
 */
import { ActivationError, InvalidArgument, ValidationError } from "../core/errors.ts";
import { all, type Operation } from "../core/operation.ts";
import type { ParentDirectory } from "../protocol/directories.ts";
import { type Attempt, beginAnew, beginAttempt, CallerError, checkAbort, translate } from "../protocol/failure.ts";
import { inRoom, lanesFor } from "../protocol/room.ts";
import { reachedDurability } from "../protocol/write_plan.ts";
import { afterCommit } from "./after_commit.ts";
import type { ApplyProgress, ApplyRequest } from "./apply_plan.ts";
import { appliedFile, type ApplyResult } from "./apply_result.ts";
import { activateInTime, callInTime } from "../lock/timed_callback.ts";
import { tellQuietly } from "./apply_plan.ts";
import { type Before, isEqual, lookBefore } from "./compare.ts";
import { commitTransaction } from "./commit_transaction.ts";
import { payDebts } from "./debts.ts";
import { enter, type Entered } from "./enter.ts";
import { Homes } from "../protocol/homes.ts";
import { type AppliedDirectory, makePlannedDirectories } from "./make_planned_directories.ts";
import { refuseMountPoints } from "./mount_points.ts";
import { releaseLocks } from "../lock/lock_files.ts";
import { findParticipants, type Participant } from "./participants.ts";
import { backUpChanges, dropEqual, stageChanges } from "./stage_changes.ts";
import { stagedPaths } from "./staged_paths.ts";
import { type StandingFile, syncStanding } from "./standing_files.ts";
import { type Change, type StagedChange, Transaction } from "./transaction.ts";

/** What errors that concern the whole of a plan say was tried, and on what: `Cannot deploy`, the file of the plan. */
export type ApplyName = Pick<Attempt, "verb" | "path">;

/** Applies a plan when there is room for it. One without a name of its own is called by its first file. */
export function* apply(request: ApplyRequest, name?: ApplyName): Operation<ApplyResult> {
  const { engine, rules: { signal }, joined } = request;
  return yield* inRoom(engine, "sets", { signal, beyond: joined !== undefined }, () => applyInRoom(request, name));
}

function* applyInRoom(request: ApplyRequest, name: ApplyName | undefined): Operation<ApplyResult> {
  const { engine, files, rules } = request;
  const { verb, path } = name ?? { verb: "Cannot apply", path: files[0]?.path ?? "" };
  const attempt = beginAttempt(verb, path);
  const homes = new Homes(engine, rules, attempt);
  try {
    checkAbort(rules.signal);
    const made = yield* makePlannedDirectories(engine, request.directories, rules, attempt);
    const participants = yield* findParticipants(engine, files, homes, attempt);
    const [first] = participants;
    if (first === undefined) throw new InvalidArgument("A plan must have files");
    if (name === undefined) attempt.path = first.path;
    const journalHome = yield* homes.open(request.journal ?? first.home.path);
    tell(request, "lock", 0);
    const entered = yield* enter(request, participants, homes.all(), attempt);
    try {
      const result = yield* new Application(request, attempt, participants, journalHome, entered).run();
      return withDirectories(result, made);
    } finally {
      yield* releaseLocks(entered.holds);
    }
  } catch (error) {
    const thrown = translate(error, attempt);
    for (const { source } of files) if (source.kind === "chunks") source.cancel(thrown);
    throw thrown;
  } finally {
    yield* homes.close();
  }
}

/** The result with what was made for it. */
function withDirectories(
  result: ApplyResult,
  { directories, durable }: { readonly directories: AppliedDirectory[]; readonly durable: boolean },
): ApplyResult {
  if (directories.length === 0) return result;
  const durability = durable || result.durability === "none" ? result.durability : "file";
  return { ...result, durability, directories };
}

function tell(
  { progress, files }: ApplyRequest,
  step: ApplyProgress["step"],
  done: number,
  total = files.length,
): void {
  try {
    progress({ step, done, total });
  } catch (error) {
    throw new CallerError(error);
  }
}

/** One transaction over files that are locked. */
class Application {
  readonly #request: ApplyRequest;
  readonly #attempt: Attempt;
  readonly #participants: readonly Participant[];
  readonly #journalHome: ParentDirectory;
  readonly #entered: Entered;
  /** What each file was like, in the order of the plan. */
  readonly #before: Before[] = [];

  constructor(
    request: ApplyRequest,
    attempt: Attempt,
    participants: readonly Participant[],
    journalHome: ParentDirectory,
    entered: Entered,
  ) {
    this.#request = request;
    this.#attempt = attempt;
    this.#participants = participants;
    this.#journalHome = journalHome;
    this.#entered = entered;
  }

  *run(): Operation<ApplyResult> {
    // Whatever failed while it was waited for the locks was before anything of this was changed.
    beginAnew(this.#attempt);
    const changes = yield* this.#compare();
    if (changes.length === 0) return yield* this.#unchanged();
    yield* refuseMountPoints(this.#request.engine, changes, this.#attempt);
    checkAbort(this.#request.rules.signal);
    const homes = [...new Set(changes.map(({ participant: { home } }) => home))];
    const mode = journalMode(changes);
    const transaction = yield* Transaction.begin(this.#request, this.#journalHome, homes, mode, this.#attempt);
    try {
      return yield* this.#through(transaction, changes);
    } finally {
      yield* transaction.close();
    }
  }

  /** What is not as it is to be, as far as that is known before everything is read. */
  *#compare(): Operation<Change[]> {
    const found = yield* all(
      this.#participants.map((participant, index) => () => this.#compareOne(participant, index)),
      lanesFor(this.#request.engine),
    );
    return found.filter((change) => change !== undefined);
  }

  *#compareOne(participant: Participant, index: number): Operation<Change | undefined> {
    const { engine, files } = this.#request;
    const requested = files[index];
    if (requested === undefined) return undefined;
    const before = yield* lookBefore(engine, participant, requested.plan, this.#attempt);
    this.#before[index] = before;
    const stands = requested.removes ? before.status === undefined : isEqual(engine, before, requested);
    return stands ? undefined : { participant, requested, before, index };
  }

  *#through(transaction: Transaction, changes: readonly Change[]): Operation<ApplyResult> {
    let decided: boolean;
    try {
      yield* this.#stage(transaction, changes);
      if (transaction.changes.length === 0) {
        yield* transaction.dissolve();
        return yield* this.#unchanged();
      }
      yield* this.#validate(transaction);
      tell(this.#request, "commit", 0);
      decided = yield* commitTransaction(transaction, this.#entered.holds);
    } catch (error) {
      throw yield* transaction.failed(error);
    }
    const { durability, leftBehind } = yield* afterCommit(transaction, this.#entered, decided);
    const result = this.#result(transaction.changes, durability);
    return leftBehind.length === 0 ? result : { ...result, leftBehind: [...leftBehind] };
  }

  *#stage(transaction: Transaction, changes: readonly Change[]): Operation<void> {
    const request = this.#request;
    let count = 0;
    tell(request, "stage", 0, changes.length);
    yield* stageChanges(transaction, changes, () => tell(request, "stage", ++count, changes.length));
    // What came in pieces is compared now that it is all there.
    yield* dropEqual(transaction);
    if (transaction.changes.length === 0) return;
    if (request.backup > 0) yield* this.#backUp(transaction);
    yield* this.#syncEqual(transaction);
  }

  *#backUp(transaction: Transaction): Operation<void> {
    let count = 0;
    const total = transaction.changes.length;
    const done = () => tell(this.#request, "back up", ++count, total);
    yield* backUpChanges(transaction, this.#entered.scans, done);
  }

  /** What is left alone belongs to what is acknowledged. */
  *#syncEqual(transaction: Transaction): Operation<void> {
    const { engine, rules } = this.#request;
    const changing = new Set(transaction.changes.map(({ index }) => index));
    const files = this.#standing().filter((_, index) => !changing.has(index));
    transaction.standing = yield* syncStanding(
      engine,
      { files, syncedLater: transaction.homes },
      rules,
      this.#attempt,
    );
  }

  #standing(): StandingFile[] {
    return this.#participants.map(({ path, name, home }, index) => ({
      path,
      name,
      home,
      status: this.#before[index]?.status,
    }));
  }

  *#validate(transaction: Transaction): Operation<void> {
    const { engine, validate, timeouts, rules: { signal } } = this.#request;
    checkAbort(signal);
    if (validate === undefined) return;
    tell(this.#request, "validate", 0);
    const staged = yield* stagedPaths(engine, this.#participants, this.#request.files, transaction.changes);
    try {
      const timing = { name: "validate", limit: timeouts.validate, signal } as const;
      yield* callInTime(engine, this.#entered.holds, timing, (context) => validate(staged, context));
    } catch (error) {
      // A caller that asked it to stop must not learn that the files are bad.
      checkAbort(signal);
      const cause = error instanceof CallerError ? error.reason : error;
      const { verb, path } = this.#attempt;
      const reason = `the new files were refused: ${cause instanceof Error ? cause.message : String(cause)}`;
      const details = { code: "EINVALID", path, step: "validate", targetState: "unchanged" as const, cause };
      throw new ValidationError(verb, reason, details);
    }
  }

  /** Nothing is to be changed; but what is there may never have been synced, and an activation may be owed. */
  *#unchanged(): Operation<ApplyResult> {
    const { engine, rules, activate } = this.#request;
    const { debts, holds } = this.#entered;
    const { filesSynced, namesSynced } = yield* syncStanding(
      engine,
      { files: this.#standing(), syncedLater: [] },
      rules,
      this.#attempt,
    );
    if (debts.length > 0 && activate !== undefined) {
      tellQuietly(this.#request, { step: "activate", done: 0, total: this.#participants.length });
      try {
        yield* activateInTime(this.#request, holds);
      } catch (error) {
        throw this.#owed(error);
      }
      yield* payDebts(engine, this.#entered, rules, this.#attempt);
    }
    return this.#result([], reachedDurability(rules.durability, filesSynced, namesSynced));
  }

  #owed(error: unknown): ActivationError {
    const { verb, path } = this.#attempt;
    const reason = "an earlier transaction had put the files in place without activating them; " +
      "activating them failed, and they stay";
    const cause = error instanceof CallerError ? error.reason : error;
    const details = { code: "EACTIVATE", path, step: "activate", targetState: "replaced" as const, cause };
    return new ActivationError(verb, reason, details);
  }

  #result(changes: readonly StagedChange[], durability: ApplyResult["durability"]): ApplyResult {
    const written = new Map(changes.map((change) => [change.index, change]));
    const files = this.#participants.map(({ path }, index): ApplyResult["files"][number] => {
      const change = written.get(index);
      return change === undefined ? { path, state: "unchanged", lost: [], unchecked: [] } : appliedFile(change);
    });
    return { changed: changes.length > 0, files, durability, recovered: this.#entered.recovered };
  }
}

/** The journal tells the digests of all files: nobody reads it who may not read them. */
function journalMode(changes: readonly Change[]): number {
  const modes = changes.map(({ before: { status }, requested: { plan } }) => {
    const asked = typeof plan.mode === "number" ? plan.mode : status === undefined ? plan.defaults.mode : undefined;
    return (asked ?? 0o777) & (status?.mode ?? 0o777);
  });
  return 0o600 | modes.reduce((sum, mode) => sum & mode, 0o644);
}
