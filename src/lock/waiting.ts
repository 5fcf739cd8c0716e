/**
 * Waiting for a lock: for the turn within this process, and between two looks at a lock that cannot be waited for.
 *
 * Nothing here occupies the I/O pool or blocks the event loop (the synchronous twins, which block by nature, pause the
 * thread). A wait that is given up leaves nothing behind. A wait for a turn does not keep the process alive: when
 * nothing else does, nothing could ever give the turn back, and the wait ends with a DeadlockError (`IdleWaits`).
 */
import { onAbort } from "../core/abort.ts";
import { atNextTurn } from "../core/event_loop.ts";
import type { Operation } from "../core/operation.ts";
import type { Engine } from "../protocol/engine.ts";
import { CallerError, checkAbort } from "../protocol/failure.ts";
import { idly } from "../protocol/room.ts";
import type { ProcessHost } from "../runtime/process_host.ts";
import type { LockRequest } from "./held_lock.ts";
import type { Patience } from "./lock_plan.ts";
import { deadlock, holdContext, noteWait } from "./own_holds.ts";
import { cancelWait, type Turn } from "./turn_queue.ts";

/** Waits of an isolate that end when its event loop has nothing left to do. */
class IdleWaits {
  readonly #process: ProcessHost;
  readonly #waits = new Set<() => void>();
  #stopListening = () => {};

  constructor(process: ProcessHost) {
    this.#process = process;
  }

  /** Calls back when the loop is idle, until the returned function is called. */
  add(end: () => void): () => void {
    if (this.#waits.size === 0) this.#stopListening = this.#process.onIdle?.(() => this.#endOne()) ?? (() => {});
    this.#waits.add(end);
    return () => {
      if (this.#waits.delete(end) && this.#waits.size === 0) this.#stopListening();
    };
  }

  /** One at a time: what the first one's end sets free may be what the next one waits for. */
  #endOne(): void {
    const [end] = this.#waits;
    end?.();
    // Keeps the loop alive for one turn: it is idle once more if that has helped nobody.
    atNextTurn(() => {});
  }
}

const idleWaits = new WeakMap<object, IdleWaits>();

function idleWaitsOf(process: ProcessHost): IdleWaits {
  let found = idleWaits.get(process.isolate);
  if (found === undefined) idleWaits.set(process.isolate, found = new IdleWaits(process));
  return found;
}

/** The part of a request that waiting for its turn is about. */
type WaitingRequest = Pick<LockRequest, "engine" | "attempt" | "patience">;

/**
 * Waits for a turn. False: not in time. An abort is thrown, and a DeadlockError when nothing is left that could give the
 * turn back. A caller that gets anything but true holds no turn.
 */
export async function waitForTurn(turn: Turn, { engine, attempt, patience }: WaitingRequest): Promise<boolean> {
  if (turn.granted === undefined) return true;
  patience.waited = true;
  const { clock, process } = engine.runtime;
  const stop = new AbortController();
  const abort = () => stop.abort();
  // An event that has happened already is not heard of.
  if (patience.signal?.aborted) abort();
  const stopListening = onAbort(patience.signal, abort);
  const left = patience.left();
  const granted = turn.granted.then(() => "granted" as const);
  const ended = new Promise<"ended" | "idle">((resolve) => {
    if (stop.signal.aborted) resolve("ended");
    stop.signal.addEventListener("abort", () => resolve("ended"), { once: true });
    if (left !== undefined) clock.sleep(left, stop.signal).then(() => resolve("ended"), () => resolve("ended"));
    const leaveIdle = idleWaitsOf(process).add(() => resolve("idle"));
    stop.signal.addEventListener("abort", leaveIdle, { once: true });
  });
  const forget = noteWait(turn.key, holdContext.get());
  const end = await Promise.race([granted, ended]);
  forget();
  stopListening();
  stop.abort();
  if (end === "granted" && !patience.signal?.aborted) return true;
  cancelWait(turn);
  if (end === "idle") {
    throw deadlock(attempt, "code of this process holds it, and nothing is left to run that could release it");
  }
  if (patience.signal?.aborted) throw new CallerError(patience.signal.reason);
  return false;
}

/** Pauses between two looks, in milliseconds: short at first, then long enough to cost nothing. */
const shortest = 2;
const longest = 40;

/** Pauses before look number `looks`; false when there is no time left for another. */
export function* pauseBeforeRetry(engine: Engine, patience: Patience, looks: number): Operation<boolean> {
  const left = patience.left();
  if (left === 0) return false;
  checkAbort(patience.signal);
  patience.waited = true;
  const { clock, random } = engine.runtime;
  // Jittered, so that waiters that came together do not keep looking together.
  const jitter = 0.5 + (random(1)[0] ?? 0) / 255;
  const pause = Math.min(shortest * 1.5 ** Math.min(looks, 20), longest) * jitter;
  const bounded = left === undefined ? pause : Math.min(pause, left);
  if (engine.synchronous) {
    clock.pause(bounded);
    return true;
  }
  try {
    yield* idly(engine, clock.sleep(bounded, patience.signal));
  } catch (error) {
    checkAbort(patience.signal);
    throw error;
  }
  return true;
}
