/**
 * How long a randomised or exhaustive test should work: "quick" (`task test -- --quick`, for the developer who waits),
 * "normal" (the default, for every change) or "long" (`task test -- --long`, before a release).
 */
import process from "node:process";
import { currentRuntime } from "./spawn.ts";

export type Effort = "quick" | "normal" | "long";

export function effort(): Effort {
  const wanted = process.env["ATOMIC_WRITE_TEST_EFFORT"];
  return wanted === "quick" || wanted === "long" ? wanted : "normal";
}

/** Picks a number (of rounds, of processes, of states) for the effort of this run. */
export function byEffort<T>(choices: Record<Effort, T>): T {
  return choices[effort()];
}

/**
 * `byEffort` for work in which the runtime makes no difference: on the simulated machine, or with processes of all
 * runtimes. A normal run does all of it on Deno, and the share of a quick one on Node and Bun.
 */
export function mostlyOnDeno<T>(choices: Record<Effort, T>): T {
  return effort() === "normal" && currentRuntime !== "deno" ? choices.quick : byEffort(choices);
}

/**
 * The rows of a table whose every row takes long, each of which runs on Deno and on one other runtime: Node and Bun do a
 * half each. All runtimes do all of them in a long run.
 */
export function sharedOut<T>(rows: readonly T[]): readonly T[] {
  if (effort() === "long" || currentRuntime === "deno") return rows;
  const own = currentRuntime === "node" ? 0 : 1;
  return rows.filter((_, index) => index % 2 === own);
}
