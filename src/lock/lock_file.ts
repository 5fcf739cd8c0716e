/**
 * The flock backend: the kernel's advisory lock on a lock file.
 *
 * 1. Open the lock file, or create it exclusively (open_lock_file.ts). 2. Take the turn within this process: the queue is
 * that of this very file. 3. Lock it: a try, then waiting where the machine offers a way, else looking again. 4. Is it
 * still the file with that name? Else begin again. 5. Say who holds it. 6. Release: mark it free, unlock, close. The file
 * stays: deleting a lock file that others have open lets two of them hold "the" lock.
 *
 * The lock dies with the process, however it dies. After a failure nothing is held and nothing is open.
 */
import { type Awaitable, type Operation, wait } from "../core/operation.ts";
import { attemptFailed, checkAbort } from "../protocol/failure.ts";
import { makeEngine } from "../protocol/engine.ts";
import { closeQuietly } from "../protocol/file_call.ts";
import { idly } from "../protocol/room.ts";
import { isUnsupported } from "../protocol/sync_codes.ts";
import type { OpenFile } from "../runtime/runtime.ts";
import { SystemError } from "../runtime/system_error.ts";
import { type HeldLock, type LockRequest, Loss, type NotHeld } from "./held_lock.ts";
import {
  checkContent,
  discardNewLockFile,
  lockContent,
  mostReplacements,
  type OpenedLockFile,
  openLockFile,
} from "./open_lock_file.ts";
import { freeMark, ownRecord, recordSize } from "./owner_record.ts";
import { joinTurn } from "./own_holds.ts";
import { cancelWait, type Turn } from "./turn_queue.ts";
import { pauseBeforeRetry, waitForTurn } from "./waiting.ts";

/** The key of the turns for a lock file. */
export const fileTurnKey = (request: Pick<LockRequest, "engine">, identity: string): string =>
  `${request.engine.runtime.process.pid} ${identity}`;

/** Takes the kernel's lock. */
export function* acquireLockFile(request: LockRequest): Operation<HeldLock | NotHeld> {
  let turn: Turn | undefined;
  let kept = false;
  try {
    for (let tries = 0; tries < mostReplacements; tries++) {
      checkAbort(request.patience.signal);
      const opened = yield* openLockFile(request);
      if (typeof opened === "string") return opened;
      try {
        turn = sameOrJoined(request, turn, fileTurnKey(request, opened.identity));
        if (turn === undefined) return "timeout";
        if (turn.granted === undefined) {
          const outcome = yield* lockOpened(request, opened, turn);
          kept = typeof outcome !== "string";
          if (outcome !== "replaced") return outcome;
        }
      } finally {
        if (!kept) yield* closeQuietly(opened.file);
      }
      // With the file closed: hundreds of waiters need no descriptor, and it may be another file by then.
      const joined: Turn = turn;
      turn = undefined;
      turn = yield* waitedFor(request, joined);
      if (turn === undefined) return "timeout";
    }
  } finally {
    if (turn !== undefined && !kept) cancelWait(turn);
  }
  const reason = `${JSON.stringify(request.lockPath)} keeps being replaced`;
  throw attemptFailed(request.attempt, "ESTALE", "tryLock", reason);
}

/** The turn that is held already if it is for this file, else a new one, perhaps to be waited for. */
function sameOrJoined(request: LockRequest, turn: Turn | undefined, key: string): Turn | undefined {
  if (turn?.key === key) return turn;
  const joined = joinTurn(request, key);
  if (turn !== undefined) cancelWait(turn);
  return joined;
}

/** The turn once it has come. Undefined, or an error: no turn is held. */
function* waitedFor(request: LockRequest, turn: Turn): Operation<Turn | undefined> {
  if (turn.granted === undefined) return turn;
  if (!(yield* idly(request.engine, waitForTurn(turn, request.patience, request.engine.runtime.clock)))) {
    return undefined;
  }
  return { ...turn, granted: undefined };
}

type Outcome = HeldLock | NotHeld | "replaced";

