/** Tools that are asked wrongly: they refuse, where trying nothing would look like a proof. */
import { assertEquals, assertRejects, assertStringIncludes, assertThrows } from "@std/assert";
import { describe, it } from "node:test";
import {
  crashStates,
  exploreCrashes,
  exploreCrashesSync,
  faultRuntime,
  memoryRuntime,
  sweepFaults,
  sweepFaultsSync,
  traceRuntime,
} from "../../src/testing/mod.ts";

const nothing = () => {};
const explored = { run: nothing, check: nothing };
const swept = { make: () => memoryRuntime(), operation: nothing, check: nothing };
const machine = memoryRuntime();

/** Calls as code without types makes them. */
const call = (tool: unknown, ...given: unknown[]): unknown => (tool as (...given: unknown[]) => unknown)(...given);

type ErrorType = typeof TypeError | typeof RangeError;

const cases: readonly [what: string, body: () => unknown, type: ErrorType, message: string][] = [
  ["exploration without options", () => call(exploreCrashesSync), TypeError, "run is missing"],
  ["exploration without a check", () => call(exploreCrashesSync, { run: nothing }), TypeError, "check is missing"],
  ["a misspelt recover", () => call(exploreCrashesSync, { ...explored, recovery: nothing }), TypeError, "recovery"],
  ["a mode that does not exist", () => call(exploreCrashesSync, { ...explored, modes: ["x"] }), TypeError, "strict"],
  ["no mode", () => call(exploreCrashesSync, { ...explored, modes: [] }), TypeError, "empty"],
  ["a limit of nothing", () => call(exploreCrashesSync, { ...explored, limit: 0 }), RangeError, "limit"],
  ["a limit that is no number", () => call(exploreCrashesSync, { ...explored, limit: "9" }), TypeError, "limit"],
  ["a seed that is no number", () => call(exploreCrashesSync, { ...explored, seed: "9" }), TypeError, "seed"],
  ["more than all", () => call(exploreCrashesSync, { ...explored, fraction: 2 }), RangeError, "fraction"],
  ["sectors without bytes", () => call(crashStates, machine, { sectorSize: 0 }), RangeError, "sectorSize"],
  ["a misspelt option of a machine", () => call(memoryRuntime, { file: {} }), TypeError, "file"],
  ["a misspelt option of its disk", () => call(memoryRuntime, { disk: { readonly: true } }), TypeError, "readonly"],
  ["a delay that does not exist", () => call(memoryRuntime, { delay: "some" }), TypeError, "every"],
  ["a relative path", () => call(memoryRuntime, { files: { "a.txt": "" } }), TypeError, '"a.txt" is not an absolute'],
  ["a misspelt option of a process", () => call(machine.fork.bind(machine), { uid: 0 }), TypeError, "uid"],
  ["a misspelt fault", () => call(faultRuntime, machine, { at: 1, error: "EIO", time: "once" }), TypeError, "time"],
  ["a fault nowhere", () => call(faultRuntime, machine, { error: "EIO" }), TypeError, "at is missing"],
  ["a fault between two calls", () => call(faultRuntime, machine, { at: 1.5, error: "EIO" }), RangeError, "at"],
  [
    "a fault that never comes",
    () => call(faultRuntime, machine, { at: 1, error: "EIO", times: "twice" }),
    TypeError,
    "once",
  ],
  ["a misspelt option of a trace", () => call(traceRuntime, machine, { bases: "/" }), TypeError, "bases"],
  ["a pattern for one match", () => call(traceRuntime, machine, { random: /x/ }), TypeError, "flag g"],
  [
    "a sweep without a check",
    () => call(sweepFaultsSync, { ...swept, check: undefined }),
    TypeError,
    "check is missing",
  ],
  ["a sweep without errors", () => call(sweepFaultsSync, { ...swept, errors: [] }), TypeError, "errors"],
];

describe("the tools for proofs", () => {
  for (const [what, body, type, message] of cases) {
    it(`refuse ${what}`, () => {
      assertStringIncludes(assertThrows(body, type).message, message);
    });
  }

  it("reject where they would have answered with a promise", async () => {
    await assertRejects(async () => await call(exploreCrashes), TypeError, "run is missing");
    await assertRejects(async () => await call(sweepFaults), TypeError, "make is missing");
  });

  it("do not take a promise for the outcome of a synchronous sweep", () => {
    let checked = 0;
    const check = () => {
      checked++;
    };
    assertThrows(
      () => sweepFaultsSync({ ...swept, operation: () => Promise.reject(new Error("late")), check }),
      TypeError,
      "use sweepFaults",
    );
    assertEquals(checked, 0);
  });
});
