/**
 * Orders that are run and judged: what their operations answered, what is there at the end, and every disk that a power
 * cut may have left.
 *
 * `run` for each order that somebody has chosen. What came of all of them adds up here.
 */
import type { SeamMethod } from "../faults/intercept.ts";
import { Machine } from "../machine/machine.ts";
import { picture } from "../machine/picture.ts";
import { Settlement } from "../crash/settlement.ts";
import type { Mistakes } from "../mistakes.ts";
import { SimulatedProcess } from "../machine/simulated_process.ts";
import type { ScheduleOptions, ScheduleViolation } from "./explore_schedules.ts";
import { LoggedDisk } from "./logged_disk.ts";
import { type Beginning, OrderInstants } from "./order_instants.ts";
import { OrderMoments } from "./order_moments.ts";
import { type Choose, OrderRun } from "./order_run.ts";
import { inNewRealm } from "./realm.ts";
import { faultText, letterOf, type ScheduleFault, scheduleText } from "./schedule_text.ts";

/** An operation that looks may look at everything. */
const everyRight = { user: 0, group: 0, groups: [], umask: 0, workingDirectory: "/" };

/** Steps after which operations count as running forever. */
const mostSteps = 20_000;

/** Runs orders. */
export class OrderTrials {
  readonly violations: ScheduleViolation[] = [];
  /** How many calls of each method each operation made at most, in the orders without a fault. */
  readonly calls: readonly Map<SeamMethod, number>[];
  readonly instants: OrderInstants;
  readonly mistakes: Mistakes;
  /** What operations threw that made no call. */
  readonly thrown = new Map<number, unknown>();
  orders = 0;
  pruned = 0;
  steps = 0;
  readonly #options: ScheduleOptions;
  readonly #seed: number;
  readonly #beginning: Beginning;
  /** Whether anybody judges what a power cut leaves; otherwise no disk could fail, and most of the time would go there. */
  readonly #cuts: boolean;
  /** What the last order amounts to. */
  lastOrder = "";
  /** What the orders that were run to their end amount to. */
  readonly #ends = new Set<string>();

  /** None has been run. */
  constructor(options: ScheduleOptions, beginning: Beginning, mistakes: Mistakes) {
    const { seed = 1, sectorSize = 512, pieces = 2, disks = 64, recoveryDisks = 8, limit: moments = 20_000 } = options;
    this.#options = options;
    this.#seed = seed;
    this.#beginning = beginning;
    this.calls = options.together.map(() => new Map());
    const settlement = new Settlement({ sectorSize, pieces });
    const { recover, check = () => {}, volatile } = options;
    this.mistakes = mistakes;
    this.#cuts = recover !== undefined || options.check !== undefined;
    const trial = { recover, check, volatile, settlement, disks, recoveryDisks, moments, seed, mistakes };
    this.instants = new OrderInstants(trial, beginning);
  }

