/**
 * From files to files that are locked and concern no unfinished transaction.
 *
 * 1. Take all locks, in order. 2. Look at every directory that takes part. 3. Is a dead transaction there? Give all locks
 * back (its recovery takes its own, in order; a process that waits for a lock while it holds others out of order could
 * wait forever), recover it, and begin again. 4. One that is alive and has files in common although we hold their locks
 * keeps its locks elsewhere, or is being recovered: give back, wait, begin again.
 *
 * A transaction that cannot be judged is an error if it has files in common with this one. After a failure no lock is held.
 */
import type { Operation } from "../core/operation.ts";
import type { LockHold } from "../lock/lock_hold.ts";
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
import { examine, type Examined, isDecided, locate } from "./examine.ts";
import { Homes } from "../protocol/homes.ts";
import { newLockFile } from "../lock/new_lock_file.ts";
import { fileKey, lockFiles, releaseLocks } from "../lock/lock_files.ts";
import type { Participant } from "./participants.ts";
import { recoverOne } from "./recover_one.ts";
import { removeOrphan } from "./recover.ts";
import { emptyReport, type Recovery, type RecoveryReport } from "./recovery.ts";
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
  readonly recovered: RecoveryReport;
}

/** What is in the way. */
type Obstacle = { readonly kind: "dead"; readonly found: Examined } | { readonly kind: "busy" };

/** Locks the files and recovers what is in the way. */
export function* enter(
  request: ApplyRequest,
  participants: readonly Participant[],
  homes: readonly ParentDirectory[],
  attempt: Attempt,
): Operation<Entered> {
  const { engine, lock, joined, trust } = request;
  const patience = patienceOf(lock, engine.runtime.clock);
  const report = emptyReport();
  const lockables = participants.map((participant, index) => {
    const plan = request.files[index]?.plan;
    const newFile = lock.newFile ?? (plan === undefined ? undefined : newLockFile(engine, plan));
    return { ...participant, newFile };
  });
  const rules = { lock, sync: request.rules, trust, unproven: "keep" } as const;
  for (let looks = 0;; looks++) {
    const holds = yield* lockFiles(engine, lockables, { plan: lock, patience, joined, whenFull: "throw" });
    const recovery: Recovery = { rules, homes: new Homes(engine, request.rules, attempt), attempt, report };
    let obstacle: Obstacle | undefined;
    let clear = false;
    try {
      try {
        const search = new Search(participants, recovery);
        obstacle = yield* search.run(homes);
        clear = obstacle === undefined;
        if (clear) return { holds, scans: search.scans, participants, debts: search.debts, recovered: report };
      } finally {
        if (!clear) yield* releaseLocks(holds);
      }
      if (obstacle?.kind === "dead") yield* recoverOne(obstacle.found, recovery);
    } finally {
      yield* recovery.homes.close();
    }
    if (obstacle?.kind === "busy") yield* pause(engine, patience, looks, participants, lock);
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
  readonly #participants: readonly Participant[];
  readonly #recovery: Recovery;

  constructor(participants: readonly Participant[], recovery: Recovery) {
    this.#participants = participants;
    this.#recovery = recovery;
  }

  *run(homes: readonly ParentDirectory[]): Operation<Obstacle | undefined> {
    const seen = new Set<string>();
    for (const home of homes) {
      const scan = yield* scanDirectory(home);
      if (scan === undefined) continue;
      this.scans.set(home.status.identity, scan);
      for (const id of transactionsIn(scan)) {
        if (seen.has(id)) continue;
        const obstacle = yield* this.#look(scan, id, seen);
        if (obstacle !== undefined) return obstacle;
      }
    }
    return undefined;
  }

  *#look(scan: DirectoryScan, id: string, seen: Set<string>): Operation<Obstacle | undefined> {
    const located = yield* locate(scan, id, this.#recovery);
    if (located.kind === "gone") return undefined;
    if (located.kind === "orphan") {
      yield* removeOrphan(scan, id, this.#recovery);
      return undefined;
    }
    if (located.kind === "kept") {
      if (this.#isStaged(scan, id)) this.#refuse(located);
      return undefined;
    }
    const found = yield* examine(located.home, located.names, this.#recovery.rules);
    if (found === undefined) return undefined;
    // What it says cannot be known: then in each directory what is staged there counts.
    if (found.record === undefined && isDecided(found.name) && found.verdict !== "alive") {
      if (this.#isStaged(scan, id)) this.#refuseFound(found);
      return undefined;
    }
    seen.add(id);
    return yield* this.#judge(found);
  }

  *#judge(found: Examined): Operation<Obstacle | undefined> {
    const { verdict, name, path } = found;
    if (verdict === "dead" && name.state !== "settled") {
      const left = this.#recovery.report.kept.find((kept) => kept.path === path);
      if (left === undefined) return { kind: "dead", found };
      if (yield* this.#isShared(found)) this.#refuse(left);
      return undefined;
    }
    if (!(yield* this.#isShared(found))) return undefined;
    if (verdict === "alive") return { kind: "busy" };
    if (verdict === "dead" || (verdict === "unproven" && name.state === "settled")) this.debts.push(found);
    else if (isDecided(name)) this.#refuseFound(found);
    return undefined;
  }

  #refuseFound({ path, verdict, status: { user } }: Examined): never {
    this.#refuse({ path, reason: verdict, ...verdict === "untrusted" ? { user } : {} });
  }

  #refuse({ path, reason, user }: { readonly path: string; readonly reason: string; readonly user?: number }): never {
    const { attempt, homes: { engine } } = this.#recovery;
    const whose = user === undefined ? "" : ` of user ${user}`;
    throw attemptFailed(attempt, "EBUSY", "recover", {
      reason: `an unfinished transaction${whose} is in the way (${reason}): ${JSON.stringify(path)}`,
      remedy: user === undefined
        ? { use: "recoverTransactions", path: parentOf(engine, path) }
        : { use: "trust", users: [user] },
    });
  }

  /** Whether a transaction of which only stages are seen has one for a file of ours. */
  #isStaged({ home, stages }: DirectoryScan, id: string): boolean {
    const ours = this.#participants.filter((each) => each.home === home)
      .map(({ name }) => shortenName(name, temporaryTargetLimit));
    return (stages.get(id) ?? []).some((stage) => ours.includes(parseStageName(stage)?.target ?? ""));
  }

  /** Whether a transaction names a file of ours. */
  *#isShared(found: Examined): Operation<boolean> {
    const names = new Set(this.#participants.map(({ name }) => name));
    if (found.record?.files.some(({ name }) => names.has(name)) !== true) return false;
    const theirs = yield* keysOf(found.home.engine, found);
    return this.#participants.some((each) => theirs.has(fileKey(each)));
  }
}
