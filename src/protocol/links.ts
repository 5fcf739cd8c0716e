/**
 * Which symlinks are followed: the one rule, for the end of a path and for the way to it.
 *
 * A user who can make a symlink on a path can have a call write to any file or directory that the *caller* may write
 * to. So a link is followed if it belongs to this user or to root, if nobody else can have put it where it is, or if it
 * leads to what belongs to the owner of the link, who could have done that anyway. One that leads to nothing is
 * followed into a directory of its owner. Each link of a chain is judged by what it leads to itself.
 *
 * In a directory where everybody may make names and nobody may take those of others away (sticky, such as /tmp), others'
 * links are not followed at all, as by Linux's fs.protected_symlinks, which does not see a link that is read rather than
 * opened. https://docs.kernel.org/admin-guide/sysctl/fs.html#protected-symlinks
 */
import { type Operation, wait } from "../core/operation.ts";
import { absolutePath, mayBeLossy } from "../core/path.ts";
import type { FileStatus, FileSystem, OpenDirectory } from "../runtime/runtime.ts";
import { isForbidden } from "../runtime/system_error.ts";
import { childOf, type Engine, type FollowedLinks, nameOf, parentOf } from "./engine.ts";
import { type Attempt, attemptFailed } from "./failure.ts";
import { isOursOrRoots, isUnmapped, knownOwner } from "./known_owner.ts";
import type { Way } from "./safe_way.ts";

/** A symlink on a path, and the directory that it is in. */
export interface MetLink {
  readonly path: string;
  readonly status: FileStatus;
  readonly directory: FileStatus | undefined;
}

/** What a symlink leads to; of nothing, the directory in which it would be. */
interface LinkEnd {
  readonly status: FileStatus | undefined;
  readonly directory?: FileStatus | undefined;
}

/** Whose links the option `symlink` has a call follow, and `trust` where it has that. */
export const followedBy = (symlink: string | undefined): FollowedLinks => ({
  option: "symlink",
  users: symlink === "trust" ? "any" : [],
});

/** Whether nobody but this user and root can put a link into a directory, or another one in the place of one there. */
export function isOurs({ capabilities, links, runtime }: Engine, directory: FileStatus | undefined): boolean {
  if (!capabilities.owner || links?.users === "any") return true;
  if (directory === undefined || !capabilities.mode || (directory.mode & 0o022) !== 0) return false;
  return isOursOrRoots(runtime, directory);
}

/** Whether a link may be followed wherever it leads. */
export function isFollowed(engine: Engine, { status: { user }, directory }: MetLink): boolean {
  const { capabilities, links, runtime } = engine;
  if (!capabilities.owner || links?.users === "any" || isOursOrRoots(runtime, { user }) || isOurs(engine, directory)) {
    return true;
  }
  return links?.users.includes(user) === true && !isUnmapped(runtime, user);
}

/** Refuses another user's link, unless it leads to what that user owns. */
export function checkLink(engine: Engine, link: MetLink, end: LinkEnd, attempt: Attempt): void {
  if (isFollowed(engine, link)) return;
  const { user } = link.status;
  const owner = (end.status ?? end.directory)?.user;
  const { directory } = link;
  const isSticky = directory !== undefined && (directory.mode & 0o1002) === 0o1002;
  if (owner === user && !isUnmapped(engine.runtime, user) && !(isSticky && directory.user !== user)) return;
  const shown = `the symlink ${JSON.stringify(link.path)} belongs to user ${user}`;
  const leads = isUnmapped(engine.runtime, user)
    ? "this user namespace does not map that user, who may be anybody"
    : isSticky && owner === user
    ? "its directory is open to everybody"
    : end.status === undefined
    ? `leads to nothing, in a directory of ${owner === undefined ? "an unknown user" : `user ${owner}`}`
    : `what it leads to belongs to user ${owner}`;
  const unknown = knownOwner(engine.runtime) === undefined
    ? ", and this process is not permitted to find out who it is"
    : "";
  const reason = `${shown}, and ${leads}${unknown}`;
  const use = engine.links?.option;
  const remedy = use === "trust" ? { use, users: [user] } : use && { use };
  throw attemptFailed(attempt, "EACCES", "resolve", remedy === undefined ? reason : { reason, remedy });
}

