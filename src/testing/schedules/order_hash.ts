/**
 * What an order of steps amounts to: equal for two orders exactly when one becomes the other by exchanging neighbours
 * that have nothing to do with each other (Mazurkiewicz traces).
 *
 * A step is hashed with the last steps it depends on, and the sum of all hashes is the order's. Two steps depend on each
 * other if they belong to one operation, or if they touch one resource and one of them changes it (footprint.ts).
 * Pruning by such a hash stays sound under a bound on preemptions, where sleep sets do not: Musuvathi and Qadeer, "Partial-Order
 * Reduction for Context-Bounded State Exploration", 2007; https://www.microsoft.com/en-us/research/publication/chess/.
 */

/** Two numbers of 32 bits. */
interface Lanes {
  readonly one: number;
  readonly two: number;
}

/** Hashes text: nobody attacks it, and a collision loses one order among millions. */
export function hashText(text: string): Lanes {
  let one = 0x811c9dc5;
  let two = 0x9e3779b9;
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index);
    one = Math.imul(one ^ unit, 0x01000193);
    two = Math.imul(two ^ unit, 0x85ebca6b);
    two ^= two >>> 13;
  }
  one = Math.imul(one ^ (one >>> 16), 0x7feb352d);
  two = Math.imul(two ^ (two >>> 15), 0x846ca68b);
  return { one: (one ^ (one >>> 15)) >>> 0, two: (two ^ (two >>> 16)) >>> 0 };
}

/** What a step touches, and whether it changes it. */
export interface Touch {
  readonly resource: string;
  readonly changes: boolean;
}

interface Resource {
  /** The last step that changed it. */
  readonly changed: string;
  /** The steps that have looked at it since, in whatever order. */
  readonly looks: Lanes;
}

const none: Lanes = { one: 0, two: 0 };
const untouched: Resource = { changed: "", looks: none };
const sum = (a: Lanes, b: Lanes): Lanes => ({ one: (a.one + b.one) >>> 0, two: (a.two + b.two) >>> 0 });
const show = ({ one, two }: Lanes): string => `${one.toString(36)}.${two.toString(36)}`;

/** The hash of an order that grows. */
export class OrderHash {
  #total: Lanes = none;
  readonly #own: string[] = [];
  readonly #resources = new Map<string, Resource>();

  /** Adds the next step: of which operation, what it is, what it touches. */
  add(operation: number, what: string, touches: readonly Touch[]): void {
    const needed: string[] = [this.#own[operation] ?? ""];
    const merged = new Map<string, boolean>();
    for (const { resource, changes } of touches) merged.set(resource, changes || merged.get(resource) === true);
    for (const resource of [...merged.keys()].sort()) {
      const { changed, looks } = this.#resources.get(resource) ?? untouched;
      needed.push(merged.get(resource) === true ? `${changed}+${show(looks)}` : changed);
    }
    const hash = hashText(`${operation} ${what} ${needed.join(" ")}`);
    const text = show(hash);
    this.#own[operation] = text;
    for (const [resource, changes] of merged) {
      const { changed, looks } = this.#resources.get(resource) ?? untouched;
      this.#resources.set(resource, changes ? { changed: text, looks: none } : { changed, looks: sum(looks, hash) });
    }
    this.#total = sum(this.#total, hash);
  }

  /** The order so far. */
  get text(): string {
    return show(this.#total);
  }
}
