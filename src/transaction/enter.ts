/**
 * From files to files that are locked and concern no unfinished transaction.
 *
 * 1. Take all locks, in order. 2. Look at every directory that takes part. 3. Is a dead transaction there? Give all locks
 * back (its recovery takes its own, in order; whoever waits for a lock while he holds others out of order could wait forever), recover it, and begin again. 4. One that is alive and has files in common although we hold their locks keeps its
 * locks elsewhere, or is being recovered: give back, wait, begin again.
 *
 * A transaction that cannot be judged is an error if it has files in common with this one. After a failure no lock is held.
 */
import type { Operation } from "../core/operation.ts";
import type { LockHold } from "../lock/lock.ts";
import { type Patience, patienceOf } from "../lock/lock_plan.ts";
import { notInTime } from "../lock/not_in_time.ts";
import { pauseBeforeRetry } from "../lock/waiting.ts";
import type { ParentDirectory } from "../protocol/directories.ts";
import { type Engine, parentOf } from "../protocol/engine.ts";
import { type Attempt, attemptFailed } from "../protocol/failure.ts";
import { shortenName, temporaryTargetLimit } from "../protocol/names/names.ts";
import { parseStageName } from "../protocol/names/transaction.ts";
import type { ApplyRequest } from "./apply_plan.ts";
import { keysOf } from "./debts.ts";
import { examine, type Examined, locate } from "./examine.ts";
import { fileKey, lockFiles, releaseLocks } from "../lock/lock_files.ts";
import type { Participant } from "./participants.ts";
import { emptyReport, recoverOne, type RecoveryRules, type Report } from "./recover_one.ts";
import { removeOrphan } from "./recover.ts";
import { type DirectoryScan, scanDirectory, transactionsIn } from "./scan.ts";

/** Locked, and clear of others. */
export interface Entered {
  readonly holds: readonly LockHold[];
  /** What is in each directory, by its identity. */
  readonly scans: ReadonlyMap<string, DirectoryScan>;
  /** The files it concerns. */
  readonly participants: readonly Participant[];
  /** Settled transactions over files of this one whose activation is owed. */
  readonly debts: readonly Examined[];
  /** What was recovered on the way. */
  readonly recovered: Report;
}

/** What stands in the way. */
type Obstacle = { readonly kind: "dead"; readonly found: Examined } | { readonly kind: "busy" };

/** Locks the files and recovers what is in the way. */
export function* enter(
  request: ApplyRequest,
  participants: readonly Participant[],
  homes: readonly ParentDirectory[],
  attempt: Attempt,
): Operation<Entered> {
  const { engine, lock, joined } = request;
  const patience = patienceOf(lock, engine.runtime.clock);
  const recovered = emptyReport();
  const recovery: RecoveryRules = { lock, sync: request.rules };
  for (let looks = 0;; looks++) {
    const holds = yield* lockFiles(engine, participants, { plan: lock, patience, joined, whenFull: "throw" });
    let obstacle: Obstacle | undefined;
    let clear = false;
    try {
      const search = new Search(engine, participants, attempt, recovered);
      obstacle = yield* search.run(homes);
      clear = obstacle === undefined;
      if (clear) return { holds, scans: search.scans, participants, debts: search.debts, recovered };
    } finally {
      if (!clear) yield* releaseLocks(holds);
    }
    if (obstacle?.kind === "dead") yield* recoverOne(engine, obstacle.found, recovery, attempt, recovered);
    else yield* pause(engine, patience, looks, participants, lock);
  }
}

function* pause(
  engine: Engine,
  patience: Patience,
  looks: number,
  [first]: readonly Participant[],
  plan: ApplyRequest["lock"],
): Operation<void> {
  if (!(yield* pauseBeforeRetry(engine, patience, looks))) throw yield* notInTime(engine, first?.path ?? "", plan);
}

/** One look at all directories. */
class Search {
  readonly scans = new Map<string, DirectoryScan>();
  readonly debts: Examined[] = [];
  readonly #engine: Engine;
  readonly #participants: readonly Participant[];
  readonly #attempt: Attempt;
  readonly #recovered: Report;

  constructor(engine: Engine, participants: readonly Participant[], attempt: Attempt, recovered: Report) {
    this.#engine = engine;
    this.#participants = participants;
    this.#attempt = attempt;
    this.#recovered = recovered;
  }

  *run(homes: readonly ParentDirectory[]): Operation<Obstacle | undefined> {
    const seen = new Set<string>();
    for (const home of homes) {
      const scan = yield* scanDirectory(this.#engine, home.path);
      if (scan === undefined) continue;
      this.scans.set(home.status.identity, scan);
      for (const id of transactionsIn(scan)) {
        if (seen.has(id)) continue;
        const obstacle = yield* this.#look(scan, id, home, seen);
        if (obstacle !== undefined) return obstacle;
      }
    }
    return undefined;
  }

  *#look(scan: DirectoryScan, id: string, home: ParentDirectory, seen: Set<string>): Operation<Obstacle | undefined> {
    const located = yield* locate(this.#engine, scan, id);
    if (located.kind === "gone") return undefined;
    if (located.kind === "orphan") {
      yield* removeOrphan(this.#engine, scan.path, id, this.#recovered);
      return undefined;
    }
    if (located.kind === "kept") {
      if (this.#isStaged(scan, id, home)) this.#refuse(located.path, located.reason);
      return undefined;
    }
    seen.add(id);
    const found = yield* examine(this.#engine, located.directory, located.names, "keep");
    if (found === undefined) return undefined;
    return yield* this.#judge(found);
  }

  *#judge(found: Examined): Operation<Obstacle | undefined> {
    const { verdict, name, path } = found;
    if (verdict === "dead" && name.state !== "settled") {
      const left = this.#recovered.kept.find((kept) => kept.path === path);
      if (left === undefined) return { kind: "dead", found };
      if (yield* this.#isShared(found)) this.#refuse(path, left.reason);
      return undefined;
    }
    if (verdict === "corrupt") this.#refuse(path, verdict);
    if (!(yield* this.#isShared(found))) return undefined;
    if (verdict === "alive") return { kind: "busy" };
    if (verdict === "dead" || (verdict === "unproven" && name.state === "settled")) this.debts.push(found);
    else if (verdict === "unproven" && (name.state === "committed" || name.state === "rolling-back")) {
      this.#refuse(path, verdict);
    }
    return undefined;
  }

  #refuse(path: string, reason: string): never {
    throw attemptFailed(this.#attempt, "EBUSY", "recover", {
      reason: `an unfinished transaction is in the way (${reason}): ${JSON.stringify(path)}`,
      remedy: { use: "recoverTransactions", path: parentOf(this.#engine, path) },
    });
  }

  /** Whether a transaction of which only stages are seen has one for a file of ours. */
  #isStaged(scan: DirectoryScan, id: string, home: ParentDirectory): boolean {
    const ours = this.#participants.filter((each) => each.home === home)
      .map(({ name }) => shortenName(name, temporaryTargetLimit));
    return (scan.stages.get(id) ?? []).some((stage) => ours.includes(parseStageName(stage)?.target ?? ""));
  }

  /** Whether a transaction names a file of ours. */
  *#isShared(found: Examined): Operation<boolean> {
    const names = new Set(this.#participants.map(({ name }) => name));
    if (found.record?.files.some(({ name }) => names.has(name)) !== true) return false;
    const theirs = yield* keysOf(this.#engine, found);
    return this.#participants.some((each) => theirs.has(fileKey(each)));
  }
}
