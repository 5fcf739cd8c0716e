/**
 * Turns of the event loop, for code that could otherwise go on forever without one.
 *
 * An asynchronous call whose every step is made at once settles in a microtask, and a loop that awaits such calls keeps
 * timers and I/O of the whole program waiting until it ends. So the asynchronous file systems make what may be repeated
 * without end through `inTurn`: at once as a rule, in a later turn when the loop has been held up for `longestHold`. Those
 * that every write makes ask `isTurnDue` instead, which takes no closure, and go through `afterTurn` if it is.
 *
 * The turn comes before the call, never after it: between what a call has seen and what is done next there is no more
 * time than before.
 */
import type { Awaitable } from "./operation.ts";

/**
 * Milliseconds. What the turns cost is in docs/design.md: less than a busy machine can tell from noise, which does not
 * confirm the half per cent that 10 to 25 µs in 5 ms would be.
 */
const longestHold = 5;

/** Of chunks that are taken and only gathered, so many may follow one another: what they take is a millisecond. */
export const chunksBetweenTurns = 256;

/** setImmediate (10 to 25 µs) where it exists; a timer takes 1 ms and more on some runtimes. */
const { setImmediate } = globalThis as { setImmediate?: (run: () => void) => unknown };

/** Calls `run` in the next turn of the event loop. */
export const atNextTurn = (run: () => void): unknown =>
  setImmediate === undefined ? setTimeout(run, 0) : setImmediate(run);

/** When the loop last turned, as far as is known here. */
let turned = -Infinity;

/** Waits for the next turn of the event loop. */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    atNextTurn(() => {
      turned = performance.now();
      resolve();
    });
  });
}

/** How many calls of `withoutTurns` the code that runs now is in. */
let hurried = 0;

/** Whether the event loop has had no turn for long. */
export function isTurnDue(): boolean {
  return hurried === 0 && performance.now() - turned >= longestHold;
}

/** Makes a call in the next turn of the event loop. */
export function afterTurn<T>(call: () => Awaitable<T>): Promise<T> {
  return nextTurn().then(call);
}

/** Makes a call: at once, or, when the event loop has had no turn for long, after one. */
export function inTurn<T>(call: () => Awaitable<T>): Awaitable<T> {
  return isTurnDue() ? afterTurn(call) : call();
}

/** Begins what must go as far as it can before anything else runs, such as giving a lock back: without turns until then. */
export function withoutTurns<T>(begin: () => T): T {
  hurried++;
  try {
    return begin();
  } finally {
    hurried--;
  }
}
