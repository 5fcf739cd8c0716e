/**
 * The flock backend: the kernel's advisory lock on a lock file.
 *
 * 1. Open the lock file, or create it exclusively; refuse what is no lock file. Never follow a link.
 * 2. Lock it: a try, then waiting where the machine offers a way, else looking again.
 * 3. Is the file that is locked still the one with that name? Else begin again.
 * 4. Say who holds it. 5. Release: mark it free, unlock, close. The file stays: deleting a lock file that others have
 *    open lets two of them hold "the" lock.
 *
 * The lock dies with the process, however it dies. After a failure nothing is held and nothing is open.
 */
import { type Operation, wait } from "../core/operation.ts";
import type { OpenFile } from "../runtime/runtime.ts";
import { SystemError } from "../runtime/system_error.ts";
import { attemptFailed, checkAbort, type CleanupFailure, tidy } from "../protocol/failure.ts";
import { closeQuietly } from "../protocol/file_call.ts";
import type { HeldLock, LockRequest, NotHeld } from "./held_lock.ts";
import { freeMark, isLockContent, type OwnerRecord, recordBytes } from "./owner_record.ts";
import { pauseBeforeRetry } from "./waiting.ts";

/** Somebody who replaces the lock file again and again is not waiting for it. */
const mostReplacements = 100;

/** Takes the kernel's lock. */
export function* acquireLockFile(request: LockRequest): Operation<HeldLock | NotHeld> {
  for (let replaced = 0; replaced < mostReplacements; replaced++) {
    checkAbort(request.patience.signal);
    const opened = yield* openLockFile(request);
    if (opened === "other-backend") return opened;
    let kept = false;
    try {
      yield* checkContent(request, opened.file);
      if (!(yield* lockInTime(request, opened.file))) return "timeout";
      if (!(yield* isStillNamed(request, opened.file))) continue;
      if (opened.writable && !request.shared) yield* writeAt(opened.file, recordBytes(ownRecord(request)));
      kept = true;
      return heldLockFile(request, opened);
    } finally {
      if (!kept) yield* closeQuietly(opened.file);
    }
  }
  throw attemptFailed(request.attempt, "ESTALE", "tryLock", `${show(request)} is replaced again and again`);
}

const show = (request: LockRequest): string => JSON.stringify(request.lockPath);

interface OpenedLockFile {
  readonly file: OpenFile;
  readonly writable: boolean;
}

function* openLockFile(request: LockRequest): Operation<OpenedLockFile | "other-backend"> {
  const { fileSystem } = request.engine;
  for (let tries = 0; tries < mostReplacements; tries++) {
    const status = yield* wait(fileSystem.linkStat(request.lockPath));
    if (status?.kind === "directory") return "other-backend";
    if (status !== undefined && status.kind !== "file") {
      const what = status.kind === "symlink" ? "a symlink" : "no regular file";
      throw attemptFailed(request.attempt, "EINVAL", "open", `${show(request)} is ${what}, not a lock file`);
    }
    const opened = status === undefined ? yield* createLockFile(request) : yield* openExisting(request);
    if (opened !== undefined) return opened;
  }
  throw attemptFailed(request.attempt, "ESTALE", "open", `${show(request)} appears and disappears`);
}

function* openExisting(request: LockRequest): Operation<OpenedLockFile | undefined> {
  const { fileSystem } = request.engine;
  let file: OpenFile | undefined;
  let writable = true;
  try {
    file = yield* wait(fileSystem.open(request.lockPath, "read-write", { follow: false }));
  } catch (error) {
    // flock needs no permission to write; only the record does.
    if (!(error instanceof SystemError && ["EACCES", "EPERM", "EROFS", "ENOTCAPABLE"].includes(error.code))) {
      throw error;
    }
    writable = false;
    file = yield* wait(fileSystem.open(request.lockPath, "read", { follow: false }));
  }
  if (file === undefined) return undefined;
  try {
    if ((yield* wait(file.stat())).kind === "file") return { file, writable };
  } catch (error) {
    yield* closeQuietly(file);
    throw error;
  }
  // Exchanged between the look and the opening.
  yield* closeQuietly(file);
  return undefined;
}

