/**
 * Waiting for a lock: for the turn within this process, and between two looks at a lock that cannot be waited for.
 *
 * Nothing here occupies the I/O pool or blocks the event loop (the synchronous twins, which block by nature, pause the
 * thread). A wait that is given up leaves nothing behind.
 */
import { onAbort } from "../core/abort.ts";
import type { Operation } from "../core/operation.ts";
import type { Engine } from "../protocol/engine.ts";
import { CallerError, checkAbort } from "../protocol/failure.ts";
import { idly } from "../protocol/room.ts";
import type { Clock } from "../runtime/runtime.ts";
import type { Patience } from "./lock_plan.ts";
import { cancelWait, type Turn } from "./turn_queue.ts";

/** Waits for a turn. False: not in time. An abort is thrown. Whoever gets anything but true holds no turn. */
export async function waitForTurn(turn: Turn, patience: Patience, clock: Clock): Promise<boolean> {
  if (turn.granted === undefined) return true;
  patience.waited = true;
  const stop = new AbortController();
  const abort = () => stop.abort();
  // An event that has happened already is not heard of.
  if (patience.signal?.aborted) abort();
  const stopListening = onAbort(patience.signal, abort);
  const left = patience.left();
  const granted = turn.granted.then(() => true);
  const ended = new Promise<false>((resolve) => {
    if (stop.signal.aborted) resolve(false);
    stop.signal.addEventListener("abort", () => resolve(false), { once: true });
    if (left !== undefined) clock.sleep(left, stop.signal).then(() => resolve(false), () => resolve(false));
  });
  const had = await Promise.race([granted, ended]);
  stopListening();
  stop.abort();
  if (had && !patience.signal?.aborted) return true;
  cancelWait(turn);
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
