/**
 * How long a randomised or exhaustive test should work: "quick" (`task test -- --quick`, for the developer who waits),
 * "normal" (the default, for every change) or "long" (`task test -- --long`, before a release).
 */
import process from "node:process";

export type Effort = "quick" | "normal" | "long";

export function effort(): Effort {
  const wanted = process.env["ATOMIC_WRITE_TEST_EFFORT"];
  return wanted === "quick" || wanted === "long" ? wanted : "normal";
}

/** Picks a number (of rounds, of processes, of states) for the effort of this run. */
export function byEffort<T>(choices: Record<Effort, T>): T {
  return choices[effort()];
}
