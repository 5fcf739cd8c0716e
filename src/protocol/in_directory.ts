/**
 * One step in a directory that nothing else of the call has open, where another one must not be led into by then.
 *
 * Where nobody but this user and root can exchange the directory, names in it are reached by its path, and that costs
 * nothing. Elsewhere it is opened for the step, by the rules for symlinks (links.ts), and names are reached through it;
 * where that cannot be done, it is at least compared with what its path leads to. After a failure nothing is open that
 * was not open before.
 */
import { FileError } from "../core/errors.ts";
import type { Operation } from "../core/operation.ts";
import { NamesByPath } from "../runtime/directory.ts";
import type { DirectoryNames } from "../runtime/runtime.ts";
import { SystemError } from "../runtime/system_error.ts";
import { checkParent, closeParent, makingRules, openParent } from "./directories.ts";
import { childOf, type Engine } from "./engine.ts";
import type { Attempt } from "./failure.ts";
import { isSafeWay } from "./safe_way.ts";

/** A directory, and how a failure to open it is reported. */
interface DirectoryStep {
  readonly engine: Engine;
  readonly directory: string;
  readonly attempt: Attempt;
}

/** Runs a step with the names in a directory; what `isGone` says of when there is none, or the step finds out for itself. */
export function* inDirectory<T>(
  { engine, directory, attempt }: DirectoryStep,
  step: (names: DirectoryNames) => Operation<T>,
): Operation<T> {
  if (isSafeWay(engine, directory)) return yield* step(namesByPath(engine, directory));
  const home = yield* openParent(engine, directory, makingRules, attempt);
  try {
    if (home.way === "loose") yield* checkParent(home, attempt);
    return yield* step(home.names);
  } finally {
    yield* closeParent(home);
  }
}

/** Whether an error says that there is no directory to run a step in. */
export const isGone = (error: unknown): boolean =>
  (FileError.is(error) && error.code === "ENOENT" && error.step === "openDirectory") ||
  (error instanceof SystemError && error.code === "ENOTDIR" && error.call === "openDirectory");

/** Names in a directory that its path leads to whenever it is used. */
export const namesByPath = (engine: Engine, directory: string): DirectoryNames =>
  new NamesByPath(engine.fileSystem, childOf(engine, directory, ""));
