/**
 * The locks of all files of a transaction, in one order for everybody: by the identity of their directory, then by
 * name. Two transactions that share files can then wait for each other, but never in a circle.
 *
 * 1. `lockFiles`: all of them within one patience, or none. 2. `releaseLocks`, whatever happened.
 *
 * A kernel lock needs a descriptor for as long as it is held. Beyond those there are, lock directories are taken, which
 * need none: they keep out every program that locks through this module, but not users of flock(1). Where nothing could
 * prove their holder dead (a permission of the runtime), the kernel's locks are taken all the same.
 */
import { type Operation, wait } from "../core/operation.ts";
import { joinHold } from "./joined_hold.ts";
import { acquire } from "./lock.ts";
import { lockAttempt, type LockHold } from "./lock_hold.ts";
import { type LockFileModel, type LockPlan, type Patience, patienceOf } from "./lock_plan.ts";
import { notInTime } from "./not_in_time.ts";
import type { ParentDirectory } from "../protocol/directories.ts";
import type { Engine } from "../protocol/engine.ts";
import { takeLockShare } from "../protocol/room.ts";
import { isFull, translate } from "../protocol/failure.ts";

/** A file that is to be locked. */
export interface Lockable {
  readonly path: string;
  readonly name: string;
  readonly home: ParentDirectory;
  /** What its lock file is like, if neither is there yet. Default: as the plan of all locks says. */
  readonly newFile?: LockFileModel | undefined;
}

/** What tells one file of a transaction from another, and orders them. */
export const fileKey = ({ home, name }: Pick<Lockable, "home" | "name">): string => `${home.status.identity}/${name}`;

/** How locks are taken. */
interface LockRules {
  readonly plan: LockPlan;
  /** What is left of the plan's timeout, where some of it was spent before. */
  readonly patience?: Patience;
  /** A lock that the caller holds already, for one of the files. */
  readonly joined?: LockHold | undefined;
  /** A lock file that a full disk has no room for: an error, or done without (nobody else can make it either). */
  readonly whenFull: "throw" | "skip";
}

/** Takes one lock, of the kernel's kind while there are descriptors for it. */
function* lockWithin(
  engine: Engine,
  path: string,
  patience: Patience,
  rules: LockRules,
): Operation<LockHold | undefined> {
  const { plan } = rules;
  if (plan.backend !== "auto" || engine.runtime.process.facts() === undefined) {
    return yield* lockOne(engine, path, patience, rules);
  }
  const giveShare = takeLockShare(engine);
  if (giveShare === undefined) {
    return yield* lockOne(engine, path, patience, { ...rules, plan: { ...plan, backend: "directory" } });
  }
  let hold: LockHold | undefined;
  try {
    hold = yield* lockOne(engine, path, patience, rules);
    if (hold !== undefined) hold.giveShare = giveShare;
    return hold;
  } finally {
    if (hold === undefined) giveShare();
  }
}

/** Takes all locks. */
export function* lockFiles(engine: Engine, files: readonly Lockable[], rules: LockRules): Operation<LockHold[]> {
  const { plan, patience = patienceOf(plan, engine.runtime.clock), joined } = rules;
  const keyed = files.map((file) => ({ key: fileKey(file), path: file.path, newFile: file.newFile }));
  const ordered = keyed.sort((a, b) => a.key < b.key ? -1 : a.key > b.key ? 1 : 0);
  const joinedKey = joined === undefined ? undefined : yield* keyOfHold(engine, joined);
  const holds: LockHold[] = [];
  try {
    for (const { key, path, newFile = plan.newFile } of ordered) {
      if (joined !== undefined && key === joinedKey) {
        const joinedHold = yield* joinHold(engine, joined, plan.signal);
        holds.push(joinedHold);
        yield* joinedHold.confirm("unchanged");
        continue;
      }
      const hold = yield* lockWithin(engine, path, patience, { ...rules, plan: { ...plan, newFile } });
      if (hold !== undefined) holds.push(hold);
    }
    return holds;
  } catch (error) {
    yield* releaseLocks(holds);
    throw error;
  }
}

function* keyOfHold(engine: Engine, { place: { target } }: LockHold): Operation<string | undefined> {
  const home = yield* wait(engine.fileSystem.stat(target.directory));
  return home === undefined ? undefined : `${home.identity}/${target.name}`;
}

function* lockOne(
  engine: Engine,
  path: string,
  patience: Patience,
  { plan, whenFull }: LockRules,
): Operation<LockHold | undefined> {
  let hold: LockHold | undefined;
  try {
    hold = yield* acquire(engine, path, { ...plan, timeout: patience.left() });
  } catch (error) {
    const thrown = translate(error, lockAttempt(path));
    if (whenFull === "skip" && isFull(thrown)) return undefined;
    throw thrown;
  }
  if (hold === undefined) throw yield* notInTime(engine, path, plan);
  return hold;
}

/** Throws a LockLostError unless all of them are still held: right before what they are for is changed. */
export function* confirmLocks(holds: readonly LockHold[]): Operation<void> {
  for (const hold of holds) yield* hold.confirm("unchanged");
}

/** Gives all locks back. A failure is not reported: the files keep their state, and the kernel frees its locks in any case. */
export function* releaseLocks(holds: readonly LockHold[]): Operation<void> {
  for (const hold of [...holds].reverse()) {
    try {
      yield* hold.release();
    } catch {
      // See above.
    }
  }
}
