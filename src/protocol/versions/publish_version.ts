/**
 * One version made: whole under a temporary name, synced, and then given the number after the one it was made from.
 *
 * stage → sync → close → last look at directory, signal and syncs → **link** (or, where there are no hard links, the
 * rename of a directory: version_directory.ts), which only one of all contenders can do → was the version before still
 * there? → directory sync. The temporary name stays until then: `proof.ts` says why.
 *
 * What link reports is not trusted, because a file system behind a network may have lost the first answer: whose token
 * is in the version decides. State after a failure: before the link nothing has changed; from there until the proof it
 * is `"unknown"`; then `"replaced"`. A version that was made from an old one by mistake is withdrawn, which is a
 * conflict.
 */
import { baseName } from "../../core/path.ts";
import { seeAttributes } from "../attributes.ts";
import { FileError } from "../../core/errors.ts";
import { type Operation, wait } from "../../core/operation.ts";
import { SystemError } from "../../runtime/system_error.ts";
import { checkParent } from "../directories.ts";
import { attachCleanup, attemptFailed, checkAbort, type CleanupFailure, tidy, translate } from "../failure.ts";
import { randomPart } from "../names/names.ts";
import { highestVersion } from "../names/version.ts";
import { refuseNamedMode } from "../loss.ts";
import { FileReplacement, TemporaryVanished } from "../file_replacement.ts";
import { giveUp } from "../replace_file.ts";
import { removeName } from "../reported_failure.ts";
import { beginStage, closeStaged, finishStage } from "../stage.ts";
import { checkSyncs, syncDirectory } from "../sync.ts";
import { isUnsupported } from "../sync_codes.ts";
import { inspectVersion } from "./inspect_version.ts";
import type { LatestVersion } from "./latest_version.ts";
import { isFileThere, isStillThere } from "./proof.ts";
import { trailerBytes } from "./trailer.ts";
import { refuseForeign, type RisingVersion } from "./rising_version.ts";
import { moveDirectoryToPlace, removeVersion } from "./version_directory.ts";
import { type VersionedFile, type VersionEntry, versionEntry } from "./versioned_file.ts";

/** A version that is proven and, as far as it can be, durable. */
export interface PublishedVersion {
  readonly number: number;
  readonly fileSynced: boolean;
  readonly directorySynced: boolean;
  /** What of mode and owner was not kept. */
  readonly lost: readonly string[];
  readonly unchecked: readonly string[];
  /** The name that said that it was pending, if it could not be removed. */
  readonly failures: readonly CleanupFailure[];
}

/** A temporary file that is swept away three times is not swept by accident. */
const mostStages = 3;

/** Makes the version after `base`. Undefined: somebody else has made it. */
export function* publishVersion(
  file: VersionedFile,
  base: LatestVersion | undefined,
  content: Uint8Array,
): Operation<PublishedVersion | undefined> {
  const number = (base?.number ?? 0) + 1;
  if (number > highestVersion) {
    throw attemptFailed(file.attempt, "EOVERFLOW", "link", `its version has the highest number, ${highestVersion}`);
  }
  const entry = versionEntry(file, number);
  for (let stages = 1;; stages++) {
    const rising = yield* stageVersion(file, base, entry);
    try {
      return yield* raise(rising, base, content);
    } catch (error) {
      const thrown = yield* giveUp(rising.staged, error);
      if (!(error instanceof TemporaryVanished && stages < mostStages)) throw thrown;
    }
  }
}

function* stageVersion(
  file: VersionedFile,
  base: LatestVersion | undefined,
  entry: VersionEntry,
): Operation<RisingVersion> {
  const { engine, target, parent, plan, attempt } = file;
  const shown = target.status && { name: target.name, status: target.status };
  const source = shown ?? (base && { name: baseName(base.path, engine.capabilities.pathStyle), status: base.status });
  const like = source && {
    status: source.status,
    attributes: engine.capabilities.attributes ? yield* seeAttributes(parent, source.name, source.status) : undefined,
  };
  const own = { path: entry.path, directory: target.directory, name: entry.name, status: undefined };
  const staged = new FileReplacement(own, parent, { ...plan.write, like }, attempt);
  if (!engine.capabilities.mode) refuseNamedMode(staged.plan, source?.status, attempt);
  yield* beginStage(staged, false);
  return { file, staged, entry, token: randomPart((length) => engine.runtime.random(length)) };
}

