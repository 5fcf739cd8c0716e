/**
 * Whether nobody but this user and root can exchange a directory, or one above it, for another: then its path leads to it
 * whenever it is used.
 *
 * Where others can, names are reached through the directory while it is open. What that costs is paid there alone: how
 * a way was judged is trusted for a second, because only this user and root can make a safe one unsafe.
 */
import type { FileStatus, FileSystem, OpenDirectory } from "../runtime/runtime.ts";
import { type Engine, nameOf, parentOf } from "./engine.ts";
import { isOursOrRoots } from "./known_owner.ts";

/** How a way was judged, and when, by the machine's own clock. */
interface Judgement {
  readonly isSafe: boolean;
  readonly time: number;
}

/** Judgements by the absolute paths of directories. */
const judged = new WeakMap<FileSystem, Map<string, Judgement>>();
/** More would only be kept for nothing. */
const mostJudged = 1_000;
/** For how long a judgement is trusted. Milliseconds. */
const believed = 1_000;

/** Whether the path of a directory leads through directories alone, none of which others can exchange. */
export function isSafeWay(engine: Engine, directory: string): boolean {
  const { fileSystem, capabilities, runtime: { clock } } = engine;
  if (!capabilities.owner || !capabilities.mode || !capabilities.symbolicLinks) return true;
  // From another working directory it leads elsewhere.
  if (!directory.startsWith("/")) return judgeWay(engine, directory);
  let known = judged.get(fileSystem);
  const before = known?.get(directory);
  const time = clock.monotonic();
  if (before !== undefined && time - before.time < believed) return before.isSafe;
  const isSafe = judgeWay(engine, directory);
  if (known === undefined) judged.set(fileSystem, known = new Map());
  if (known.size >= mostJudged) known.clear();
  known.set(directory, { isSafe, time });
  return isSafe;
}

function judgeWay(engine: Engine, directory: string): boolean {
  let below: FileStatus | undefined;
  for (let path = directory;; path = parentOf(engine, path)) {
    if (nameOf(engine, path) === "..") return false;
    // Undefined, too, where a runtime is permitted less than the way.
    const status = engine.fileSystem.glance?.(path);
    if (status?.kind !== "directory" || (below !== undefined && !isKept(engine, status, below))) return false;
    if (parentOf(engine, path) === path) return true;
    below = status;
  }
}

/** Whether nobody else can put something in the place of what is in a directory. */
export function isKept(engine: Engine, directory: FileStatus, inside: FileStatus): boolean {
  if (!isOursOrRoots(engine.runtime, directory)) return false;
  if ((directory.mode & 0o022) === 0) return true;
  // Sticky: only its owner, or the directory's, may take a name away.
  return (directory.mode & 0o1000) !== 0 && isOursOrRoots(engine.runtime, inside);
}

/** How a path leads to a directory: nobody else can exchange it, or names are reached through what is open, or neither. */
export type Way = "safe" | "held" | "loose";

/** Has names in an open directory reached through it where its way is not safe. */
export function holdNames(isSafe: boolean, handle: OpenDirectory | undefined): Way {
  if (isSafe) return "safe";
  return handle?.anchor?.() === true ? "held" : "loose";
}

/** Whether a directory in one to which the way is safe is reached as safely by its name. */
export function isSafeChild(engine: Engine, directory: FileStatus, inside: FileStatus): boolean {
  const { owner, mode, symbolicLinks } = engine.capabilities;
  return !owner || !mode || !symbolicLinks || isKept(engine, directory, inside);
}
