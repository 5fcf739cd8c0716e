/** Errors of reading and writing one file. */
import { bears, FileError, mark } from "./file_error.ts";

/** A write, copy, removal or sync did not succeed. */
export class WriteError extends FileError {
  static {
    mark(this, "WriteError");
  }
  /** The name of its class. */
  override readonly name: "WriteError" = "WriteError";
  /** Whether `value` is a WriteError, of this or another copy of the module. */
  static override is(value: unknown): value is WriteError {
    return bears(value, "WriteError");
  }
}

/** A file, a directory or a log could not be read, listed or looked at. Nothing was changed. */
export class ReadError extends FileError {
  static {
    mark(this, "ReadError");
  }
  /** The name of its class. */
  override readonly name: string = "ReadError";
  /** Whether `value` is a ReadError, of this or another copy of the module. */
  static override is(value: unknown): value is ReadError {
    return bears(value, "ReadError");
  }
}

/** There is no object of that digest in the store. */
export class MissingObjectError extends ReadError {
  static {
    mark(this, "MissingObjectError");
  }
  /** The name of its class. */
  override readonly name: "MissingObjectError" = "MissingObjectError";
  /** SHA-256 of the object. */
  digest?: string;
  /** Whether `value` is a MissingObjectError, of this or another copy of the module. */
  static override is(value: unknown): value is MissingObjectError {
    return bears(value, "MissingObjectError");
  }
}

/** The file was not in the state that the call required: it exists, is absent, or has other content. */
export class ConflictError extends FileError {
  static {
    mark(this, "ConflictError");
  }
  /** The name of its class. */
  override readonly name: "ConflictError" = "ConflictError";
  /** SHA-256 of the content that was required; null: that there is no file; undefined: no digest was required. */
  expected?: string | null;
  /** SHA-256 of the content that was found; null: there is no file. */
  actual?: string | null;
  /** The version that was required; null: that there is no file; undefined: no version was required. */
  expectedVersion?: number | null;
  /** The version that was found; null: there is no file. */
  actualVersion?: number | null;
  /** Whether `value` is a ConflictError, of this or another copy of the module. */
  static override is(value: unknown): value is ConflictError {
    return bears(value, "ConflictError");
  }
}

/** The content that was read is damaged or invalid. */
export class CorruptionError extends FileError {
  static {
    mark(this, "CorruptionError");
  }
  /** The name of its class. */
  override readonly name: "CorruptionError" = "CorruptionError";
  /** Byte offset (or, for text, the character offset) of the damage, where it is known. */
  offset?: number;
  /** SHA-256 that the content should have, where it is known. */
  digest?: string;
  /** Whether `value` is a CorruptionError, of this or another copy of the module. */
  static override is(value: unknown): value is CorruptionError {
    return bears(value, "CorruptionError");
  }
}

/** The platform, file system or runtime does not support what was requested, and the caller wants an error then. */
export class UnsupportedError extends FileError {
  static {
    mark(this, "UnsupportedError");
  }
  /** The name of its class. */
  override readonly name: "UnsupportedError" = "UnsupportedError";
  /** Whether `value` is an UnsupportedError, of this or another copy of the module. */
  static override is(value: unknown): value is UnsupportedError {
    return bears(value, "UnsupportedError");
  }
}

/** The caller's own check refused the new content. */
export class ValidationError extends FileError {
  static {
    mark(this, "ValidationError");
  }
  /** The name of its class. */
  override readonly name: "ValidationError" = "ValidationError";
  /** Whether `value` is a ValidationError, of this or another copy of the module. */
  static override is(value: unknown): value is ValidationError {
    return bears(value, "ValidationError");
  }
}
