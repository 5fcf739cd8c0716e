/**
 * One exploration of schedules: see explore_schedules.ts for the order of things.
 *
 * Orders are found by running them: at every step behind the prefix that is to be tried, whoever else might have gone on
 * makes another prefix. A run that comes to where another has been, with no more interruptions left, is given up.
 */
import { fittingErrors } from "../fault_codes.ts";
import type { SeamMethod } from "../intercept.ts";
import type { DiskImage } from "../disk_node.ts";
import { Machine, type MachinePlan, type ProcessRecord } from "../machine.ts";
import { startMachine } from "../memory_file_system.ts";
import { nothingExplored } from "../nothing_explored.ts";
import { picture } from "../picture.ts";
import { SeededRandom } from "../random.ts";
import { Settlement } from "../settlement.ts";
import { partsOf, SimulatedProcess } from "../simulated_process.ts";
import type { ScheduleOptions, ScheduleReport, ScheduleViolation } from "./explore_schedules.ts";
import { OrderInstants } from "./order_instants.ts";
import { operationContext } from "./order_calls.ts";
import { type Choice, type Choose, OrderRun } from "./order_run.ts";
import { inNewRealm } from "./realm.ts";
import { faultText, letterOf, parseSchedule, type ScheduleFault, scheduleText } from "./schedule_text.ts";

/** Where every order begins. */
interface Beginning {
  readonly plan: MachinePlan;
  readonly image: DiskImage;
  readonly record: ProcessRecord;
  readonly now: number;
}

interface Prefix {
  readonly choices: readonly number[];
  readonly interruptions: number;
}

/** Who looks may look at everything. */
const everyRight = { user: 0, group: 0, groups: [], umask: 0, workingDirectory: "/" };

/** Steps after which operations are said to go on for ever. */
const mostSteps = 20_000;

/** Runs orders. */
export class ScheduleExplorer {
  readonly #options: ScheduleOptions;
  readonly #seed: number;
  readonly #instants: OrderInstants;
  readonly #violations: ScheduleViolation[] = [];
  /** How many calls of each method each operation made at most, in the orders without a fault. */
  readonly #calls: Map<SeamMethod, number>[];
  /** What the orders that were run to their end amount to. */
  readonly #ends = new Set<string>();
  #orders = 0;
  #pruned = 0;
  #faults = 0;
  #steps = 0;
  #exhaustive = true;

  /** An exploration that has not begun. */
  constructor(options: ScheduleOptions) {
    const { seed = 1, sectorSize = 512, pieces = 2, disks = 64 } = options;
    this.#options = options;
    this.#seed = seed;
    this.#calls = options.together.map(() => new Map());
    const settlement = new Settlement({ sectorSize, pieces });
    const { recover, check = () => {}, volatile } = options;
    this.#instants = new OrderInstants({ recover, check, volatile, settlement, disks, seed });
  }

