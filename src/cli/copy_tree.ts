/**
 * A copy of a directory, for publishing it: files, directories and symlinks, with the modes they have; owners are those
 * of the process. Blocks are shared where the file system can.
 *
 * Nothing is synced here, and what is copied to must be nobody's yet. A file that changes while it is read, and anything
 * that is neither file, directory nor symlink, fails the copy.
 */
import { copyFile } from "../file/copy_file.ts";
import { FileError } from "../core/errors.ts";
import { run as drive } from "../core/operation.ts";
import { mayBeLossy } from "../core/path.ts";
import { closeParent, type ParentDirectory } from "../protocol/directories.ts";
import { childOf, type Engine, makeEngine } from "../protocol/engine.ts";
import { type Attempt, attemptFailed, beginAttempt, translate } from "../protocol/failure.ts";
import { currentRuntime } from "../runtime/current.ts";
import { SystemError } from "../runtime/system_error.ts";

/** How to copy. */
interface CopyRules {
  /** What is published, for messages. */
  readonly path: string;
  readonly signal: AbortSignal;
  readonly keepTimes: boolean;
  /** Told of each file. */
  onFile(): void;
}

/** Permission bits; setuid and setgid belong to what was installed, not to what is published. */
const permissionBits = 0o1777;

interface Copying extends CopyRules {
  readonly engine: Engine;
  readonly attempt: Attempt;
  /** The directory that is copied to: it may lie in what is copied. */
  readonly identity: string | undefined;
}

/** Copies what is in `source` into `target`, an empty directory, which gets the mode of `source`. */
export async function copyTree(source: string, target: ParentDirectory, rules: CopyRules): Promise<void> {
  const { engine, status: { identity } } = target;
  const attempt = beginAttempt("Cannot publish", rules.path);
  try {
    await copyDirectory(source, target, { ...rules, engine, attempt, identity });
  } catch (error) {
    throw translate(error, attempt);
  }
}

/** Refuses a source that is no directory: before anything is locked or made. */
export async function refuseNoDirectory(source: string, path: string): Promise<void> {
  const attempt = beginAttempt("Cannot publish", path);
  try {
    await statusOfSource(source, makeEngine(currentRuntime(), false), attempt);
  } catch (error) {
    throw translate(error, attempt);
  }
}

async function statusOfSource(source: string, engine: Engine, attempt: Attempt) {
  const refuse = (code: string, reason: string) =>
    attemptFailed(attempt, code, "open", `${JSON.stringify(source)} ${reason}`);
  const status = await engine.fileSystem.stat(source);
  if (status === undefined) throw refuse("ENOENT", "does not exist");
  if (status.kind !== "directory") throw refuse("ENOTDIR", "is no directory");
  return status;
}

async function copyDirectory(source: string, target: ParentDirectory, copying: Copying): Promise<void> {
  const { engine, attempt, signal, identity } = copying;
  const status = await statusOfSource(source, engine, attempt);
  if (status.identity === identity) {
    throw attemptFailed(attempt, "EINVAL", "open", `${JSON.stringify(source)} would be copied into itself`);
  }
  for (const { name } of await engine.fileSystem.readDirectory(source) ?? []) {
    signal.throwIfAborted();
    await copyEntry(childOf(engine, source, name), target, name, copying);
  }
  // It gets its mode when it is complete: it may be one that nobody may write in.
  if (engine.capabilities.mode) await target.handle?.setMode(status.mode & permissionBits);
}

async function copyEntry(source: string, into: ParentDirectory, name: string, copying: Copying): Promise<void> {
  const { engine, attempt, signal, keepTimes, onFile } = copying;
  const { fileSystem } = engine;
  const status = await fileSystem.linkStat(source);
  const refuse = (code: string, reason: string) =>
    attemptFailed(attempt, code, "open", `${JSON.stringify(source)} ${reason}`);
  if (status === undefined) {
    throw mayBeLossy(source) ? refuse("EILSEQ", "is not its name, which is not UTF-8") : refuse("ENOENT", "is gone");
  }
  if (status.kind === "file") {
    const times = keepTimes ? { keepTimes } : {};
    const mode = engine.capabilities.mode ? { mode: status.mode & permissionBits } : {};
    // All of the tree is synced when it is complete.
    try {
      await copyFile(source, into.names.base + name, { durability: "none", signal, ...mode, ...times });
    } catch (error) {
      // What failed is the publication: of the hidden file that was to be made, nobody knows.
      throw FileError.is(error) && error.cause instanceof SystemError ? error.cause : error;
    }
    onFile();
  } else if (status.kind === "directory") {
    await into.names.makeDirectory(name, 0o700);
    const child = await drive(() => into.openChild(name));
    if (child === undefined) throw refuse("ENOENT", "was removed again while it was copied");
    try {
      await copyDirectory(source, child, copying);
    } finally {
      await drive(() => closeParent(child));
    }
  } else if (status.kind === "symlink") {
    const text = await fileSystem.readLink(source);
    if (text === undefined) throw refuse("ENOENT", "is gone");
    if (mayBeLossy(text)) throw refuse("EILSEQ", "is a symlink to a name that is not UTF-8");
    await into.names.symbolicLink(text, name);
  } else {
    throw refuse("EINVAL", "is not a file, a directory or a symlink");
  }
}
