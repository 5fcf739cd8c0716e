/** What one order is made of: the operations, where they run, and who is to know what they do (order_run.ts). */
import type { Awaitable } from "../../core/operation.ts";
import type { Runtime } from "../../runtime/runtime.ts";
import type { MemoryRuntime } from "../machine/memory_options.ts";
import type { Mistakes } from "../mistakes.ts";
import type { AddedStep, Touch } from "./order_hash.ts";
import type { ScheduleFault } from "./schedule_text.ts";

/** How an operation ended. */
export type OperationResult = { readonly value: unknown } | { readonly error: unknown };

/** What is run together. */
export type TogetherOperation = (runtime: Runtime, acknowledge: (fact: unknown) => void) => Awaitable<unknown>;

/** What a run is made of. */
export interface OrderRunParts {
  /** The process of each operation; one and the same for those that share it. */
  readonly processes: readonly MemoryRuntime[];
  readonly operations: readonly TogetherOperation[];
  readonly fault: ScheduleFault | undefined;
  readonly seed: number;
  readonly acknowledge: (fact: unknown) => void;
  /** The call that is to fail has failed. */
  readonly failed: () => void;
  readonly mistakes: Mistakes;
  /** After each step's own call, and when what followed it has ended. */
  readonly moved: () => void;
  /** What the step that has just been taken did to the disk, and what was acknowledged. */
  readonly touched: () => readonly Touch[];
  /** That step is part of the order. */
  readonly stepped: (operation: number, step: AddedStep) => void;
}
