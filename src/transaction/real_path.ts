/**
 * The real path of a file: no symlink anywhere in it. For what is compared with other people's paths (a configuration's,
 * the system's list of mounts), never for what is opened.
 */
import { isAbsolute } from "../core/path.ts";
import { type Operation, wait } from "../core/operation.ts";
import { childOf, type Engine, parentOf } from "../protocol/engine.ts";
import { SystemError } from "../runtime/system_error.ts";

/** Linux follows at most 40 links in one resolution: path_resolution(7). */
const mostLinks = 40;

/** The real path; undefined where that cannot be determined: endless links, or no permission to read one. */
export function* realPathOf(engine: Engine, path: string): Operation<string | undefined> {
  if (engine.capabilities.pathStyle !== "posix") return path;
  let real = "/";
  let links = 0;
  const names = path.split("/").filter((name) => name !== "");
  try {
    for (let name = names.shift(); name !== undefined; name = names.shift()) {
      if (name === "..") real = parentOf(engine, real);
      if (name === "." || name === "..") continue;
      const next = childOf(engine, real, name);
      const text = yield* wait(engine.fileSystem.readLink(next));
      if (text === undefined) {
        real = next;
        continue;
      }
      if (++links > mostLinks) return undefined;
      names.unshift(...text.split("/").filter((each) => each !== ""));
      if (isAbsolute(text, "posix")) real = "/";
    }
  } catch (error) {
    if (!(error instanceof SystemError)) throw error;
    return undefined;
  }
  return real;
}
