/**
 * What an order of steps amounts to: equal for two orders exactly when one becomes the other by exchanging neighbours
 * that have nothing to do with each other (Mazurkiewicz traces).
 *
 * A step is hashed with the last steps it depends on, and the sum of all hashes is the order's. Two steps depend on each
 * other if they belong to one operation, or if they touch one resource and one of them changes it (footprint.ts), unless
 * both are of one group, whose order among themselves makes no difference.
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
  /** Changes of one group may change places with each other, not with others and not with looks. */
  readonly group?: string;
}

/** How many steps of each operation there are. */
export type StepCounts = readonly number[];

/** A step that was added. */
export interface AddedStep {
  /** Equal for steps that are the same, of the same past. */
  readonly hash: string;
  /** The steps that it depends on, directly or not, and itself. */
  readonly past: StepCounts;
}

interface Resource {
  /** What all steps before the last group amount to. */
  readonly before: string;
  /** These steps, and those they depend on. */
  readonly beforePast: StepCounts;
  /** Those of the last group, and those they depend on. */
  readonly past: StepCounts;
  /** How the last steps have touched it: all of them alike, in whatever order. */
  readonly group: string;
  readonly steps: Lanes;
}

const none: Lanes = { one: 0, two: 0 };
const untouched: Resource = { before: "", beforePast: [], past: [], group: "", steps: none };
/** A step that touches a resource in this way is alone with it. */
const alone = "alone";
const sum = (a: Lanes, b: Lanes): Lanes => ({ one: (a.one + b.one) >>> 0, two: (a.two + b.two) >>> 0 });
const show = ({ one, two }: Lanes): string => `${one.toString(36)}.${two.toString(36)}`;

const joined = (one: StepCounts, other: StepCounts): StepCounts =>
  Array.from(
    { length: Math.max(one.length, other.length) },
    (_, index) => Math.max(one[index] ?? 0, other[index] ?? 0),
  );

const groupOf = ({ changes, group }: Touch): string => changes ? group ?? alone : "looks";

/** By resource, the group of a step that touches it. */
export type TouchGroups = ReadonlyMap<string, string>;

/** Whether two steps of two operations may change places. */
export function separate(one: TouchGroups, other: TouchGroups): boolean {
  for (const [resource, group] of one) {
    const theirs = other.get(resource);
    if (theirs !== undefined && (theirs !== group || group === alone)) return false;
  }
  return true;
}

/** What a step touches; in two groups at once, alone. */
export function groupsOf(touches: readonly Touch[]): TouchGroups {
  const groups = new Map<string, string>();
  for (const touch of touches) {
    const { resource } = touch;
    const group = groupOf(touch);
    groups.set(resource, (groups.get(resource) ?? group) === group ? group : alone);
  }
  return groups;
}

/** The hash of an order that grows. */
export class OrderHash {
  #total: Lanes = none;
  readonly #own: AddedStep[] = [];
  readonly #resources = new Map<string, Resource>();

  /** Adds the next step: of which operation, what it is, what it touches. */
  add(operation: number, what: string, touches: readonly Touch[]): AddedStep {
    const groups = [...groupsOf(touches)].sort(([one], [other]) => one < other ? -1 : 1).map(([resource, group]) => {
      const last = this.#resources.get(resource) ?? untouched;
      const joins = group === last.group && group !== alone;
      const before = joins ? last.before : show(hashText(`${last.before}+${show(last.steps)}`));
      const beforePast = joins ? last.beforePast : joined(last.beforePast, last.past);
      return { resource, group, before, beforePast, past: joins ? last.past : [], steps: joins ? last.steps : none };
    });
    const needed = groups.map(({ before }) => before).join(" ");
    const latest = this.#own[operation];
    const hash = hashText(`${operation} ${what} ${latest?.hash ?? ""} ${needed}`);
    const count = Array.from(
      { length: operation + 1 },
      (_, index) => index < operation ? 0 : 1 + (latest?.past[index] ?? 0),
    );
    const past = groups.reduce((all, { beforePast }) => joined(all, beforePast), joined(count, latest?.past ?? []));
    for (const group of groups) {
      this.#resources.set(group.resource, { ...group, past: joined(group.past, past), steps: sum(group.steps, hash) });
    }
    this.#total = sum(this.#total, hash);
    return this.#own[operation] = { hash: show(hash), past };
  }

  /** The order so far. */
  get text(): string {
    return show(this.#total);
  }
}
