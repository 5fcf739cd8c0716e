/**
 * Group commit: what is asked for while work is in progress is done together in the next round.
 *
 * `add` answers with a promise for one item. A round begins in a later microtask, so that everything asked for in one
 * turn of the event loop shares it, and takes at most `most` items, in order; at most `lanes` rounds run at once. How
 * each item fares is its own: the round answers one outcome per item. A round that throws fails all of its items.
 */

/** How one item of a round fared. */
export type Outcome<Result> = { readonly value: Result } | { readonly error: unknown };

interface Waiting<Item, Result> {
  readonly item: Item;
  resolve(value: Result): void;
  reject(error: unknown): void;
}

/** Gathers items into rounds. */
export class Batches<Item, Result> {
  readonly #round: (items: Item[]) => Promise<readonly Outcome<Result>[]>;
  readonly #most: number;
  readonly #lanes: number;
  readonly #waiting: Waiting<Item, Result>[] = [];
  #running = 0;

  /** Rounds are carried out by `round`. */
  constructor(round: (items: Item[]) => Promise<readonly Outcome<Result>[]>, most: number, lanes: number) {
    this.#round = round;
    this.#most = most;
    this.#lanes = lanes;
  }

  /** Asks for one item. */
  add(item: Item): Promise<Result> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ item, resolve, reject });
      if (this.#running >= this.#lanes) return;
      this.#running++;
      void this.#lane();
    });
  }

  async #lane(): Promise<void> {
    await undefined;
    while (this.#waiting.length > 0) {
      const batch = this.#waiting.splice(0, this.#most);
      let outcomes: readonly Outcome<Result>[];
      try {
        outcomes = await this.#round(batch.map(({ item }) => item));
      } catch (error) {
        outcomes = batch.map(() => ({ error }));
      }
      batch.forEach((each, index) => settle(each, outcomes[index]));
    }
    this.#running--;
  }
}

function settle<Item, Result>(waiting: Waiting<Item, Result>, outcome: Outcome<Result> | undefined): void {
  if (outcome !== undefined && "value" in outcome) waiting.resolve(outcome.value);
  else waiting.reject(outcome?.error);
}
