/**
 * The error for a lock that was not free in time. It names the holder as far as that is known, which is what everybody
 * asks next. Looking takes no lock, and a look that fails adds nothing.
 */
import { LockBusyError, LockTimeoutError } from "../core/errors.ts";
import type { Operation } from "../core/operation.ts";
import { type Engine, locate } from "../protocol/engine.ts";
import { lockAttempt } from "./lock.ts";
import type { LockInfo } from "./lock_info.ts";
import { lookAtLock } from "./look_at_lock.ts";
import type { LockPlan } from "./lock_plan.ts";
import { findLockPlace } from "./lock_place.ts";

/** The error for the lock of the file at the absolute `path`. */
export function* notInTime(engine: Engine, path: string, plan: LockPlan): Operation<LockTimeoutError> {
  const attempt = "Cannot lock";
  const details = { path, step: "lock", targetState: "unchanged" as const };
  const holder = yield* holderOf(engine, path, plan);
  const by = holder === undefined ? "" : described(engine, holder);
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
    const { lockPath } = yield* findLockPlace(engine, path, home, attempt);
    return yield* lookAtLock({ engine, lockPath, attempt });
  } catch {
    return undefined;
  }
}

/** A record is anybody's writing, and a message may be shown on a terminal. */
const plain = (text: string): string => text.slice(0, 64).replaceAll(/[^\x20-\x7e]/g, "?");

function described({ runtime }: Engine, { backend, liveness, pid, program, host, namespace }: LockInfo): string {
  const own = runtime.process;
  if (pid === own.pid && liveness === "alive") return " by this process";
  const script = program?.split(/[\\/]/).at(-1) ?? "";
  const name = script === "" ? "" : ` (${plain(script)})`;
  const elsewhere = host === undefined || host === own.description().host ? "" : ` on ${plain(host)}`;
  const isOther = namespace !== undefined && namespace !== own.facts()?.namespace;
  const who = pid === undefined
    ? "an unknown holder"
    : `process ${pid}${name}${elsewhere}${isOther ? " of another pid namespace" : ""}`;
  if (backend !== "directory" || liveness !== "unknown") return ` by ${who}`;
  return ` by ${who}, which may be dead or alive; if you know it is dead, breakLock frees the lock`;
}
