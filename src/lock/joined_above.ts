/**
 * The lock of an ancestor, as this process has joined it: by an inner lock beside it, which keeps apart all programs that
 * have joined the same lock. The inner lock is this process's own; the outer one is looked at before each commit.
 */
import type { Operation } from "../core/operation.ts";
import { atOnce } from "../protocol/engine.ts";
import { isHeldAbove } from "./ancestor_holds.ts";
import type { HeldLock, LockDirectoryRequest, Loss } from "./held_lock.ts";
import type { LockBackend } from "./lock_info.ts";
import type { Turn } from "./turn_queue.ts";

/** A lock that has been joined. */
export class JoinedAbove implements HeldLock {
  readonly #inner: HeldLock;
  readonly #outer: LockDirectoryRequest;

  /** `inner` is held; `outer` is the place of the ancestor's. */
  constructor(inner: HeldLock, outer: LockDirectoryRequest) {
    this.#inner = inner;
    this.#outer = outer;
  }

  get backend(): LockBackend {
    return this.#inner.backend;
  }

  get shared(): boolean {
    return this.#inner.shared;
  }

  get lockPath(): string {
    return this.#inner.lockPath;
  }

  get turn(): Turn {
    return this.#inner.turn;
  }

  get loss(): Loss {
    return this.#inner.loss;
  }

  get mark(): string {
    return this.#inner.mark;
  }

  handOver(): number | undefined {
    return this.#inner.handOver?.();
  }

  *check(): Operation<boolean> {
    if (!(yield* this.#inner.check())) return false;
    // At once: a synchronous call may use a lock that was taken asynchronously.
    const outer = { ...this.#outer, engine: atOnce(this.#outer.engine) };
    if (!(yield* isHeldAbove(outer))) this.loss.declare("the program whose lock was joined does not hold it any more");
    return this.loss.error === undefined;
  }

  *release(): Operation<void> {
    yield* this.#inner.release();
  }
}
