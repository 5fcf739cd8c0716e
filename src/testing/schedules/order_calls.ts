/**
 * The machine as the operations of one order see it: every call waits to be chosen, is counted, fails if it is the one to
 * fail, and is written down with what it touches.
 *
 * 1. `runtimeOf` for each process. 2. A call puts a step into its operation's `pending`; taking that step does the call.
 * The answer of a sync, and of a call that failed on purpose, is a step of its own. Synchronous calls are done at once.
 */
import type { Awaitable } from "../../core/operation.ts";
import { asyncContext } from "../../runtime/async_context.ts";
import type { Clock, FileSystem, OpenFile, Runtime } from "../../runtime/runtime.ts";
import { SystemError } from "../../runtime/system_error.ts";
import { undecidedSyncs } from "../faults/fault_codes.ts";
import { observed } from "../faults/awaited.ts";
import { type Around, dropUnsynced, interceptFileSystem, type SeamCall } from "../faults/intercept.ts";
import type { MemoryRuntime } from "../machine/memory_options.ts";
import { SeededRandom } from "../random.ts";
import { partsOf } from "../machine/simulated_process.ts";
import { type CallResult, pathShower, TraceWriter } from "../trace_lines.ts";
import { footprint, found, ofEverything } from "./footprint.ts";
import type { Touch } from "./order_hash.ts";
import { letterOf, type ScheduleFault } from "./schedule_text.ts";
import type { StepClock } from "./step_clock.ts";

/** What a step is that tells its operation how a call has ended, with which it did not go on. */
export const answer = "answer";

/** Something that an operation can do next. */
export interface Step {
  readonly what: string;
  /** Whether it is a sync, which others of the process may wait for. */
  readonly syncs: boolean;
  touches(): Touch[];
  take(): void;
}

/** What a call needs of the operation that makes it. */
export interface CallingOperation {
  readonly pending: Step[];
  readonly calls: Map<string, number>;
  readonly random: SeededRandom;
}

/** What an order's calls are made of. */
interface OrderCallsParts {
  readonly clock: StepClock;
  readonly fault: ScheduleFault | undefined;
  readonly symlinks: boolean;
  readonly limited: boolean;
  readonly network: boolean;
  /** Whether all operations are of one process: what is reported to one, all may know. */
  readonly together: boolean;
  /** The call that is to fail has failed. */
  readonly failed: () => void;
  /** An operation makes a call. */
  readonly called: (operation: number) => void;
  stateOf(operation: number): CallingOperation | undefined;
  /** Who took the last step. */
  current(): number;
}

/** Calls that answer what a path leads to. */
const finding: ReadonlySet<string> = new Set(["stat", "linkStat", "open", "openDirectory", "create"]);
/** The inode of a status. */
function inodeOf(status: object): string | undefined {
  return "identity" in status && typeof status.identity === "string" ? status.identity.split(":").at(-1) : undefined;
}

/** Which operation runs. */
export const operationContext = asyncContext<number>("schedule-operation/1");

/** The calls of one order. */
export class OrderCalls {
  /** Whether the fault has struck. */
  struck = false;
  readonly #events: { operation: number; call: SeamCall; result: CallResult }[] = [];
  /** What the running step has touched beside its own call. */
  hidden: Touch[] = [];
  readonly #parts: OrderCallsParts;
  /** What is behind the open files of each process, by their numbers. */
  readonly #inodes = new Map<MemoryRuntime, Map<number, number>>();
  #symlinks: boolean;

  /** No calls yet. */
  constructor(parts: OrderCallsParts) {
    this.#parts = parts;
    this.#symlinks = parts.symlinks;
  }

