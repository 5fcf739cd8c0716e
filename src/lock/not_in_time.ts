/**
 * The error for a lock that was not free in time. It names the holder as far as that is known, which is what everybody
 * asks next. Looking takes no lock, and a look that fails adds nothing.
 */
import { LockBusyError, LockTimeoutError } from "../core/errors.ts";
import type { Operation } from "../core/operation.ts";
import { type Engine, locate } from "../protocol/engine.ts";
import { lockAttempt } from "./lock_hold.ts";
import { holderText } from "./holder_text.ts";
import type { LockInfo } from "./lock_info.ts";
import { lookAtLock } from "./look_at_lock.ts";
import type { LockPlan } from "./lock_plan.ts";
import { findLockPlace } from "./lock_place.ts";

/** The error for the lock of the file at the absolute `path`. */
export function* notInTime(engine: Engine, path: string, plan: LockPlan): Operation<LockTimeoutError> {
  const attempt = "Cannot lock";
  const holder = yield* holderOf(engine, path, plan);
  const by = holder === undefined ? "" : described(engine, holder);
  const isDoubtful = holder?.backend === "directory" && holder.pid !== undefined && holder.liveness === "unknown";
  const remedy = isDoubtful ? { use: "breakLock", path } as const : undefined;
  const details = { path, step: "lock", targetState: "unchanged", remedy } as const;
  if (plan.timeout === 0) return new LockBusyError(attempt, `it is already held${by}`, { ...details, code: "EBUSY" });
  // In seconds, as the command takes them and everything else here tells them.
  const limit = Math.round(Number(plan.timeout)) / 1000;
  const reason = `it was not free within ${limit} s${by === "" ? "" : `: it is held${by}`}`;
  return new LockTimeoutError(attempt, reason, { ...details, code: "ETIMEDOUT" });
}

function* holderOf(engine: Engine, path: string, plan: LockPlan): Operation<LockInfo | undefined> {
  const attempt = lockAttempt(path);
  try {
    const home = plan.lockDirectory === undefined ? undefined : locate(engine, plan.lockDirectory);
    const { lockPath } = yield* findLockPlace({ engine, path, lockDirectory: home, directories: true, attempt });
    return yield* lookAtLock({ engine, lockPath, attempt });
  } catch {
    return undefined;
  }
}

function described({ runtime }: Engine, info: LockInfo): string {
  const { backend, liveness, confirmed, pid } = info;
  const who = holderText(runtime, info);
  if (pid === undefined && backend === "directory" && info.token === undefined) {
    return ` by ${who}, whose lock is an empty directory`;
  }
  if (!confirmed) return `, perhaps by ${who}: only its lock file says so`;
  if (backend !== "directory" || liveness !== "unknown") return ` by ${who}`;
  return ` by ${who}, which may be dead or alive`;
}
