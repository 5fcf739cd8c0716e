/**
 * How long a randomised or exhaustive test should work: "quick" (`task test -- --quick`, for the developer who waits),
 * "normal" (the default, for every change) or "long" (`task test -- --long`, before a release). A normal run of the suite
 * goes through the longest tables in turn, a part in each run; `--whole` and a `--filter` leave nothing out.
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

const own = ["deno", "node", "bun"].indexOf(currentRuntime);

/**
 * Which turn it is, where the test command runs everything in a normal run: another one after nearly every change of the
 * source (scripts/suite/turn.ts). Undefined where nothing is left to other runs.
 */
export const turn: number | undefined = ((told) => told === undefined ? undefined : Number(told))(
  process.env["ATOMIC_WRITE_TEST_TURN"],
);

/**
 * The rows of a table whose every row takes long, and finds on one runtime nearly always what it finds on another: each
 * runs on one runtime, in turn on another one, and in a long run on all.
 */
export function sharedOut<T>(rows: readonly T[]): readonly T[] {
  return effort() === "long" ? rows : rows.filter((_, index) => index % 3 === (own + (turn ?? 0)) % 3);
}

/**
 * One of so many parts of a table that takes long: what one turn leaves out, others take, and on another runtime another
 * part is due. All of it in a whole run.
 */
export function inTurn<T>(rows: readonly T[], parts: number): T[] {
  return rows.filter((_, index) => turn === undefined || index % parts === (turn + own) % parts);
}
