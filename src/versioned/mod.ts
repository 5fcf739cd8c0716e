/**
 * Compare-and-swap for files, where no lock can be relied on: NFS without its lock service, SMB, FUSE, and whatever else
 * a program may find its state on.
 *
 * Each change makes a new version beside the file, under the next number, which only one program can take; a program
 * that was slower starts again from the newest version. No lock, no clock and no proof of anybody's death is needed.
 * The file itself shows the newest version to programs that only read it.
 *
 * - {@linkcode updateVersioned}, {@linkcode updateVersionedText}, {@linkcode updateVersionedJson}: change, again and again
 *   until no other program was faster.
 * - {@linkcode readVersioned} and {@linkcode writeVersioned}: the same in two steps, with the version in your hands.
 *
 * On a local disk, `updateFile` with its lock is faster and leaves no versions behind.
 *
 * ```ts
 * import { readVersionedJson, updateVersionedJson } from "@durable/atomic-write/versioned";
 *
 * await updateVersionedJson<{ runs: number }>("state.json", (state = { runs: 0 }) => ({ runs: state.runs + 1 }));
 * console.log(await readVersionedJson("state.json")); // { content: { runs: 1 }, version: 1 }
 * ```
 *
 * @module
 */
export type { FileChunk, FileData } from "../core/bytes.ts";
export {
  ConflictError,
  CorruptionError,
  FileError,
  type FileErrorDetails,
  ReadError,
  type TargetState,
  ValidationError,
  WriteError,
} from "../core/errors.ts";
export type { FilePath } from "../core/options.ts";
export type { StandardIssue, StandardResult, StandardSchemaV1 } from "../core/standard_schema.ts";
export type { JsonValidation } from "../file/json_change.ts";
export type { JsonValidator } from "../file/json_validation.ts";
export type { ReadFileOptions } from "../file/read_file.ts";
export type { ReadJsonFileOptions } from "../file/read_json_file.ts";
export type { UpdatedValue } from "../file/update_operation.ts";
export type { JsonSpacing } from "../file/write_json_file.ts";
export type { NewFileDefaults, Owner } from "../protocol/mode_and_owner.ts";
export type { UnsafePath, UnsafePathOption } from "../protocol/unsafe_path.ts";
export type { Durability, ReplaceOptions } from "../protocol/write_plan.ts";
export type { VersionedResult } from "../protocol/versions/change_version.ts";
export {
  readVersioned,
  readVersionedJson,
  readVersionedJsonSync,
  readVersionedSync,
  readVersionedText,
  readVersionedTextSync,
  type Versioned,
} from "./read_versioned.ts";
export {
  updateVersioned,
  updateVersionedJson,
  type UpdateVersionedJsonOptions,
  updateVersionedJsonSync,
  type UpdateVersionedJsonSyncOptions,
  updateVersionedSync,
  updateVersionedText,
  updateVersionedTextSync,
} from "./update_versioned.ts";
export type { UpdateVersionedOptions, UpdateVersionedSyncOptions, VersionedOptions } from "./versioned_options.ts";
export {
  type ExpectedContent,
  type ExpectedVersion,
  writeVersioned,
  type WriteVersionedOptions,
  writeVersionedSync,
  type WriteVersionedSyncOptions,
} from "./write_versioned.ts";