  /** Runs an order on a machine of its own; whether the call that was to fail has. */
  async run(fault: ScheduleFault | undefined, choose: Choose): Promise<boolean> {
    const beginning = this.#beginning;
    const { together, processes: kind = "one" } = this.#options;
    const past = { starts: 0, lives: 1, now: beginning.now, end: "power cut" } as const;
    const disk = new LoggedDisk(beginning.image);
    const machine = new Machine(beginning.plan, disk, past);
    const shared = new SimulatedProcess(machine, beginning.record);
    const processes = together.map((_, index) => kind === "one" || index === 0 ? shared : shared.fork());
    const moments = new OrderMoments(disk, () => machine.scheduler.now());
    const looker = new SimulatedProcess(machine, everyRight);
    const watched = this.#watched(machine, looker, moments);
    const run: OrderRun = new OrderRun({
      processes,
      operations: together,
      fault,
      seed: this.#seed,
      acknowledge: (fact) => moments.acknowledge(fact),
      mistakes: this.mistakes,
      failed: () => fault === undefined ? undefined : moments.failed(fault, [...new Set(run.choices)].sort()),
      moved: () => {
        watched.moved();
        moments.moved();
      },
      touched: () => moments.touched(),
      stepped: (operation, step) => moments.stepped(operation, step),
    });
    const bounded: Choose = (possible, current) =>
      current.choices.length < mostSteps ? choose(possible, current) : undefined;
    const ended = await run.run(bounded);
    this.mistakes.throwFirst();
    this.steps += run.choices.length;
    this.lastOrder = run.order;
    if (fault === undefined || this.#options.schedule !== undefined) this.#noteCalls(run);
    const violate = (kind: ScheduleViolation["kind"], error: unknown, more: Partial<ScheduleViolation> = {}) =>
      this.violations.push({
        schedule: scheduleText(run.choices, fault),
        kind,
        error,
        trace: run.trace,
        state: picture(machine),
        acknowledged: [],
        seed: this.#seed,
        ...more,
      });
    if (!ended) {
      if (run.choices.length >= mostSteps) violate("stuck", new Error(`It goes on after ${mostSteps} steps`));
      this.pruned++;
    } else {
      const order = `${fault === undefined ? "" : faultText(fault)} ${run.order}`;
      if (this.#ends.has(order)) this.pruned++;
      else this.orders++;
      this.#ends.add(order);
      if (run.stuck.length > 0) {
        const waiting = run.stuck.map(letterOf).join(" and ");
        violate("stuck", new Error(`${waiting} wait forever: nothing else can continue`));
      } else {
        let verdict: unknown;
        try {
          if (watched.error !== undefined) throw watched.error;
          if (run.taken.length > 0) throw new Error(`Not given back: ${run.taken.join("; ")}`);
          verdict = await this.#lookAtEnd(run, looker, processes, fault);
        } catch (error) {
          violate("ended", error);
        }
        this.mistakes.refuseVerdict("ended", verdict);
      }
    }
    const found = this.#cuts ? await this.instants.tryAll(moments) : undefined;
    machine.end(() => this.mistakes.late("an operation"));
    if (found === undefined) return run.struck;
    const { state, error, acknowledged, steps } = found;
    violate("power cut", error, {
      state,
      acknowledged,
      schedule: scheduleText(steps.map((step) => run.choices[step] ?? 0), fault),
    });
    return run.struck;
  }

  /** Lets the caller look after each step that changed the disk, as somebody who may read everything. */
  #watched(machine: Machine, looker: SimulatedProcess, moments: OrderMoments): { moved(): void; error: unknown } {
    const { watch } = this.#options;
    const acknowledge = (fact: unknown) => {
      this.mistakes.requireFact(fact);
      moments.acknowledge(fact, true);
    };
    let version = machine.disk.version;
    const watched = {
      error: undefined as unknown,
      moved: () => {
        if (watch === undefined || machine.disk.version === version) return;
        version = machine.disk.version;
        try {
          this.mistakes.refuseVerdict("watch", watch(looker, acknowledge));
        } catch (error) {
          watched.error ??= error;
        }
      },
    };
    return watched;
  }

  #noteCalls(run: OrderRun): void {
    run.calls.forEach((calls, operation) => {
      const most = this.calls[operation];
      const result = run.results[operation];
      if (calls.size === 0 && result !== undefined && "error" in result) this.thrown.set(operation, result.error);
      for (const [method, count] of calls) {
        most?.set(method as SeamMethod, Math.max(count, most.get(method as SeamMethod) ?? 0));
      }
    });
  }

  async #lookAtEnd(
    run: OrderRun,
    looker: SimulatedProcess,
    processes: readonly SimulatedProcess[],
    fault: ScheduleFault | undefined,
  ): Promise<unknown> {
    const { ended } = this.#options;
    const [first] = processes;
    if (ended === undefined || first === undefined) return undefined;
    const results = run.results.flatMap((result) => result === undefined ? [] : [result]);
    const outcome = {
      results,
      machine: looker,
      processes: [...new Set(processes)],
      fault: run.struck ? fault : undefined,
      trace: run.trace,
    };
    return await inNewRealm(looker, () => ended(outcome));
  }
}
