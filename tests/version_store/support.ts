/** What the tests of examples/version_store share. */
import { assert, assertEquals } from "@std/assert";
import { check } from "../../examples/version_store/check.ts";
import { initRepository } from "../../examples/version_store/init.ts";
import { openRepository, type Repository } from "../../examples/version_store/repository.ts";
import { whenKnown } from "../../src/testing/faults/awaited.ts";
import { interceptRuntime, type SeamCall } from "../../src/testing/faults/intercept.ts";
import { type InitialEntry, type MemoryRuntime, memoryRuntime } from "../../src/testing/mod.ts";
import type { Runtime } from "../../src/runtime/runtime.ts";
import { notEmpty } from "../support/tally.ts";

/** Where tests in memory keep their repository. */
export const home = "/r";

/** A machine with a repository; `runtime` for everything but looking at it. */
export async function makeRepository(machine: MemoryRuntime = memoryRuntime()): Promise<Repository> {
  return await initRepository(home, { runtime: machine });
}

/** The same repository, opened by another runtime. */
export const reopen = (runtime: Runtime): Promise<Repository> => openRepository(home, { runtime });

/** All files of a machine, to begin another one with. */
export function filesOf(machine: MemoryRuntime): Record<string, InitialEntry> {
  return Object.fromEntries(
    Object.keys(machine.files()).map((path): [string, InitialEntry] => {
      const mode = machine.statusOf(path)?.mode ?? 0o755;
      if (path.endsWith("/")) return [path, { kind: "directory", mode }];
      return [path, { content: machine.readBytes(path) ?? "", mode }];
    }),
  );
}

/** Another machine with the same files, all of them on its medium. */
export const copyOf = (machine: MemoryRuntime): MemoryRuntime => memoryRuntime({ files: filesOf(machine) });

/** Every call at the seam, as it ended. */
export function recorded(machine: Runtime): { runtime: Runtime; calls: SeamCall[] } {
  const calls: SeamCall[] = [];
  const runtime = interceptRuntime(machine, (call, proceed) =>
    whenKnown(proceed(), (value) => {
      calls.push(call);
      return value;
    }));
  return { runtime, calls };
}

const directoryOf = (path: string): string => path.slice(0, Math.max(1, path.lastIndexOf("/")));
const isTemporary = (path: string): boolean => path.endsWith(".tmp");
const changes = new Set(["write", "clone", "truncate", "setMode", "setOwner"]);
const shown = (calls: readonly SeamCall[]): string =>
  calls.map(({ method, path, operands }) => `${method} ${path} ${operands.join(" ")}`).join("\n");

/**
 * Holds calls to the protocol: what gets a name was synced after its last change; every directory in which a name came,
 * moved or went is synced afterwards; nothing is created under a name that is not temporary, but for lock files.
 */
export function assertProtocol(calls: readonly SeamCall[]): void {
  const published: string[] = [];
  const owed = new Map<string, SeamCall>();
  for (const [index, call] of notEmpty(calls.entries())) {
    const { method, path, operands } = call;
    const to = String(operands[0]);
    if (method === "create") assert(isTemporary(path) || path.endsWith(".lock"), `created in place: ${path}`);
    if ((method === "rename" || method === "link") && !path.endsWith(".lock")) {
      assertSynced(calls.slice(0, index), path);
      published.push(to);
      owed.set(directoryOf(to), call);
    }
    if (method === "remove" && !isTemporary(path)) owed.set(directoryOf(path), call);
    if (method === "makeDirectory") owed.set(directoryOf(path), call);
    if (method === "sync") owed.delete(path);
  }
  assertEquals([...owed.keys()], [], `a directory that was changed is not synced:\n${shown(calls)}`);
}

/** Whoever opened the file at `path` last has synced it after its last change. */
function assertSynced(before: readonly SeamCall[], path: string): void {
  const created = before.findLast((call) => call.method === "create" && call.path === path);
  assert(created !== undefined, `${path} was not created here:\n${shown(before)}`);
  const own = before.filter(({ file }) => file === created.opens);
  const change = own.findLastIndex(({ method }) => changes.has(method));
  const sync = own.findLastIndex(({ method }) => method === "sync");
  assert(sync > change && sync >= 0, `${path} gets its name before it is synced:\n${shown(before)}`);
}

/** Everything there, whole and consistent, and nothing left over. */
export async function assertSound(repository: Repository): Promise<void> {
  const { problems, notes } = await check(repository);
  assertEquals([problems, notes], [[], []]);
}
