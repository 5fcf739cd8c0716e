/**
 * The gate of a lock: sharers that overlap one another would keep an exclusive request out forever.
 *
 * It is a lock file of its own beside the lock, there only while somebody waits. 1. An exclusive request that finds the
 * lock held closes the gate, and waits for the lock. 2. A sharer who finds a gate waits behind everybody at it; then it
 * takes the lock, and opens the gate for the next one. So requests get the lock in the order in which they came to the
 * gate; a request that finds the lock free needs no gate, and a sharer needs one look to find that there is none.
 *
 * Exclusion never depends on it: after a failure here the lock is waited for as if there were no gate. Programs that do
 * not know it (flock(1)) overtake. A gate of a user who could not hold the lock itself is ignored: one who may only
 * make names in the directory keeps nobody waiting. A process that is killed frees the gate; its file is removed by the next user of it.
 */
import { FileError } from "../core/errors.ts";
import { type Operation, wait } from "../core/operation.ts";
import { childOf } from "../protocol/engine.ts";
import { isOursOrRoots } from "../protocol/known_owner.ts";
import { gateName } from "../protocol/names/names.ts";
import type { FileStatus } from "../runtime/runtime.ts";
import { SystemError } from "../runtime/system_error.ts";
import type { HeldLock, LockGate, LockRequest } from "./held_lock.ts";
import { acquireLockFile } from "./lock_file.ts";
import { leaveQueue } from "./turn_queue.ts";

/** The gate of the lock that is requested. */
export class FileGate implements LockGate {
  readonly #request: LockRequest;
  #held: HeldLock | undefined;

  constructor(request: LockRequest) {
    const name = gateName(request.name);
    const lockPath = childOf(request.engine, request.home, name);
    this.#request = { ...request, name, lockPath, shared: false, join: false, transient: true };
  }

  *waitBehind(): Operation<boolean> {
    const { engine, lockPath, patience } = this.#request;
    if (patience.left() === 0) return true;
    try {
      const status = yield* wait(engine.fileSystem.linkStat(lockPath));
      if (status === undefined) return true;
    } catch (error) {
      if (error instanceof SystemError) return true;
      throw error;
    }
    return yield* this.close();
  }

  *close(): Operation<boolean> {
    const { engine, lockPath } = this.#request;
    try {
      const status = yield* wait(engine.fileSystem.linkStat(lockPath));
      if (status !== undefined && !this.#counts(status)) return true;
      const held = yield* acquireLockFile(this.#request);
      if (typeof held === "object") this.#held = held;
      return held !== "timeout";
    } catch (error) {
      if (error instanceof SystemError || FileError.is(error)) return true;
      throw error;
    }
  }

  /** Whether it belongs to somebody who could hold the lock itself: others keep nobody from a lock that is not theirs. */
  #counts({ user, group }: FileStatus): boolean {
    const { engine: { capabilities, runtime }, like } = this.#request;
    if (!capabilities.owner || user === 0 || like === undefined || user === like.user) return true;
    if ((like.mode & 0o004) !== 0 || ((like.mode & 0o040) !== 0 && group === like.group)) return true;
    return isOursOrRoots(runtime, { user });
  }

  *open(): Operation<void> {
    const held = this.#held;
    if (held === undefined) return;
    this.#held = undefined;
    try {
      yield* held.release();
    } finally {
      leaveQueue(held.turn);
    }
  }
}
