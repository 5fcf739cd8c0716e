/**
 * Which user this process runs as: asked of the system, or, if that is not permitted, read from files that it has made.
 */
import type { FileStatus, Runtime } from "../runtime/runtime.ts";
import type { Engine } from "./engine.ts";

/** A user and a group, by their numbers. */
interface KnownOwner {
  user: number;
  group: number;
}

const learnedOwners = new WeakMap<Runtime, KnownOwner>();

/** The effective owner of this process, if it can be known. */
export function knownOwner(runtime: Runtime): KnownOwner | undefined {
  return runtime.process.owner() ?? learnedOwners.get(runtime);
}

/** Whether a number represents all users whom the user namespace does not map: it does not tell who owns a file. */
export const isUnmapped = ({ process }: Runtime, user: number): boolean =>
  user !== 0 && user === process.unmappedUser?.();

/** Whether something belongs to root or to this user. */
export function isOursOrRoots(runtime: Runtime, { user }: Pick<FileStatus, "user">): boolean {
  return user === 0 || (user === knownOwner(runtime)?.user && !isUnmapped(runtime, user));
}

/** Remembers who this process is from a file it has just made. */
export function learnOwner(engine: Engine, made: FileStatus, directory: FileStatus): void {
  if ((directory.mode & 0o2000) !== 0 || learnedOwners.has(engine.runtime)) return;
  learnedOwners.set(engine.runtime, { user: made.user, group: made.group });
}
