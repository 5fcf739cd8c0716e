/**
 * Tests that cannot pass on the Windows builds under Wine, by name and with the reason, in not_here.json: reason, then file,
 * then the names of its tests, or `"*"` for a file that is not run at all. One that fails counts as skipped; one that is
 * listed and passes on every build has to be taken out of the list.
 *
 * 1. `isNotRun` before a file. 2. `excuse` what failed in it. 3. `neverExcused`, when everything has been run; or `record`,
 * which lists what failed as not examined yet: somebody has to find its reason, or mend it.
 */
import type { TestResult } from "../suite/junit.ts";
import { ROOT, writeIfChanged } from "../toolchain/folders.ts";

type List = Readonly<Record<string, Readonly<Record<string, "*" | readonly string[]>>>>;

const FILE = `${ROOT}/scripts/windows/not_here.json`;
const NOT_EXAMINED = "not examined yet";

const list: List = JSON.parse(Deno.readTextFileSync(FILE));
const excused = new Set<string>();

function reasonFor(path: string, name: string): string | undefined {
  return Object.keys(list).find((reason) => {
    const names = list[reason]?.[path];
    return names !== undefined && names !== "*" && names.includes(name);
  });
}

/** Why a file is not run; undefined: it is. */
export function isNotRun(path: string): string | undefined {
  return Object.keys(list).find((reason) => list[reason]?.[path] === "*");
}

/** The results of a file, in which the failures that are listed are skips. */
export function excuse(path: string, tests: readonly TestResult[]): TestResult[] {
  return tests.map((test) => {
    const reason = test.state === "failed" ? reasonFor(path, test.name) : undefined;
    if (reason === undefined) return test;
    excused.add(`${path}: ${test.name}`);
    return { ...test, state: "skipped", reason };
  });
}

/** What is listed, and has not failed anywhere since the start. */
export function neverExcused(): string[] {
  const names = Object.values(list).flatMap((files) =>
    Object.entries(files).flatMap(([path, listed]) => listed === "*" ? [] : listed.map((name) => `${path}: ${name}`))
  );
  return names.filter((name) => !excused.has(name));
}

/** Adds what has failed to the list. */
export function record(path: string, tests: readonly TestResult[]): void {
  const failed = tests.filter(({ state }) => state === "failed").map(({ name }) => name);
  if (failed.length === 0) return;
  const now: Record<string, Record<string, "*" | string[]>> = JSON.parse(Deno.readTextFileSync(FILE));
  const files = now[NOT_EXAMINED] ??= {};
  const before = files[path] ?? [];
  if (before !== "*") files[path] = [...new Set([...before, ...failed])].sort();
  writeIfChanged(FILE, JSON.stringify(now, undefined, 2) + "\n");
}
