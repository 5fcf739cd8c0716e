/**
 * The lock file, opened: created if there is none, refused if it is not a lock file of ours or an empty one.
 *
 * 1. Open without following a link; nothing there: create exclusively, as open to others as the file that is locked.
 * 2. Look at its beginning: a file with content of its own is somebody's (`Cargo.lock`), and is never locked or written.
 *
 * After a failure nothing is open. A file that was created stays: somebody may have opened it already.
 */
import { type Operation, wait } from "../core/operation.ts";
import { closeParent, type ParentDirectory } from "../protocol/directories.ts";
import { attemptFailed } from "../protocol/failure.ts";
import { LearnedDevices } from "../protocol/learned_devices.ts";
import { closeQuietly, isLockedAgainstReading, openedStatus } from "../protocol/file_call.ts";
import type { DirectoryNames, FileStatus, OpenFile } from "../runtime/runtime.ts";
import { SystemError } from "../runtime/system_error.ts";
import type { LockRequest, NotHeld } from "./held_lock.ts";
import type { LockFileModel } from "./lock_plan.ts";
import { nextToLock, removeNamed } from "./lock_names.ts";
import { directoryStatus, mayNotBeMade, openHome } from "./lock_place.ts";
import { isLockContent, recordSize } from "./owner_record.ts";

/** A lock file that is open. */
export interface OpenedLockFile {
  readonly file: OpenFile;
  readonly identity: string;
  /** Whether it may be written to: it is open for that, and has no second name. */
  readonly mayRecord: boolean;
  /** Made by this very request. */
  readonly created: boolean;
}

/** Somebody who replaces the lock file again and again is not waiting for it. */
export const mostReplacements = 100;

const show = (request: LockRequest): string => JSON.stringify(request.lockPath);

/** Opens the lock file, or says why another backend is called for. */
export function* openLockFile(request: LockRequest): Operation<OpenedLockFile | NotHeld> {
  for (let tries = 0; tries < mostReplacements; tries++) {
    let opened: OpenedLockFile | undefined;
    try {
      opened = yield* openExisting(request);
    } catch (error) {
      if (!(error instanceof SystemError)) throw error;
      if (error.code === "EISDIR") return "other-backend";
      if (error.code !== "ELOOP" && error.code !== "ENXIO") throw error;
      yield* refuseOther(request, error);
      continue;
    }
    if (opened !== undefined) return opened;
    if (yield* isKnownToLackLocks(request)) return "no-kernel-lock";
    opened = yield* createLockFile(request);
    if (opened !== undefined) return opened;
  }
  throw attemptFailed(request.attempt, "ESTALE", "open", `${show(request)} appears and disappears`);
}

/** Throws unless what could not be opened was replaced by a file or a lock directory in the meantime. */
function* refuseOther(request: LockRequest, error: SystemError): Operation<void> {
  const status = yield* wait(request.engine.fileSystem.linkStat(request.lockPath));
  if (status?.kind !== "symlink" && status?.kind !== "other") return;
  const what = status.kind === "symlink" ? "a symlink" : "no regular file";
  throw attemptFailed(request.attempt, "EINVAL", "open", `${show(request)} is ${what}, not a lock file`, error);
}

/** Opens a lock file to write to it, or else to read it: flock needs no permission to write; only the record does. */
function* openToRecord(
  names: DirectoryNames,
  name: string,
): Operation<{ file: OpenFile | undefined; writable: boolean }> {
  try {
    return { file: yield* wait(names.open(name, "read-write")), writable: true };
  } catch (error) {
    if (!mayNotBeMade(error)) throw error;
    return { file: yield* wait(names.open(name, "read")), writable: false };
  }
}

function* openExisting(request: LockRequest): Operation<OpenedLockFile | undefined> {
  const { file, writable } = yield* nextToLock(request, openToRecord);
  if (file === undefined) return undefined;
  try {
    const { identity, links } = yield* openedStatus(file);
    yield* checkContent(request, file);
    // A second name is somebody's, who might not want it written to.
    return { file, identity, mayRecord: writable && links === 1, created: false };
  } catch (error) {
    yield* closeQuietly(file);
    throw error;
  }
}

/** Kept from one look to the next: to allocate it costs more than to fill it. */
let spare: Uint8Array | undefined;

