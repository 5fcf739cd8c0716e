/**
 * Whether a directory can be emptied by the names in it: these runtimes have no calls that work within an open directory,
 * so a user who can put a symlink in its place could redirect a removal.
 */
import { type Operation, wait } from "../core/operation.ts";
import type { Engine } from "./engine.ts";
import { isKept } from "./safe_way.ts";

/**
 * Whether nobody but us and root can rename what is at `path`: a symlink in its place would lead the removal of
 * what is in it to files of somebody else.
 */
export function* isOutOfReach(engine: Engine, directory: string, path: string): Operation<boolean> {
  if (!engine.capabilities.owner) return true;
  const parent = yield* wait(engine.fileSystem.stat(directory));
  const status = yield* wait(engine.fileSystem.linkStat(path));
  return parent !== undefined && status !== undefined && isKept(engine, parent, status);
}
