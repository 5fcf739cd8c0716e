/** Where nobody can see the lists and attributes of a file: a write makes fewer calls then, in the same order. */
import { currentRuntime } from "../../mod.ts";
import { withRuntime } from "../../src/testing/mod.ts";

/** Runs `body` on this runtime as it is without foreign calls. */
export function withoutAttributes<T>(body: () => T): T {
  const runtime = currentRuntime();
  return withRuntime({ ...runtime, capabilities: { ...runtime.capabilities, attributes: false } }, body);
}
