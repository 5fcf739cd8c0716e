/**
 * Taking a lock, with one backend or the other.
 *
 * 1. Find the place. 2. The backend: the turn within this process, then the kernel's lock or the lock directory, each
 * within the caller's patience. 3. What is of the other backend's kind is converted when it is provably free. 4. What an
 * ancestor of this process holds is joined, if that is asked for, by an inner lock. 5. With a lock directory, the lock
 * beside the file as well, if it is there. 6. After a wait, or through a symlink, it looks whether the path still
 * leads to the file whose lock this is. 7. `release`: the backend first, then the turn; a second one does nothing.
 *
 * After a failure or a timeout neither turn nor lock is held.
 */
import { type Operation, wait } from "../core/operation.ts";
import { childOf, type Engine, locate } from "../protocol/engine.ts";
import { type Attempt, attemptFailed, checkAbort } from "../protocol/failure.ts";
import { convertDirectory, convertFile } from "./convert.ts";
import { innerLockName } from "../protocol/names/names.ts";
import type { HeldLock, LockRequest } from "./held_lock.ts";
import { JoinedAbove } from "./joined_above.ts";
import { acquireLockDirectory } from "./lock_directory.ts";
import { acquireLockFile } from "./lock_file.ts";
import { lockAttempt, LockHold, releaseAfter } from "./lock_hold.ts";
import { FileGate } from "./lock_gate.ts";
import type { LockBackend } from "./lock_info.ts";
import { type LockPlan, type Patience, patienceOf } from "./lock_plan.ts";
import { isLock } from "./look_at_lock.ts";
import { atPlace, findLockPlace, type LockPlace } from "./lock_place.ts";
import { leaveQueue } from "./turn_queue.ts";
import { WaitReport } from "./wait_report.ts";
import { pauseBeforeRetry } from "./waiting.ts";
import { keepPlace } from "../protocol/room.ts";
import { perLock } from "../protocol/room_shares.ts";
import { isInsideHold, noteHold } from "./own_holds.ts";

/** Somebody who redirects a symlink again and again is not waiting for the lock. */
const mostRedirects = 20;

/** Takes the lock of the file at the absolute `path`, when there is room for it; undefined: not in time. */
export function* acquire(
  engine: Engine,
  path: string,
  plan: LockPlan,
  attempt: Attempt = lockAttempt(path),
): Operation<LockHold | undefined> {
  checkAbort(plan.signal);
  const place = yield* keepPlace(engine, perLock.taking, { signal: plan.signal, inside: isInsideHold() });
  let hold: LockHold | undefined;
  try {
    hold = yield* acquireInRoom(engine, path, plan, attempt);
    if (hold === undefined) return undefined;
    place.settle([hold, hold.within].filter((each) => each?.held.backend === "flock").length * perLock.held);
    hold.giveShare = place.leave;
    return hold;
  } finally {
    if (hold === undefined) place.leave();
  }
}

function* acquireInRoom(
  engine: Engine,
  path: string,
  plan: LockPlan,
  attempt: Attempt,
): Operation<LockHold | undefined> {
  const report = plan.onWait === undefined ? undefined : new WaitReport(engine, attempt, plan.onWait);
  const signal = report === undefined ? plan.signal : report.signalWith(plan.signal);
  const wanted: Wanted = { engine, attempt, patience: patienceOf({ ...plan, signal }, engine.runtime.clock), plan };
  try {
    const home = plan.lockDirectory === undefined ? undefined : locate(engine, plan.lockDirectory);
    const search = { engine, path, lockDirectory: home, directories: plan.directories === true, attempt };
    let place = yield* findLockPlace(search);
    for (let redirects = 0; redirects < mostRedirects; redirects++) {
      report?.start(place.lockPath, wanted.patience);
      const held = yield* acquirePlace(wanted, place);
      if (held === "timeout") return undefined;
      const beside = home === undefined ? undefined : yield* takeBeside(wanted, place, held);
      if (beside === "timeout") return undefined;
      const hold = new LockHold(engine, place, held, beside);
      noteHold(hold);
      if (!place.throughLink && !wanted.patience.waited) return hold;
      const now = yield* stillLeading(hold, findLockPlace(search));
      if (now.lockPath === place.lockPath) return hold;
      yield* hold.release();
      place = now;
    }
  } finally {
    report?.stop();
  }
  throw attemptFailed(attempt, "ELOOP", "resolve", "the path keeps leading to another file");
}

/** What is wanted, wherever it turns out to be. */
interface Wanted {
  readonly engine: Engine;
  readonly attempt: Attempt;
  readonly patience: Patience;
  readonly plan: LockPlan;
}

