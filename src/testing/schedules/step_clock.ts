/**
 * The clock of operations whose steps are chosen: a sleeping operation is woken when it is chosen, and time has then
 * come to the end of its sleep.
 */
import type { Clock } from "../../runtime/runtime.ts";
import type { MemoryClock } from "../machine/scheduler.ts";

/** Somebody who sleeps. */
export interface Sleep {
  readonly operation: number;
  /** When it ends, in milliseconds of the monotonic clock. */
  readonly end: number;
  /** Whether it keeps its process alive: only then does anybody wait for it. */
  readonly keepAlive: boolean;
  readonly wake: () => void;
}

/** Time, which moves by `wake` alone. */
export class StepClock {
  readonly #machine: MemoryClock;
  #sleeps: Sleep[] = [];

  /** A clock that moves the machine's. */
  constructor(machine: MemoryClock) {
    this.#machine = machine;
  }

  /** The sleep of an operation that ends first; undefined: it does not sleep. */
  earliest(operation: number): Sleep | undefined {
    let earliest: Sleep | undefined;
    for (const sleep of this.#sleeps) {
      if (sleep.operation !== operation || !sleep.keepAlive) continue;
      if (earliest === undefined || sleep.end < earliest.end) earliest = sleep;
    }
    return earliest;
  }

  /** Moves time to the end of a sleep, which ends every other that is over by then. */
  wake(sleep: Sleep): void {
    this.#advance(Math.max(0, sleep.end - this.#machine.monotonic()));
  }

  /** The clock as an operation sees it. */
  clockOf(caller: () => number): Clock {
    return {
      now: () => this.#machine.now(),
      monotonic: () => this.#machine.monotonic(),
      pause: (milliseconds) => this.#advance(milliseconds),
      sleep: (milliseconds, signal, options) =>
        this.#sleep(caller(), milliseconds, signal, options?.keepAlive !== false),
    };
  }

  #advance(milliseconds: number): void {
    this.#machine.advance(milliseconds);
    const now = this.#machine.monotonic();
    const over = this.#sleeps.filter(({ end }) => end <= now).sort((a, b) => a.end - b.end);
    this.#sleeps = this.#sleeps.filter(({ end }) => end > now);
    for (const sleep of over) sleep.wake();
  }

  #sleep(operation: number, milliseconds: number, signal: AbortSignal | undefined, keepAlive: boolean): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason);
      const stop = () => {
        this.#sleeps = this.#sleeps.filter((sleep) => sleep !== own);
        reject(signal?.reason);
      };
      const own: Sleep = {
        operation,
        end: this.#machine.monotonic() + Math.max(0, milliseconds),
        keepAlive,
        wake: () => {
          signal?.removeEventListener("abort", stop);
          resolve();
        },
      };
      signal?.addEventListener("abort", stop, { once: true });
      this.#sleeps.push(own);
    });
  }
}
