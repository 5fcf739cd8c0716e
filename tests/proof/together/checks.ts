/**
 * What is checked of every meeting: see meeting.ts for what each of it means.
 *
 * `checkVersions` after a power cut, the others when all operations have ended.
 */
import { assert, assertEquals } from "@std/assert";
import { FileError, type WriteResult } from "../../../mod.ts";
import type { MemoryRuntime, ScheduleOutcome } from "../../../src/testing/mod.ts";
import { isTemporary } from "../legal.ts";
import type { Fact } from "./doubt.ts";
import { absent, type Part } from "./part.ts";

/** What readers see, by key. */
export type Readers = readonly (readonly [string, (machine: MemoryRuntime) => string])[];

/** The parts, what readers see of them, and what they saw before. */
interface Expected {
  readonly parts: readonly Part[];
  readonly keys: Readers;
  readonly first: ReadonlyMap<string, string>;
  /** Which parts are in doubt (doubt.ts): what they have brought may be there by halves. */
  readonly doubts: readonly boolean[];
}

export function checkVersions(
  { parts, keys, first, doubts }: Expected,
  machine: MemoryRuntime,
  facts: readonly Fact[],
): void {
  // check-tests: allow -- a meeting of operations that readers see nothing of has no keys
  for (const [key, read] of keys) {
    const versions = [first.get(key) ?? absent];
    let due = 0;
    /** The version that each operation has met when it began. */
    const met = new Map<number, number>();
    // check-tests: allow -- a crash before the first acknowledgement obliges nobody
    for (const fact of facts) {
      if ("seen" in fact && fact.seen === key) versions.push(fact.version);
      if ("begun" in fact) met.set(fact.begun, versions.length - 1);
      if ("found" in fact && fact.found === key) due = Math.max(due, met.get(fact.by) ?? 0);
      if (!("done" in fact) || fact.done !== key) continue;
      const index = fact.version === undefined ? versions.length - 1 : versions.lastIndexOf(fact.version);
      assert(index !== -1, `${key}: ${fact.version} was acknowledged, and nobody has seen it`);
      due = Math.max(due, index);
    }
    if (parts.some((part, index) => part.keys?.[key] !== undefined && doubts[index] === true)) {
      if (isByHalves(machine, read, versions)) continue;
    }
    const found = read(machine);
    const planned = parts.some((part) => part.plans?.[key] === found) && !versions.includes(found);
    const allowed = versions.slice(due);
    assert(planned || allowed.includes(found), `${key}: found ${found}, allowed ${allowed}`);
  }
}

/** Whether a name leads to a part of a version, or to nothing that can be read. */
function isByHalves(machine: MemoryRuntime, read: (machine: MemoryRuntime) => string, versions: string[]): boolean {
  let found: string;
  try {
    found = read(machine);
  } catch {
    return true;
  }
  const isPart = (version: string) =>
    found.length <= version.length &&
    [...found].every((character, index) => [version[index], "\0"].includes(character));
  return found === absent || versions.some((version) => found !== version && isPart(version));
}

export function checkErrors(
  parts: readonly Part[],
  outcome: ScheduleOutcome,
  history: ReadonlyMap<string, string[]>,
): void {
  const { results, machine, processes, fault } = outcome;
  const named: string[] = [];
  results.forEach((result, index) => {
    const part = parts[index];
    if (!("error" in result) || part === undefined) return;
    const { error } = result;
    if (!FileError.is(error)) throw error;
    named.push(...error.leftBehind);
    checkTruth(part, error, history);
    if (fault === undefined && part.refusals?.includes(error.name) !== true) throw error;
  });
  // check-tests: allow -- there is one process at least
  for (const process of processes) assertEquals(process.openHandles, [], "something is open at the end");
  const left = Object.keys(machine.files()).filter((path) => isTemporary(path) && !named.includes(path));
  assertEquals(left, [], "temporary names that no error tells of");
}

function checkTruth(part: Part, error: FileError, history: ReadonlyMap<string, string[]>): void {
  // check-tests: allow -- not every operation has a version of its own
  for (const [key, isOwn] of Object.entries(part.writes ?? {})) {
    // What a callback of the caller throws is about the caller's own files.
    if (error.path !== key) continue;
    const seen = history.get(key)?.some(isOwn) === true;
    if (error.targetState === "unchanged") {
      assert(!seen, `${key} is called unchanged, and readers have seen the new one`);
    }
    if (error.targetState === "replaced") assert(seen, `${key} is called replaced, and nobody has seen the new one`);
  }
}

/** What readers have seen of an order, and in which order its operations were called. */
interface Seen {
  readonly history: ReadonlyMap<string, string[]>;
  readonly order: readonly number[];
}

export function checkSuperseded(parts: readonly Part[], { results }: ScheduleOutcome, { history, order }: Seen): void {
  results.forEach((result, index) => {
    const [written] = Object.entries(parts[index]?.writes ?? {});
    if (!("value" in result) || result.value === undefined || written === undefined) return;
    const [key, isOwn] = written;
    const { changed, superseded = false } = result.value as WriteResult;
    const versions = history.get(key) ?? [];
    assertEquals(versions.some(isOwn), changed, `${key}: changed is ${changed}, and readers saw ${versions}`);
    // Under a lock an operation that was called earlier may come later.
    if (!superseded || parts.some((part) => part.keys?.[key] !== undefined && part.ordered === undefined)) return;
    const later = order.slice(order.indexOf(index) + 1).filter((other) => {
      const outcome = results[other];
      return parts[other]?.keys?.[key] !== undefined && outcome !== undefined && "value" in outcome;
    });
    assert(later.length > 0, `${key}: superseded, and no later call has succeeded: ${versions}`);
  });
}

/** Where nothing has failed, what was called last is there at the end. */
export function checkOrder(
  parts: readonly Part[],
  { results, fault }: ScheduleOutcome,
  { history, order }: Seen,
): void {
  if (fault !== undefined || results.some((result) => "error" in result)) return;
  // check-tests: allow -- a meeting of operations that readers see nothing of has no keys
  for (const [key, versions] of history) {
    const concerned = order.filter((index) => parts[index]?.keys?.[key] !== undefined);
    if (concerned.some((index) => parts[index]?.ordered === undefined)) continue;
    const last = parts[concerned.at(-1) ?? 0];
    assertEquals(versions.at(-1), last?.ordered, `${key} is not as the last call has left it: ${versions}`);
  }
}
