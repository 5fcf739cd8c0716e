/**
 * Interruptions that are not worth running: an interrupted operation goes on with a step that has nothing to do with
 * anything done in between. The same comes of the order in which it takes that step first and is interrupted afterwards,
 * with no more interruptions. So of all orders that are alike, those are run whose interruptions come as late as possible.
 *
 * What the step would be is known from the order that the interruption was put into, where it came without a pause.
 * Positions at which somebody is interrupted must not be compared with those of other orders: two orders could each be
 * given up for the other one. Where all have gone on (`settled`), whether an order is given up depends on nothing before.
 *
 * 1. `interrupt` when another operation is chosen, then `add` for each step. 2. `learn` after each step. 3. `isIdle`.
 */
import { groupsOf, separate, type Touch, type TouchGroups } from "./order_hash.ts";

/** What the next step of an operation touches, by where it was taken: what the order amounted to, and whose it is. */
export type KnownSteps = Map<string, TouchGroups>;

interface Interruption {
  /** The step that would have come. */
  readonly next: string;
  /** How many steps of the order there were. */
  readonly steps: number;
}

const keyOf = (order: string, operation: number): string => `${order} ${operation}`;

/** The operations that are interrupted in an order, and what has been done since. */
export class Interruptions {
  readonly #open = new Map<number, Interruption>();
  readonly #steps: TouchGroups[] = [];
  #last: string | undefined;

  /** Whether every operation that was interrupted has gone on. */
  get settled(): boolean {
    return this.#open.size === 0;
  }

  /** An operation could have gone on, and another one does. */
  interrupt(operation: number, order: string): void {
    this.#open.set(operation, { next: keyOf(order, operation), steps: this.#steps.length });
  }

  /** A step is taken, when the order amounted to that. */
  add(operation: number, order: string, touches: readonly Touch[]): void {
    this.#open.delete(operation);
    this.#steps.push(groupsOf(touches));
    this.#last = keyOf(order, operation);
  }

  /** Remembers the last step. */
  learn(known: KnownSteps): void {
    const groups = this.#steps.at(-1);
    if (this.#last !== undefined && groups !== undefined) known.set(this.#last, groups);
  }

  /** Whether an operation was interrupted before a step that could as well have come before the interruption. */
  isIdle(operation: number, known: KnownSteps): boolean {
    const open = this.#open.get(operation);
    const next = open === undefined ? undefined : known.get(open.next);
    return next !== undefined && this.#steps.slice(open?.steps).every((step) => separate(step, next));
  }
}
