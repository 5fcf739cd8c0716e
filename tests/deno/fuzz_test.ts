/** Fuzzing operations, with fast-check: what fails is shrunk to the shortest sequence that still does. */
import { assert, assertEquals } from "@std/assert";
import { describe, it } from "node:test";
import { interceptRuntime } from "../../src/testing/faults/intercept.ts";
import type { MemoryRuntime } from "../../src/testing/mod.ts";
import { FuzzMachine, type Options, paths, type Step } from "./fuzz_machine.ts";
import { fc, parameters, seed } from "./fuzz_parameters.ts";

const path = fc.constantFrom(...paths);
const text = fc.constantFrom("", "x", "some text", "0123456789".repeat(120));
const options: fc.Arbitrary<Options> = fc.record({
  durability: fc.constantFrom("full", "full", "full", "file", "none"),
  skipIfEqual: fc.boolean(),
  backup: fc.constantFrom(0, 0, 2),
  lock: fc.boolean(),
  mode: fc.constantFrom<"keep" | number>("keep", 0o600),
  digest: fc.boolean(),
}, { requiredKeys: [] });

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant("write"), path, text, options }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("update"), path, text, options }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("copy"), path, from: path, options }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("remove"), path }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("sweep") }) },
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constant("fault"), at: fc.nat(45), which: fc.nat(6), always: fc.boolean() }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant("crash"), seed: fc.nat(1e6), loss: fc.constantFrom(0, 0.5, 1) }),
  },
);

describe("fuzzing", () => {
  it("sequences of operations, options, faults and crashes agree with a simple model", () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 20 }), (steps) => {
        const machine = new FuzzMachine();
        for (const each of steps) machine.step(each);
        machine.step({ kind: "crash", seed: 1, loss: 1 });
        machine.step({ kind: "sweep" });
      }),
      parameters(),
    );
    console.log(`# FUZZED ${parameters().numRuns} sequences of up to 20 steps, seed ${seed}`);
  });

  it("finds an engine that does not sync, and shrinks what it found to two steps", () => {
    const swallow = (machine: MemoryRuntime) =>
      interceptRuntime(machine, (call, proceed) => call.method === "sync" ? undefined as never : proceed());
    const found = fc.check(
      fc.property(fc.array(step, { maxLength: 20 }), (steps) => {
        const machine = new FuzzMachine(swallow);
        for (const each of steps) machine.step(each);
      }),
      { seed: 1, numRuns: 500 },
    );
    assert(found.failed);
    const steps = found.counterexample?.[0] ?? [];
    assertEquals([steps.length, steps.at(-1)?.kind], [2, "crash"]);
  });
});
