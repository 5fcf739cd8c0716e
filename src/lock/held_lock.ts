/**
 * What the two backends have in common: what they are asked, and what they hand out.
 */
import { LockLostError } from "../core/errors.ts";
import type { Operation } from "../core/operation.ts";
import type { Attempt } from "../protocol/failure.ts";
import type { Engine } from "../protocol/engine.ts";
import type { FileStatus } from "../runtime/runtime.ts";
import type { LockBackend, Patience } from "./lock_plan.ts";
import type { Turn } from "./turn_queue.ts";

/** A request for the lock at a place. */
export interface LockRequest {
  readonly engine: Engine;
  /** Its failures are LockErrors about the file that is to be locked. */
  readonly attempt: Attempt;
  /** Where the lock file or lock directory is. */
  readonly lockPath: string;
  /** The directory it is in, and its name there. */
  readonly home: string;
  readonly name: string;
  /** The file that is to be locked, if it exists: the lock file follows its mode and owner. */
  readonly like: FileStatus | undefined;
  readonly shared: boolean;
  readonly patience: Patience;
  readonly staleAfter: number | undefined;
}

/** A lock that is held. */
export interface HeldLock {
  readonly backend: LockBackend;
  readonly shared: boolean;
  readonly lockPath: string;
  /** The turn within this process that goes with it; whoever releases the lock gives it back. */
  readonly turn: Turn;
  readonly loss: Loss;
  /** Whether it is still held: asked right before a commit. */
  check(): Operation<boolean>;
  /** Gives it back. Called once. */
  release(): Operation<void>;
}

/**
 * Not had: not in time; because the other backend's kind of thing is at the place; or because the file system has no
 * kernel lock.
 */
export type NotHeld = "timeout" | "other-backend" | "no-kernel-lock";

/** Whether a lock was lost, and who is told. Its signal is made when somebody asks for it: that takes microseconds. */
export class Loss {
  readonly #path: string;
  #error: LockLostError | undefined;
  #controller: AbortController | undefined;

  /** `path` is the file that is locked. */
  constructor(path: string) {
    this.#path = path;
  }

  /** The error that says so, once it is lost. */
  get error(): LockLostError | undefined {
    return this.#error;
  }

  /** Aborts when it is lost. */
  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.#error !== undefined) this.#controller.abort(this.#error);
    }
    return this.#controller.signal;
  }

  /** It is lost. */
  declare(reason: string): void {
    if (this.#error !== undefined) return;
    this.#error = new LockLostError("Lost the lock of", reason, {
      code: "ELOST",
      path: this.#path,
      step: "lock",
      targetState: "unchanged",
    });
    this.#controller?.abort(this.#error);
  }
}
