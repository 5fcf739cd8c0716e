/**
 * One file replaced or made, from the caller's path to the result.
 *
 * resolve → directory → (equal already? then only metadata and syncs) → stage → commit → close, in that order; every
 * failure is translated here, with what could not be cleaned up attached.
 */
import type { Source } from "../core/bytes.ts";
import { FileError } from "../core/errors.ts";
import type { Operation } from "../core/operation.ts";
import { backupDirectoryOf, countOwnNames } from "./find_backups.ts";
import { enterTarget, type Ticket } from "./commit_turn.ts";
import { closeParent, ensureDirectory, openParent, type ParentDirectory } from "./directories.ts";
import type { Engine } from "./engine.ts";
import { equalContent, hasEqualBytes, hasEqualDigest, settleEqual } from "./equal_content.ts";
import {
  attachCleanup,
  type Attempt,
  attemptFailed,
  beginAnew,
  beginAttempt,
  checkAbort,
  translate,
} from "./failure.ts";
import { commit, conflict } from "./commit.ts";
import { isProven } from "./proven_content.ts";
import { beginStage, discard, finishStage, lostBy, type StagedFile, TemporaryVanished } from "./staged_file.ts";
import { isDistrusted } from "./sync_ledger.ts";
import { resolveTarget, type Target } from "./target.ts";
import { writeAll } from "./content_writer.ts";
import type { WritePlan, WriteResult } from "./write_plan.ts";
import type { FileStatus } from "../runtime/runtime.ts";

/** Content on its way into a staged file. */
export interface Filling {
  /** All of it, if it is there already. */
  readonly bytes: Uint8Array | undefined;
  /** How much there is, and its SHA-256, where that can be told before it is written: content in another file. */
  readonly known?: { readonly size: number; digest(): Operation<string> };
  /** Whether it can be written a second time. */
  readonly repeatable: boolean;
  /** Writes all of it through `staged.writer`. */
  fill(staged: StagedFile): Operation<void>;
  /** It is not going to be read to its end. */
  cancel(reason: unknown): void;
}

/** The filling from a caller's data. */
export function fillingFrom(source: Source, signal: AbortSignal | undefined): Filling {
  return {
    bytes: source.kind === "bytes" ? source.bytes : undefined,
    repeatable: source.kind === "bytes",
    fill: (staged) => writeAll(staged.engine, staged.writer, source, signal),
    cancel: (reason) => source.kind === "chunks" ? source.cancel(reason) : undefined,
  };
}

/** Replaces or creates the file at the absolute `path`. */
export function* replaceFile(
  engine: Engine,
  path: string,
  plan: WritePlan,
  filling: Filling,
  ticket: Ticket,
): Operation<WriteResult> {
  const attempt = beginAttempt("Cannot write", path);
  try {
    checkAbort(plan.signal);
    const target = yield* findTarget(engine, path, plan, attempt);
    const parent = yield* openParent(engine, target.directory, plan, attempt);
    try {
      enterTarget(ticket, turnKey(engine, parent, target));
      return yield* intoDirectory(engine, target, parent, plan, filling, ticket, attempt);
    } finally {
      yield* closeParent(parent);
    }
  } catch (error) {
    const thrown = translate(error, attempt);
    filling.cancel(thrown);
    throw thrown;
  }
}

/** What tells one target from another among the commits of a process. */
export function turnKey(engine: Engine, parent: ParentDirectory, target: Target): string {
  return `${engine.runtime.process.pid} ${parent.status.identity} ${target.name}`;
}

/** Resolves the path and refuses what the plan refuses. */
export function* findTarget(engine: Engine, path: string, plan: WritePlan, attempt: Attempt): Operation<Target> {
  const target = yield* resolveTarget(engine, path, plan.symlink, attempt);
  attempt.verb = target.status === undefined ? "Cannot create" : "Cannot replace";
  if (plan.mustNotExist && target.status !== undefined) throw conflict(attempt, "resolve");
  refuseReadOnly(engine, target, plan, attempt);
  if (!plan.createDirectories) return target;
  const durable = yield* ensureDirectory(engine, target.directory, plan, attempt);
  if (durable) return target;
  // That is told by itself; of the file nothing has been changed yet.
  beginAnew(attempt);
  return { ...target, unsyncedAncestors: true };
}

const writable = 0o222;

/** Replacing a file needs no permission to write to it: whoever wants it as a sign that the file must stay says so. */
function refuseReadOnly(engine: Engine, { status }: Target, plan: WritePlan, attempt: Attempt): void {
  if (plan.whenReadOnly === "replace" || status?.kind !== "file" || !engine.capabilities.mode) return;
  if ((status.mode & writable) !== 0) return;
  const mode = status.mode.toString(8).padStart(4, "0");
  throw attemptFailed(attempt, "EACCES", "resolve", `it is read-only: its mode is ${mode}`);
}

