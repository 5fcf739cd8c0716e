/**
 * Every order in which the calls of several processes can reach a machine, tried one after another.
 *
 *     explore({ machine, contenders: [function* (engine) { … }, …], kills: 1, check });
 *
 * Each contender is an operation of a simulated process of its own. Nothing it asks of the file system happens before
 * the explorer picks it: at every point any contender may take its next step, or be killed, so a contender that is not
 * picked for long is one that is stopped (SIGSTOP). A contender may start another one, which inherits what it is told to
 * and is gone when it has ended. Two orders that have led every contender to the same answers, and
 * the disk to the same state, go on alike: only one of them is followed.
 */
import type { Operation } from "../../src/core/operation.ts";
import { type Engine, makeEngine } from "../../src/protocol/engine.ts";
import type { Runtime } from "../../src/runtime/runtime.ts";
import { type Around, interceptRuntime, type SeamCall } from "../../src/testing/faults/intercept.ts";
import type { ForkOptions, MemoryRuntime } from "../../src/testing/mod.ts";
import { SeededRandom } from "../../src/testing/random.ts";

/** What a contender does. */
export type Contender = (engine: Engine, mark: Mark, start: Start) => Operation<unknown>;

/** Says where a contender is, for the check. It goes on when it is picked, and not before it may (default: at once). */
export type Mark = (place: string, mayGoOn?: () => boolean) => Operation<void>;

/** Starts another contender, in a process that this one's has forked. */
export type Start = (contender: Contender, options?: ForkOptions) => ContenderState;

export interface ContenderState {
  readonly process: MemoryRuntime;
  /** What it has marked last. */
  readonly place: string;
  readonly killed: boolean;
  readonly ended: { readonly value: unknown } | { readonly error: unknown } | undefined;
}

export interface Exploration {
  /** A machine in the state that everything starts from; its first process is nobody's. */
  machine: () => MemoryRuntime;
  /** Or what makes them, for each order anew, where they share what they know. */
  contenders: readonly Contender[] | (() => readonly Contender[]);
  /** How many of them may be killed, each at any point. */
  kills?: number;
  /** Throws when a state is wrong; `over`: nobody has a step left. */
  check: (contenders: readonly ContenderState[], machine: MemoryRuntime, over: boolean) => void;
  /**
   * After so many states, which are those of orders that part late, the rest is sampled: a walk for every 20 of them,
   * in which chance picks every step.
   */
  limit?: number;
}

export interface ExplorationReport {
  states: number;
  /** Ends of all contenders that were reached. */
  ends: number;
  exhaustive: boolean;
}

/** A call that has been made and not yet happened. */
class Pending<T> implements PromiseLike<T> {
  readonly #happen: () => T;
  readonly mayHappen: () => boolean;

  constructor(happen: () => T, mayHappen = () => true) {
    this.#happen = happen;
    this.mayHappen = mayHappen;
  }

  happen(): T {
    return this.#happen();
  }

