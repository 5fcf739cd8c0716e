/**
 * Which file a path means: resolves symlinks at its end by the caller's rule, and refuses what cannot be replaced.
 *
 * Symlinks further up are the system's to resolve; whose links are followed, links.ts says. Nothing is changed here; every refusal leaves the file unchanged.
 */
import { absolutePath, endsAsDirectory, mayBeLossy, splitPath } from "../core/path.ts";
import { type Operation, wait } from "../core/operation.ts";
import { whyBent } from "../core/bent_name.ts";
import type { FileStatus } from "../runtime/runtime.ts";
import { closeParent, openParent, type ParentDirectory } from "./directories.ts";
import { childOf, type Engine } from "./engine.ts";
import { type Attempt, attemptFailed } from "./failure.ts";
import { FileReplacement, type Target } from "./file_replacement.ts";
import { checkLink, isFollowed, isOurs, isSameLink, type MetLink } from "./links.ts";
import type { SyncRules } from "./sync.ts";
import type { WritePlan } from "./write_plan.ts";

/** Linux follows at most 40 links in one resolution: path_resolution(7). */
const mostLinks = 40;

/** What is done about a symlink at the end of a path; `"trust"`: followed, whosever it is. */
type LinkRule = "follow" | "replace" | "refuse" | "trust";

/** What is looked for, and how a failure is reported. */
interface PathSearch {
  readonly engine: Engine;
  /** Absolute. */
  readonly path: string;
  readonly symlink: LinkRule;
  readonly attempt: Attempt;
  /** Whether it may be a directory, too. */
  readonly directories?: boolean;
}

/** Finds the file that `path` means, for who does not write it: for what is written, `openTarget`. */
export function* resolveTarget(engine: Engine, path: string, symlink: LinkRule, attempt: Attempt): Operation<Target> {
  return (yield* findThroughLinks({ engine, path, symlink, attempt }, undefined)).target;
}

/** Finds what is to be locked: a file, or a directory. */
export function* resolveLocked(engine: Engine, path: string, attempt: Attempt): Operation<Target> {
  return (yield* findThroughLinks({ engine, path, symlink: "follow", attempt, directories: true }, undefined)).target;
}

/**
 * Opens the directory of the file that `path` means, and finds the file in it: what is looked at is looked at through the
 * directory that is open, link by link.
 */
export function* openTarget(
  engine: Engine,
  path: string,
  plan: WritePlan,
  attempt: Attempt,
): Operation<FileReplacement> {
  const { target, parent } = yield* findThroughLinks({ engine, path, symlink: plan.symlink, attempt }, plan);
  if (parent === undefined) throw new Error("The directory of a target that is opened is open");
  return new FileReplacement(target, parent, plan, attempt);
}

/** Follows the symlinks at the end of a path; with rules for its sync, each directory is opened and looked into. */
function* findThroughLinks(
  { engine, path, symlink, attempt, directories }: PathSearch,
  rules: SyncRules | undefined,
): Operation<{ readonly target: Target; readonly parent: ParentDirectory | undefined }> {
  const { fileSystem } = engine;
  const { verb } = attempt;
  let link: string | undefined;
  /** Another user's link, which leads here. */
  let planted: MetLink | undefined;
  for (let links = 0, current = path; links <= mostLinks; links++) {
    const { directory, name } = placeOf(engine, current, attempt);
    let parent: ParentDirectory | undefined;
    if (rules !== undefined) {
      // Where there is no directory, there is no file either.
      if (verb === "Cannot write") attempt.verb = "Cannot create";
      parent = yield* openParent(engine, directory, rules, attempt);
      attempt.verb = verb;
    }
    try {
      const status = yield* wait(parent === undefined ? fileSystem.linkStat(current) : parent.names.linkStat(name));
      if (status === undefined && link !== undefined) yield* checkDangling(engine, link, current, attempt);
      if (planted !== undefined) {
        const into = status === undefined ? parent?.status ?? (yield* wait(fileSystem.stat(directory))) : undefined;
        checkLink(engine, planted, { status, directory: into }, { ...attempt, path });
        planted = undefined;
      }
      if (status === undefined || status.kind === "file" || isEnd(status, symlink, attempt, directories)) {
        return { target: { path: current, directory, name, status }, parent };
      }
      const look = () => parent === undefined ? fileSystem.linkStat(current) : parent.names.linkStat(name);
      const home = parent?.status ?? (yield* wait(fileSystem.stat(directory)));
      const text = yield* wait(parent === undefined ? fileSystem.readLink(current) : parent.names.readLink(name));
      // Replaced by something else in between: look again.
      if (text !== undefined && (isOurs(engine, home) || isSameLink(status, yield* wait(look())))) {
        const met = { path: current, status, directory: home };
        if (!isFollowed(engine, met)) planted = met;
        [link, current] = [current, linkedPath(engine, directory, text, attempt)];
      }
    } catch (error) {
      if (parent !== undefined) yield* closeParent(parent);
      throw error;
    }
    if (parent !== undefined) yield* closeParent(parent);
  }
  throw attemptFailed(attempt, "ELOOP", "resolve", "too many symlinks");
}