function* createLockFile(request: LockRequest): Operation<OpenedLockFile | undefined> {
  const { engine, like } = request;
  const mode = like === undefined ? 0o666 : like.mode & 0o666;
  let file: OpenFile;
  try {
    file = yield* wait(engine.fileSystem.create(request.lockPath, mode));
  } catch (error) {
    if (error instanceof SystemError && error.code === "EEXIST") return undefined;
    throw error;
  }
  try {
    if (like !== undefined) yield* shareWith(request, file, mode);
    return { file, writable: true };
  } catch (error) {
    // The file stays, empty: somebody may have opened it already.
    yield* closeQuietly(file);
    throw error;
  }
}

/** Whoever may use the file may lock it: the lock file gets its mode in spite of the umask, and its owner if it can. */
function* shareWith(request: LockRequest, file: OpenFile, mode: number): Operation<void> {
  const { like, engine } = request;
  if (like === undefined) return;
  const status = yield* wait(file.stat());
  try {
    const differs = status.user !== like.user || status.group !== like.group;
    if (engine.capabilities.owner && differs) yield* wait(file.setOwner(like.user, like.group));
    if (engine.capabilities.mode && status.mode !== mode) yield* wait(file.setMode(mode));
  } catch (error) {
    // Not ours to give away: others who may write the file may then be refused the lock, and are told so.
    if (!(error instanceof SystemError)) throw error;
  }
}

function* checkContent(request: LockRequest, file: OpenFile): Operation<void> {
  const start = new Uint8Array(freeMark.length);
  const count = yield* wait(file.read(start));
  if (isLockContent(start.subarray(0, count))) return;
  const reason = `${show(request)} is somebody's file, not a lock file: it has content of its own`;
  throw attemptFailed(request.attempt, "EEXIST", "read", `${reason}; choose a lockDirectory`);
}

function* lockInTime(request: LockRequest, file: OpenFile): Operation<boolean> {
  const { patience, shared, engine } = request;
  if (yield* wait(file.tryLock(shared))) return true;
  for (let looks = 0;; looks++) {
    const left = patience.left();
    if (left === 0) return false;
    const had = yield* wait(file.lock(shared, left, patience.signal));
    checkAbort(patience.signal);
    if (had !== undefined) return had;
    if (!(yield* pauseBeforeRetry(engine, patience, looks))) return false;
    if (yield* wait(file.tryLock(shared))) return true;
  }
}

/** A lock on a file that has lost its name excludes nobody who comes later. */
function* isStillNamed(request: LockRequest, file: OpenFile): Operation<boolean> {
  const named = yield* wait(request.engine.fileSystem.linkStat(request.lockPath));
  return named?.identity === (yield* wait(file.stat())).identity;
}

/** The record of this process. */
export function ownRecord(request: LockRequest): OwnerRecord {
  const { process, clock } = request.engine.runtime;
  return { pid: process.pid, ...process.facts(), ...process.description(), since: clock.now() };
}

function* writeAt(file: OpenFile, bytes: Uint8Array): Operation<void> {
  try {
    yield* wait(file.seek(0));
    let offset = 0;
    while (offset < bytes.length) {
      const count = yield* wait(file.write(bytes.subarray(offset)));
      if (!(count > 0)) return;
      offset += count;
    }
  } catch (error) {
    // The record is a courtesy; a full disk must not keep anybody from a lock.
    if (!(error instanceof SystemError)) throw error;
  }
}

function heldLockFile(request: LockRequest, opened: OpenedLockFile): HeldLock {
  return {
    backend: "flock",
    shared: request.shared,
    lockPath: request.lockPath,
    // The kernel takes no lock away. A deleted lock file is noticed by `check`.
    signal: new AbortController().signal,
    check: () => isStillNamed(request, opened.file),
    *release() {
      if (opened.writable && !request.shared) yield* writeAt(opened.file, freeMark);
      // Closing alone would not do where a child process has inherited the descriptor. What either call says does not
      // matter: once the descriptor is gone, and it always is, the kernel's lock is gone; nothing of worth was written.
      const ignored: CleanupFailure[] = [];
      if (request.engine.capabilities.fileLock === "call") yield* tidy(ignored, wait(opened.file.unlock()));
      yield* closeQuietly(opened.file);
    },
  };
}
