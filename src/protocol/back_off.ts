/**
 * The pause between two tries of what another program did first: longer with each try, and never twice the same, so that
 * those who met once do not meet again and again.
 */
import type { Operation } from "../core/operation.ts";
import type { Engine } from "./engine.ts";
import { CallerError, checkAbort } from "./failure.ts";
import { idly } from "./room.ts";

/** Milliseconds, doubled with every try. */
const shortest = 1;
const longest = 200;

/** Pauses for at most `most` milliseconds before the next try; `tries` have been made. An abort ends it. */
export function* backOff(
  engine: Engine,
  tries: number,
  signal: AbortSignal | undefined,
  most: number = longest,
): Operation<void> {
  checkAbort(signal);
  const { clock, random } = engine.runtime;
  const chance = ((random(1)[0] ?? 0) + 1) / 256;
  const pause = Math.min(shortest * 2 ** Math.min(tries, 20), most) * chance;
  if (engine.synchronous) return clock.pause(pause);
  try {
    yield* idly(engine, clock.sleep(pause, signal));
  } catch (error) {
    throw new CallerError(error);
  }
}
