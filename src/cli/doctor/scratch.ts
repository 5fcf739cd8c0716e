/**
 * A directory that measurements are made in, inside of the one that is examined: only there is it the same file system
 * for sure. `removeScratch` always ends it; what it cannot remove, it names.
 */
import { childOf, type Engine } from "../../protocol/engine.ts";
import { randomPart } from "../../protocol/names.ts";
import type { FileSystem } from "../../runtime/runtime.ts";
import { SystemError } from "../../runtime/system_error.ts";

/** Names of it. */
export const scratchName = (random: (length: number) => Uint8Array): string => `.doctor.${randomPart(random)}`;

/** Makes it; its path. Throws a SystemError. */
export async function makeScratch(engine: Engine, directory: string): Promise<string> {
  const path = childOf(engine, directory, scratchName((length) => engine.runtime.random(length)));
  await engine.fileSystem.makeDirectory(path, 0o700);
  return path;
}

async function removeTree(fileSystem: FileSystem, engine: Engine, path: string): Promise<void> {
  for (const { name, kind } of await fileSystem.readDirectory(path) ?? []) {
    const child = childOf(engine, path, name);
    if (kind === "directory") await removeTree(fileSystem, engine, child);
    else await fileSystem.remove(child);
  }
  await fileSystem.removeDirectory(path);
}

/** Removes it and all that is in it; the path when that fails. */
export async function removeScratch(engine: Engine, path: string): Promise<string | undefined> {
  try {
    await removeTree(engine.fileSystem, engine, path);
    return undefined;
  } catch (error) {
    if (!(error instanceof SystemError)) throw error;
    return path;
  }
}