function* lockOpened(request: LockRequest, opened: OpenedLockFile, turn: Turn): Operation<Outcome> {
  const { file, identity, mayRecord } = opened;
  try {
    if (!(yield* lockInTime(request, file))) return "timeout";
  } catch (error) {
    if (!lacksKernelLock(error)) throw error;
    yield* discardNewLockFile(request, opened);
    return "no-kernel-lock";
  }
  if (!(yield* isNamed(request, identity))) return "replaced";
  if (request.patience.waited) {
    // Somebody may have made it a file of his own while it was waited for.
    yield* wait(file.seek(0));
    yield* checkContent(request, file);
  }
  if (mayRecord && !request.shared) yield* asCourtesy(writeAtStart(file, ownRecord(request.engine.runtime)));
  return new HeldLockFile(request, opened, turn);
}

/** Whether a failure to lock says that this file system has no such locks. */
export function lacksKernelLock(error: unknown): error is SystemError {
  return error instanceof SystemError && ["tryLock", "lock"].includes(error.call) &&
    (isUnsupported(error) || error.code === "ENOLCK");
}

function* lockInTime(request: LockRequest, file: OpenFile): Operation<boolean> {
  const { patience, shared, engine } = request;
  if (yield* wait(file.tryLock(shared))) return true;
  for (let looks = 0;; looks++) {
    const left = patience.left();
    if (left === 0) return false;
    patience.waited = true;
    const had = yield* idly(engine, file.lock(shared, left, patience.signal));
    checkAbort(patience.signal);
    if (had !== undefined) return had;
    if (!(yield* pauseBeforeRetry(engine, patience, looks))) return false;
    if (yield* wait(file.tryLock(shared))) return true;
  }
}

/** A lock on a file that has lost its name excludes nobody who comes later. */
function* isNamed({ engine, lockPath }: LockRequest, identity: string): Operation<boolean> {
  return (yield* wait(engine.fileSystem.linkStat(lockPath)))?.identity === identity;
}

/** The record is a courtesy; a full disk must not keep anybody from a lock. */
function* asCourtesy(step: Operation<void>): Operation<void> {
  try {
    yield* step;
  } catch (error) {
    if (!(error instanceof SystemError)) throw error;
  }
}

function* writeAtStart(file: OpenFile, bytes: Uint8Array): Operation<void> {
  yield* wait(file.seek(0));
  let offset = 0;
  while (offset < bytes.length) {
    const count = yield* wait(file.write(bytes.subarray(offset)));
    if (!(count > 0)) return;
    offset += count;
  }
}

/** A mark is for a record: what somebody has put in its place while the lock was held is not written over. */
function* markFree(file: OpenFile): Operation<void> {
  yield* wait(file.seek(0));
  if ((yield* lockContent(file)) === recordSize) yield* writeAtStart(file, freeMark);
}

/** A class, not an object made anew for each hold: a new generator function costs its first call microseconds. */
class HeldLockFile implements HeldLock {
  readonly backend = "flock";
  readonly turn: Turn;
  readonly loss: Loss;
  readonly #request: LockRequest;
  readonly #opened: OpenedLockFile;

  constructor(request: LockRequest, opened: OpenedLockFile, turn: Turn) {
    this.turn = turn;
    this.loss = new Loss(request.attempt.path);
    this.#request = request;
    this.#opened = opened;
  }

  get shared(): boolean {
    return this.#request.shared;
  }

  get lockPath(): string {
    return this.#request.lockPath;
  }

  /** The kernel takes no lock away; but once the lock file is deleted or replaced, others lock another one. */
  *check(): Operation<boolean> {
    const { engine } = this.#request;
    // At once: a synchronous call may use a lock that was taken asynchronously.
    const atOnce = engine.synchronous ? this.#request : { ...this.#request, engine: makeEngine(engine.runtime, true) };
    if (!(yield* isNamed(atOnce, this.#opened.identity))) {
      this.loss.declare("its lock file was deleted or replaced");
    }
    return this.loss.error === undefined;
  }

  *release(): Operation<void> {
    const { file, mayRecord } = this.#opened;
    if (mayRecord && !this.shared) yield* asCourtesy(markFree(file));
    // Closing alone would not do where a child process has inherited the descriptor. Failures are the same to
    // everybody: once it is closed, the kernel holds the lock for nobody.
    if (this.#request.engine.capabilities.fileLock === "call") yield* quietly(() => file.unlock());
    yield* closeQuietly(file);
  }
}

function* quietly(call: () => Awaitable<void>): Operation<void> {
  try {
    yield* wait(call());
  } catch {
    // See above.
  }
}
