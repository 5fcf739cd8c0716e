/**
 * "It ran", as a part of what is asserted. A loop over nothing, a race that nobody entered, a kill that came too late
 * and a waiter that had not yet begun to wait pass every assertion inside them. So a loop over what was found goes
 * through `notEmpty`, and what happens by chance is counted and must have happened often enough:
 *
 *     const happened = tally("signals", ["before the commit", "after it"]);
 *     for (…) happened.count(isOld ? "before the commit" : "after it");
 *     happened.enough();
 *
 * Without @std/assert: scripts use it as well. `deno task layers` refuses loops in tests that may be empty.
 */

/** What is to be looked at one by one; throws when there is nothing. */
export function notEmpty<T>(items: Iterable<T>, what = "what is looped over"): [T, ...T[]] {
  const [first, ...others] = items;
  if (first === undefined && others.length === 0) throw new Error(`${what} is empty: nothing would be tested`);
  return [first as T, ...others];
}

/** How often each of several things has happened. */
export interface Tally<Name extends string> {
  /** It has happened, once or several times. */
  count(name: Name, times?: number): void;
  readonly counts: Readonly<Record<Name, number>>;
  /** Prints the counts, and throws unless each is at least what is given here; once, where nothing is. */
  enough(least?: Partial<Record<Name, number>>): void;
}

/** Begins to count. `what`: what all of it is about, for the line that is printed. */
export function tally<const Name extends string>(what: string, names: readonly Name[]): Tally<Name> {
  const counts = Object.fromEntries(names.map((name) => [name, 0])) as Record<Name, number>;
  return {
    counts,
    count(name, times = 1) {
      counts[name] += times;
    },
    enough(least = {}) {
      const all = names.map((name) => `${counts[name]} ${name}`).join(", ");
      console.log(`# HAPPENED ${what}: ${all}`);
      for (const name of names) {
        const wanted = least[name] ?? 1;
        if (counts[name] < wanted) {
          throw new Error(`${what}: too few "${name}" (at least ${wanted}) to say anything: ${all}`);
        }
      }
    },
  };
}
