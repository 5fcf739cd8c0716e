/**
 * Activations that publications owe: a process was killed after its switch, and before `activate` had returned.
 *
 * Per published path: its lock, which is free unless somebody is at it → are they owed still? → `activate`, once for all →
 * what says so goes. Without an `activate` they are named, and stay.
 */
import { DeadlockError, LockTimeoutError } from "../core/errors.ts";
import { type Operation, wait } from "../core/operation.ts";
import { lockFiles, releaseLocks } from "../lock/lock_files.ts";
import type { LockHold } from "../lock/lock_hold.ts";
import type { ParentDirectory } from "../protocol/directories.ts";
import { generationsName } from "../protocol/names/generation.ts";
import { removeIn } from "../protocol/reported_failure.ts";
import { isCredible } from "../protocol/trust.ts";
import { activationsIn } from "../publication/owed_activation.ts";
import type { Recovery } from "./recovery.ts";

/** Settles what publications in a directory owe. */
export function* recoverActivations(home: ParentDirectory, recovery: Recovery): Operation<void> {
  for (const target of (yield* activationsIn(home)).keys()) yield* recoverActivation(home, target, recovery);
}

function* recoverActivation(home: ParentDirectory, target: string, recovery: Recovery): Operation<void> {
  const { rules, report } = recovery;
  const name = generationsName(target);
  const lockable = { path: home.pathOf(name), name, home };
  let holds: LockHold[];
  try {
    holds = yield* lockFiles(home.engine, [lockable], { plan: { ...rules.lock, timeout: 0 }, whenFull: "skip" });
  } catch (error) {
    if (!LockTimeoutError.is(error) && !DeadlockError.is(error)) throw error;
    for (const name of yield* owedHere(home, target, recovery)) {
      report.kept.push({ path: home.pathOf(name), reason: "alive" });
    }
    return;
  }
  try {
    const owed = yield* owedHere(home, target, recovery);
    const [newest] = owed;
    if (newest === undefined) return;
    if (rules.activate === undefined) {
      report.needsActivation.push(home.pathOf(newest));
      return;
    }
    yield* rules.activate(home.pathOf(newest), holds);
    for (const name of owed) yield* removeIn(home, name);
  } finally {
    yield* releaseLocks(holds);
  }
}

/** Names of what says so, the newest first; what belongs to another user is reported, and does not count. */
function* owedHere(home: ParentDirectory, target: string, { rules, report }: Recovery): Operation<string[]> {
  const owed: string[] = [];
  const found = (yield* activationsIn(home)).get(target) ?? [];
  for (const { name } of found.sort((a, b) => b.parsed.time - a.parsed.time)) {
    const status = yield* wait(home.names.linkStat(name));
    if (status === undefined) continue;
    if (yield* isCredible(home, status, rules.trust)) owed.push(name);
    else report.kept.push({ path: home.pathOf(name), reason: "untrusted", user: status.user });
  }
  return owed;
}
