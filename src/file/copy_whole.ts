/**
 * Copies that are like their sources: in owner, mode and attributes, as far as this process may, and, if asked, in times.
 * What could not be kept is answered.
 *
 * `copyFileWhole` for a file. `makeDirectoryLike` for a directory, when everything is in it: afterwards nobody may be
 * permitted to write there. After a failure the directory is as far as that has come.
 */
import type { FilePath } from "../core/options.ts";
import { type Operation, run, wait } from "../core/operation.ts";
import { attributeKinds, attributesOf } from "../protocol/attributes.ts";
import type { Engine } from "../protocol/engine.ts";
import { type Attempt, attemptFailed } from "../protocol/failure.ts";
import { closeQuietly } from "../protocol/file_call.ts";
import { applyMetadata, copiedMetadata } from "../protocol/metadata.ts";
import type { WriteResult } from "../protocol/write_plan.ts";
import type { OpenDirectory } from "../runtime/runtime.ts";
import { copy, type CopyFileOptions } from "./copy_file.ts";

/** Copies a file; the result says what the copy could not have. */
export function copyFileWhole(source: FilePath, target: FilePath, options?: CopyFileOptions): Promise<WriteResult> {
  return run(() => copy(source, target, options, { synchronous: false, keepsMetadata: true }));
}

/** Setgid of a directory says whose group everything gets that is made in it; setuid means nothing there. */
const keptBits = 0o3777;

/** How a directory is made like another. */
interface DirectoryCopy {
  readonly attempt: Attempt;
  readonly keepTimes: boolean;
}

/** What was not kept, in the words of a write's result. */
interface DirectoryLosses {
  readonly lost: readonly string[];
  readonly unchecked: readonly string[];
}

/** Makes an open directory like the one at `source`; where directories cannot be opened, nothing can be done. */
export function* makeDirectoryLike(
  engine: Engine,
  source: string,
  made: OpenDirectory | undefined,
  { attempt, keepTimes }: DirectoryCopy,
): Operation<DirectoryLosses> {
  if (made === undefined) return { lost: [], unchecked: attributeKinds };
  const original = yield* openForMetadata(engine, source, attempt);
  try {
    const attributes = engine.capabilities.attributes ? yield* attributesOf(original) : undefined;
    const wanted = { ...copiedMetadata(engine, yield* wait(original.stat()), keptBits), attributes };
    const lost = yield* applyMetadata(made, wanted, yield* wait(made.stat()));
    if (keepTimes) yield* wait(made.setTimes(yield* wait(original.times())));
    return { lost, unchecked: attributes === undefined ? attributeKinds : [] };
  } finally {
    yield* closeQuietly(original);
  }
}

function* openForMetadata(engine: Engine, path: string, attempt: Attempt): Operation<OpenDirectory> {
  const directory = yield* wait(engine.fileSystem.openDirectory(path));
  if (directory !== undefined) return directory;
  throw attemptFailed(attempt, "ENOENT", "openDirectory", `${JSON.stringify(path)} is gone`);
}
