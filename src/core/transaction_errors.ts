/** Errors of transactions, once their commit point is behind them. */
import { bears, FileError, mark } from "./file_error.ts";

/** The files were changed, but what was to take effect with them did not. `cause` is what `activate` threw. */
export class ActivationError extends FileError {
  static {
    mark(this, "ActivationError");
  }
  /** The name of its class. */
  override readonly name: "ActivationError" = "ActivationError";
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
  override readonly name: "RollbackFailedError" = "RollbackFailedError";
  /** What is where. */
  files: RolledBackFile[] = [];
  /** What is left for `recoverTransactions`: the journal, or the name that says that a publication is to be activated. */
  journal?: string;
  /** What made the rollback fail; `cause` is what made it necessary. */
  rollbackErrors: unknown[] = [];
  /** Whether `value` is a RollbackFailedError, of this or another copy of the module. */
  static override is(value: unknown): value is RollbackFailedError {
    return bears(value, "RollbackFailedError");
  }
}
