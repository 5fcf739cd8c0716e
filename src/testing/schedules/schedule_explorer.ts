/**
 * One exploration of schedules: which orders are run. See explore_schedules.ts for the order of things.
 *
 * Orders are found by running them: at every step behind the prefix that is to be tried, each other operation that
 * might have continued makes another prefix. A run that comes to where another has been, with no more interruptions
 * left, is given up.
 */
import { ambientRuntime } from "../../runtime/current.ts";
import { fittingErrors } from "../faults/fault_codes.ts";
import { startMachine } from "../machine/memory_file_system.ts";
import { Mistakes, untilPendingShows } from "../mistakes.ts";
import { nothingExplored } from "../nothing_explored.ts";
import { SeededRandom } from "../random.ts";
import { partsOf } from "../machine/simulated_process.ts";
import type { ScheduleOptions, ScheduleReport } from "./explore_schedules.ts";
import { operationContext } from "./order_calls.ts";
import type { Choose } from "./order_run.ts";
import { OrderTrials } from "./order_trials.ts";
import type { KnownSteps } from "./interruptions.ts";
import { inNewRealm } from "./realm.ts";
import { faultText, letterOf, parseSchedule, type ScheduleFault } from "./schedule_text.ts";

/** An order to be run: as an earlier one up to a step, then another operation. Copied late: most are never run. */
interface Prefix {
  readonly earlier: readonly number[];
  readonly steps: number;
  /** Undefined: nothing is given, not even the first step. */
  readonly operation: number | undefined;
  readonly interruptions: number;
}

const choicesOf = ({ earlier, steps, operation }: Prefix): readonly number[] =>
  operation === undefined ? [] : [...earlier.slice(0, steps), operation];

/** Chooses orders, which OrderTrials runs. */
export class ScheduleExplorer {
  readonly #options: ScheduleOptions;
  readonly #seed: number;
  #faults = 0;
  #exhaustive = true;

  /** An exploration that has not started. */
  constructor(options: ScheduleOptions) {
    this.#options = options;
    this.#seed = options.seed ?? 1;
  }