/** Takes the lock at the place, or one within that which an ancestor of this process holds there. */
function* acquirePlace(wanted: Wanted, place: LockPlace): Operation<HeldLock | "timeout"> {
  const { engine, attempt, patience, plan: { backend, shared, staleAfter, join, newFile } } = wanted;
  const { lockPath, home, name, target: { status, name: locked, directory } } = place;
  const like = status ?? newFile;
  const beside = status !== undefined && home === directory ? locked : undefined;
  const rules = { like, beside, shared, patience, staleAfter, join, transient: false };
  const outermost: LockRequest = { engine, attempt, lockPath, home, name, ...rules };
  for (let depth = 0;; depth++) {
    const request = depth === 0 ? outermost : innerRequest(outermost, depth);
    let held: HeldLock | "timeout" | "held-above";
    try {
      held = yield* acquireBackend(request, backend);
    } catch (error) {
      throw atPlace(request, error);
    }
    if (held !== "held-above") return depth === 0 || held === "timeout" ? held : new JoinedAbove(held, outermost);
  }
}

function innerRequest(request: LockRequest, depth: number): LockRequest {
  const name = innerLockName(request.name, depth);
  return { ...request, name, lockPath: childOf(request.engine, request.home, name), transient: true };
}

/** Takes the lock beside the file, too, if there is one: programs that know of no lock directory use it. */
function* takeBeside(
  wanted: Wanted,
  { target }: LockPlace,
  held: HeldLock,
): Operation<LockHold | "timeout" | undefined> {
  const { engine, attempt, plan } = wanted;
  const directories = plan.directories === true;
  try {
    const place = yield* findLockPlace({
      engine,
      path: target.path,
      lockDirectory: undefined,
      directories,
      attempt,
    });
    const found = yield* wait(engine.fileSystem.linkStat(place.lockPath));
    if (found === undefined || !(yield* isLock({ engine, attempt, lockPath: place.lockPath }, found))) return undefined;
    const beside = yield* acquirePlace(wanted, place);
    if (beside !== "timeout") {
      const hold = new LockHold(engine, place, beside);
      noteHold(hold);
      return hold;
    }
  } catch (error) {
    yield* abandon(held);
    throw error;
  }
  yield* abandon(held);
  return "timeout";
}

function* abandon(held: HeldLock): Operation<void> {
  try {
    yield* held.release();
  } catch {
    // The failure that is being reported comes first.
  } finally {
    leaveQueue(held.turn);
  }
}

/** Where the path leads now; the lock is released if that cannot be determined. */
function* stillLeading(hold: LockHold, find: Operation<LockPlace>): Operation<LockPlace> {
  try {
    return yield* find;
  } catch (error) {
    yield* releaseAfter(hold, error);
    throw error;
  }
}

/** Others may undo a conversion; after a few times it is better to let them finish. */
const hastyConversions = 4;
const mostConversions = 400;

const gateOf = (request: LockRequest): FileGate => new FileGate(request);

function* acquireBackend(
  request: LockRequest,
  wanted: "auto" | LockBackend,
): Operation<HeldLock | "timeout" | "held-above"> {
  const { attempt, engine: { capabilities: { fileLock } } } = request;
  if (wanted === "flock" && fileLock === "none") {
    throw attemptFailed(attempt, "ENOTSUP", "lock", "this machine has no kernel lock (flock) to offer");
  }
  let backend: LockBackend = wanted === "directory" || fileLock === "none" ? "directory" : "flock";
  for (let conversions = 0; conversions < mostConversions; conversions++) {
    const outcome = backend === "flock"
      ? yield* acquireLockFile(request, gateOf)
      : yield* acquireLockDirectory(request);
    if (outcome === "no-kernel-lock") {
      if (wanted === "flock") {
        throw attemptFailed(attempt, "ENOTSUP", "lock", "this file system has no kernel lock (flock) to offer");
      }
      backend = "directory";
    } else if (outcome === "other-backend") {
      // Backends are never mixed on a held lock: what is of the other kind must first be proven free, and goes then.
      const converted = backend === "flock" ? yield* convertDirectory(request) : yield* convertFile(request);
      if (converted !== "free") return converted;
      if (conversions < hastyConversions) continue;
      if (!(yield* pauseBeforeRetry(request.engine, request.patience, conversions))) return "timeout";
    } else return outcome;
  }
  throw attemptFailed(attempt, "EBUSY", "lock", "the lock keeps changing its kind");
}
