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
 * The rows of a table whose every row takes long, and finds on one runtime nearly always what it finds on another: each
 * runs on one runtime, and in a long run on all.
 */
export function sharedOut<T>(rows: readonly T[]): readonly T[] {
  if (effort() === "long") return rows;
  const own = ["deno", "node", "bun"].indexOf(currentRuntime);
  return rows.filter((_, index) => index % 3 === own);
}
