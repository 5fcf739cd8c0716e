/**
 * One order of the steps of several operations, run on a machine.
 *
 * Every call of an operation at the seam waits until it is chosen; then it takes effect, and what runs on from there
 * comes to its next wait before anybody else is chosen. So a step is a call and all that follows it up to the next one.
 * A step is also: an operation beginning; the answer of a sync, and of a call that failed on purpose, which is reported
 * later than it was decided, so that what others do in the meantime is done during the sync; and waking from a sleep,
 * for time may pass at any moment.
 *
 * 1. `run(choose)`: asks `choose` at each step who goes on, until all have ended, or `choose` stops the run.
 * 2. Operations that wait although nobody can go on any more wait forever: `stuck`.
 */
import { InvalidArgument, OutOfRange } from "../../core/errors.ts";
import { atNextTurn } from "../../core/event_loop.ts";
import { ambientRuntime } from "../../runtime/current.ts";
import type { Runtime } from "../../runtime/runtime.ts";
import type { MemoryRuntime } from "../machine/memory_options.ts";
import { SeededRandom } from "../random.ts";
import { partsOf } from "../machine/simulated_process.ts";
import { Interruptions } from "./interruptions.ts";
import { answer, type CallingOperation, operationContext, OrderCalls, type Step } from "./order_calls.ts";
import { ofEverything } from "./footprint.ts";
import { OrderHash, type Touch } from "./order_hash.ts";
import type { OperationResult, OrderRunParts, TogetherOperation } from "./order_run_parts.ts";
import { enterRealm, leaveRealm, type RealmOwner, RealmSwitch, takenIn } from "./realm.ts";
import { letterOf } from "./schedule_text.ts";
import { type Sleep, StepClock } from "./step_clock.ts";

/** The operations that may continue. */
interface Choice {
  readonly operation: number;
  /** Whether another one that could have gone on is interrupted. */
  readonly interrupts: boolean;
}

/** Answers who goes on; undefined: this run is of no use any more. */
export type Choose = (choices: readonly Choice[], run: OrderRun) => number | undefined;

/** A process of the operations. */
interface ProcessState extends RealmOwner {
  readonly runtime: Runtime;
}

interface OperationState extends CallingOperation {
  readonly process: ProcessState;
  result: OperationResult | undefined;
}

const turn = (): Promise<void> => new Promise((resolve) => void atNextTurn(resolve));
/**
 * How long (in real milliseconds) something that is no call at the seam may take before no operation counts as able to
 * continue.
 */
const patience = [0, 1, 4, 20];

/** One order. */
export class OrderRun {
  readonly choices: number[] = [];
  /** Operations that wait forever. */
  stuck: readonly number[] = [];
  readonly #parts: OrderRunParts;
  readonly #states: OperationState[];
  readonly #hash = new OrderHash();
  readonly interruptions = new Interruptions();
  readonly #clock: StepClock;
  readonly #calls: OrderCalls;
  /** Who took the last step; at first, nobody. */
  #current = -1;
  #begun = 0;
  readonly #realms = new RealmSwitch();

