/**
 * What is done about a way that others can exchange, where names cannot be reached through the directory that was opened:
 * on Deno with fewer than all permissions, under Node's permission model, on other systems than Linux.
 *
 * A user who owns a directory on the way can then lead single calls elsewhere, at the right moment, and have root do
 * there what that user may not. So root refuses such a way, and others go it, unless the
 * option `unsafePath` says otherwise. Only what is seen is refused: a way that this runtime may not look at is trusted
 * to be safe, and so is one whose process cannot find out who it is.
 */
import { oneOf, type OptionReader } from "../core/options.ts";
import { type Operation, wait } from "../core/operation.ts";
import { absolutePath, mayBeLossy } from "../core/path.ts";
import type { FileStatus } from "../runtime/runtime.ts";
import { SystemError } from "../runtime/system_error.ts";
import { childOf, type Engine, nameOf, parentOf, type UnsafePath } from "./engine.ts";
import { type Attempt, attemptFailed } from "./failure.ts";
import { knownOwner } from "./known_owner.ts";
import { isKept } from "./safe_way.ts";

export type { UnsafePath };

/** The option by which a way that others can exchange is refused or gone. */
export interface UnsafePathOption {
  /**
   * If names cannot be reached through the directory that was opened (Deno without all permissions, Node's permission
   * model, systems other than Linux), and another user can exchange a directory on the way to the file: refuse (EACCES),
   * or go on. Default: `"throw"` for root, `"allow"` for others.
   */
  unsafePath?: UnsafePath;
}

/** Reads the option `unsafePath`. */
export const unsafePathReader: OptionReader<UnsafePath> = oneOf("throw", "allow");

/** A directory as its real path leads to it; without a status where it may not be looked at. */
interface WayPoint {
  readonly path: string;
  readonly status: FileStatus | undefined;
  /** The first directory on the way in which others can exchange what is in it. */
  readonly open: { readonly path: string; readonly user: number } | undefined;
}

/** Throws where others can exchange the way to a directory, and that is not to be gone. */
export function* refuseUnsafePath(engine: Engine, directory: string, attempt: Attempt): Operation<void> {
  const rule = engine.unsafePath ?? (knownOwner(engine.runtime)?.user === 0 ? "throw" : "allow");
  if (rule === "allow") return;
  const { open } = yield* followWay(engine, directory, { followed: 0 });
  if (open === undefined) return;
  const { path, user } = open;
  const reason =
    `its way leads through ${JSON.stringify(path)} of user ${user}, where others could exchange it, and this ` +
    "runtime cannot hold on to what it has opened";
  throw attemptFailed(attempt, "EACCES", "resolve", { reason, remedy: { use: "unsafePath" } });
}

/** As many as Linux follows: path_resolution(7). */
const mostLinks = 40;

/** Goes to a directory step by step, through symlinks, until others can exchange one. */
function* followWay(engine: Engine, path: string, links: { followed: number }): Operation<WayPoint> {
  const above = parentOf(engine, path);
  const look = (at: string) => engine.fileSystem.glance?.(at);
  if (above === path) return { path, status: look(path), open: undefined };
  const home = yield* followWay(engine, above, links);
  if (home.open !== undefined) return home;
  const name = nameOf(engine, path);
  if (name === "..") {
    const parent = parentOf(engine, home.path);
    return { path: parent, status: look(parent), open: undefined };
  }
  const own = childOf(engine, home.path, name);
  const status = look(own);
  const isOpen = status !== undefined && home.status !== undefined && !isKept(engine, home.status, status);
  if (isOpen && home.status !== undefined) {
    return { path: own, status, open: { path: home.path, user: home.status.user } };
  }
  const text = status?.kind === "symlink" ? yield* textOf(engine, own) : undefined;
  if (text === undefined || ++links.followed > mostLinks) return { path: own, status, open: undefined };
  return yield* followWay(engine, absolutePath(text, home.path, engine.capabilities.pathStyle, true), links);
}

/** The text of a symlink, as far as that is known. */
function* textOf(engine: Engine, path: string): Operation<string | undefined> {
  try {
    const text = yield* wait(engine.fileSystem.readLink(path));
    return text === undefined || mayBeLossy(text) ? undefined : text;
  } catch (error) {
    if (!(error instanceof SystemError)) throw error;
    return undefined;
  }
}
