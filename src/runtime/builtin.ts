/**
 * The runtime's own `node:` modules, loaded on first use.
 *
 * `process.getBuiltinModule` is synchronous, is no import specifier (a static `node:` import costs a Deno program 28 ms
 * at start, and `bun:ffi` as a specifier breaks dnt), and exists on Node from 20.16, Bun and Deno alike:
 * https://nodejs.org/api/process.html#processgetbuiltinmoduleid
 *
 * On Deno even touching `process` costs about 10 ms once, so its adapter comes here only for what Deno itself lacks.
 */

import { givenFs } from "./given_fs.ts";

/** The modules that adapters use. */
interface BuiltinModules {
  "node:async_hooks": typeof import("node:async_hooks");
  "node:buffer": typeof import("node:buffer");
  "node:child_process": typeof import("node:child_process");
  "node:crypto": typeof import("node:crypto");
  "node:fs": typeof import("node:fs");
  "node:module": typeof import("node:module");
  "node:os": typeof import("node:os");
  "node:url": typeof import("node:url");
  "node:worker_threads": typeof import("node:worker_threads");
}

/** What adapters use of `process`. */
interface ProcessNamespace {
  readonly pid: number;
  readonly execPath: string;
  readonly argv: readonly string[];
  readonly platform: string;
  readonly arch: string;
  readonly versions: Readonly<Record<string, string | undefined>>;
  readonly env: Readonly<Record<string, string | undefined>>;
  cwd(): string;
  kill(pid: number, signal: number): boolean;
  on(event: "exit" | "beforeExit", listener: () => void): unknown;
  removeListener(event: "beforeExit", listener: () => void): unknown;
  getuid?(): number;
  geteuid?(): number;
  getegid?(): number;
  getBuiltinModule(name: string): unknown;
}

/** `process`, or undefined where there is none. */
export function processNamespace(): ProcessNamespace | undefined {
  return (globalThis as unknown as { process?: ProcessNamespace }).process;
}

/** `process` of a runtime that is known to have it. */
export function requiredProcess(): ProcessNamespace {
  const found = processNamespace();
  if (found === undefined) throw new Error("This runtime has no `process`");
  return found;
}

const loaded = new Map<string, unknown>();

/** A module of the runtime, by a name that TypeScript need not know. */
export function builtinByName(name: string): unknown {
  let found = loaded.get(name);
  if (found === undefined) {
    found = requiredProcess().getBuiltinModule(name);
    if (found === undefined) throw new Error(`This runtime has no module ${name}`);
    loaded.set(name, found);
  }
  return found;
}

let fileSystem: BuiltinModules["node:fs"] | undefined;

/**
 * The module that nearly every call needs, without a look into a table for each; every call for a file of the user's goes
 * to it. `builtin("node:fs")` is for what this process is: /proc, and programs.
 */
export function nodeFs(): BuiltinModules["node:fs"] {
  return fileSystem ??= givenFs ?? builtin("node:fs");
}

/** Whether descriptors are the system's own: those of a file system in memory may be the numbers of any other file. */
export function hasRealDescriptors(): boolean {
  return nodeFs() === builtin("node:fs");
}

/** A module of the runtime. */
export function builtin<Name extends keyof BuiltinModules>(name: Name): BuiltinModules[Name] {
  return builtinByName(name) as BuiltinModules[Name];
}
