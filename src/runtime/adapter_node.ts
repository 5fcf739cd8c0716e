/**
 * adapter.ts where this is Node, or Bun: a program that was bundled for Node may be run by Bun, whose `fsync` does not
 * reach the medium on macOS, and which must not load fs-ext.
 */
import { requiredProcess } from "./builtin.ts";
import { bunRuntime } from "./node/bun.ts";
import { nodeRuntime } from "./node/node.ts";
import type { Runtime } from "./runtime.ts";

/** Makes the runtime that this code runs on. */
// check-layers: allow -- the package's manifest names this file (scripts/npm_manifest.ts)
export function makeRuntime(): Runtime {
  return requiredProcess().versions["bun"] === undefined ? nodeRuntime() : bunRuntime();
}