/** How many bytes a lock file holds; undefined when what there is from where it is read next is no lock file's. */
export function* lockContent(file: OpenFile): Operation<number | undefined> {
  const start = spare ?? new Uint8Array(recordSize + 1);
  spare = undefined;
  let count: number;
  try {
    count = yield* wait(file.read(start));
  } catch (error) {
    // Held, and unreadable for now: a lock file as far as can be seen. The next holder looks again.
    if (isLockedAgainstReading(error)) return recordSize;
    throw error;
  }
  const isOurs = isLockContent(start, count);
  spare = start;
  return isOurs ? count : undefined;
}

/** Throws unless what the file holds, from where it is read next, is that of a lock file or of an empty one. */
export function* checkContent(request: LockRequest, file: OpenFile): Operation<void> {
  if ((yield* lockContent(file)) !== undefined) return;
  const reason = `${show(request)} is another program's file, not a lock file: it has other content`;
  throw attemptFailed(request.attempt, "EEXIST", "read", { reason, remedy: { use: "lockDirectory" } });
}

/** The rights to a lock file: its owner may always use it; others as far as they may use the file that is locked. */
const modeFor = (like: LockFileModel): number => (like.mode & 0o666) | 0o600;

/** Makes the lock file in its open directory; undefined: somebody else has. */
function* createLockFile(request: LockRequest): Operation<OpenedLockFile | undefined> {
  const home = yield* openHome(request);
  try {
    return yield* createInside(request, home);
  } finally {
    yield* closeParent(home);
  }
}

/** What a new lock file is like: the file in this very directory, not one that was in another directory in its place. */
function* modelIn({ like, beside }: LockRequest, names: DirectoryNames): Operation<LockFileModel | undefined> {
  if (like === undefined || beside === undefined) return like;
  const status = yield* wait(names.linkStat(beside));
  return status?.kind === "file" || status?.kind === "directory" ? status : { mode: like.mode };
}

function* createInside(request: LockRequest, { names }: ParentDirectory): Operation<OpenedLockFile | undefined> {
  const { name } = request;
  const like = yield* modelIn(request, names);
  let file: OpenFile;
  try {
    file = yield* wait(names.create(name, like === undefined ? 0o666 : modeFor(like)));
  } catch (error) {
    if (error instanceof SystemError && error.code === "EEXIST") return undefined;
    throw error;
  }
  try {
    const status = yield* wait(file.stat());
    if (like !== undefined) yield* shareWith(request, file, status, like);
    return { file, identity: status.identity, mayRecord: true, created: true };
  } catch (error) {
    yield* closeQuietly(file);
    throw error;
  }
}

/**
 * Every user who may use the file may lock it: the lock file gets its mode in spite of the umask, and its owner if it
 * can.
 */
function* shareWith(request: LockRequest, file: OpenFile, status: FileStatus, like: LockFileModel): Operation<void> {
  const { capabilities } = request.engine;
  try {
    const differs = status.user !== (like.user ?? status.user) || status.group !== (like.group ?? status.group);
    if (capabilities.owner && differs) yield* wait(file.setOwner(like.user, like.group));
    const isMeant = capabilities.mode && like.exact !== false;
    if (isMeant && status.mode !== modeFor(like)) yield* wait(file.setMode(modeFor(like)));
  } catch (error) {
    // Not ours to give away: others who may write the file may then be refused the lock, with an error that says so.
    if (!(error instanceof SystemError)) throw error;
  }
}

/** Devices whose file systems have no kernel lock, as this process has learned. */
const lockless = new LearnedDevices();

function* isKnownToLackLocks(request: LockRequest): Operation<boolean> {
  const { fileSystem } = request.engine;
  if (!lockless.any(fileSystem)) return false;
  return lockless.has(fileSystem, (yield* directoryStatus(request.engine, request.home, request.attempt)).device);
}

/** There is no kernel lock here: remembers it, and takes an own new file away, which a lock directory would meet. */
export function* discardNewLockFile(request: LockRequest, opened: OpenedLockFile): Operation<void> {
  const { fileSystem } = request.engine;
  const status = yield* wait(opened.file.stat());
  lockless.add(fileSystem, status.device);
  if (opened.created && status.size === 0) yield* removeNamed(request, opened.identity);
}