  // Only what the interceptor asks for when a file is opened.
  then<R>(next?: ((value: T) => R | PromiseLike<R>) | null): Pending<R> {
    return new Pending(() => next?.(this.#happen()) as R);
  }
}

/** Two numbers of 32 bits that differ for texts that differ, as good as always. */
function mixed(before: string, text: string): string {
  let [a, b] = [0xdeadbeef, 0x41c6ce57];
  for (const part of [before, text]) {
    for (let index = 0; index < part.length; index++) {
      a = Math.imul(a ^ part.charCodeAt(index), 2654435761);
      b = Math.imul(b ^ part.charCodeAt(index), 1597334677);
    }
  }
  return (a >>> 0).toString(36) + (b >>> 0).toString(36);
}

class Run {
  readonly process: MemoryRuntime;
  place = "";
  killed = false;
  ended: ContenderState["ended"];
  /** All it has been answered so far, mixed. */
  history = "";
  #operation: Operation<unknown>;
  #pending: Pending<unknown> | undefined;
  #time = 0;
  readonly #isStarted: boolean;

  /** Adds itself to all `runs` of this order; with `options` it is one that another has started. */
  constructor(runs: Run[], parent: MemoryRuntime, contender: Contender, options?: ForkOptions) {
    this.process = parent.fork(options);
    this.#isStarted = options !== undefined;
    const random = new SeededRandom(runs.push(this));
    const around: Around = <T>(_call: SeamCall, proceed: () => T | PromiseLike<T>) => new Pending(proceed as () => T);
    const runtime: Runtime = {
      ...interceptRuntime(this.process, around),
      syncFileSystem: this.process.syncFileSystem,
      random: (length) => random.bytes(length),
      clock: {
        now: () => 1_800_000_000_000,
        monotonic: () => this.#time,
        sleep: (milliseconds) => new Pending(() => void (this.#time += milliseconds)) as unknown as Promise<void>,
        pause: (milliseconds) => void (this.#time += milliseconds),
      },
    };
    const start: Start = (child, given = {}) => new Run(runs, this.process, child, given);
    this.#operation = contender(makeEngine(runtime, false), (...place) => this.#mark(...place), start);
    this.#advance(() => this.#operation.next());
  }

  *#mark(place: string, mayGoOn?: () => boolean): Operation<void> {
    this.place = place;
    yield new Pending(() => undefined, mayGoOn);
  }

  get canStep(): boolean {
    return this.#pending?.mayHappen() === true;
  }

  get canBeKilled(): boolean {
    return this.#pending !== undefined;
  }

  step(): void {
    const pending = this.#pending;
    this.#pending = undefined;
    let value: unknown;
    try {
      value = pending?.happen();
    } catch (error) {
      this.history = mixed(this.history, String(error));
      return this.#advance(() => this.#operation.throw(error));
    }
    this.history = mixed(this.history, JSON.stringify(value) ?? "none");
    this.#advance(() => this.#operation.next(value));
  }

  #advance(next: () => IteratorResult<PromiseLike<unknown>, unknown>): void {
    try {
      const step = next();
      if (step.done) this.ended = { value: step.value };
      else if (step.value instanceof Pending) this.#pending = step.value;
      else throw new Error("A contender waits for something that is not a call");
    } catch (error) {
      this.ended = { error };
    }
    if (this.ended !== undefined && this.#isStarted) this.process.kill();
  }

  kill(): void {
    this.killed = true;
    this.#pending = undefined;
    this.process.kill();
  }
}

/** Of a walk: mostly the same contender goes on, as on a real machine. */
const persistence = 0.6;
const killing = 0.05;

type Choice = { readonly kind: "step" | "kill"; readonly index: number };

/** Tries every order. The error of a failing check carries the order that led there. */
export function explore(exploration: Exploration): ExplorationReport {
  const { contenders, check, kills = 0, limit = Infinity } = exploration;
  const seen = new Set<string>();
  const report: ExplorationReport = { states: 0, ends: 0, exhaustive: true };

  const begin = () => {
    // Turns of contenders that were left in the middle of an order.
    Reflect.deleteProperty(globalThis, Symbol.for("@durable/atomic-write/lock-turns/1"));
    const machine = exploration.machine();
    const those = typeof contenders === "function" ? contenders() : contenders;
    const runs: Run[] = [];
    for (const contender of those) new Run(runs, machine, contender);
    return { machine, runs };
  };
  const take = (runs: readonly Run[], { kind, index }: Choice) => runs[index]?.[kind]();
  const choices = (runs: readonly Run[]): Choice[] => {
    const killed = runs.filter((run) => run.killed).length;
    const all = (kind: Choice["kind"], may: (run: Run) => boolean) =>
      runs.flatMap((run, index) => may(run) ? [{ kind, index }] : []);
    const steps = all("step", (run) => run.canStep);
    return killed < kills ? [...steps, ...all("kill", (run) => run.canBeKilled)] : steps;
  };

  const look = (machine: MemoryRuntime, runs: readonly Run[], path: readonly Choice[]): void => {
    const over = !runs.some((run) => run.canStep);
    report.states++;
    if (over) report.ends++;
    try {
      check(runs, machine, over);
    } catch (error) {
      const order = path.map(({ kind, index }) => kind === "kill" ? `kill ${index}` : String(index)).join(" ");
      const reason = error instanceof Error ? error.message : String(error);
      throw new Error(`${reason}\nafter: ${order}\n${JSON.stringify(machine.files(), undefined, 1)}`, { cause: error });
    }
  };

  const sampled = (): ExplorationReport => {
    for (let walk = 1; walk <= limit / 20; walk++) {
      const random = new SeededRandom(walk);
      const { machine, runs } = begin();
      const path: Choice[] = [];
      for (let possible = choices(runs); possible.length > 0; possible = choices(runs)) {
        const last = path.at(-1);
        const again = possible.find(({ kind, index }) => kind === "step" && index === last?.index);
        const steps = possible.filter(({ kind }) => kind === "step");
        const pool = steps.length < possible.length && random.chance(killing) ? possible : steps;
        const chosen = again !== undefined && random.chance(persistence) ? again : pool[random.below(pool.length)];
        if (chosen === undefined) break;
        path.push(chosen);
        take(runs, chosen);
        look(machine, runs, path);
      }
    }
    return { ...report, exhaustive: false };
  };

  const waiting: Choice[][] = [[]];
  for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
    const { machine, runs } = begin();
    for (const choice of path) take(runs, choice);
    for (;;) {
      const possible = choices(runs);
      const states = runs.map(({ history, place, killed }) => [history, place, killed]);
      const locks = Object.keys(machine.files()).filter((name) => machine.isLocked(name));
      const key = mixed("", JSON.stringify([machine.files(), locks, states]));
      if (seen.has(key)) break;
      seen.add(key);
      if (report.states >= limit) return sampled();
      look(machine, runs, path);
      const [first, ...others] = possible;
      if (first === undefined) break;
      for (const other of others) waiting.push([...path, other]);
      path = [...path, first];
      take(runs, first);
    }
  }
  return report;
}
