/** Tools of the testing kit as tests of mistakes call them: with something to explore, and as code without types does. */
import { assertMatch, assertRejects } from "@std/assert";
import { it } from "node:test";
import { writeFile } from "../../mod.ts";
import {
  exploreCrashes,
  exploreCrashesSync,
  exploreSchedules,
  type MemoryRuntime,
  memoryRuntime,
  sweepFaults,
  sweepFaultsSync,
  type TogetherOperation,
} from "../../src/testing/mod.ts";
import { notEmpty } from "../support/tally.ts";

/** Calls as code without types makes them. */
export const call = (tool: unknown, ...given: unknown[]): unknown =>
  (tool as (...given: unknown[]) => unknown)(...given);
/** A callback that does nothing. */
export const nothing = () => {};
export const files = { "/a": "old" };
export const machine = { files };
export const make = () => memoryRuntime(machine);
export const write = () => writeFile("/a", "new");
export const look = ({ syncFileSystem }: MemoryRuntime) => void syncFileSystem.stat("/a");
export const lookLater: TogetherOperation = async ({ fileSystem }) => void await fileSystem.stat("/a");

/** Each tool with something to explore, and more options. */
export const crash = (more: object) => () => call(exploreCrashes, { machine, run: write, check: nothing, ...more });
export const crashSync = (more: object) => () =>
  call(exploreCrashesSync, { machine, run: look, check: nothing, ...more });
export const sweep = (more: object) => () => call(sweepFaults, { make, operation: write, check: nothing, ...more });
export const sweepSync = (more: object) => () =>
  call(sweepFaultsSync, { make, operation: look, check: nothing, ...more });
export const orders = (more: object) => () =>
  call(exploreSchedules, { machine, together: [lookLater, lookLater], samples: 0, faults: "none", ...more });
export const changing = (more: object) =>
  orders({ together: [write, write], preemptions: 0, limit: 3, disks: 1, recoveryDisks: 0, ...more });

type Case = readonly [what: string, body: () => unknown, type: typeof Error, message: RegExp];

export function refusals(cases: readonly Case[]): void {
  for (const [what, body, type, message] of notEmpty(cases)) {
    it(what, async () => {
      const error = await assertRejects(async () => await body(), type);
      assertMatch(error.message, message);
    });
  }
}
