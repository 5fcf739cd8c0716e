/**
 * The adapter of whatever runtime this is, by its globals: `process.version` reads like Node's in Deno and Bun, too.
 *
 * The adapters are imported statically, and may be: none of them imports a module of the runtime statically, so nothing
 * is loaded that is not used, and the whole of it is there synchronously.
 *
 * The npm package has this file once for each runtime, under the conditions `deno`, `bun` and `node` of `#adapter`
 * (adapter_deno.ts and so on): so what is bundled for one runtime does not hold the adapters of the others.
 */
import { processNamespace } from "./builtin.ts";
import { denoNamespace } from "./deno/namespace.ts";
import { denoRuntime } from "./deno/runtime.ts";
import { bunRuntime } from "./node/bun.ts";
import { nodeRuntime } from "./node/node.ts";
import type { Runtime } from "./runtime.ts";

/** Makes the runtime that this code runs on. */
export function makeRuntime(): Runtime {
  if (denoNamespace() !== undefined) return denoRuntime();
  const versions = processNamespace()?.versions;
  if (versions?.["bun"] !== undefined) return bunRuntime();
  if (versions?.["node"] !== undefined) return nodeRuntime();
  throw new Error("atomic-write runs on Deno, Bun and Node");
}
