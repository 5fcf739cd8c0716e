/**
 * Every error this module throws by itself, beside TypeError and RangeError for bad arguments.
 *
 * A `FileError` answers the three questions a caller has: what could not be done (`message`, `step`), why (`code`,
 * `cause`), and what became of the file (`targetState`). `X.is(value)` recognises an error of class X even when it was
 * made by another copy of this module. Failures while cleaning up never take the place of the first error: they are in
 * `cleanupErrors`, and what could not be removed is in `leftBehind`.
 */

/** What became of the file: as it was, replaced (visible, perhaps not yet durable), or not to be told. */
export type TargetState = "unchanged" | "replaced" | "unknown";

/** What a {@linkcode FileError} is made from. */
export interface FileErrorDetails {
  /** A portable code such as `"ENOSPC"`, or one of this module's own such as `"ECONFLICT"`. */
  code: string;
  /** The file the caller named, resolved. */
  path: string;
  /** The step that failed, in the words of a trace: `"create"`, `"write"`, `"sync"`, `"rename"`, … */
  step: string;
  /** What became of the file at `path`. */
  targetState: TargetState;
  /** The first cause. */
  cause?: unknown;
}

const stateWords: Record<TargetState, string> = {
  unchanged: "the file is unchanged",
  replaced: "the change is visible, but not proven durable",
  unknown: "it is not known whether the file was changed",
};

const brand = (name: string): symbol => Symbol.for(`@durable/atomic-write/${name}`);

function bears(value: unknown, name: string): boolean {
  return typeof value === "object" && value !== null && Reflect.get(value, brand(name)) === true;
}

/** Base of all errors that concern a file. */
export class FileError extends Error {
  static {
    mark(this, "FileError");
  }
  /** The name of its class. */
  override readonly name: string = "FileError";
  /** A portable code such as `"ENOSPC"`. */
  readonly code: string;
  /** The file the caller named, resolved. */
  readonly path: string;
  /** The step that failed, in the words of a trace. */
  readonly step: string;
  /** What became of the file at `path`. */
  readonly targetState: TargetState;
  /** Failures while cleaning up after the first error. */
  readonly cleanupErrors: unknown[] = [];
  /** Temporary files and backups of this call that could not be removed. */
  readonly leftBehind: string[] = [];

  /** Makes an error whose message is `attempt: reason (code); what became of the file`. */
  constructor(attempt: string, reason: string, details: FileErrorDetails) {
    super(
      `${attempt}: ${reason} (${details.code}); ${stateWords[details.targetState]}`,
      details.cause === undefined ? undefined : { cause: details.cause },
    );
    this.code = details.code;
    this.path = details.path;
    this.step = details.step;
    this.targetState = details.targetState;
  }

  /** Whether `value` is a FileError, of this or another copy of the module. */
  static is(value: unknown): value is FileError {
    return bears(value, "FileError");
  }
}

/** Marks a class so that `bears` finds it on instances of every copy of the module. */
function mark(target: { prototype: object }, name: string): void {
  Object.defineProperty(target.prototype, brand(name), { value: true });
}

/** A write, copy, removal or sync did not succeed. */
export class WriteError extends FileError {
  static {
    mark(this, "WriteError");
  }
  /** The name of its class. */
  override readonly name: string = "WriteError";
  /** Whether `value` is a WriteError, of this or another copy of the module. */
  static override is(value: unknown): value is WriteError {
    return bears(value, "WriteError");
  }
}

/** The file was not in the state that the call required: it exists, is absent, or has other content. */
export class ConflictError extends FileError {
  static {
    mark(this, "ConflictError");
  }
  /** The name of its class. */
  override readonly name: string = "ConflictError";
  /** SHA-256 of the content that was required; null: that there be no file; undefined: no digest was asked for. */
  expected?: string | null;
  /** SHA-256 of the content that was found; null: there is no file. */
  actual?: string | null;
  /** Whether `value` is a ConflictError, of this or another copy of the module. */
  static override is(value: unknown): value is ConflictError {
    return bears(value, "ConflictError");
  }
}