function* raise(
  rising: RisingVersion,
  base: LatestVersion | undefined,
  content: Uint8Array,
): Operation<PublishedVersion | undefined> {
  const { file: { engine, parent, plan, attempt }, staged, entry, token } = rising;
  const { number } = entry;
  yield* staged.writer.takeAll(content);
  const trailer = { number, size: content.length, base: base?.token, token, state: "whole" as const };
  yield* staged.writer.takeAll(trailerBytes(engine, content, trailer));
  yield* finishStage(staged);
  yield* closeStaged(staged);
  yield* checkParent(parent, attempt);
  checkAbort(plan.write.signal);
  checkSyncs(engine, parent.status.device, plan.write, attempt);
  const pending = yield* takeNumber(rising);
  if (pending === undefined) {
    const failures: CleanupFailure[] = [];
    yield* tidy(failures, removeName(engine, staged.temporary.path), staged.temporary.path);
    staged.phase = "discarded";
    const failure = failures[0];
    if (failure !== undefined) throw attachCleanup(translate(failure.error, attempt), failures, attempt);
    return undefined;
  }
  staged.phase = "committed";
  attempt.targetState = "unknown";
  try {
    if (!(yield* prove(rising, base, pending))) return undefined;
    attempt.targetState = "replaced";
    const directorySynced = yield* syncDirectory(engine, parent, plan.write, attempt);
    const failures: CleanupFailure[] = [];
    yield* tidy(failures, removeName(engine, pending), pending);
    return {
      number,
      fileSynced: staged.fileSynced,
      directorySynced,
      lost: staged.lost,
      unchecked: staged.unchecked,
      failures,
    };
  } catch (error) {
    throw yield* leavePending(rising, pending, error);
  }
}

/** The name that says that the version is pending; undefined: the number is somebody else's. */
function* takeNumber(rising: RisingVersion): Operation<string | undefined> {
  const { file: { engine }, staged, entry } = rising;
  try {
    yield* wait(engine.fileSystem.link(staged.temporary.path, entry.path));
  } catch (error) {
    if (!(error instanceof SystemError)) throw error;
    if (isUnsupported(error) || error.code === "EPERM") return yield* moveDirectoryToPlace(rising);
    if (!(yield* hasTaken(rising, staged.temporary.path, error))) return undefined;
  }
  return staged.temporary.path;
}

/**
 * Whether a number that could not be taken, as the system says, has been taken all the same. `pending` is the name that
 * it is pending by: a process that removes it has seen the version and proven it.
 */
function* hasTaken(rising: RisingVersion, pending: string, error: SystemError): Operation<boolean> {
  const { file, entry, token } = rising;
  const { attempt, engine } = file;
  const state = attempt.targetState;
  // Until it has been seen whose it is.
  attempt.targetState = "unknown";
  const seen = yield* inspectVersion(engine, entry, file.directory);
  const isMine = seen.kind === "version" && seen.trailer.token === token;
  const isPending = isMine || (yield* isFileThere(file, pending));
  attempt.targetState = state;
  if (isMine) return true;
  if (!isPending) {
    if (error.code === "ENOENT") throw new TemporaryVanished(error);
    // It had been taken and proven, and was then cleaned away as an old one.
    return true;
  }
  if (error.code !== "EEXIST") throw error;
  yield* refuseForeign(rising);
  return false;
}

/** False: it was made from a version that was old by then, and has been withdrawn. */
function* prove(
  { file, entry }: RisingVersion,
  base: LatestVersion | undefined,
  pending: string,
): Operation<boolean> {
  const { engine, attempt } = file;
  // The first number is never free again.
  if (entry.number === 1 || (yield* isStillThere(file, entry.number - 1, base?.token))) return true;
  // In this order: as long as it is pending, nobody takes the one before it away.
  if (!(yield* isFileThere(file, pending))) return true;
  attempt.targetState = "unchanged";
  const failures: CleanupFailure[] = [];
  yield* removeVersion(file, entry, failures);
  // In a version that was a directory it has gone with that.
  yield* removeName(engine, pending);
  const failure = failures[0];
  if (failure !== undefined) throw attachCleanup(translate(failure.error, attempt), failures, attempt);
  return false;
}

/** After an error the version stays, and so does the name that it is pending by, unless it is proven. */
function* leavePending(
  { file: { engine, attempt }, entry }: RisingVersion,
  pending: string,
  error: unknown,
): Operation<unknown> {
  const failures: CleanupFailure[] = [];
  if (attempt.targetState === "replaced") yield* tidy(failures, removeName(engine, pending), pending);
  const thrown = attachCleanup(translate(error, attempt), failures, attempt);
  if (!FileError.is(thrown)) return thrown;
  if (attempt.targetState === "unknown") thrown.leftBehind.push(pending);
  if (attempt.targetState === "unchanged") thrown.leftBehind.push(entry.path, pending);
  return thrown;
}
