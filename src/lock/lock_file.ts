/**
 * The flock backend: the kernel's advisory lock on a lock file.
 *
 * 1. Open the lock file, or create it exclusively (open_lock_file.ts). 2. Take the turn within this process: the queue is
 * that of this very file. 3. Lock it: a try, then waiting where the machine offers a way, else looking again; a request
 * that has to wait for sharers waits at the gate (lock_gate.ts). 4. Is it still the file with that name? Else begin
 * again. 5. Say who holds it. 6. Release: mark it free, unlock, close. The file stays: a program that has it open and
 * takes its lock without looking at its name again (flock(1)) would hold "the" lock together with the next one. Only
 * this module uses those that are `transient`; they are removed under their lock.
 *
 * The lock dies with the process, however it dies. After a failure nothing is held and nothing is open.
 */
import { FileError } from "../core/errors.ts";
import { type Awaitable, type Operation, wait } from "../core/operation.ts";
import { attemptFailed, checkAbort } from "../protocol/failure.ts";
import { atOnce, type Engine } from "../protocol/engine.ts";
import { closeQuietly } from "../protocol/file_call.ts";
import { idly, outside } from "../protocol/room.ts";
import { isUnsupported } from "../protocol/sync_codes.ts";
import type { OpenFile } from "../runtime/runtime.ts";
import { SystemError } from "../runtime/system_error.ts";
import { refuseHeldAbove } from "./ancestor_holds.ts";
import { type HeldLock, type LockGate, type LockRequest, Loss, type NotHeld } from "./held_lock.ts";
import { removeNamed } from "./lock_names.ts";
import {
  checkContent,
  discardNewLockFile,
  lockContent,
  mostReplacements,
  type OpenedLockFile,
  openLockFile,
} from "./open_lock_file.ts";
import { freeMark, inodeText, ownRecord, recordSize } from "./owner_record.ts";
import { joinTurn } from "./own_holds.ts";
import { cancelWait, type Turn } from "./turn_queue.ts";
import { pauseBeforeRetry, waitForTurn } from "./waiting.ts";

/** The key of the turns for a lock file. */
export const fileTurnKey = ({ runtime }: Engine, identity: string): string => `${runtime.process.pid} ${identity}`;

/** Where a request that has to wait waits; made when it does: a lock that is free needs none. */
type GateOf = (request: LockRequest) => LockGate;

