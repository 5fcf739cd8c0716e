/**
 * What a call has done that is reported to have failed.
 *
 * A file system behind a network, or a program (NFS, SMB, FUSE), may carry a call out and report a failure, because the
 * answer was lost; and for a second or for a minute it may answer from a cache what it has told of a name before. So no
 * look by name proves anything. What counts is what no cache can answer:
 *
 * - `holds`: a file is opened, and the open file is asked.
 * - `removeName`, `removeDirectoryName`, `removeSurely`, `renameName`: the same is asked for once more. Of a name that is gone already
 *   the system says so, and what it refuses twice has not been done.
 *
 * State after a failure: the first error is thrown, and nothing was done, as far as is known.
 */
import { type Awaitable, type Operation, wait } from "../core/operation.ts";
import type { FileStatus, OpenFile } from "../runtime/runtime.ts";
import { SystemError } from "../runtime/system_error.ts";
import { BusyTarget, usualBusyRules } from "./busy_target.ts";
import type { ParentDirectory } from "./directories.ts";
import type { Engine } from "./engine.ts";
import { closeQuietly } from "./file_call.ts";

/** Whether the path leads to the file with this identity; undefined where that cannot be seen. */
function* leadsTo(engine: Engine, path: string, identity: string | undefined): Operation<boolean | undefined> {
  const { fileSystem } = engine;
  try {
    return (yield* identityOf(() => fileSystem.open(path, "read"))) === identity;
  } catch (error) {
    if (!(error instanceof SystemError)) throw error;
  }
  return yield* looksLike(() => fileSystem.linkStat(path), identity);
}

/** Whether a name in a directory is that of the file with this identity; undefined where that cannot be seen. */
export function* holds(
  home: ParentDirectory,
  name: string,
  identity: string | undefined,
): Operation<boolean | undefined> {
  try {
    return (yield* identityOf(() => home.names.open(name, "read"))) === identity;
  } catch (error) {
    if (!(error instanceof SystemError)) throw error;
    // A symlink is no file of ours.
    if (error.code === "ELOOP") return false;
  }
  return yield* looksLike(() => home.names.linkStat(name), identity);
}

/** Undefined when there is no file. */
function* identityOf(open: () => Awaitable<OpenFile | undefined>): Operation<string | undefined> {
  const file = yield* wait(open());
  if (file === undefined) return undefined;
  try {
    return (yield* wait(file.stat())).identity;
  } finally {
    yield* closeQuietly(file);
  }
}

/** What may not be read cannot be opened. A cache may show what was there before, never what came later. */
function* looksLike(
  look: () => Awaitable<FileStatus | undefined>,
  identity: string | undefined,
): Operation<true | undefined> {
  try {
    return (yield* wait(look()))?.identity === identity || undefined;
  } catch {
    return undefined;
  }
}

/** Removes a name that is no directory; false when there was none. */
export function removeName({ fileSystem }: Engine, path: string): Operation<boolean> {
  return removeSurely(() => fileSystem.remove(path));
}

/** Removes an empty directory; false when there was none. */
export function removeDirectoryName({ fileSystem }: Engine, path: string): Operation<boolean> {
  return removeSurely(() => fileSystem.removeDirectory(path));
}

/** Makes a call that removes; false when there was nothing. */
export function* removeSurely(remove: () => Awaitable<boolean>): Operation<boolean> {
  try {
    return yield* wait(remove());
  } catch (error) {
    try {
      yield* wait(remove());
    } catch {
      throw error;
    }
    return true;
  }
}

/**
 * Renames what only this process renames or removes. `identity` is that of a file, by which it is recognised where it is
 * gone under its old name.
 */
export function renameName(engine: Engine, from: string, to: string, identity?: string): Operation<void> {
  const arrived = identity === undefined ? undefined : () => leadsTo(engine, to, identity);
  return renameSurely(() => engine.fileSystem.rename(from, to), arrived);
}

/** The same within a directory that is open, and where somebody has a file open that is replaced, as soon as it is not. */
export function renameIn(home: ParentDirectory, from: string, to: string, identity?: string): Operation<void> {
  return renameOnto(new BusyTarget(home, to, usualBusyRules), { home, from, to, identity });
}

/** A rename within a directory. */
interface RenameWithin {
  readonly home: ParentDirectory;
  readonly from: string;
  readonly to: string;
  readonly identity: string | undefined;
}

/** The same, waiting for the target as the caller has said. */
export function renameOnto(busy: BusyTarget, { home, from, to, identity }: RenameWithin): Operation<void> {
  const arrived = identity === undefined ? undefined : () => holds(home, to, identity);
  return renameWhenFree(busy, () => home.names.rename(from, home.names, to), arrived);
}

function* renameWhenFree(busy: BusyTarget, rename: Rename, arrived: Arrived): Operation<void> {
  for (;;) {
    try {
      return yield* renameSurely(rename, arrived);
    } catch (error) {
      if (!(error instanceof SystemError) || !(yield* busy.waitAfter(error))) throw error;
    }
  }
}

type Rename = () => Awaitable<void>;
type Arrived = (() => Operation<boolean | undefined>) | undefined;

function* renameSurely(
  rename: Rename,
  arrived: Arrived,
): Operation<void> {
  try {
    yield* wait(rename());
  } catch (error) {
    if (!(error instanceof SystemError)) throw error;
    if (error.code !== "ENOENT") {
      try {
        return yield* wait(rename());
      } catch (again) {
        if (!(again instanceof SystemError) || again.code !== "ENOENT") throw error;
        if (arrived === undefined) return;
      }
    }
    if (arrived === undefined || (yield* arrived()) !== true) throw error;
  }
}

/** Removes a name in a directory that is open; false when there was none. */
export function removeIn(home: ParentDirectory, name: string): Operation<boolean> {
  return removeSurely(() => home.names.remove(name));
}
