/**
 * Time and concurrency of a simulated machine.
 *
 * `later(call)` queues a call; in each turn of the event loop one queued call, picked by the seed, takes effect and its
 * promise settles. Whatever runs on from there queues its own calls before the next one is picked, so one seed is one
 * interleaving of everything that goes on together, and another seed another.
 *
 * The clock is virtual. `automatic`: when nothing is queued, time jumps to the end of the earliest sleep, as long as
 * anybody sleeps who would keep a real process alive: a timer that does not (a lock's renewal) would otherwise let time
 * run away, and this process spin, for as long as nobody does anything. `manual`: time moves by `advance` alone.
 */
import { atNextTurn } from "../../core/event_loop.ts";
import type { Clock } from "../../runtime/runtime.ts";
import type { SeededRandom } from "../random.ts";

/** A clock that tests move. */
export interface MemoryClock extends Clock {
  /** Moves time on, ending every sleep that is over by then. */
  advance(milliseconds: number): void;
}

interface Sleep {
  readonly end: number;
  readonly keepAlive: boolean;
  readonly wake: () => void;
}

/** Decides what happens next on one machine. */
export class Scheduler {
  readonly #random: SeededRandom;
  readonly #automatic: boolean;
  readonly #start: number;
  #elapsed = 0;
  #calls: (() => void)[] = [];
  #sleeps: Sleep[] = [];
  #turnAsked = false;
  /** What the machine's processes see as their clock. */
  readonly clock: MemoryClock;

  /** A scheduler whose clock shows `start`. */
  constructor(random: SeededRandom, automatic: boolean, start: number) {
    this.#random = random;
    this.#automatic = automatic;
    this.#start = start;
    this.clock = {
      now: () => this.now(),
      monotonic: () => this.#elapsed,
      sleep: (milliseconds, signal, options) => this.#sleep(milliseconds, signal, options?.keepAlive !== false),
      pause: (milliseconds) => this.#advance(milliseconds),
      advance: (milliseconds) => this.#advance(milliseconds),
    };
  }

  /** Milliseconds since 1970. */
  now(): number {
    return this.#start + this.#elapsed;
  }

  /** Lets `call` take effect in a later turn. */
  later<T>(call: () => T | PromiseLike<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      this.#calls.push(() => {
        try {
          resolve(call());
        } catch (error) {
          reject(error);
        }
      });
      this.#askForTurn();
    });
  }

  /** Whether time goes on by itself. */
  get #timeRuns(): boolean {
    return this.#automatic && this.#sleeps.some(({ keepAlive }) => keepAlive);
  }

  #askForTurn(): void {
    if (this.#turnAsked) return;
    this.#turnAsked = true;
    atNextTurn(() => this.#turn());
  }

  #turn(): void {
    this.#turnAsked = false;
    if (this.#calls.length > 0) {
      const index = this.#random.below(this.#calls.length);
      const [call] = this.#calls.splice(index, 1);
      call?.();
    } else if (this.#timeRuns) {
      const end = Math.min(...this.#sleeps.map((sleep) => sleep.end));
      this.#advance(Math.max(0, end - this.#elapsed));
    }
    if (this.#calls.length > 0 || this.#timeRuns) this.#askForTurn();
  }

  #advance(milliseconds: number): void {
    if (!(milliseconds >= 0)) throw new RangeError("Time does not go back");
    this.#elapsed += milliseconds;
    const over = this.#sleeps.filter((sleep) => sleep.end <= this.#elapsed).sort((a, b) => a.end - b.end);
    this.#sleeps = this.#sleeps.filter((sleep) => sleep.end > this.#elapsed);
    for (const sleep of over) sleep.wake();
  }

  #sleep(milliseconds: number, signal: AbortSignal | undefined, keepAlive: boolean): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason);
      const stop = () => {
        this.#sleeps = this.#sleeps.filter((sleep) => sleep !== own);
        reject(signal?.reason);
      };
      const own: Sleep = {
        end: this.#elapsed + Math.max(0, milliseconds),
        keepAlive,
        wake: () => {
          signal?.removeEventListener("abort", stop);
          resolve();
        },
      };
      signal?.addEventListener("abort", stop, { once: true });
      this.#sleeps.push(own);
      if (this.#timeRuns) this.#askForTurn();
    });
  }
}
