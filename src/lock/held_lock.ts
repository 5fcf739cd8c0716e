/**
 * What the two backends have in common: what they are asked, and what they hand out.
 */
import { LockLostError } from "../core/errors.ts";
import type { Operation } from "../core/operation.ts";
import type { Attempt } from "../protocol/failure.ts";
import type { Engine } from "../protocol/engine.ts";
import type { LockBackend } from "./lock_info.ts";
import type { LockFileModel, Patience } from "./lock_plan.ts";
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
  /** The file that is to be locked, or what it is to be like: the lock file follows its mode and owner. */
  readonly like: LockFileModel | undefined;
  /** The name of that file, where it is there and beside its lock. */
  readonly beside: string | undefined;
  readonly shared: boolean;
  readonly patience: Patience;
  readonly staleAfter: number | undefined;
  /** Whether a lock of this program's ancestors is to be joined; otherwise it is refused. */
  readonly join: boolean;
  /** Whether the lock file is of no use to anybody after it: it goes when the lock is given back. */
  readonly transient: boolean;
}

/** As much of a request as it takes to look at a lock directory, or to free it. */
export type LockDirectoryRequest = Pick<LockRequest, "engine" | "lockPath" | "attempt">;

/**
 * Where those wait who want a lock exclusively, so that sharers that overlap do not keep them out. A courtesy: what fails
 * there keeps nobody from the lock.
 */
export interface LockGate {
  /** For a sharer: waits for all that are at the gate already. False: not in time. */
  waitBehind(): Operation<boolean>;
  /** For an exclusive request that has to wait: keeps sharers who come later behind it. False: not in time. */
  close(): Operation<boolean>;
  /** Lets the next one in; does nothing if the gate is not held. */
  open(): Operation<void>;
}

/** A lock that is held. */
export interface HeldLock {
  readonly backend: LockBackend;
  readonly shared: boolean;
  readonly lockPath: string;
  /** The turn within this process that goes with it; it is given back when the lock is released. */
  readonly turn: Turn;
  readonly loss: Loss;
  /** What tells it from every other lock: the inode number of the lock file, or the token of the lock directory. */
  readonly mark: string;
  /** The number of the descriptor that a child may inherit, and the lock with it; undefined where there is none. */
  handOver?(): number | undefined;
  /** Whether it is still held: asked right before a commit. */
  check(): Operation<boolean>;
  /** Removes the lock file with the next release, if it was made for this hold and nobody else may know it. */
  discard?(): void;
  /** Gives it back. Called once. */
  release(): Operation<void>;
}

/**
 * Not acquired: not in time; because the other backend's kind of thing is at the place; because the file system has no
 * kernel lock; or because an ancestor of this process holds it, whose lock is to be joined.
 */
export type NotHeld = "timeout" | "other-backend" | "no-kernel-lock" | "held-above";

/**
 * Whether a lock was lost, and who is notified. Its signal is made when somebody asks for it: that takes microseconds.
 */
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
