/**
 * Every order in which several asynchronous actors can take their steps, tried one after another:
 *
 *     const { orders } = await everyOrder({ start: () => ({ clock, actors: [async (turn) => { await turn("enter"); … }], check }) });
 *
 * An actor does nothing before its turn is picked, nor does a sleeper of the clock wake: whatever may come next is picked
 * in every way. After a step all that follows from it by itself happens, before the next one is picked; but at `hurried`
 * places of each order only a few turns of the event loop's microtasks do, so that steps meet in the middle of others'.
 */
import type { Clock } from "../../src/runtime/runtime.ts";

/** Waits until this step of the actor is picked. */
export type Turn = (name: string) => Promise<void>;

/** One order's world. */
interface World {
  /** What sleeps by it wakes when it is picked. */
  readonly clock: SteppedClock;
  readonly actors: readonly ((turn: Turn) => Promise<void>)[];
  /** Throws when something is wrong; `over`: nobody has a step left. Called wherever all that follows has happened. */
  check(over: boolean): void;
}

interface Exploration {
  /** Makes a world anew for each order. */
  start(): World;
  /** At so many places at most an order goes on before all that follows from a step has happened. Default 0. */
  readonly hurried?: number;
}

interface Gate {
  readonly name: string;
  open(): void;
}

/** A clock whose sleepers wake one by one, in the order of their times, whenever they are picked. */
export class SteppedClock implements Clock {
  #time = 0;
  #sleepers: (Gate & { readonly until: number })[] = [];

  now = (): number => this.#time;
  monotonic = (): number => this.#time;

  pause(): void {
    throw new Error("Nothing here is synchronous");
  }

  sleep(milliseconds: number): Promise<void> {
    return new Promise((resolve) => {
      const sleeper = {
        name: `${milliseconds} ms pass`,
        until: this.#time + milliseconds,
        open: () => {
          this.#sleepers = this.#sleepers.filter((each) => each !== sleeper);
          this.#time = sleeper.until;
          resolve();
        },
      };
      this.#sleepers.push(sleeper);
    });
  }

  /** Who wakes next. */
  get next(): Gate | undefined {
    return this.#sleepers.toSorted((a, b) => a.until - b.until)[0];
  }
}

/** More turns of the microtasks than anything here needs to come to rest. */
const allTurns = 25;
/** What may follow from a step before the next one comes, where that is hurried. */
const hurriedTurns = [0, 1, 2, 3];

async function turns(count: number): Promise<void> {
  for (let number = 0; number < count; number++) await Promise.resolve();
}

/** Runs one order: at each place the choice that `choices` says, beyond them the first; how many there were. */
async function runOrder({ start, hurried = 0 }: Exploration, choices: readonly number[]): Promise<number[]> {
  const { clock, actors, check } = start();
  let gates: Gate[] = [];
  const order: string[] = [];
  let ended = 0;
  const failures: unknown[] = [];
  for (const [number, actor] of actors.entries()) {
    const turn: Turn = (name) =>
      new Promise((resolve) => gates.push({ name: `${"abcdefgh"[number]} ${name}`, open: resolve }));
    actor(turn).then(() => ended++, (error) => failures.push(error));
  }
  const counts: number[] = [];
  let haste = hurried;
  try {
    for (;;) {
      if (failures.length > 0) throw failures[0];
      const sleeper = clock.next;
      const picks = sleeper === undefined ? gates : [...gates, sleeper];
      if (picks.length === 0) break;
      const ways = haste > 0 ? [allTurns, ...hurriedTurns] : [allTurns];
      const choice = choices[counts.length] ?? 0;
      counts.push(picks.length * ways.length);
      const gate = picks[Math.floor(choice / ways.length)] as Gate;
      const way = ways[choice % ways.length] as number;
      order.push(way === allTurns ? gate.name : `${gate.name} (${way})`);
      gates = gates.filter((each) => each !== gate);
      gate.open();
      await turns(way);
      if (way < allTurns) {
        haste--;
        // Who has no turn yet comes to one by itself.
        if (gates.length === 0 && clock.next === undefined) await turns(allTurns);
      } else check(false);
    }
    if (ended < actors.length) throw new Error(`${actors.length - ended} wait forever`);
    check(true);
    return counts;
  } catch (error) {
    throw new Error(`${error instanceof Error ? error.message : String(error)}, after: ${order.join(", ")}`, {
      cause: error,
    });
  }
}

/** Tries every order; throws at the first that is wrong, and says which. */
export async function everyOrder(exploration: Exploration): Promise<{ orders: number }> {
  let orders = 0;
  for (let choices: number[] | undefined = []; choices !== undefined;) {
    const counts = await runOrder(exploration, choices);
    orders++;
    const taken = counts.map((_, place) => choices?.[place] ?? 0);
    choices = undefined;
    for (let place = counts.length - 1; place >= 0; place--) {
      const next = (taken[place] as number) + 1;
      if (next === counts[place]) continue;
      choices = [...taken.slice(0, place), next];
      break;
    }
  }
  return { orders };
}