/** Takes the kernel's lock. Without `gateOf`, a request that has to wait waits for the lock alone. */
export function* acquireLockFile(request: LockRequest, gateOf?: GateOf): Operation<HeldLock | NotHeld> {
  let turn: Turn | undefined;
  let kept = false;
  try {
    for (let tries = 0; tries < mostReplacements; tries++) {
      checkAbort(request.patience.signal);
      const opened = yield* openLockFile(request);
      if (typeof opened === "string") return opened;
      try {
        turn = sameOrJoined(request, turn, fileTurnKey(request.engine, opened.identity));
        if (turn === undefined) return "timeout";
        if (turn.granted === undefined) {
          const outcome = yield* lockOpened(request, opened, turn, gateOf);
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
  if (!(yield* outside(request.engine, request.patience, waitForTurn(turn, request)))) {
    return undefined;
  }
  return { ...turn, granted: undefined };
}

type Outcome = HeldLock | NotHeld | "replaced";

function* lockOpened(
  request: LockRequest,
  opened: OpenedLockFile,
  turn: Turn,
  gateOf: GateOf | undefined,
): Operation<Outcome> {
  const { file, identity, mayRecord } = opened;
  try {
    const outcome = yield* lockInTime(request, opened, turn.nested ? undefined : gateOf);
    if (outcome !== "locked") return outcome;
  } catch (error) {
    if (!lacksKernelLock(error)) throw error;
    yield* discardNewLockFile(request, opened);
    return "no-kernel-lock";
  }
  if (!(yield* isNamed(request, identity))) return "replaced";
  if (request.patience.waited) {
    // Another program may have made it a file of its own during the wait.
    yield* wait(file.seek(0));
    yield* checkContent(request, file);
  }
  if (mayRecord && !request.shared) yield* asCourtesy(writeAtStart(file, ownRecord(request.engine.runtime, identity)));
  return new HeldLockFile(request, opened, turn);
}

/** Whether a failure to lock says that this file system has no such locks. */
export function lacksKernelLock(error: unknown): error is SystemError {
  return error instanceof SystemError && ["tryLock", "lock"].includes(error.call) &&
    (isUnsupported(error) || error.code === "ENOLCK");
}

function* lockInTime(
  request: LockRequest,
  { file }: OpenedLockFile,
  gateOf: GateOf | undefined,
): Operation<"locked" | "timeout" | "held-above"> {
  const { patience, shared } = request;
  let gate: LockGate | undefined;
  try {
    if (shared) {
      gate = gateOf?.(request);
      if (gate !== undefined && !(yield* gate.waitBehind())) return "timeout";
    }
    if (yield* wait(file.tryLock(shared))) return "locked";
    if (yield* refuseHeldAbove(request, yield* wait(file.stat()))) return "held-above";
    if (patience.left() === 0) return "timeout";
    if (!shared) {
      gate = gateOf?.(request);
      if (gate !== undefined && !(yield* gate.close())) return "timeout";
    }
    return (yield* waitForKernel(request, file)) ? "locked" : "timeout";
  } finally {
    if (gate !== undefined) yield* gate.open();
  }
}

function* waitForKernel({ patience, shared, engine }: LockRequest, file: OpenFile): Operation<boolean> {
  for (let looks = 0;; looks++) {
    patience.waited = true;
    const had = yield* idly(engine, file.lock(shared, patience.left(), patience.signal));
    checkAbort(patience.signal);
    if (had !== undefined) return had;
    if (!(yield* pauseBeforeRetry(engine, patience, looks))) return false;
    if (yield* wait(file.tryLock(shared))) return true;
  }
}

/** A lock on a file that has lost its name excludes nobody who comes later. */
function* isNamed(
  { engine, lockPath }: Pick<LockRequest, "engine" | "lockPath">,
  identity: string,
): Operation<boolean> {
  return (yield* wait(engine.fileSystem.linkStat(lockPath)))?.identity === identity;
}

/** The record is a courtesy; a full disk must not keep anybody from a lock. */
function* asCourtesy(step: Operation<void>): Operation<void> {
  try {
    yield* step;
  } catch (error) {
    if (!(error instanceof SystemError || FileError.is(error))) throw error;
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
  #inherited = false;
  #discarded = false;

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

  get mark(): string {
    return inodeText(this.#opened.identity);
  }

  discard(): void {
    this.#discarded = this.#opened.created;
  }

  handOver(): number | undefined {
    const { file } = this.#opened;
    const { process } = this.#request.engine.runtime;
    const holder = file.descriptor === undefined
      ? process.lockHolder(this.#opened.identity, process.pid)
      : { descriptor: file.descriptor };
    const descriptor = typeof holder === "object" ? holder.descriptor : undefined;
    this.#inherited ||= descriptor !== undefined;
    return descriptor;
  }

  /** The kernel takes no lock away; but once the lock file is deleted or replaced, others lock another one. */
  *check(): Operation<boolean> {
    // At once: a synchronous call may use a lock that was taken asynchronously.
    const { engine } = this.#request;
    const request = engine.synchronous ? this.#request : { ...this.#request, engine: atOnce(engine) };
    if (!(yield* isNamed(request, this.#opened.identity))) {
      this.loss.declare("its lock file was deleted or replaced");
    }
    return this.loss.error === undefined;
  }

  *release(): Operation<void> {
    const { file, identity, mayRecord } = this.#opened;
    const { engine } = this.#request;
    const transient = this.#request.transient || this.#discarded;
    // Others who have it open find that it has no name any more.
    if (transient && !this.shared) yield* asCourtesy(removeNamed(this.#request, identity));
    else if (mayRecord && !this.shared) yield* asCourtesy(markFree(file));
    // Closing alone would not do where a child process has inherited the descriptor. Failures are the same to
    // everybody: once it is closed, the kernel holds the lock for nobody.
    const inherited = this.#inherited;
    if (inherited || engine.capabilities.fileLock === "call") yield* quietly(() => file.unlock(inherited));
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
