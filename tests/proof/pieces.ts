/** A disk that takes little at a time: what is written to a temporary file arrives in so many pieces, each pending. */
import { interceptRuntime } from "../../src/testing/faults/intercept.ts";
import type { Runtime } from "../../src/runtime/runtime.ts";

/** The runtime, with short writes. */
export function inPieces(runtime: Runtime, text: string, pieces: number): Runtime {
  if (pieces === 1) return runtime;
  const limit = Math.ceil(text.length / pieces);
  return interceptRuntime(
    runtime,
    (call, proceed) => call.method === "write" && call.path.endsWith(".tmp") ? proceed(limit) : proceed(),
  );
}
