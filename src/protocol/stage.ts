/**
 * THE protocol, in four calls. Everything that writes a file goes through them; there is no second copy.
 *
 * 1. `beginStage`: a temporary file beside the target.
 * 2. the caller writes content through `write.writer`.
 * 3. `finishStage`: length, mode and owner, sync. The temporary file is complete and safely on disk.
 * 4. `commit`: backup, close, last look at directory and signal, **rename** — the commit point, one line — directory sync.
 *
 * `discard` at any time: before the commit it closes and removes, after it it does nothing. `phase` remembers which.
 * State after a failure: `attempt.targetState`, moved forward on the line after the rename.
 */
import { type Operation, wait } from "../core/operation.ts";
import type { FileStatus } from "../runtime/runtime.ts";
import { SystemError } from "../runtime/system_error.ts";
import { atMilliseconds } from "../runtime/times.ts";
import { seeAttributes } from "./attributes.ts";
import { ContentWriter } from "./content_writer.ts";
import type { ParentDirectory } from "./directories.ts";
import { attachCleanup, attemptFailed, checkAbort, type CleanupFailure, tidy, translate } from "./failure.ts";
import { keepsAttributes, refuseLoss } from "./loss.ts";
import { learnOwner } from "./known_owner.ts";
import { applyMetadata, wantedMetadata } from "./metadata.ts";
import { type FileReplacement, TemporaryVanished } from "./file_replacement.ts";
import { removeSurely } from "./reported_failure.ts";
import { judgeWholeSync, syncFile } from "./sync.ts";
import { createTemporary, type TemporaryFile } from "./temporary_file.ts";
import { syncsFile } from "./write_plan.ts";

/** The mode of a file that nobody but its owner may open, whatever lists its directory hands down. */
const ownersAlone = 0o600;

/** Makes the file that content is staged in, with this mode. */
type CreateStage = (mode: number) => Operation<TemporaryFile>;

/** Creates the temporary file. `hash`: compute the SHA-256 while writing. */
export function* beginStage(write: FileReplacement, hash: boolean, create?: CreateStage): Operation<void> {
  const { engine, target, parent, plan, attempt } = write;
  const previous = target.status?.kind === "file" ? target.status : undefined;
  let wanted = wantedMetadata(engine, plan, plan.like?.status ?? previous, parent.status);
  if (engine.capabilities.attributes && (previous ?? plan.like) !== undefined && keepsAttributes(plan)) {
    const attributes = plan.like === undefined
      ? previous && (yield* seeAttributes(parent, target.name, previous))
      : plan.like.attributes;
    wanted = { ...wanted, attributes };
  }
  write.previous = previous;
  write.wanted = wanted;
  write.unkept = wanted.lost;
  if (plan.whenLost === "throw") refuseLoss(write);
  if (wanted.mode === undefined && engine.capabilities.mode && (wanted.user ?? wanted.group) !== undefined) {
    // Its mode must be known before it changes hands: until then nobody else may open it.
    const mode = yield* modeOfNewFile(write, wanted.creationMode);
    wanted = { ...wanted, mode, creationMode: mode & 0o600, modeRequired: false };
  }
  // What its directory hands down to it takes effect as far as the mode allows: nobody else's rights before it is complete.
  const creationMode = wanted.attributes === undefined ? wanted.creationMode : ownersAlone;
  write.temporary = yield* create === undefined
    ? createTemporary(parent, target.name, creationMode, attempt)
    : create(creationMode);
  const running = hash ? engine.runtime.createHash() : undefined;
  write.writer = new ContentWriter(write.temporary.file, attempt, plan.signal, running);
  write.wanted = wanted;
  write.written = engine.runtime.clock.now();
  write.fileSynced = false;
  write.digest = undefined;
  write.phase = "open";
}

