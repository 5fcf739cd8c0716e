/** Errors of locks. */
import { bears, FileError, mark } from "./file_error.ts";

/** A lock could not be taken, kept or released. */
export class LockError extends FileError {
  static {
    mark(this, "LockError");
  }
  /** The name of its class. */
  override readonly name: "LockError" | "LockTimeoutError" | "LockBusyError" | "LockLostError" | "DeadlockError" =
    "LockError";
  /** Whether `value` is a LockError, of this or another copy of the module. */
  static override is(value: unknown): value is LockError {
    return bears(value, "LockError");
  }
}

/** The lock was not free within `timeout`. */
export class LockTimeoutError extends LockError {
  static {
    mark(this, "LockTimeoutError");
  }
  /** The name of its class. */
  override readonly name: "LockTimeoutError" | "LockBusyError" = "LockTimeoutError";
  /** Whether `value` is a LockTimeoutError, of this or another copy of the module. */
  static override is(value: unknown): value is LockTimeoutError {
    return bears(value, "LockTimeoutError");
  }
}

/** The lock was not free, and the caller chose not to wait (`timeout: 0`). */
export class LockBusyError extends LockTimeoutError {
  static {
    mark(this, "LockBusyError");
  }
  /** The name of its class. */
  override readonly name: "LockBusyError" = "LockBusyError";
  /** Whether `value` is a LockBusyError, of this or another copy of the module. */
  static override is(value: unknown): value is LockBusyError {
    return bears(value, "LockBusyError");
  }
}

/**
 * The lock was taken away while it was held: its lock file was deleted or replaced, or its lock directory broken or stale
 * by its own rule. `targetState` is `"replaced"` if that was found out after the commit: another program may have read
 * what was there before, and overwrite this change.
 */
export class LockLostError extends LockError {
  static {
    mark(this, "LockLostError");
  }
  /** The name of its class. */
  override readonly name: "LockLostError" = "LockLostError";
  /** Whether `value` is a LockLostError, of this or another copy of the module. */
  static override is(value: unknown): value is LockLostError {
    return bears(value, "LockLostError");
  }
}

/** This code itself holds the lock: waiting for it would never end. */
export class DeadlockError extends LockError {
  static {
    mark(this, "DeadlockError");
  }
  /** The name of its class. */
  override readonly name: "DeadlockError" = "DeadlockError";
  /** Whether `value` is a DeadlockError, of this or another copy of the module. */
  static override is(value: unknown): value is DeadlockError {
    return bears(value, "DeadlockError");
  }
}
