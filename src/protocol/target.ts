/**
 * Which file a path means: resolves symlinks at its end by the caller's rule, and refuses what cannot be replaced.
 *
 * Symlinks further up are the system's to resolve. Nothing is changed here; every refusal leaves the file unchanged.
 */
import { absolutePath, endsAsDirectory, mayBeLossy, splitPath } from "../core/path.ts";
import { type Operation, wait } from "../core/operation.ts";
import type { FileStatus } from "../runtime/runtime.ts";
import { childOf, type Engine } from "./engine.ts";
import { type Attempt, attemptFailed } from "./failure.ts";
import { knownOwner } from "./metadata.ts";

/** A file about to be replaced or made. */
export interface Target {
  /** Absolute, links at its end resolved. */
  readonly path: string;
  readonly directory: string;
  readonly name: string;
  /** What is there now: a regular file (or, under the rule `replace`, a symlink). */
  readonly status: FileStatus | undefined;
  /** A directory that was made for it could not be synced: its name is not durable, whatever else is. */
  readonly unsyncedAncestors?: boolean;
}

/** Linux follows at most 40 links in one resolution: path_resolution(7). */
const mostLinks = 40;

/** Finds the file that `path` means. */
export function* resolveTarget(
  engine: Engine,
  path: string,
  rule: "follow" | "replace" | "refuse",
  attempt: Attempt,
): Operation<Target> {
  const { fileSystem, capabilities } = engine;
  let current = path;
  let link: string | undefined;
  for (let links = 0; links <= mostLinks; links++) {
    attempt.path = current;
    const split = splitPath(current, capabilities.pathStyle);
    if (split === undefined) throw attemptFailed(attempt, "EISDIR", "resolve", "the path can only name a directory");
    if (capabilities.pathStyle === "posix" && isMagic(current)) throw magicName(attempt);
    const { directory, name } = split;
    const status = yield* wait(fileSystem.linkStat(current));
    const target = { path: current, directory, name, status };
    if (status === undefined && link !== undefined) yield* checkDangling(engine, link, current, attempt);
    if (status === undefined || status.kind === "file") return target;
    if (status.kind === "directory") throw attemptFailed(attempt, "EISDIR", "resolve", "it is a directory");
    if (status.kind === "other") {
      throw attemptFailed(
        attempt,
        "EINVAL",
        "resolve",
        "it is neither a file nor a symlink (a device, pipe or socket)",
      );
    }
    if (rule === "replace") return target;
    if (rule === "refuse") throw attemptFailed(attempt, "ELOOP", "resolve", "it is a symlink");
    yield* checkPlantedLink(engine, directory, status, attempt);
    const text = yield* wait(fileSystem.readLink(current));
    // Replaced by something else in between: look again.
    if (text !== undefined) {
      if (mayBeLossy(text)) {
        throw attemptFailed(attempt, "EILSEQ", "readLink", "it is a symlink to a name that is not UTF-8");
      }
      link = current;
      current = absolutePath(text, directory, capabilities.pathStyle, false);
      // `absolutePath` drops what the resolution must still see.
      if (endsAsDirectory(text, capabilities.pathStyle)) current = childOf(engine, current, "");
    }
  }
  throw attemptFailed(attempt, "ELOOP", "resolve", "too many symlinks");
}

/**
 * Names that stand for something a process has open, not for a file in a directory. What their links say need not be the
 * name of anything: `pipe:[4711]`, `/tmp/gone (deleted)`. https://man7.org/linux/man-pages/man5/proc_pid_fd.5.html
 */
const magicNames =
  /^\/(?:dev\/(?:std(?:in|out|err)|fd\/\d+)|proc\/(?:self|thread-self|\d+)(?:\/task\/\d+)?\/(?:fd\/\d+|exe|cwd|root|map_files\/.*))$/;

const isMagic = (path: string): boolean => magicNames.test(path);

const magicName = (attempt: Attempt) =>
  attemptFailed(attempt, "EINVAL", "resolve", "it stands for what a process has open, not for a file in a directory");

/** A link whose text names nothing, while following it leads to something: a magic one, whatever path leads to it. */
function* checkDangling(engine: Engine, link: string, path: string, attempt: Attempt): Operation<void> {
  const { fileSystem } = engine;
  if ((yield* wait(fileSystem.stat(link))) === undefined) return;
  // Unless the file was made between the two looks.
  if ((yield* wait(fileSystem.linkStat(path))) === undefined) throw magicName({ ...attempt, path: link });
}

/**
 * In a directory where everybody may put links, only links of root, of the directory's owner, or our own are followed:
 * the rule of Linux's fs.protected_symlinks, which does not see a link that is read rather than opened.
 * https://docs.kernel.org/admin-guide/sysctl/fs.html#protected-symlinks
 */
function* checkPlantedLink(engine: Engine, directory: string, link: FileStatus, attempt: Attempt): Operation<void> {
  if (!engine.capabilities.owner || link.user === 0) return;
  const parent = yield* wait(engine.fileSystem.stat(directory));
  const everybodys = parent !== undefined && (parent.mode & 0o1002) === 0o1002;
  if (!everybodys || parent.user === link.user) return;
  const ours = knownOwner(engine.runtime);
  if (ours?.user === link.user) return;
  const reason = ours === undefined
    ? "it is a symlink in a directory open to everybody, and this process is not permitted to find out who it is"
    : "it is another user's symlink in a directory open to everybody";
  throw attemptFailed(attempt, "EACCES", "resolve", reason);
}