/** What was read is not what was written, or cannot be what it should be. */
export class CorruptionError extends FileError {
  static {
    mark(this, "CorruptionError");
  }
  /** The name of its class. */
  override readonly name: string = "CorruptionError";
  /** Byte offset (or, for text, the character offset) of the damage, where it is known. */
  offset?: number;
  /** SHA-256 that the content should have, where it is known. */
  digest?: string;
  /** Whether `value` is a CorruptionError, of this or another copy of the module. */
  static override is(value: unknown): value is CorruptionError {
    return bears(value, "CorruptionError");
  }
}

/** The platform, file system or runtime cannot do what was asked for, and the caller asked to be told. */
export class UnsupportedError extends FileError {
  static {
    mark(this, "UnsupportedError");
  }
  /** The name of its class. */
  override readonly name: string = "UnsupportedError";
  /** Whether `value` is an UnsupportedError, of this or another copy of the module. */
  static override is(value: unknown): value is UnsupportedError {
    return bears(value, "UnsupportedError");
  }
}

/** A lock could not be had, kept or given back. */
export class LockError extends FileError {
  static {
    mark(this, "LockError");
  }
  /** The name of its class. */
  override readonly name: string = "LockError";
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
  override readonly name: string = "LockTimeoutError";
  /** Whether `value` is a LockTimeoutError, of this or another copy of the module. */
  static override is(value: unknown): value is LockTimeoutError {
    return bears(value, "LockTimeoutError");
  }
}

/** The lock was not free, and the caller did not want to wait (`timeout: 0`). */
export class LockBusyError extends LockTimeoutError {
  static {
    mark(this, "LockBusyError");
  }
  /** The name of its class. */
  override readonly name: string = "LockBusyError";
  /** Whether `value` is a LockBusyError, of this or another copy of the module. */
  static override is(value: unknown): value is LockBusyError {
    return bears(value, "LockBusyError");
  }
}

/** Somebody took the lock away while it was held (directory backend: broken, or stale by its own rule). */
export class LockLostError extends LockError {
  static {
    mark(this, "LockLostError");
  }
  /** The name of its class. */
  override readonly name: string = "LockLostError";
  /** Whether `value` is a LockLostError, of this or another copy of the module. */
  static override is(value: unknown): value is LockLostError {
    return bears(value, "LockLostError");
  }
}

/** The lock is held by this very code: waiting for it would never end. */
export class DeadlockError extends LockError {
  static {
    mark(this, "DeadlockError");
  }
  /** The name of its class. */
  override readonly name: string = "DeadlockError";
  /** Whether `value` is a DeadlockError, of this or another copy of the module. */
  static override is(value: unknown): value is DeadlockError {
    return bears(value, "DeadlockError");
  }
}

/** What was to be written was refused by the caller's own check. */
export class ValidationError extends FileError {
  static {
    mark(this, "ValidationError");
  }
  /** The name of its class. */
  override readonly name: string = "ValidationError";
  /** Whether `value` is a ValidationError, of this or another copy of the module. */
  static override is(value: unknown): value is ValidationError {
    return bears(value, "ValidationError");
  }
}

/** The files were changed, but what was to take effect with them did not. `cause` is what `activate` threw. */
export class ActivationError extends FileError {
  static {
    mark(this, "ActivationError");
  }
  /** The name of its class. */
  override readonly name: string = "ActivationError";
  /** Whether `value` is an ActivationError, of this or another copy of the module. */
  static override is(value: unknown): value is ActivationError {
    return bears(value, "ActivationError");
  }
}

/** Which content a file has after a rollback that did not come to its end. */
export interface RolledBackFile {
  /** The file. */
  path: string;
  /** `"old"` or `"new"`: as before or as asked for; `"other"`: neither; `"unknown"`: it could not be read. */
  content: "old" | "new" | "other" | "unknown";
  /** Where the old version is, if it still is anywhere else. */
  backup?: string;
}

/** A transaction could not be undone completely, or what it restored did not take effect again. */
export class RollbackFailedError extends FileError {
  static {
    mark(this, "RollbackFailedError");
  }
  /** The name of its class. */
  override readonly name: string = "RollbackFailedError";
  /** What is where. */
  files: RolledBackFile[] = [];
  /** The journal, where it is left for `recoverTransactions`. */
  journal?: string;
  /** What made the rollback fail; `cause` is what made it necessary. */
  rollbackErrors: unknown[] = [];
  /** Whether `value` is a RollbackFailedError, of this or another copy of the module. */
  static override is(value: unknown): value is RollbackFailedError {
    return bears(value, "RollbackFailedError");
  }
}
