/**
 * A directory that measurements are made in, inside of the one that is examined: only there is it the same file system
 * for sure. `removeScratch` always ends it; what it cannot remove, it names.
 *
 * A file in it stays locked as long as its owner lives: what a killed one has left, the next one removes
 * (`removeAbandonedScratch`). Where nothing can be locked, no owner can be proven dead, and it stays.
 */
import { childOf, type Engine } from "../../protocol/engine.ts";
import { knownOwner } from "../../protocol/known_owner.ts";
import { randomGrammar, randomPart } from "../../protocol/names/names.ts";
import type { FileSystem, OpenFile } from "../../runtime/runtime.ts";
import { SystemError } from "../../runtime/system_error.ts";

/** Names of it. */
export const scratchName = (random: (length: number) => Uint8Array): string => `.doctor.${randomPart(random)}`;

const scratchNames = new RegExp(`^\\.doctor\\.${randomGrammar}$`);

/** Its owner's file: locked, or by another name where that cannot be. */
const [ownerName, unprovenName] = ["owner", "unproven"] as const;

/** One that was made, and what keeps others from removing it. */
interface Scratch {
  readonly path: string;
  readonly owner: OpenFile;
}

/** Makes it. Throws a SystemError; nothing is left then, if possible. */
export async function makeScratch(engine: Engine, directory: string): Promise<Scratch> {
  const { fileSystem } = engine;
  const path = childOf(engine, directory, scratchName((length) => engine.runtime.random(length)));
  await fileSystem.makeDirectory(path, 0o700);
  try {
    const owner = await fileSystem.create(childOf(engine, path, ownerName), 0o600);
    if (!(await isLocked(engine, owner))) {
      await fileSystem.rename(childOf(engine, path, ownerName), childOf(engine, path, unprovenName));
    }
    return { path, owner };
  } catch (error) {
    await removeTree(fileSystem, engine, path).catch(() => {});
    throw error;
  }
}

async function isLocked(engine: Engine, file: OpenFile): Promise<boolean> {
  if (engine.capabilities.fileLock === "none") return false;
  try {
    return await file.tryLock(false);
  } catch (error) {
    if (error instanceof SystemError) return false;
    throw error;
  }
}

/** Between its making and its lock, a living one is not locked. */
const youngest = 60_000;

/** Removes those that killed examinations of this user have left; what cannot be examined or removed stays. */
export async function removeAbandonedScratch(engine: Engine, directory: string): Promise<void> {
  for (const { name, kind } of await engine.fileSystem.readDirectory(directory) ?? []) {
    if (kind !== "directory" || !scratchNames.test(name)) continue;
    const path = childOf(engine, directory, name);
    try {
      if (await isAbandoned(engine, path)) await removeTree(engine.fileSystem, engine, path);
    } catch (error) {
      if (!(error instanceof SystemError)) throw error;
    }
  }
}

/** Only what nobody else can write to is emptied: a symlink put into it would lead the removal elsewhere. */
async function isAbandoned(engine: Engine, path: string): Promise<boolean> {
  const { fileSystem, runtime, capabilities } = engine;
  const status = await fileSystem.linkStat(path);
  if (status?.kind !== "directory" || runtime.clock.now() - status.modified < youngest) return false;
  if (capabilities.owner && status.user !== knownOwner(runtime)?.user) return false;
  if (capabilities.mode && (status.mode & 0o077) !== 0) return false;
  const owner = await fileSystem.open(childOf(engine, path, ownerName), "read", { follow: false });
  // Killed before its owner's file was made: it is empty.
  if (owner === undefined) return (await fileSystem.readDirectory(path))?.length === 0;
  try {
    return await isLocked(engine, owner);
  } finally {
    await owner.close();
  }
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
export async function removeScratch(engine: Engine, { path, owner }: Scratch): Promise<string | undefined> {
  try {
    await owner.close();
    await removeTree(engine.fileSystem, engine, path);
    return undefined;
  } catch (error) {
    if (!(error instanceof SystemError)) throw error;
    return path;
  }
}