/** Directory and name of a path; refuses one that can be no file's. */
export function placeOf(engine: Engine, path: string, attempt: Attempt): { directory: string; name: string } {
  const style = engine.capabilities.pathStyle;
  attempt.path = path;
  const place = splitPath(path, style);
  if (place === undefined) throw attemptFailed(attempt, "EISDIR", "resolve", "the path can only name a directory");
  if (style === "posix" && magicNames.test(path)) throw magicName(attempt);
  const bent = style === "posix" ? undefined : whyBent(path, style);
  if (bent !== undefined) throw attemptFailed(attempt, "EINVAL", "resolve", bent);
  return place;
}

/** Whether what is there is what the path means; refuses what cannot be replaced. False: a symlink to be followed. */
export function isEnd({ kind }: FileStatus, rule: LinkRule, attempt: Attempt, directories = false): boolean {
  if (kind === "file" || (kind === "directory" && directories)) return true;
  if (kind === "directory") throw attemptFailed(attempt, "EISDIR", "resolve", "it is a directory");
  if (kind === "other") {
    throw attemptFailed(attempt, "EINVAL", "resolve", "it is neither a file nor a symlink (a device, pipe or socket)");
  }
  if (rule === "refuse") throw attemptFailed(attempt, "ELOOP", "resolve", "it is a symlink");
  return rule === "replace";
}

/** The path that the text of a link in `directory` means. */
function linkedPath(engine: Engine, directory: string, text: string, attempt: Attempt): string {
  const style = engine.capabilities.pathStyle;
  if (mayBeLossy(text)) {
    throw attemptFailed(attempt, "EILSEQ", "readLink", "it is a symlink to a name that is not UTF-8");
  }
  const path = absolutePath(text, directory, style, false);
  // `absolutePath` drops what the resolution must still see.
  return endsAsDirectory(text, style) ? childOf(engine, path, "") : path;
}

/**
 * Names of something a process has open, not of a file in a directory. What their links say need not be the
 * name of anything: `pipe:[4711]`, `/tmp/gone (deleted)`. https://man7.org/linux/man-pages/man5/proc_pid_fd.5.html
 */
const magicNames =
  /^\/(?:dev\/(?:std(?:in|out|err)|fd\/\d+)|proc\/(?:self|thread-self|\d+)(?:\/task\/\d+)?\/(?:fd\/\d+|exe|cwd|root|map_files\/.*))$/;

const magicName = (attempt: Attempt) =>
  attemptFailed(attempt, "EINVAL", "resolve", "it names what a process has open, not a file in a directory");

/** A link whose text names nothing, while following it leads to something: a magic one, whatever path leads to it. */
function* checkDangling(engine: Engine, link: string, path: string, attempt: Attempt): Operation<void> {
  const { fileSystem } = engine;
  if ((yield* wait(fileSystem.stat(link))) === undefined) return;
  // Unless the file was made between the two looks.
  if ((yield* wait(fileSystem.linkStat(path))) === undefined) throw magicName({ ...attempt, path: link });
}
