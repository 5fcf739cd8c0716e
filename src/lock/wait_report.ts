/**
 * Tells a caller's `onWait` who is waited for: after a second, and every second from then on.
 *
 * 1. `start` with the place of the lock, whenever that changes. 2. `stop`, whatever the wait came to. Nothing here keeps
 * the process alive, and a look that fails tells that the holder is not known.
 */
import { run } from "../core/operation.ts";
import { makeEngine } from "../protocol/engine.ts";
import type { Engine } from "../protocol/engine.ts";
import type { Attempt } from "../protocol/failure.ts";
import type { LockInfo } from "./lock_info.ts";
import type { LockWait, Patience } from "./lock_plan.ts";
import { lookAtLock } from "./look_at_lock.ts";

/** Milliseconds before the first report, and between two of them. */
const interval = 1_000;

/** The reports of one wait. */
export class WaitReport {
  readonly #engine: Engine;
  readonly #attempt: Attempt;
  readonly #onWait: (wait: LockWait) => void;
  readonly #failed = new AbortController();
  readonly #stop = new AbortController();
  #lockPath: string | undefined;

  constructor(engine: Engine, attempt: Attempt, onWait: (wait: LockWait) => void) {
    // Of its own: it runs beside the operation that waits.
    this.#engine = makeEngine(engine.runtime, false);
    this.#attempt = attempt;
    this.#onWait = onWait;
  }

  /** Aborts when the caller has asked for the end of the wait, with `signal` or by what `onWait` has thrown. */
  signalWith(signal: AbortSignal | undefined): AbortSignal {
    return signal === undefined ? this.#failed.signal : AbortSignal.any([signal, this.#failed.signal]);
  }

  start(lockPath: string, patience: Patience): void {
    const isFirst = this.#lockPath === undefined;
    this.#lockPath = lockPath;
    if (isFirst) void this.#keepTelling(patience);
  }

  stop(): void {
    this.#stop.abort();
  }

  async #keepTelling(patience: Patience): Promise<void> {
    const { clock } = this.#engine.runtime;
    const begin = clock.monotonic();
    for (;;) {
      try {
        await clock.sleep(interval, this.#stop.signal, { keepAlive: false });
      } catch {
        return;
      }
      if (!patience.waited) continue;
      const holder = await this.#look();
      if (this.#stop.signal.aborted) return;
      try {
        this.#onWait({ path: this.#attempt.path, waited: clock.monotonic() - begin, holder });
      } catch (error) {
        return this.#failed.abort(error);
      }
    }
  }

  async #look(): Promise<LockInfo | undefined> {
    const request = { engine: this.#engine, attempt: this.#attempt, lockPath: this.#lockPath ?? "" };
    try {
      return await run(() => lookAtLock(request));
    } catch {
      return undefined;
    }
  }
}