  /** The calls as lines: the letter of the operation, and what it has called. */
  get trace(): string[] {
    const writers = new Map<number, TraceWriter>();
    return this.#events.map(({ operation, call, result }) => {
      const writer = writers.get(operation) ?? new TraceWriter(pathShower(undefined, undefined));
      writers.set(operation, writer);
      return `${letterOf(operation)} ${writer.line(call, result)}`;
    });
  }

  #caller(): number {
    return operationContext.get() ?? this.#parts.current();
  }

  /** The runtime of a process, every call of which is a step of the operation that makes it. */
  runtimeOf(process: MemoryRuntime): Runtime {
    const numbers = { next: 1 };
    this.#inodes.set(process, new Map());
    const later: Around = (call, proceed, file) => this.#later(process, call, proceed, file);
    const atOnce: Around = (call, proceed, file) => {
      const operation = this.#caller();
      this.hidden.push(...this.#touches(process, call, this.#nextFails(operation, call)));
      this.#parts.called(operation);
      const fails = this.#count(operation, call);
      return observed(
        () => fails === undefined ? proceed() : this.#fail(call, proceed, file, fails),
        (result) => this.#record(process, operation, call, result),
      );
    };
    const clock: Clock = this.#parts.clock.clockOf(() => this.#caller());
    const fileSystem: FileSystem = interceptFileSystem(process.syncFileSystem, later, numbers);
    return {
      name: process.name,
      fileSystem,
      syncFileSystem: interceptFileSystem(process.syncFileSystem, atOnce, numbers),
      clock,
      random: (length) => (this.#parts.stateOf(this.#caller())?.random ?? new SeededRandom(1)).bytes(length),
      createHash: () => process.createHash(),
      process: process.process,
      capabilities: process.capabilities,
    };
  }

  #later<T>(
    process: MemoryRuntime,
    call: SeamCall,
    proceed: () => Awaitable<T>,
    file: OpenFile | undefined,
  ): Promise<T> {
    const operation = this.#caller();
    this.#parts.called(operation);
    return new Promise<T>((resolve, reject) => {
      const take = () => {
        const fails = this.#count(operation, call);
        let result: CallResult;
        try {
          result = { value: fails === undefined ? proceed() : this.#fail(call, proceed, file, fails) };
        } catch (error) {
          result = { error };
        }
        this.#record(process, operation, call, result);
        const settle = () => "value" in result ? resolve(result.value as T) : reject(result.error);
        if (call.method !== "sync" && fails === undefined) return settle();
        // Of two processes, neither learns what the other one is.
        const touches = (): Touch[] => [ofEverything(fails !== undefined && this.#parts.together)];
        this.#parts.stateOf(operation)?.pending.unshift({ what: answer, syncs: false, touches, take: settle });
      };
      const what = `${call.method} ${call.path} ${call.operands.join(" ")}`;
      const fails = () => this.#nextFails(operation, call);
      this.#parts.stateOf(operation)?.pending.push({
        what,
        syncs: call.method === "sync",
        touches: () => this.#touches(process, call, fails()),
        take,
      });
    });
  }

  #touches(process: MemoryRuntime, call: SeamCall, fails: boolean): Touch[] {
    const inode = this.#inodes.get(process)?.get(call.file ?? 0);
    const { limited, network } = this.#parts;
    return footprint(call, { inode, symlinks: this.#symlinks, limited, network, fails, failed: this.struck });
  }

  #record(process: MemoryRuntime, operation: number, call: SeamCall, result: CallResult): void {
    this.#events.push({ operation, call, result });
    if (call.method === "symbolicLink") this.#symlinks = true;
    if (!finding.has(call.method) || call.file !== undefined) return;
    if (!("value" in result)) this.hidden.push(...found(undefined));
    // Nothing is there: that is a matter of names.
    else if (typeof result.value === "object" && result.value !== null) {
      const opened = partsOf(process).record.open.get(result.value);
      const inode = opened?.inode ?? inodeOf(result.value);
      this.hidden.push(...found(inode));
      if (opened !== undefined && call.opens !== undefined) this.#inodes.get(process)?.set(call.opens, opened.inode);
    }
  }

  #nextFails(operation: number, call: SeamCall): boolean {
    const { fault } = this.#parts;
    const count = (this.#parts.stateOf(operation)?.calls.get(call.method) ?? 0) + 1;
    return fault?.operation === operation && fault.method === call.method && fault.nth === count;
  }

  /** Counts a call; with which code it fails, if it does. */
  #count(operation: number, call: SeamCall): string | undefined {
    const fails = this.#nextFails(operation, call) ? this.#parts.fault?.error : undefined;
    const calls = this.#parts.stateOf(operation)?.calls;
    calls?.set(call.method, (calls.get(call.method) ?? 0) + 1);
    return fails;
  }

  #fail(call: SeamCall, proceed: () => unknown, file: OpenFile | undefined, code: string): never {
    this.struck = true;
    this.#parts.failed();
    // A close that fails has closed; a sync that fails for real has written nothing, and nothing will.
    if (call.method === "close") proceed();
    if (call.method === "sync" && file !== undefined && !undecidedSyncs.has(code)) dropUnsynced(file, call.operands[0]);
    throw new SystemError(code, call.method, call.path);
  }
}
