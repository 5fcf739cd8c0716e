/**
 * A runtime seen by one call: which of its two file systems serves it, and whether anything may be waited for.
 */
import { type FilePath, filePath, type OptionReader, pathText } from "../core/options.ts";
import { absolutePath, baseName, directoryName, endsAsDirectory, isAbsolute, isPlain, joinPath } from "../core/path.ts";
import { asRuntime } from "../runtime/as_runtime.ts";
import type { Capabilities, FileSystem, Runtime } from "../runtime/runtime.ts";
import { beginAttempt, translate } from "./failure.ts";

/** What every protocol step works with. */
export interface Engine {
  readonly runtime: Runtime;
  readonly fileSystem: FileSystem;
  readonly synchronous: boolean;
  readonly capabilities: Capabilities;
  /** Whose symlinks it follows wherever they lead, beside this user's and root's (links.ts). */
  readonly links?: FollowedLinks | undefined;
  /** What it does about a way that others can exchange (unsafe_path.ts). */
  readonly unsafePath?: UnsafePath | undefined;
}

/** Whose symlinks a call may follow, and by which option. */
export interface FollowedLinks {
  readonly option: "symlink" | "trust";
  readonly users: "any" | readonly number[];
}

/** What is done about a way that others can exchange where names are reached by path: refuse it, or go on. */
export type UnsafePath = "throw" | "allow";

/** The engine for one call. */
export function makeEngine(
  runtime: Runtime,
  synchronous: boolean,
  links?: FollowedLinks,
  unsafePath?: UnsafePath,
): Engine {
  return {
    links,
    unsafePath,
    runtime,
    fileSystem: synchronous ? runtime.syncFileSystem : runtime.fileSystem,
    synchronous,
    capabilities: runtime.capabilities,
  };
}

/** The same call at once: for what must be done before anything else goes on. */
export const atOnce = (engine: Engine): Engine =>
  engine.synchronous ? engine : { ...engine, fileSystem: engine.runtime.syncFileSystem, synchronous: true };

/** Reads the option `runtime`. */
export const runtimeOption: OptionReader<Runtime> = asRuntime;

/** The caller's path, absolute from the working directory of this moment. */
export function locate(engine: Engine, path: FilePath): string {
  const style = engine.capabilities.pathStyle;
  if (typeof path === "string" && isPlain(path, style)) return path;
  const text = pathText(filePath(path, "path"), style);
  // The working directory can be gone, or not permitted to be asked for; an absolute path does not need it.
  const from = isAbsolute(text, style) ? "" : workingDirectory(engine, text);
  const absolute = absolutePath(text, from, style, true);
  // `name/` and `name/.` say "a directory": the resolution must still see that, and refuse.
  return endsAsDirectory(text, style) ? joinPath(absolute, "", style) : absolute;
}

function workingDirectory(engine: Engine, path: string): string {
  try {
    return engine.runtime.process.workingDirectory();
  } catch (error) {
    throw translate(error, beginAttempt("Cannot find", path));
  }
}

/** The directory of a path on this machine. */
export const parentOf = (engine: Engine, path: string): string => directoryName(path, engine.capabilities.pathStyle);
/** The last component of a path on this machine. */
export const nameOf = (engine: Engine, path: string): string => baseName(path, engine.capabilities.pathStyle);
/** A name in a directory on this machine. */
export const childOf = (engine: Engine, directory: string, name: string): string =>
  joinPath(directory, name, engine.capabilities.pathStyle);
