/**
 * Time of the machine, from the globals that every runtime has. Only "this timer shall not keep the process alive" is
 * said differently, so that is handed in.
 */
import { onAbort } from "../core/abort.ts";
import type { Clock } from "./runtime.ts";

/** Timers take a signed 32-bit count of milliseconds and fire at once beyond it. */
const longestTimer = 2 ** 31 - 1;

/** A clock whose timers are detached from the event loop by `detach`. */
export function createClock(detach: (timer: unknown) => void): Clock {
  const monotonic = () => performance.now();

  function wake(milliseconds: number, signal: AbortSignal | undefined, keepAlive: boolean): Promise<void> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        stopListening();
        resolve();
      }, milliseconds);
      const stopListening = onAbort(signal, () => {
        clearTimeout(timer);
        reject(signal?.reason);
      });
      if (!keepAlive) detach(timer);
    });
  }

  return {
    now: () => Date.now(),
    monotonic,
    async sleep(milliseconds, signal, options) {
      const end = monotonic() + milliseconds;
      for (let left = milliseconds; left > 0; left = end - monotonic()) {
        signal?.throwIfAborted();
        await wake(Math.min(Math.ceil(left), longestTimer), signal, options?.keepAlive !== false);
      }
      signal?.throwIfAborted();
    },
    pause: (milliseconds) => void Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds),
  };
}

/**
 * Waits for something that can be stopped: it is, after `timeout` milliseconds or when the signal aborts, also when
 * that has happened before. False where it was stopped before it began.
 */
export async function stoppable(
  timeout: number | undefined,
  signal: AbortSignal | undefined,
  start: (stop: AbortSignal) => Promise<boolean>,
): Promise<boolean> {
  if (signal?.aborted || (timeout !== undefined && timeout <= 0)) return false;
  const controller = new AbortController();
  const stop = () => controller.abort();
  const timer = timeout === undefined ? undefined : setTimeout(stop, Math.min(Math.ceil(timeout), longestTimer));
  const stopListening = onAbort(signal, stop);
  try {
    return await start(controller.signal);
  } finally {
    clearTimeout(timer);
    stopListening();
  }
}