/** Makes the directory of the file that a path means, for what must be there before the file: its lock. */
export function* ensureTargetDirectory(
  engine: Engine,
  path: string,
  plan: WritePlan,
  attempt: Attempt,
): Operation<void> {
  const target = yield* resolveTarget(engine, path, plan.symlink, attempt);
  yield* ensureDirectory(engine, target.directory, plan, attempt);
}

/** Other names of the file that a replacement would separate from it; our own (backups, a dead writer's temporary name) do not count. */
export function* separatedNames(engine: Engine, target: Target, plan: WritePlan, attempt: Attempt): Operation<boolean> {
  const { status } = target;
  if (status?.kind !== "file" || status.links <= 1) return false;
  const own = yield* countOwnNames(engine, target, backupDirectoryOf(engine, target.path, plan));
  if (status.links - own <= 1) return false;
  if (plan.hardLink === "break") return true;
  const reason = `it has ${status.links} names (hard links), which would no longer be one file`;
  throw attemptFailed(attempt, "EMLINK", "resolve", reason);
}

/** A temporary file that is swept away three times is not swept by accident. */
const mostStages = 3;

function* intoDirectory(
  engine: Engine,
  target: Target,
  parent: ParentDirectory,
  plan: WritePlan,
  filling: Filling,
  ticket: Ticket,
  attempt: Attempt,
): Operation<WriteResult> {
  const separates = yield* separatedNames(engine, target, plan, attempt);
  if (plan.skipIfEqual && mayBeLeft(engine, target.status, plan)) {
    // Before anything is made: where nothing may be written, equal content is a success as well.
    const equal = yield* findEqual(engine, target, filling);
    const settled = equal &&
      (yield* settleEqual(engine, target, parent, plan, attempt, ticket, equal.status, filling.bytes, equal.digest));
    if (typeof settled === "object") return settled;
  }
  for (let stages = 1;; stages++) {
    const staged = yield* beginStage(engine, target, parent, plan, attempt, hashes(plan, filling));
    try {
      yield* filling.fill(staged);
      return yield* conclude(staged, ticket, separates);
    } catch (error) {
      const thrown = yield* giveUp(staged, error);
      // What a moved directory took with it is not gone: that is told, and not tried again.
      const isGone = error instanceof TemporaryVanished && FileError.is(thrown) && thrown.leftBehind.length === 0;
      if (!(isGone && filling.repeatable && stages < mostStages)) throw thrown;
    }
  }
}

/** Whether a file may be left alone if its content is equal: where a sync has failed it may be in memory alone. */
function mayBeLeft(engine: Engine, status: FileStatus | undefined, { skipIfEqual }: WritePlan): boolean {
  if (status === undefined) return false;
  return skipIfEqual === "proven" ? isProven(engine, status) : !isDistrusted(engine, status.device);
}

/** The target's file if it has what is known of the content before any of it is staged. */
function* findEqual(
  engine: Engine,
  target: Target,
  { bytes, known }: Filling,
): Operation<{ readonly status: FileStatus; readonly digest?: string } | undefined> {
  if (known !== undefined) return yield* hasEqualDigest(engine, target, known);
  const status = bytes && (yield* hasEqualBytes(engine, target, bytes));
  return status && { status };
}

/** Whether the SHA-256 is needed: content that nobody knows before it is staged is compared by it. */
export function hashes(plan: WritePlan, { bytes, known }: Pick<Filling, "bytes" | "known">): boolean {
  return plan.digest || (plan.skipIfEqual !== false && bytes === undefined && known === undefined);
}

/** From the last byte to the result. On an error the caller gives the staged file up. */
export function* conclude(staged: StagedFile, ticket: Ticket, separates: boolean): Operation<WriteResult> {
  const { engine, target, parent, plan, attempt } = staged;
  yield* finishStage(staged);
  // What is known beforehand has been compared before it was staged.
  if (plan.skipIfEqual && staged.digest !== undefined) {
    const { digest } = staged;
    const equal = mayBeLeft(engine, target.status, plan) ? yield* equalContent(engine, staged) : undefined;
    const settled = equal &&
      (yield* settleEqual(engine, target, parent, plan, attempt, ticket, equal, undefined, digest));
    if (typeof settled === "object") {
      const failures = yield* discard(staged);
      const failure = failures[0];
      if (failure !== undefined) throw attachCleanup(translate(failure.error, attempt), failures, attempt);
      return settled;
    }
  }
  staged.separates = separates;
  return yield* commit(staged, ticket);
}

/** Discards what is staged; the error for the caller, which says of a file that was replaced what a result would say. */
export function* giveUp(staged: StagedFile, error: unknown): Operation<unknown> {
  const cause = error instanceof TemporaryVanished ? error.cause : error;
  const thrown = attachCleanup(translate(cause, staged.attempt), yield* discard(staged), staged.attempt);
  if (FileError.is(thrown) && thrown.targetState === "replaced") thrown.lost.push(...lostBy(staged));
  return thrown;
}
