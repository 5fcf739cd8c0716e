/**
 * `skipIfEqual: "proven"`: which files this process itself has written, and seen to be durable, so that equal content
 * may be left alone without trusting anybody else's sync.
 *
 * 1. `noteProven` after such a commit. 2. `isProven` before a file is left alone: it is the same file, of the same size
 * and times, and no sync has failed on its file system since. The time of its last change, of whatever kind, tells that
 * the file was written in place, or made anew under the same number, by a program that has set its other time back:
 * `cp -p`, `tar`, `rsync`.
 *
 * Only writes that were asked for in this way are remembered, and only the last of them; what is forgotten is written.
 */
import type { FileStatus } from "../runtime/runtime.ts";
import type { Engine } from "./engine.ts";
import { isDistrusted } from "./sync_ledger.ts";

/** What is remembered of a file. */
type Known = Pick<FileStatus, "size" | "modified" | "created" | "changed">;

const mostKnown = 1024;

/** By process; the oldest first. */
const known = new WeakMap<object, Map<string, Known>>();

/** This file, as it is, is safely on disk. */
export function noteProven({ runtime }: Engine, { identity, size, modified, created, changed }: FileStatus): void {
  let files = known.get(runtime.process.isolate);
  if (files === undefined) known.set(runtime.process.isolate, files = new Map());
  files.delete(identity);
  files.set(identity, {
    size,
    modified,
    ...created === undefined ? {} : { created },
    ...changed === undefined ? {} : { changed },
  });
  for (const oldest of files.keys()) {
    if (files.size <= mostKnown) break;
    files.delete(oldest);
  }
}

/** Whether this process has seen this very file become durable as it is. */
export function isProven(engine: Engine, status: FileStatus): boolean {
  const file = known.get(engine.runtime.process.isolate)?.get(status.identity);
  if (file === undefined || isDistrusted(engine, status.device)) return false;
  return file.size === status.size && file.modified === status.modified && file.created === status.created &&
    file.changed === status.changed;
}