/** What umask and default ACLs make of a new file here: only a new file shows it. */
function* modeOfNewFile({ parent, target, attempt }: FileReplacement, mode: number): Operation<number> {
  const { file, name, path } = yield* createTemporary(parent, target.name, mode, attempt);
  const failures: CleanupFailure[] = [];
  let made: FileStatus | undefined;
  yield* tidy(
    failures,
    (function* () {
      made = yield* wait(file.stat());
    })(),
  );
  yield* tidy(failures, () => file.close());
  yield* tidy(failures, () => parent.names.remove(name), path);
  const failure = failures[0];
  if (failure !== undefined) throw attachCleanup(translate(failure.error, attempt), failures, attempt);
  return made?.mode ?? 0;
}

/** Completes the temporary file: everything that shall be true after the rename is true and synced before it. */
export function* finishStage(write: FileReplacement): Operation<void> {
  const { engine, attempt, plan, parent, temporary, writer } = write;
  const { file } = temporary;
  write.digest = yield* writer.end();
  write.written = engine.runtime.clock.now();
  const status = yield* wait(file.stat());
  if (status.size !== writer.bytesWritten) {
    const reason = `the temporary file has ${status.size} bytes instead of ${writer.bytesWritten}`;
    throw attemptFailed(attempt, "EIO", "write", reason);
  }
  write.identity = status.identity;
  write.modified = status.modified;
  learnOwner(engine, status, parent.status);
  try {
    write.unkept = yield* applyMetadata(file, write.wanted, status);
  } catch (error) {
    // A runtime that must look the file up once more for its mode or owner learns here that it was taken away.
    throw error instanceof SystemError && error.code === "ENOENT" ? new TemporaryVanished(error) : error;
  }
  if (plan.whenLost === "throw") refuseLoss(write);
  if (plan.times !== undefined) {
    yield* wait(file.setTimes(plan.times));
    write.modified = (yield* wait(file.stat())).modified;
  }
  if (syncsFile(plan.durability)) {
    const whole = plan.round?.takeWhole();
    if (plan.round !== undefined) yield* wait(plan.round.staged(whole === undefined ? file : {}));
    checkAbort(plan.signal);
    let synced: boolean | undefined;
    if (whole !== undefined) {
      const all = whole.sync(parent.status.device);
      synced = yield* judgeWholeSync(engine, { place: parent, synced: all }, plan, attempt);
    }
    write.fileSynced = synced ?? (yield* syncFile(engine, { file, place: parent }, plan, attempt));
  }
}

/** Half the age from which `sweep` takes a file without a lock for one of the dead. */
const ageing = 30_000;

/**
 * Closes the finished file; what that reports counts. The lock that proves its owner alive ends here: rename follows.
 * Until then the file's age has to spare it, so one whose sync took long is made young again.
 */
export function* closeStaged(write: FileReplacement): Operation<void> {
  if (write.phase !== "open") return;
  const { engine, temporary, plan, written } = write;
  const now = engine.runtime.clock.now();
  if (plan.times === undefined && now - written > ageing) {
    // It is no failure of the write if that does not succeed.
    yield* tidy([], () => temporary.file.setTimes(atMilliseconds(now)));
  }
  write.phase = "closed";
  yield* wait(temporary.file.close());
}

/** Gives up whatever was not committed. Always safe; answers what could not be cleaned up. */
export function* discard(write: FileReplacement): Operation<CleanupFailure[]> {
  const failures: CleanupFailure[] = [];
  const { temporary, phase } = write;
  if (phase !== "open" && phase !== "closed") return failures;
  write.phase = "discarded";
  if (phase === "open") yield* tidy(failures, () => temporary.file.close());
  yield* tidy(failures, removeOwn(temporary.home, temporary.name), temporary.path);
  return failures;
}

/** Removes a name of ours; ESTALE when it is not there because its directory was moved, and it with it. */
export function* removeOwn(home: ParentDirectory, name: string): Operation<void> {
  if (yield* removeSurely(() => home.names.remove(name))) return;
  const now = yield* wait(home.engine.fileSystem.stat(home.path));
  if (now?.identity !== home.status.identity) throw new SystemError("ESTALE", "remove", home.pathOf(name));
}
