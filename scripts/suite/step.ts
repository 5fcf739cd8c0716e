/** Steps of the run that are not test files: each counts as one test, and fails with what it throws or answers. */
import type { FileResult } from "./run_files.ts";

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Runs a step. It has passed when it answers nothing. */
export async function step(name: string, run: () => Promise<string | void>): Promise<FileResult> {
  const started = performance.now();
  let problem: string;
  try {
    problem = await run() ?? "";
  } catch (error) {
    problem = messageOf(error);
  }
  const state = problem === "" ? "passed" : "failed";
  return {
    path: name,
    tests: [{ name, state, reason: problem }],
    output: problem,
    leftovers: [],
    seconds: (performance.now() - started) / 1000,
  };
}

/** Prepares something whose lack fails only the sections that need it. */
export async function attempt<T>(prepare: () => Promise<T>): Promise<{ value?: T; problem: string }> {
  try {
    return { value: await prepare(), problem: "" };
  } catch (error) {
    return { problem: messageOf(error) };
  }
}
