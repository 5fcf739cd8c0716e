/**
 * A copy of a directory, for publishing it: files, directories and symlinks, with the modes, owners and attributes they
 * have; what could not be kept is answered. Blocks are shared where the file system can, and holes stay holes.
 *
 * Nothing is synced here, and what is copied to must be nobody's yet. A file that changes while it is read, and anything
 * that is neither file, directory nor symlink, fails the copy.
 */
import { copyFileWhole, makeDirectoryLike } from "../file/copy_whole.ts";
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
  /** Fail where something cannot be kept. */
  readonly strict: boolean;
  /** Told of each file. */
  onFile(): void;
}

/** What a copy has not kept, each with the first path of which that is so. */
export interface TreeLosses {
  /** In the words of a write's `lost`. */
  readonly lost: ReadonlyMap<string, string>;
  /** In the words of a write's `unchecked`. */
  readonly unchecked: ReadonlySet<string>;
}

interface Copying extends CopyRules {
  readonly engine: Engine;
  readonly lost: Map<string, string>;
  readonly unchecked: Set<string>;
  readonly attempt: Attempt;
  /** The directory that is copied to: it may lie in what is copied. */
  readonly identity: string | undefined;
}

/** Copies what is in `source` into `target`, an empty directory, which becomes like `source`; what is not kept. */
export async function copyTree(source: string, target: ParentDirectory, rules: CopyRules): Promise<TreeLosses> {
  const { engine, status: { identity } } = target;
  const attempt = beginAttempt("Cannot publish", rules.path);
  try {
    const losses = { lost: new Map<string, string>(), unchecked: new Set<string>() };
    await copyDirectory(source, target, { ...rules, ...losses, engine, attempt, identity });
    return losses;
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
  const { engine, attempt, signal, keepTimes, identity } = copying;
  const status = await statusOfSource(source, engine, attempt);
  if (status.identity === identity) {
    throw attemptFailed(attempt, "EINVAL", "open", `${JSON.stringify(source)} would be copied into itself`);
  }
  for (const { name } of await engine.fileSystem.readDirectory(source) ?? []) {
    signal.throwIfAborted();
    await copyEntry(childOf(engine, source, name), target, name, copying);
  }
  // When it is complete: it may be one that nobody may write in.
  const like = () => makeDirectoryLike(engine, source, target.handle, { attempt, keepTimes });
  const { lost, unchecked } = await drive(like);
  noteLosses(copying, source, lost, unchecked);
}

async function copyEntry(source: string, into: ParentDirectory, name: string, copying: Copying): Promise<void> {
  const { engine, attempt, signal, keepTimes, strict, onFile } = copying;
  const { fileSystem } = engine;
  const status = await fileSystem.linkStat(source);
  const refuse = (code: string, reason: string) =>
    attemptFailed(attempt, code, "open", `${JSON.stringify(source)} ${reason}`);
  if (status === undefined) {
    throw mayBeLossy(source) ? refuse("EILSEQ", "is not its name, which is not UTF-8") : refuse("ENOENT", "is gone");
  }
  if (status.kind === "file") {
    const times = keepTimes ? { keepTimes } : {};
    const losses = strict ? { whenLost: "throw" as const } : {};
    // All of the tree is synced when it is complete.
    try {
      const { lost, unchecked } = await copyFileWhole(source, into.names.base + name, {
        durability: "none",
        signal,
        ...losses,
        ...times,
      });
      noteLosses(copying, source, lost, unchecked);
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
    const made = await into.names.linkStat(name);
    // There is no way to give a symlink away.
    const differs = [["owner", made?.user !== status.user], ["group", made?.group !== status.group]] as const;
    noteLosses(copying, source, differs.filter(([, is]) => is).map(([what]) => what), []);
  } else {
    throw refuse("EINVAL", "is not a file, a directory or a symlink");
  }
}

/** Remembers what was not kept, or refuses. */
function noteLosses(copying: Copying, source: string, lost: readonly string[], unchecked: readonly string[]): void {
  const [first] = lost;
  if (copying.strict && first !== undefined) {
    const reason = `${JSON.stringify(source)} would lose ${lost.join(", ")}`;
    throw attemptFailed(copying.attempt, "EPERM", "setOwner", reason);
  }
  for (const what of lost) if (!copying.lost.has(what)) copying.lost.set(what, source);
  for (const what of unchecked) copying.unchecked.add(what);
}
