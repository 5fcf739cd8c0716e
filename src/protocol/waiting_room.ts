/**
 * A bound on what is inside, and a queue beyond it that never stands still. What is inside has a weight.
 *
 * 1. `enter`, when there is room; `leave`. 2. `rest` while what is inside waits for something that the disk does not owe
 * (a lock, a callback, its owner), `work` afterwards.
 *
 * When all that is inside rests, it may wait for somebody outside: after a while the newest outside (a call of one of
 * those inside, most likely) is let in beyond the bound.
 *
 * Rooms share a budget: what costs more than is left of it waits, too, unless its room is empty. The more is used beyond
 * it, the longer it takes until somebody is let in beyond the bound.
 */
import { onAbort } from "../core/abort.ts";
import type { Awaitable } from "../core/operation.ts";
import type { Clock } from "../runtime/runtime.ts";

/** How a room is entered. */
export interface RoomEntry {
  readonly signal?: AbortSignal | undefined;
  /** The call that waits for this one is inside already. */
  readonly beyond?: boolean;
}

/** What a room goes by. */
interface RoomRules {
  readonly clock: Clock;
  /** So much is inside without a question. */
  readonly least: number;
  /** So much may be inside. Asked when it is about more than the least. */
  most(): number;
  readonly budget: Budget;
  /** What it costs of the budget for each unit of weight. */
  readonly cost: number;
}

/** What several rooms share. */
export class Budget {
  used = 0;
  readonly rooms: WaitingRoom[] = [];
  readonly #sure: number;
  readonly #limit: () => number;

  /** So much is there without a question; how much there is in all is asked later. */
  constructor(sure: number, limit: () => number) {
    this.#sure = sure;
    this.#limit = limit;
  }

  /** Whether there is so much left. */
  has(cost: number): boolean {
    const then = this.used + cost;
    return then <= this.#sure || then <= this.#limit();
  }

  /** How much too little is left. */
  missing(cost: number): number {
    return this.used + cost - this.#limit();
  }
}

interface Entrant {
  readonly weight: number;
  enter(): void;
}

/** How long a room stands still before somebody is let in beyond the bound, in milliseconds. */
const patience = 20;
const longestPatience = 60_000;

/** One room. */
export class WaitingRoom {
  inside = 0;
  #resting = 0;
  #watched = false;
  readonly #waiting: Entrant[] = [];
  readonly #rules: RoomRules;

  /** Nobody is inside. */
  constructor(rules: RoomRules) {
    this.#rules = rules;
    rules.budget.rooms.push(this);
  }

  #fits(weight: number): boolean {
    if (this.inside === 0) return true;
    const { least, most, budget, cost } = this.#rules;
    const then = this.inside + weight;
    return (then <= least || then <= most()) && budget.has(weight * cost);
  }

  #count(weight: number): void {
    this.inside += weight;
    this.#rules.budget.used += weight * this.#rules.cost;
  }

  /** Enters if there is room now. */
  tryEnter(weight: number): boolean {
    const enters = this.#waiting.length === 0 && this.#fits(weight);
    if (enters) this.#count(weight);
    return enters;
  }

  /** Waits until there is room. */
  enter(weight: number, { signal, beyond = false }: RoomEntry): Awaitable<void> {
    if (beyond) this.#count(weight);
    else if (!this.tryEnter(weight)) return this.#letIn(weight, signal);
  }

  /** So much less is inside. */
  leave(weight: number): void {
    this.#count(-weight);
    for (const room of this.#rules.budget.rooms) if (room.#waiting.length > 0) room.#admitWaiting();
  }

  #admitWaiting(): void {
    for (let next = this.#waiting[0]; next !== undefined && this.#fits(next.weight); next = this.#waiting[0]) {
      this.#waiting.shift();
      this.#admit(next);
    }
    this.#watch();
  }

  /** So much of what is inside waits. */
  rest(weight: number): void {
    this.#resting += weight;
    if (this.#waiting.length > 0) this.#watch();
  }

  /** It goes on, or leaves. */
  work(weight: number): void {
    this.#resting -= weight;
  }

  #admit({ weight, enter }: Entrant): void {
    this.#count(weight);
    enter();
  }

  async #letIn(weight: number, signal: AbortSignal | undefined): Promise<void> {
    signal?.throwIfAborted();
    await new Promise<void>((resolve, reject) => {
      const stopListening = onAbort(signal, () => {
        this.#waiting.splice(this.#waiting.indexOf(waiter), 1);
        reject(signal?.reason);
        // There may be room for the next one, who needs less.
        this.#admitWaiting();
      });
      const waiter = {
        weight,
        enter() {
          stopListening();
          resolve();
        },
      };
      this.#waiting.push(waiter);
      this.#watch();
    });
  }

  get #standsStill(): boolean {
    return this.#waiting.length > 0 && this.#resting >= this.inside;
  }

  #watch(): void {
    if (this.#watched || !this.#standsStill) return;
    this.#watched = true;
    void this.#watchOver();
  }

  /** The more is used beyond the budget, the longer. */
  #pause(): number {
    const beyond = this.#rules.budget.missing(this.#rules.cost);
    return beyond <= 0 ? patience : Math.min(patience * 1.4 ** beyond, longestPatience);
  }

  async #watchOver(): Promise<void> {
    const { clock } = this.#rules;
    while (this.#standsStill) {
      await clock.sleep(this.#pause());
      const newest = this.#standsStill ? this.#waiting.pop() : undefined;
      if (newest !== undefined) this.#admit(newest);
      // A call that was let in needs a turn of the event loop to do something.
      await clock.sleep(1);
    }
    // At once: a call that rests from now on must find that nobody watches.
    this.#watched = false;
  }
}
