/**
 * Many wait with one signal: a batch of requests that are given up together. Node warns of a memory leak from the
 * eleventh listener of a signal on, so all of them share one.
 */

interface Listeners {
  readonly calls: Set<() => void>;
  readonly listener: () => void;
}

const listeners = new WeakMap<AbortSignal, Listeners>();

function listen(signal: AbortSignal): Listeners {
  const calls = new Set<() => void>();
  const listener = () => {
    listeners.delete(signal);
    for (const call of calls) call();
  };
  const made = { calls, listener };
  listeners.set(signal, made);
  signal.addEventListener("abort", listener, { once: true });
  return made;
}

/**
 * Calls back once when the signal aborts, until the returned function is called. A signal that has aborted already is
 * not heard of any more. The call must not throw, and must be another function for each waiter.
 */
export function onAbort(signal: AbortSignal | undefined, call: () => void): () => void {
  if (signal === undefined || signal.aborted) return () => {};
  const { calls, listener } = listeners.get(signal) ?? listen(signal);
  calls.add(call);
  return () => {
    calls.delete(call);
    if (calls.size > 0 || listeners.get(signal)?.calls !== calls) return;
    listeners.delete(signal);
    signal.removeEventListener("abort", listener);
  };
}
