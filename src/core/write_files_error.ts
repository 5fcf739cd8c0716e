/** The error of a call that writes many files, each for itself, where not all of them were written. */
import { bears, FileError, mark } from "./file_error.ts";

/** Some of many files were not written; all others were. What an error says of one file, it says of the first of them. */
export class WriteFilesError extends FileError {
  static {
    mark(this, "WriteFilesError");
  }
  /** The name of its class. */
  override readonly name: "WriteFilesError" = "WriteFilesError";
  /** What failed, in the order in which it did. */
  failed: FailedFile[] = [];
  /** How many files were written. */
  written = 0;
  /** Whether `value` is a WriteFilesError, of this or another copy of the module. */
  static override is(value: unknown): value is WriteFilesError {
    return bears(value, "WriteFilesError");
  }
}

/** A file that was not written, or not proven durable: its error says which. */
export interface FailedFile {
  /** The file, absolute. */
  path: string;
  /** Which of the files it was, counted from 0. */
  index: number;
  /** What `writeFile` would have thrown. */
  error: unknown;
}