  /** Explores. Once. */
  async explore(): Promise<ScheduleReport> {
    const trials = await this.#prepare();
    // So that the context is not switched on and off for every order.
    // What was not awaited still finds its machine, and is refused there.
    ambientRuntime.keep();
    try {
      await operationContext.run(-1, () => this.#exploreAll(trials));
      await untilPendingShows();
    } finally {
      operationContext.end();
      ambientRuntime.end();
    }
    trials.mistakes.throwFirst();
    const idle = trials.calls.findIndex((calls) => calls.size === 0);
    if (idle !== -1 && trials.violations.length === 0) {
      throw nothingExplored(`operation ${letterOf(idle)}`, trials.thrown.get(idle));
    }
    const { orders, pruned, steps, instants, violations } = trials;
    return {
      orders,
      pruned,
      faults: this.#faults,
      steps,
      states: instants.states,
      recoveryStates: instants.recoveryStates,
      exhaustive: this.#exhaustive && instants.exhaustive && !this.#stopped(trials),
      violations,
    };
  }

  async #prepare(): Promise<OrderTrials> {
    const { machine: machineOptions = {}, setup } = this.#options;
    const first = startMachine({ seed: this.#seed, ...machineOptions });
    const { machine, record } = partsOf(first);
    const mistakes = new Mistakes();
    if (setup !== undefined) {
      await inNewRealm(first, async () => {
        await setup(first);
        machine.end(() => mistakes.late("setup"));
        await untilPendingShows();
      });
      mistakes.throwFirst();
    }
    first.syncAll();
    const beginning = { plan: machine.plan, image: machine.disk.snapshot(), record, now: machine.scheduler.now() };
    return new OrderTrials(this.#options, beginning, mistakes);
  }

  async #exploreAll(trials: OrderTrials): Promise<void> {
    const { schedule } = this.#options;
    if (schedule !== undefined) return this.#replay(trials, schedule);
    await this.#exploreOrders(trials, undefined);
    for (const fault of this.#faultsToTry(trials)) {
      if (this.#stopped(trials)) return;
      this.#faults++;
      await this.#exploreOrders(trials, fault);
    }
    await this.#sample(trials);
  }

  #stopped({ violations }: OrderTrials): boolean {
    return violations.length >= (this.#options.stopAfter ?? 1);
  }

  #faultsToTry(trials: OrderTrials): ScheduleFault[] {
    const { faults = "syncs" } = this.#options;
    return trials.calls.flatMap((calls, operation) =>
      [...calls].flatMap(([method, count]) => {
        if (faults === "none" || (faults === "syncs" && method !== "sync")) return [];
        const [first = "EIO"] = fittingErrors({ method, path: "", operands: [], file: undefined });
        const error = method === "sync" ? "EIO" : first;
        return Array.from({ length: count }, (_, index) => ({ operation, method, nth: index + 1, error }));
      })
    );
  }

  /** Every order within the bound, one call failing or none. */
  async #exploreOrders(trials: OrderTrials, fault: ScheduleFault | undefined): Promise<void> {
    const { limit = 20_000, preemptions = 2 } = this.#options;
    const visited = new Map<string, number>();
    const known: KnownSteps = new Map();
    const waiting: Prefix[] = [{ earlier: [], steps: 0, operation: undefined, interruptions: 0 }];
    const random = new SeededRandom(this.#seed + 2 ** 35);
    const before = trials.orders;
    // Any of them next: where there are more than the limit, those that are run are from all over.
    const next = () => waiting.splice(random.below(waiting.length), 1)[0];
    for (let prefix = next(); prefix !== undefined; prefix = next()) {
      if (this.#stopped(trials)) return;
      this.#options.signal?.throwIfAborted();
      if (trials.orders - before >= limit) {
        this.#exhaustive = false;
        return;
      }
      const choices = choicesOf(prefix);
      const { interruptions } = prefix;
      const remaining = preemptions - interruptions;
      const choose: Choose = (possible, run) => {
        run.interruptions.learn(known);
        const given = choices[run.choices.length];
        if (given !== undefined) return given;
        const { position, interruptions: { settled } } = run;
        const earlier = visited.get(position);
        if (settled && earlier !== undefined && earlier >= remaining) return undefined;
        if (settled) visited.set(position, remaining);
        const [first, ...others] = possible;
        for (const { operation, interrupts } of others) {
          if (interrupts && remaining === 0 || run.interruptions.isIdle(operation, known)) continue;
          waiting.push({
            earlier: run.choices,
            steps: run.choices.length,
            operation,
            interruptions: interruptions + (interrupts ? 1 : 0),
          });
        }
        return first === undefined || run.interruptions.isIdle(first.operation, known) ? undefined : first.operation;
      };
      await trials.run(fault, choose);
    }
  }

  /** Orders by chance, with as many interruptions as come up; every second one with a call that fails. */
  async #sample(trials: OrderTrials): Promise<void> {
    const { samples = 20 } = this.#options;
    const random = new SeededRandom(this.#seed + 2 ** 34);
    const faults = this.#faultsToTry(trials);
    const choose: Choose = (possible) => possible[random.below(possible.length)]?.operation;
    for (let sample = 0; sample < samples && !this.#stopped(trials); sample++) {
      this.#options.signal?.throwIfAborted();
      const fault = sample % 2 === 1 ? faults[random.below(faults.length)] : undefined;
      await trials.run(fault, choose);
    }
  }

  async #replay(trials: OrderTrials, schedule: string): Promise<void> {
    const { choices, fault } = parseSchedule(schedule, this.#options.together.length);
    let taken = 0;
    const struck = await trials.run(fault, (possible, run) => {
      const step = run.choices.length;
      const given = choices[step];
      if (given === undefined) return possible[0]?.operation;
      if (!possible.some(({ operation }) => operation === given)) {
        throw misfit(`operation ${letterOf(given)} cannot take step ${step + 1}`);
      }
      taken = step + 1;
      return given;
    });
    if (taken < choices.length) throw misfit(`its ${choices.length} steps are only ${taken} now`);
    if (fault !== undefined && !struck && trials.violations.length === 0) {
      throw misfit(`the call that fails (${faultText(fault)}) is not made`);
    }
  }
}

/** The error for an order that cannot be repeated. */
function misfit(reason: string): Error {
  return new Error(`schedule does not fit these operations: ${reason}. Have they changed since it was reported?`);
}
