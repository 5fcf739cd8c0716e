/**
 * What the two backends have in common: what they are asked, and what they hand out.
 */
import type { Operation } from "../core/operation.ts";
import type { Engine } from "../protocol/engine.ts";
import type { Attempt } from "../protocol/failure.ts";
import type { FileStatus } from "../runtime/runtime.ts";
import type { LockBackend, Patience } from "./lock_plan.ts";

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
  /** Aborts when the lock is lost. */
  readonly signal: AbortSignal;
  /** Whether it is still held: asked right before a commit. */
  check(): Operation<boolean>;
  /** Gives it back. Called once. */
  release(): Operation<void>;
}

/** Not had: not in time, or because the other backend's kind of thing is at the place. */
export type NotHeld = "timeout" | "other-backend";