  /** Explores. Once. */
  async explore(): Promise<ScheduleReport> {
    const beginning = await this.#prepare();
    // So that the context is not switched on and off for every order.
    await operationContext.run(-1, () => this.#exploreFrom(beginning));
    operationContext.end();
    const idle = this.#calls.findIndex((calls) => calls.size === 0);
    if (idle !== -1 && this.#violations.length === 0) {
      throw nothingExplored(`operation ${letterOf(idle)}`);
    }
    return {
      orders: this.#orders,
      pruned: this.#pruned,
      faults: this.#faults,
      steps: this.#steps,
      states: this.#instants.states,
      exhaustive: this.#exhaustive && this.#instants.exhaustive && !this.#stopped(),
      violations: this.#violations,
    };
  }

  async #prepare(): Promise<Beginning> {
    const { machine: machineOptions = {}, setup } = this.#options;
    const first = startMachine({ seed: this.#seed, ...machineOptions });
    await inNewRealm(() => setup?.(first));
    first.syncAll();
    const { machine, record } = partsOf(first);
    return { plan: machine.plan, image: machine.disk.snapshot(), record, now: machine.scheduler.now() };
  }

  async #exploreFrom(beginning: Beginning): Promise<void> {
    const { schedule } = this.#options;
    if (schedule !== undefined) return this.#replay(beginning, schedule);
    await this.#exploreOrders(beginning, undefined);
    for (const fault of this.#faultsToTry()) {
      if (this.#stopped()) return;
      this.#faults++;
      await this.#exploreOrders(beginning, fault);
    }
    await this.#sample(beginning);
  }

  #stopped(): boolean {
    return this.#violations.length >= (this.#options.stopAfter ?? 1);
  }

  #faultsToTry(): ScheduleFault[] {
    const { faults = "syncs" } = this.#options;
    return this.#calls.flatMap((calls, operation) =>
      [...calls].flatMap(([method, count]) => {
        if (faults === "none" || (faults === "syncs" && method !== "sync")) return [];
        const [first = "EIO"] = fittingErrors({ method, path: "", operands: [], file: undefined });
        const error = method === "sync" ? "EIO" : first;
        return Array.from({ length: count }, (_, index) => ({ operation, method, nth: index + 1, error }));
      })
    );
  }

  /** Every order within the bound, one call failing or none. */
  async #exploreOrders(beginning: Beginning, fault: ScheduleFault | undefined): Promise<void> {
    const { limit = 20_000, preemptions = 2 } = this.#options;
    const visited = new Map<string, number>();
    const waiting: Prefix[] = [{ choices: [], interruptions: 0 }];
    const random = new SeededRandom(this.#seed + 2 ** 35);
    const before = this.#orders;
    // Any of them next: where there are more than the limit, those that are run are from all over.
    const next = () => waiting.splice(random.below(waiting.length), 1)[0];
    for (let prefix = next(); prefix !== undefined; prefix = next()) {
      if (this.#stopped()) return;
      if (this.#orders - before >= limit) {
        this.#exhaustive = false;
        return;
      }
      const { choices, interruptions } = prefix;
      const remaining = preemptions - interruptions;
      const choose: Choose = (possible, run) => {
        const given = choices[run.choices.length];
        if (given !== undefined) return given;
        const { position } = run;
        const earlier = visited.get(position);
        if (earlier !== undefined && earlier >= remaining) return undefined;
        visited.set(position, remaining);
        const [first, ...others] = possible;
        for (const { operation, interrupts } of others) {
          if (interrupts && remaining === 0) continue;
          waiting.push({
            choices: [...run.choices, operation],
            interruptions: interruptions + (interrupts ? 1 : 0),
          });
        }
        return first?.operation;
      };
      await this.#run(beginning, fault, choose);
    }
  }

  /** Orders by chance, with as many interruptions as come up; every second one with a call that fails. */
  async #sample(beginning: Beginning): Promise<void> {
    const { samples = 20 } = this.#options;
    const random = new SeededRandom(this.#seed + 2 ** 34);
    const faults = this.#faultsToTry();
    const choose: Choose = (possible) => possible[random.below(possible.length)]?.operation;
    for (let sample = 0; sample < samples && !this.#stopped(); sample++) {
      const fault = sample % 2 === 1 ? faults[random.below(faults.length)] : undefined;
      await this.#run(beginning, fault, choose);
    }
  }

  async #replay(beginning: Beginning, schedule: string): Promise<void> {
    const { choices, fault } = parseSchedule(schedule);
    const isPossible = (possible: readonly Choice[], operation: number | undefined) =>
      possible.some((choice) => choice.operation === operation);
    await this.#run(beginning, fault, (possible, run) => {
      const given = choices[run.choices.length];
      return isPossible(possible, given) ? given : possible[0]?.operation;
    });
  }

  async #run(beginning: Beginning, fault: ScheduleFault | undefined, choose: Choose): Promise<void> {
    const { together, processes: kind = "one" } = this.#options;
    const past = { starts: 0, lives: 1, now: beginning.now, end: "power cut" } as const;
    const machine = new Machine(beginning.plan, beginning.image, past);
    const shared = new SimulatedProcess(machine, beginning.record);
    const processes = together.map((_, index) => kind === "one" || index === 0 ? shared : shared.fork());
    const instants = this.#instants;
    instants.begin(machine, beginning.record);
    const looker = new SimulatedProcess(machine, everyRight);
    const watched = this.#watched(machine, looker);
    const run: OrderRun = new OrderRun({
      processes,
      operations: together,
      fault,
      seed: this.#seed,
      acknowledge: instants.acknowledge,
      moved: () => {
        watched.moved();
        instants.moved(run.order, run.choices.length);
      },
    });
    const bounded: Choose = (possible, current) =>
      current.choices.length < mostSteps ? choose(possible, current) : undefined;
    const ended = await run.run(bounded);
    this.#steps += run.choices.length;
    if (fault === undefined) this.#noteCalls(run);
    const violate = (kind: ScheduleViolation["kind"], error: unknown, more: Partial<ScheduleViolation> = {}) =>
      this.#violations.push({
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
      this.#pruned++;
    } else {
      const order = `${fault === undefined ? "" : faultText(fault)} ${run.order}`;
      if (this.#ends.has(order)) this.#pruned++;
      else this.#orders++;
      this.#ends.add(order);
      if (run.stuck.length > 0) {
        const waiting = run.stuck.map(letterOf).join(" and ");
        violate("stuck", new Error(`${waiting} wait for ever: nobody else can go on`));
      } else {
        try {
          if (watched.error !== undefined) throw watched.error;
          if (run.taken.length > 0) throw new Error(`Not given back: ${run.taken.join("; ")}`);
          await this.#lookAtEnd(run, looker, processes, fault);
        } catch (error) {
          violate("ended", error);
        }
      }
    }
    const found = await instants.tryAll();
    if (found === undefined) return;
    const { state, error, acknowledged, steps } = found;
    violate("power cut", error, { state, acknowledged, schedule: scheduleText(run.choices.slice(0, steps), fault) });
  }

  /** Lets the caller look after each step that changed the disk, as somebody who may read everything. */
  #watched(machine: Machine, looker: SimulatedProcess): { moved(): void; error: unknown } {
    const { watch } = this.#options;
    let version = machine.disk.version;
    const watched = {
      error: undefined as unknown,
      moved: () => {
        if (watch === undefined || machine.disk.version === version) return;
        version = machine.disk.version;
        try {
          watch(looker, this.#instants.acknowledge);
        } catch (error) {
          watched.error ??= error;
        }
      },
    };
    return watched;
  }

  #noteCalls(run: OrderRun): void {
    run.calls.forEach((calls, operation) => {
      const most = this.#calls[operation];
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
  ): Promise<void> {
    const { ended } = this.#options;
    const [first] = processes;
    if (ended === undefined || first === undefined) return;
    const results = run.results.flatMap((result) => result === undefined ? [] : [result]);
    const outcome = {
      results,
      machine: looker,
      processes: [...new Set(processes)],
      fault: run.struck ? fault : undefined,
      trace: run.trace,
    };
    await inNewRealm(() => ended(outcome));
  }
}
