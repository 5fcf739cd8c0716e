/**
 * One file replaced or made, from the caller's path to the result.
 *
 * resolve → directory → (equal already? then only metadata and syncs) → stage → commit → close, in that order; every
 * failure is translated here, with what could not be cleaned up attached.
 */
import type { Source } from "../core/bytes.ts";
import { FileError } from "../core/errors.ts";
import type { Operation } from "../core/operation.ts";
import type { FileStatus } from "../runtime/runtime.ts";
import { commit } from "./commit.ts";
import { enterTarget, type Ticket } from "./commit_turn.ts";
import { writeAll } from "./content_writer.ts";
import { closeParent } from "./directories.ts";
import type { Engine } from "./engine.ts";
import { equalContent, type EqualFile, hasEqualBytes, hasEqualDigest, settleEqual } from "./equal_content.ts";
import {
  attachCleanup,
  type Attempt,
  attemptFailed,
  beginAnew,
  beginAttempt,
  checkAbort,
  translate,
} from "./failure.ts";
import { backupDirectoryOf, countOwnNames } from "./find_backups.ts";
import { existsAlready } from "./judge_commit.ts";
import { refuseNamedMode } from "./loss.ts";
import { ensureDirectory } from "./made_directories.ts";
import { isProven } from "./proven_content.ts";
import { type FileReplacement, TemporaryVanished } from "./file_replacement.ts";
import { beginStage, discard, finishStage } from "./stage.ts";
import { isDistrusted } from "./sync_ledger.ts";
import { openTarget, resolveTarget } from "./target.ts";
import type { WritePlan, WriteResult } from "./write_plan.ts";

/** Content on its way into a staged file. */
export interface Filling {
  /** All of it, if it is there already. */
  readonly bytes: Uint8Array | undefined;
  /** How much there is, and its SHA-256, where that is known before it is written: content in another file. */
  readonly known?: { readonly size: number; digest(): Operation<string> };
  /** Whether it can be written a second time. */
  readonly repeatable: boolean;
  /** Writes all of it through `write.writer`. */
  fill(write: FileReplacement): Operation<void>;
  /** It is not going to be read to its end. */
  cancel(reason: unknown): void;
}

/** The filling from a caller's data. */
export function fillingFrom(source: Source): Filling {
  if (source.kind === "bytes") {
    const { bytes } = source;
    return { bytes, repeatable: true, fill: ({ writer }) => writer.takeAll(bytes), cancel: () => undefined };
  }
  return {
    bytes: undefined,
    repeatable: false,
    fill: ({ engine, writer, plan }) => writeAll(engine, writer, source, plan.signal),
    cancel: (reason) => source.cancel(reason),
  };
}

/** A file to be replaced or made. */
export interface ReplaceRequest {
  readonly engine: Engine;
  /** Absolute. */
  readonly path: string;
  readonly plan: WritePlan;
  /** The call's place in the order. */
  readonly ticket: Ticket;
}

/** Replaces or creates the file, with this content. */
export function* replaceFile(request: ReplaceRequest, filling: Filling): Operation<WriteResult> {
  const { engine, path, plan, ticket } = request;
  const attempt = beginAttempt("Cannot write", path);
  try {
    checkAbort(plan.signal);
    const write = yield* findTarget(engine, path, plan, attempt);
    try {
      return yield* replaceFound(write, filling, ticket);
    } finally {
      yield* closeParent(write.parent);
    }
  } catch (error) {
    const thrown = translate(error, attempt);
    filling.cancel(thrown);
    throw thrown;
  }
}

/** Opens the directory of the file that a path means, finds the file in it, and refuses what the plan refuses. */
export function* findTarget(
  engine: Engine,
  path: string,
  plan: WritePlan,
  attempt: Attempt,
): Operation<FileReplacement> {
  const made = plan.createDirectories ? yield* makeDirectories(engine, path, plan, attempt) : undefined;
  const write = yield* openTarget(engine, made?.path ?? path, plan, attempt);
  try {
    refuse(engine, write.target.status, plan, attempt);
    if (made?.durable === false) write.target = { ...write.target, unsyncedAncestors: true };
    return write;
  } catch (error) {
    yield* closeParent(write.parent);
    throw error;
  }
}

/** Makes what is missing above the file; which file that is, and whether its directories are durable. */
function* makeDirectories(
  engine: Engine,
  path: string,
  plan: WritePlan,
  attempt: Attempt,
): Operation<{ readonly path: string; readonly durable: boolean }> {
  const target = yield* resolveTarget(engine, path, plan.symlink, attempt);
  refuse(engine, target.status, plan, attempt);
  const durable = yield* ensureDirectory(engine, target.directory, plan, attempt);
  // That is reported separately; nothing has been changed in the file yet.
  if (!durable) beginAnew(attempt);
  return { path: target.path, durable };
}

const writable = 0o222;

