/**
 * A backup as a copy, where the file system will not link: written beside it, then renamed into place.
 *
 * After a failure nothing is left, or the error names it.
 */
import { type Operation, wait } from "../core/operation.ts";
import { attributesOf } from "./attributes.ts";
import { ContentWriter } from "./content_writer.ts";
import type { ParentDirectory } from "./directories.ts";
import { afterUndoing, attemptFailed } from "./failure.ts";
import { closeQuietly } from "./file_call.ts";
import { applyMetadata, copiedMetadata } from "./metadata.ts";
import type { FileReplacement } from "./file_replacement.ts";
import { renameName } from "./reported_failure.ts";
import { syncFile } from "./sync.ts";
import { createTemporary } from "./temporary_file.ts";
import { syncsFile } from "./write_plan.ts";

/** A copy may have another owner: what setuid and setgid mean must not move with it. */
const copiedBits = 0o1777;

/** Puts a copy of the present file under a name, whole or not at all; whether it is safely on disk as far as that is asked for. */
export function* copyBackup(write: FileReplacement, home: ParentDirectory, name: string): Operation<boolean> {
  const { engine, target, parent, plan, attempt } = write;
  const source = yield* wait(parent.names.open(target.name, "read"));
  if (source === undefined) throw attemptFailed(attempt, "ENOENT", "open", "the file to be backed up is gone");
  let synced = true;
  try {
    const status = yield* wait(source.stat());
    let identity: string | undefined;
    const { file, ...temporary } = yield* createTemporary(home, target.name, status.mode & 0o600, attempt);
    try {
      const writer = new ContentWriter(file, attempt, undefined, undefined);
      try {
        yield* writer.takeFile(source, status);
        yield* writer.end();
        const made = yield* wait(file.stat());
        identity = made.identity;
        const attributes = engine.capabilities.attributes ? yield* attributesOf(source) : undefined;
        yield* applyMetadata(file, { ...copiedMetadata(engine, status, copiedBits), attributes }, made);
        yield* wait(file.setTimes(yield* wait(source.times())));
        if (syncsFile(plan.durability)) synced = yield* syncFile(engine, { file, place: home }, plan, attempt);
      } finally {
        yield* wait(file.close());
      }
      yield* renameName(engine, temporary.path, home.pathOf(name), identity);
      return synced;
    } catch (error) {
      throw yield* afterUndoing(attempt, error, () => home.names.remove(temporary.name), temporary.path);
    }
  } finally {
    yield* closeQuietly(source);
  }
}