  /** A run that has not started. */
  constructor(parts: OrderRunParts) {
    this.#parts = parts;
    const [first] = parts.processes;
    if (first === undefined) throw new InvalidArgument("There is nothing to run");
    this.#clock = new StepClock(first.clock);
    const { machine } = partsOf(first);
    this.#calls = new OrderCalls({
      clock: this.#clock,
      fault: parts.fault,
      symlinks: [...machine.disk.nodes()].some(({ kind }) => kind === "symlink"),
      limited: [...machine.plan.devices.values()].some(({ capacity, inodes }) =>
        capacity !== undefined || inodes !== undefined
      ),
      network: machine.plan.options.network !== undefined,
      together: new Set(parts.processes).size === 1,
      failed: parts.failed,
      called: (operation) => this.#refuseIfOver(operation),
      stateOf: (operation) => this.#states[operation],
      current: () => this.#current,
    });
    const states = new Map<MemoryRuntime, ProcessState>();
    this.#states = parts.operations.map((operation, index) => {
      const own = parts.processes[index] ?? first;
      const process = states.get(own) ?? { runtime: this.#calls.runtimeOf(own), values: new Map(), text: "" };
      states.set(own, process);
      const state: OperationState = {
        pending: [],
        calls: new Map(),
        random: new SeededRandom(parts.seed + 2 ** 33 * (index + 1)),
        process,
        result: undefined,
      };
      state.pending.push({
        what: "begin",
        syncs: false,
        touches: () => [ofEverything(false)],
        take: () => this.#begin(index, operation, process.runtime),
      });
      return state;
    });
  }

  /** Whether the fault has struck. */
  get struck(): boolean {
    return this.#calls.struck;
  }

  /** What the order so far amounts to, and where everybody stands. */
  get position(): string {
    const waits = this.#states.map((state, index) => {
      const asleep = this.#clock.earliest(index) === undefined ? "waits" : "sleeps";
      return state.result !== undefined ? "ended" : state.pending[0]?.what ?? asleep;
    });
    return `${this.#hash.text} ${this.#current} ${waits.join("|")}`;
  }

  /** What the order so far amounts to. */
  get order(): string {
    return this.#hash.text;
  }

  /** How each operation ended; undefined: it has not. */
  get results(): readonly (OperationResult | undefined)[] {
    return this.#states.map(({ result }) => result);
  }

  /** How many calls each operation has made, by method. */
  get calls(): readonly ReadonlyMap<string, number>[] {
    return this.#states.map(({ calls }) => calls);
  }

  /** Turns and the like that were taken and not given back. */
  get taken(): string[] {
    return [...new Set(this.#states.map(({ process }) => process))].flatMap(({ values }) => takenIn(values));
  }

  /** The steps as lines: the letter of the operation, and its call. */
  get trace(): string[] {
    return this.#calls.trace;
  }

  /** Runs to the end. False: `choose` has stopped it. */
  async run(choose: Choose): Promise<boolean> {
    const outside = leaveRealm();
    try {
      for (;;) {
        const choices = await this.#someChoices();
        if (choices.length === 0) break;
        const operation = choose(choices, this);
        if (operation === undefined) return false;
        await this.#step(operation);
      }
      this.stuck = this.#states.flatMap(({ result }, index) => result === undefined ? [index] : []);
      return true;
    } finally {
      for (; this.#begun > 0; this.#begun--) {
        ambientRuntime.end();
        operationContext.end();
      }
      this.#realms.leave();
      enterRealm(outside);
    }
  }

  async #someChoices(): Promise<Choice[]> {
    for (const milliseconds of patience) {
      const choices = this.#choices();
      if (choices.length > 0 || this.#states.every(({ result }) => result !== undefined)) return choices;
      await new Promise((resolve) => setTimeout(resolve, milliseconds));
    }
    return this.#choices();
  }

  /**
   * Which operations may continue: first the one that has just run, then the others in their order, sleeping ones last.
   */
  #choices(): Choice[] {
    const current = this.#current;
    const ready = this.#states.flatMap(({ pending }, index) => pending.length > 0 ? [index] : []);
    const goesOn = ready.includes(current);
    const order = goesOn ? [current, ...ready.filter((index) => index !== current)] : ready;
    const choices = order.map((operation) => ({ operation, interrupts: goesOn && operation !== current }));
    const asleep = this.#states.flatMap((state, index) => {
      const sleep = state.pending.length > 0 || state.result !== undefined ? undefined : this.#clock.earliest(index);
      return sleep === undefined ? [] : [{ operation: index, end: sleep.end }];
    }).sort((a, b) => a.end - b.end);
    // Only time can pass: the operation with the shortest sleep wakes.
    if (choices.length === 0) return asleep.slice(0, 1).map(({ operation }) => ({ operation, interrupts: false }));
    return [...choices, ...asleep.map(({ operation }) => ({ operation, interrupts: true }))];
  }

  async #step(operation: number): Promise<void> {
    const state = this.#states[operation];
    if (state === undefined) throw new OutOfRange(`There is no operation ${operation}`);
    const before = this.#hash.text;
    const interrupted = this.#current !== operation && (this.#states[this.#current]?.pending.length ?? 0) > 0;
    if (interrupted) this.interruptions.interrupt(this.#current, before);
    this.choices.push(operation);
    this.#current = operation;
    this.#calls.hidden = [];
    const { process } = state;
    this.#realms.enter(process);
    const waited = this.#standing(operation);
    const known = new Set(state.pending);
    const step = state.pending.shift();
    const touches = step?.touches() ?? [ofEverything(false), { resource: "time", changes: true }];
    if (step === undefined) this.#clock.wake(this.#clock.earliest(operation) as Sleep);
    else step.take();
    this.#parts.moved();
    await turn();
    this.#parts.moved();
    const arrived = state.pending.filter((next) => !known.has(next));
    const memory = arrived.some(({ what }) => what === answer) ? [] : [this.#memory(operation, waited, step, arrived)];
    const all = [...touches, ...this.#calls.hidden, ...this.#parts.touched(), ...memory];
    this.interruptions.add(operation, before, all);
    this.#parts.stepped(operation, this.#hash.add(operation, step?.what ?? "wake", all));
  }

  /**
   * An operation that continues, and does not only wait for an answer, may look at what operations of one process share in
   * memory; one that has changed it, or begins or ends a sync that others may wait for, changes places with nobody.
   */
  #memory(operation: number, waited: string, step: Step | undefined, arrived: readonly Step[]): Touch {
    const begun = step?.what === answer || arrived.some(({ syncs }) => syncs);
    const changes = this.#realms.isChanged() || waited !== this.#standing(operation) || begun;
    const alone = this.#states.every(({ process }) => process === this.#states[operation]?.process);
    return { resource: alone ? "memory" : `memory ${operation}`, changes };
  }

  /** Which operations can continue, apart from the running one; and whether that one waits for another. */
  #standing(operation: number): string {
    return this.#states.map(({ pending, result }, index) => {
      const waits = pending.length === 0 && result === undefined && this.#clock.earliest(index) === undefined;
      return index === operation ? waits : pending.length;
    }).join();
  }

  /**
   * A call, or an acknowledgement, that no operation awaits: all have ended. One that has failed may leave others behind; and
   * as long as one goes on, what it does may be called by another one that has ended, which has handed something over to it.
   */
  #refuseIfOver(index: number): void {
    const over = this.#states.every(({ result }) => result !== undefined && "value" in result);
    if (over) this.#parts.mistakes.late(`operation ${letterOf(index)}`);
  }

  #begin(index: number, operation: TogetherOperation, runtime: Runtime): void {
    const end = (result: OperationResult) => {
      const state = this.#states[index];
      if (state === undefined) return;
      state.result = result;
      const left = this.#states.findIndex(({ pending }) => pending.length > 0);
      if (left !== -1) this.#refuseIfOver(left);
    };
    const acknowledge = (fact: unknown) => {
      this.#refuseIfOver(index);
      this.#parts.mistakes.requireFact(fact);
      this.#parts.acknowledge(fact);
    };
    this.#begun++;
    operationContext.run(index, () => {
      Promise.resolve().then(() => ambientRuntime.run(runtime, () => operation(runtime, acknowledge))).then(
        (value) => end({ value }),
        (error) => end({ error }),
      );
    });
  }
}
