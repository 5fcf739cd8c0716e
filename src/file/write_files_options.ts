/** What `writeFiles` (write_files.ts) is given, and what it answers. */
import type { FileData } from "../core/bytes.ts";
import type { FailedFile } from "../core/errors.ts";
import type { FilePath } from "../core/options.ts";
import type { NewFileDefaults, Owner } from "../protocol/mode_and_owner.ts";
import type { UnsafePathOption } from "../protocol/unsafe_path.ts";
import type { Durability, ReplaceOptions, WriteResult } from "../protocol/write_plan.ts";

/** One of many files to be written. */
export interface FileToWrite {
  /** The file, a path or file: URL. */
  path: FilePath;
  /** Its new content. */
  data: FileData;
  /** As in {@linkcode ReplaceOptions}, for this file alone. */
  mode?: number | "keep";
  /** As in {@linkcode ReplaceOptions}, for this file alone. */
  owner?: Owner | "keep" | "leave";
  /** As in {@linkcode ReplaceOptions}, for this file alone. */
  defaults?: NewFileDefaults;
}

/** Options of {@linkcode writeFiles}: those of every file, and what happens when some of them fail. */
export interface WriteFilesOptions extends ReplaceOptions, UnsafePathOption {
  /**
   * If files fail: throw a {@linkcode WriteFilesError} once all others are written, or report them in `failed`.
   *
   * @default "throw"
   */
  whenFailed?: "throw" | "report";
  /**
   * What is synced before the files of a round get their names: each file, or the whole file system in one call. The
   * latter also waits for what other programs have written there, and promises the same: a write error anywhere on it
   * fails all of the round. It needs ext4 or xfs on Linux 5.8 or later, and foreign calls (Node with koffi, Deno with
   * `--allow-ffi`; Bun has none that do not hold up the event loop). Elsewhere each file is synced.
   *
   * @default "file"
   */
  sync?: "file" | "filesystem";
  /**
   * Told of each file that was written, and which of the files it was, in the order in which that becomes known. No more
   * files are taken while a promise that it returns is pending; what it throws ends the call, which has taken no more files.
   */
  onWritten?: (result: WriteResult, index: number) => unknown;
}

/** What {@linkcode writeFiles} did. */
export interface WriteFilesResult {
  /** How many files were written, or found to be equal (`skipIfEqual`), or were overtaken by a later call. */
  written: number;
  /** The least durability that any of them has reached. */
  durability: Durability;
  /** What any of them has lost, in the words of `WriteResult.lost`; `onWritten` tells of which. */
  lost: string[];
  /** What of any of them could not be seen, in the words of `WriteResult.unchecked`. */
  unchecked: string[];
  /** With `whenFailed: "report"`, what failed, in the order in which it did. */
  failed: FailedFile[];
}
