/**
 * Which runtime is this: detected on first use, and only then is its adapter made.
 *
 * By globals: `process.version` reads like Node's in Deno and Bun, too. The adapters are imported statically, and may
 * be: none of them imports a module of the runtime statically, so nothing is loaded that is not used, and the whole of
 * it is there synchronously.
 */
import { bunRuntime } from "./node/bun.ts";
import { processNamespace } from "./builtin.ts";
import { denoRuntime } from "./deno/runtime.ts";
import { denoNamespace } from "./deno/namespace.ts";
import { nodeRuntime } from "./node/node.ts";
import type { Runtime } from "./runtime.ts";

let current: Runtime | undefined;

/** The runtime this code runs on. */
export function currentRuntime(): Runtime {
  return current ??= detect();
}

function detect(): Runtime {
  if (denoNamespace() !== undefined) return denoRuntime();
  const versions = processNamespace()?.versions;
  if (versions?.["bun"] !== undefined) return bunRuntime();
  if (versions?.["node"] !== undefined) return nodeRuntime();
  throw new Error("atomic-write runs on Deno, Bun and Node");
}
