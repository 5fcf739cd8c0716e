/**
 * A backup as a copy, where the file system will not link: written beside it, then renamed into place.
 *
 * After a failure nothing is left, or the error names it.
 */
import { type Operation, wait } from "../core/operation.ts";
import type { FileStatus, OpenFile } from "../runtime/runtime.ts";
import type { ParentDirectory } from "./directories.ts";
import type { Engine } from "./engine.ts";
import { afterUndoing, type Attempt, attemptFailed } from "./failure.ts";
import { closeQuietly } from "./file_call.ts";
import { applyMetadata, type WantedMetadata } from "./metadata.ts";
import { renameName } from "./reported_failure.ts";
import { syncFile, type SyncRules } from "./sync.ts";
import type { Target } from "./target.ts";
import { ContentWriter } from "./content_writer.ts";
import { createTemporary } from "./temporary_file.ts";
import { syncsFile } from "./write_plan.ts";

function* openPresent(engine: Engine, target: Target, attempt: Attempt): Operation<OpenFile> {
  const file = yield* wait(engine.fileSystem.open(target.path, "read", { follow: false }));
  if (file !== undefined) return file;
  throw attemptFailed(attempt, "ENOENT", "open", "the file to be backed up is gone");
}

/** Puts a copy of the present file at `path`, whole or not at all; whether it is safely on disk as far as that is asked for. */
export function* copyBackup(
  engine: Engine,
  target: Target,
  home: ParentDirectory,
  path: string,
  rules: SyncRules,
  attempt: Attempt,
): Operation<boolean> {
  const { fileSystem } = engine;
  let synced = true;
  const source = yield* openPresent(engine, target, attempt);
  try {
    const status = yield* wait(source.stat());
    let identity: string | undefined;
    const temporary = yield* createTemporary(engine, home, target.name, status.mode & 0o600, attempt);
    try {
      const writer = new ContentWriter(temporary.file, attempt, undefined, undefined);
      try {
        yield* writer.takeFile(source);
        yield* writer.end();
        const made = yield* wait(temporary.file.stat());
        identity = made.identity;
        yield* applyMetadata(temporary.file, copiedMetadata(engine, status), made);
        yield* wait(temporary.file.setTimes(status.modified, status.modified));
        if (syncsFile(rules.durability)) {
          synced = yield* syncFile(engine, { file: temporary.file, place: home }, rules, attempt);
        }
      } finally {
        yield* wait(temporary.file.close());
      }
      yield* renameName(engine, temporary.path, path, identity);
      return synced;
    } catch (error) {
      throw yield* afterUndoing(attempt, error, () => fileSystem.remove(temporary.path), temporary.path);
    }
  } finally {
    yield* closeQuietly(source);
  }
}

/** A copy may have another owner: what setuid and setgid mean must not move with it. */
function copiedMetadata({ capabilities }: Engine, status: FileStatus): WantedMetadata {
  return {
    creationMode: status.mode & 0o600,
    mode: capabilities.mode ? status.mode & 0o1777 : undefined,
    user: capabilities.owner ? status.user : undefined,
    group: capabilities.owner ? status.group : undefined,
    userRequired: false,
    groupRequired: false,
    modeRequired: false,
    lost: [],
  };
}
