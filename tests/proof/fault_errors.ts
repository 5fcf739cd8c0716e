/** What an error says after a fault, compared with the fault and with the disk; and what may not be left after one. */
import { assert, assertEquals } from "@std/assert";
import { FileError, LockError } from "../../mod.ts";
import { SystemError } from "../../src/runtime/system_error.ts";
import type { FaultOutcome, MemoryRuntime } from "../../src/testing/mod.ts";
import { commitTurnsInUse } from "../support/commit_turns.ts";
import { notEmpty } from "../support/tally.ts";
import { isSame } from "./legal.ts";
import { type Acknowledged, lastVersion, type Row, versionAt } from "./row.ts";

/** The first thing that a system call said, at the end of the causes. */
export function systemErrorOf(error: unknown): SystemError | undefined {
  for (let cause = error; cause instanceof Error; cause = cause.cause) if (cause instanceof SystemError) return cause;
  return undefined;
}

/** All that was thrown: of several calls at once, each by itself. */
export const errorsOf = (thrown: unknown): unknown[] => thrown instanceof AggregateError ? thrown.errors : [thrown];

/** Several calls at once may each fail by the one fault, and none by anything else. */
export function checkErrors({ struck }: FaultOutcome<MemoryRuntime>["faulty"], thrown: unknown): void {
  for (const error of notEmpty(errorsOf(thrown))) {
    assert(FileError.is(error), `${error} is no FileError`);
    const first = systemErrorOf(error);
    assert(struck !== undefined && first !== undefined, `${error.message} without a fault, or without a cause`);
    assertEquals([first.call, error.code], [struck.method, first.code], "the first error is the one that is reported");
    assert(LockError.is(error) || error.targetState !== "unknown", "what became of the file can be seen");
  }
}

/** Without `..`, which paths keep that lead over a symlink: no directory of these rows is one. */
export const plainPath = (path: string): string => path.replace(/\/[^/]+\/\.\.(?=\/)/g, "");

/** What the error says of its file, compared with the disk. */
export function checkTargetState(
  machine: MemoryRuntime,
  row: Row,
  error: FileError,
  facts: readonly Acknowledged[],
): void {
  const at = row.files.find(({ path }) => path === plainPath(error.path));
  if (at === undefined) return;
  const found = versionAt(machine, at.path);
  const known = Math.max(0, ...facts.filter(({ path }) => path === at.path).map(({ version }) => version));
  // A lock that could not be given back says nothing of what was done inside it.
  if (LockError.is(error) && error.targetState === "unknown") return;
  assert(error.targetState !== "unknown", "what became of the file can be seen, and is not known");
  // A row of several writes has what was acknowledged before; of the one that failed, the file has nothing, or all.
  const expected = error.targetState === "unchanged" ? at.versions[known] : lastVersion(at);
  const settledPart = at.versions.slice(known, -1);
  const isSettling = error.targetState === "unchanged" && at.versions.length > 2 && settledPart.includes(found);
  if (!isSettling && at.versions.slice(known + 1, -1).includes(found) === false) {
    if (expected === undefined || !isSame(row, found, expected)) {
      assertEquals(found, expected, `targetState is ${error.targetState}`);
    }
  }
}

const lockTurns = Symbol.for("@durable/atomic-write/lock-turns/1");

/** Nothing may pile up in what all copies of the module share. */
export function checkTables(): void {
  assertEquals(commitTurnsInUse(), { undecided: 0, targets: 0, idle: 0 });
  const turns = Reflect.get(globalThis, lockTurns) as Map<string, unknown> | undefined;
  assertEquals([...turns?.keys() ?? []], []);
}

/** No file of a lock may still be locked. */
export function checkLocks(machine: MemoryRuntime): void {
  // check-tests: allow -- an operation may leave no file at all
  for (const path of Object.keys(machine.files())) {
    if (path.endsWith(".lock")) assert(!machine.isLocked(path), `${path} is still locked`);
  }
}