/** Where paths of directories have led when their links were judged: what leads there still is not judged again. */
const judged = new WeakMap<FileSystem, Map<string, string>>();
/** More would only be kept for nothing. */
const mostJudged = 1_000;

/** A directory, the path that it was asked for by, and what of it is open. */
interface ReachedDirectory {
  readonly path: string;
  readonly status: FileStatus;
  readonly handle: OpenDirectory | undefined;
  readonly way: Way;
}

/** Refuses a directory to which another user's link has led, unless that user owns it. */
export function* checkWay(engine: Engine, reached: ReachedDirectory, attempt: Attempt): Operation<void> {
  const { fileSystem, capabilities } = engine;
  if (!capabilities.owner || !capabilities.symbolicLinks || engine.links?.users === "any") return;
  const { path, status, handle, way } = reached;
  let known = judged.get(fileSystem);
  if (known?.get(path) === status.identity) return;
  const current = handle === undefined ? fileSystem.realPath?.(path) : handle.currentPath?.();
  if (current !== path) {
    const end = yield* walk(engine, path, attempt, { followed: 0 });
    // What may not be looked at is not judged: a runtime may be permitted less than the way.
    if (end.status !== "forbidden" && end.status?.identity !== status.identity) {
      const reason = `its directory ${JSON.stringify(path)} was moved or replaced`;
      throw attemptFailed(attempt, "ESTALE", "stat", reason);
    }
  }
  // The path that was looked at just now need not be the one that was opened.
  if (way === "loose") return;
  if (known === undefined) judged.set(fileSystem, known = new Map());
  if (known.size >= mostJudged) known.clear();
  known.set(path, status.identity);
}

/** As many as Linux follows: path_resolution(7). */
const mostLinksOnTheWay = 40;

/** A directory on a way, by its path without links; `"forbidden"` where that may not be looked at, undefined if it is gone. */
interface Passed {
  readonly path: string;
  readonly status: FileStatus | "forbidden" | undefined;
}

/** Goes to a directory step by step, and judges each link. */
function* walk(engine: Engine, path: string, attempt: Attempt, links: { followed: number }): Operation<Passed> {
  const { fileSystem } = engine;
  const above = parentOf(engine, path);
  if (above === path) return { path, status: yield* allowed(() => fileSystem.stat(path)) };
  const home = yield* walk(engine, above, attempt, links);
  const name = nameOf(engine, path);
  if (name === "..") {
    const parent = parentOf(engine, home.path);
    return { path: parent, status: yield* allowed(() => fileSystem.stat(parent)) };
  }
  const own = childOf(engine, home.path, name);
  const status = yield* allowed(() => fileSystem.linkStat(own));
  if (status === undefined || status === "forbidden" || status.kind !== "symlink") return { path: own, status };
  const text = yield* allowed(() => fileSystem.readLink(own));
  const again = yield* allowed(() => fileSystem.linkStat(own));
  if (text === "forbidden" || again === "forbidden") return { path: own, status: "forbidden" };
  if (text === undefined || mayBeLossy(text) || !isSameLink(status, again)) return { path: own, status: undefined };
  if (++links.followed > mostLinksOnTheWay) throw attemptFailed(attempt, "ELOOP", "resolve", "too many symlinks");
  const next = absolutePath(text, home.path, engine.capabilities.pathStyle, true);
  const end = yield* walk(engine, next, attempt, links);
  const directory = home.status === "forbidden" ? undefined : home.status;
  if (end.status !== "forbidden") checkLink(engine, { path: own, status, directory }, { status: end.status }, attempt);
  return end;
}

/** Whether nobody has moved another link there while it was read: whose its text is would not be known. */
export const isSameLink = (seen: FileStatus, again: FileStatus | undefined): boolean =>
  again?.identity === seen.identity && again.changed === seen.changed;

/** What a call answers, unless it is forbidden. */
function* allowed<T>(call: () => T | PromiseLike<T>): Operation<T | "forbidden"> {
  try {
    return yield* wait(call());
  } catch (error) {
    if (!isForbidden(error)) throw error;
    return "forbidden";
  }
}
