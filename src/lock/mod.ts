/** Locks, as the command uses them. */
export { type FileLock, type InsideLock, insideLock, releaseUnused } from "./file_lock.ts";
export { holderSinceText, isOwnHold } from "./holder_text.ts";
export { breakLock, inspectLock } from "./inspect_lock.ts";
export type { LockInfo } from "./lock_info.ts";
export type { LockWait } from "./lock_plan.ts";
export { acquireLock } from "./with_lock.ts";
