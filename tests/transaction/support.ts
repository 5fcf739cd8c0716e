/** What the tests of transactions share: three files, what they were and are to be, and what may be left beside them. */
import { assertEquals } from "@std/assert";
import type { Runtime } from "../../src/runtime/runtime.ts";
import { faultRuntime, type MemoryRuntime, type SeamCall } from "../../src/testing/mod.ts";
import { applyFilesSync, type ApplyPlanSync, recoverTransactionsSync } from "../../src/transaction/mod.ts";
import { mostlyOnDeno, turn } from "../support/effort.ts";
import { notEmpty } from "../support/tally.ts";

/** Whether all there is to try is tried: on one runtime, for the others run the same code. */
export const thorough: boolean = mostlyOnDeno({ quick: false, normal: true, long: true });

/** The part of all states that is tried, and which: other ones in each run of the whole suite. */
export const fraction: number = !thorough ? 0.04 : turn === undefined ? 1 : 0.15;
export const seed: number = 1 + (turn ?? 0);

/** The content of some files by path; undefined: no file. */
export type Contents = Record<string, string | undefined>;

/** A set of files, as they were and as they are to be. */
export interface Scenario {
  paths: string[];
  old: Contents;
  new: Contents;
  directories: string[];
}

/** `count` files, the last of which does not exist before; in two directories when asked for. */
export function scenario(count: number, directories: readonly string[] = ["/d"]): Scenario {
  const paths = Array.from({ length: count }, (_, index) => `${directories[index % directories.length]}/f${index}`);
  const contents = (word: string, upTo: number): Contents =>
    Object.fromEntries(paths.map((path, index) => [path, index < upTo ? `${word} ${index}` : undefined]));
  return { paths, old: contents("old", count - 1), new: contents("new", count), directories: [...directories] };
}

/** The same, but that the file of this number is to be removed. */
export function withRemoval(files: Scenario, index: number): Scenario {
  return { ...files, new: { ...files.new, [files.paths[index] ?? ""]: undefined } };
}

/** The machine's files at the start. */
export function filesOf({ old, directories }: Scenario): Record<string, string | { kind: "directory" }> {
  const files: Record<string, string | { kind: "directory" }> = {};
  for (const directory of directories) files[`${directory}/`] = { kind: "directory" };
  for (const [path, text] of Object.entries(old)) if (text !== undefined) files[path] = text;
  return files;
}

/** The plan that makes old files new. */
export function planOf(scenario: Scenario, more: Partial<ApplyPlanSync> = {}): ApplyPlanSync {
  const files = scenario.paths.map((path) => {
    const data = scenario.new[path];
    return data === undefined ? { path, remove: true as const } : { path, data };
  });
  return { files, ...more };
}

/** Which of the two a disk shows. */
export function shown(machine: MemoryRuntime, { paths, old, new: after }: Scenario): "old" | "new" | "mix" {
  const is = (contents: Contents) => paths.every((path) => machine.readText(path) === contents[path]);
  return is(old) ? "old" : is(after) ? "new" : "mix";
}

/** Names of this module beside locks and backups. */
export function leftovers(machine: MemoryRuntime): string[] {
  return Object.keys(machine.files()).filter((path) => /\/\.[^/]*\.(tmp|stage|marker|journal[^/]*)$/.test(path));
}

/** Recovers all directories, and then sees to what is owed; a conflict is none that these tests make on purpose. */
export function recoverAll(runtime: Runtime, { directories }: Scenario): void {
  for (const options of [{ runtime }, { runtime, activate: () => {} }]) {
    for (const directory of notEmpty(directories)) {
      const report = recoverTransactionsSync(directory, options);
      assertEquals([report.conflicts, report.kept], [[], []]);
    }
  }
}

/** A disk whose lock files' content makes no difference. */
export const isLock = (path: string): boolean => path.endsWith(".lock");

/** Applies a plan in a process that is killed at the first call that `when` chooses (before it is made). */
export function applyAndDie(
  machine: MemoryRuntime,
  scenario: Scenario,
  when: (call: SeamCall, index: number) => boolean,
  plan: Partial<ApplyPlanSync> = {},
): void {
  const victim = machine.fork();
  const doomed = faultRuntime(victim, {
    at: (call, index) => {
      if (when(call, index)) victim.kill();
      return false;
    },
    error: "EIO",
  });
  try {
    applyFilesSync(planOf(scenario, plan), { runtime: doomed.runtime });
  } catch {
    // It is dead.
  }
}

/** Chooses the call after the `count`-th rename to a name that ends so. */
export function afterRenameTo(end: string, count = 1): (call: SeamCall) => boolean {
  let seen = 0;
  return (call) => {
    if (seen >= count) return true;
    if (call.method === "rename" && String(call.operands[0]).endsWith(end)) seen++;
    return false;
  };
}

/** What a function throws, or its promise rejects with. */
export async function caught(run: () => unknown): Promise<unknown> {
  try {
    await run();
  } catch (error) {
    return error;
  }
  throw new Error("It was to fail");
}
