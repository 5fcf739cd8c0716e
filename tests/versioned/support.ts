/** What the tests of versions share: changes that leave a trace of themselves, and the property of every history. */
import { assert, assertEquals } from "@std/assert";
import type { Runtime } from "../../src/runtime/runtime.ts";
import { type MemoryRuntime, memoryRuntime } from "../../src/testing/mod.ts";
import {
  readVersionedTextSync,
  type UpdateVersionedSyncOptions,
  updateVersionedText,
  updateVersionedTextSync,
  type VersionedResult,
} from "../../src/versioned/mod.ts";
import { notEmpty } from "../support/tally.ts";

/** Where the tests have their file. */
export const path = "/d/a";

/** A machine with an empty directory for it, or with so many versions in it. */
export function machineWith(options: Parameters<typeof memoryRuntime>[0] = {}, versions = 0): MemoryRuntime {
  const machine = memoryRuntime({ files: { "/d/": { kind: "directory" } }, ...options });
  for (let number = 1; number <= versions; number++) append(machine, String(number));
  machine.syncAll();
  return machine;
}

/** What a change has seen and made. */
export interface Change {
  readonly version: number;
  readonly before: string;
  readonly after: string;
  /** What it could not remove. */
  readonly leftBehind: readonly string[];
}

const changeOf = (result: VersionedResult, before: string, letter: string): Change => {
  assert(result.changed && result.version !== null);
  return { version: result.version, before, after: `${before}${letter}`, leftBehind: result.leftBehind ?? [] };
};

/** Adds a letter. */
export function append(runtime: Runtime, letter: string, options: UpdateVersionedSyncOptions = {}): Change {
  let seen = "";
  const result = updateVersionedTextSync(path, (text = "") => `${seen = text}${letter}`, { ...options, runtime });
  return changeOf(result, seen, letter);
}

/** Adds a letter, while others may be at work. */
export async function appendAsync(
  runtime: Runtime,
  letter: string,
  options: UpdateVersionedSyncOptions = {},
): Promise<Change> {
  let seen = "";
  const result = await updateVersionedText(path, (text = "") => `${seen = text}${letter}`, { ...options, runtime });
  return changeOf(result, seen, letter);
}

/**
 * The property of every history: the versions that were acknowledged are different ones, each was made from the one
 * before, none is lost and none is there twice. `final` is what is there at the end; versions may be there that nobody
 * was told of.
 */
export function checkHistory(changes: readonly Change[], final: { version: number; content: string }): void {
  const sorted = [...notEmpty(changes)].sort((a, b) => a.version - b.version);
  for (const [index, { version, before, after }] of sorted.entries()) {
    const next = sorted[index + 1];
    assert(next === undefined || next.version > version, `version ${version} was acknowledged twice`);
    if (next?.version === version + 1) assertEquals(next.before, after, `version ${version + 1} was made from another`);
    assert(next === undefined || next.before.startsWith(after), `version ${next?.version} has lost version ${version}`);
    assertEquals(before.length, version - 1, `version ${version} was made from something else`);
    assert(final.content.startsWith(after), `version ${version} is lost: ${final.content}`);
  }
  assertEquals(final.content.length, final.version, "each version adds one letter");
}

/** The newest version, which must be there. */
export function newest(runtime: MemoryRuntime): { version: number; content: string } {
  const found = readVersionedTextSync(path, { runtime });
  assert(found !== undefined, "there is no version");
  return found;
}

/** Names of the directory that are neither the file nor a version of it. */
export function leftovers(machine: MemoryRuntime): string[] {
  return Object.keys(machine.files("/d")).filter((name) => !/^\/d\/(a|\.a\.v\d+(\/content)?)$/.test(name));
}
