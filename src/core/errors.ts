/** Every error this module throws by itself, beside TypeError and RangeError for bad arguments. */
export {
  FileError,
  type FileErrorDetails,
  messageOf,
  type Remedy,
  type Subject,
  type TargetState,
} from "./file_error.ts";
export { DeadlockError, LockBusyError, LockError, LockLostError, LockTimeoutError } from "./lock_errors.ts";
export { type FailedFile, WriteFilesError } from "./write_files_error.ts";
export { InvalidArgument, isInvalidArgument, OutOfRange } from "./invalid_argument.ts";
export { ActivationError, RollbackFailedError, type RolledBackFile } from "./transaction_errors.ts";
export {
  ConflictError,
  CorruptionError,
  MissingObjectError,
  ReadError,
  UnsupportedError,
  ValidationError,
  WriteError,
} from "./write_errors.ts";