/** Says what is attempted, now that it is known whether there is a file, and refuses what the plan refuses of it. */
function refuse(engine: Engine, status: FileStatus | undefined, plan: WritePlan, attempt: Attempt): void {
  attempt.verb = status === undefined ? "Cannot create" : "Cannot replace";
  if (!engine.capabilities.mode) refuseNamedMode(plan, status, attempt);
  if (status === undefined) return;
  if (plan.mustNotExist) throw existsAlready(attempt, "resolve");
  // Replacing a file needs no permission to write to it: a caller that regards it as a sign that the file must stay
  // says so.
  if (plan.whenReadOnly === "replace" || status.kind !== "file" || !engine.capabilities.mode) return;
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

/** Notes whether a replacement separates the file from other names; our own (backups, a dead writer's temporary name) do not count. */
export function* noteOtherNames(write: FileReplacement): Operation<void> {
  const { engine, target, plan, attempt } = write;
  const { status } = target;
  if (status?.kind !== "file" || status.links <= 1) return;
  const own = yield* countOwnNames(engine, target, backupDirectoryOf(engine, target.path, plan));
  if (status.links - own <= 1) return;
  if (plan.hardLink === "refuse") {
    const reason = `it has ${status.links} names (hard links), which would no longer be one file`;
    throw attemptFailed(attempt, "EMLINK", "resolve", reason);
  }
  write.separates = true;
}

/** A temporary file that is swept away three times is not swept by accident. */
const mostStages = 3;

/** The same for a file that was found; its directory stays open. */
export function* replaceFound(write: FileReplacement, filling: Filling, ticket: Ticket): Operation<WriteResult> {
  enterTarget(write.ticket = ticket, write.turnKey);
  const { status } = write.target;
  if (status !== undefined && status.links > 1) yield* noteOtherNames(write);
  if (write.plan.skipIfEqual && mayBeLeft(write)) {
    // Before anything is made: where nothing may be written, equal content is a success as well.
    const equal = yield* findEqual(write, filling);
    const settled = equal && (yield* settleEqual(write, equal));
    if (typeof settled === "object") return settled;
  }
  if (write.plan.round?.whole !== undefined) yield* write.plan.round.whole.enter(write.parent);
  for (let stages = 1;; stages++) {
    yield* beginStage(write, hashes(write.plan, filling));
    try {
      yield* filling.fill(write);
      return yield* conclude(write);
    } catch (error) {
      const thrown = yield* giveUp(write, error);
      // What a moved directory took with it is not gone: that is reported, and not tried again.
      const isGone = error instanceof TemporaryVanished && FileError.is(thrown) && thrown.leftBehind.length === 0;
      if (!(isGone && filling.repeatable && stages < mostStages)) throw thrown;
    }
  }
}

/** Whether a file may be left alone if its content is equal: where a sync has failed it may be in memory alone. */
function mayBeLeft({ engine, target: { status }, plan: { skipIfEqual } }: FileReplacement): boolean {
  if (status === undefined) return false;
  return skipIfEqual === "proven" ? isProven(engine, status) : !isDistrusted(engine, status.device);
}

/** The target's file if it has what is known of the content before any of it is staged. */
function* findEqual(write: FileReplacement, { bytes, known }: Filling): Operation<EqualFile | undefined> {
  if (known !== undefined) return yield* hasEqualDigest(write, known);
  const status: FileStatus | undefined = bytes && (yield* hasEqualBytes(write, bytes));
  return status && { status, bytes };
}

/** Whether the SHA-256 is needed: content that nobody knows before it is staged is compared by it. */
export function hashes(plan: WritePlan, { bytes, known }: Pick<Filling, "bytes" | "known">): boolean {
  return plan.digest || (plan.skipIfEqual !== false && bytes === undefined && known === undefined);
}

/** From the last byte to the result. On an error the caller gives the staged file up. */
export function* conclude(write: FileReplacement): Operation<WriteResult> {
  yield* finishStage(write);
  // What is known beforehand has been compared before it was staged.
  const left = write.plan.skipIfEqual && write.digest !== undefined
    ? yield* leftAsItIs(write, write.digest)
    : undefined;
  return left ?? (yield* commit(write));
}

/** The result where the file has the content that was staged; undefined where it is to be replaced. */
function* leftAsItIs(write: FileReplacement, digest: string): Operation<WriteResult | undefined> {
  const status = mayBeLeft(write) ? yield* equalContent(write) : undefined;
  const settled = status && (yield* settleEqual(write, { status, digest }));
  if (typeof settled !== "object") return undefined;
  const failures = yield* discard(write);
  const failure = failures[0];
  if (failure !== undefined) throw attachCleanup(translate(failure.error, write.attempt), failures, write.attempt);
  return settled;
}

/** Discards what is staged; the error for the caller, which says of a file that was replaced what a result would say. */
export function* giveUp(write: FileReplacement, error: unknown): Operation<unknown> {
  const cause = error instanceof TemporaryVanished ? error.cause : error;
  const thrown = attachCleanup(translate(cause, write.attempt), yield* discard(write), write.attempt);
  if (FileError.is(thrown) && thrown.targetState === "replaced") {
    thrown.lost.push(...write.lost);
    thrown.unchecked.push(...write.unchecked);
  }
  return thrown;
}
