/**
 * Which journals are believed, and in which directories they may be acted upon.
 *
 * Whoever may make names in a directory can replace the files in it anyway; so a journal there gives nobody a power he
 * has not got. Two things must not follow from it, though: that somebody who may only *add* files to a directory (a
 * sticky one, such as /tmp) replaces files of others in it, and that a journal in one directory reaches into another.
 *
 * 1. In a sticky directory that everybody may write to, journals and markers count only when they belong to root, to the
 *    directory's owner, or to this very user: the rule of Linux's fs.protected_symlinks.
 * 2. A directory other than the journal's own must hold the transaction's marker; it must name the directory of the
 *    journal, and belong to the journal's owner (or the journal to root).
 */
import { type Operation, wait } from "../core/operation.ts";
import type { Engine } from "../protocol/engine.ts";
import { knownOwner } from "../protocol/metadata.ts";
import type { FileStatus } from "../runtime/runtime.ts";
import { anchorOf, readMarker } from "./marker.ts";

/** Whether a file may say something in a directory. */
export function maySpeak(engine: Engine, directory: FileStatus, file: FileStatus): boolean {
  if (!engine.capabilities.owner || file.user === 0 || file.user === directory.user) return true;
  if ((directory.mode & 0o1002) !== 0o1002) return true;
  return knownOwner(engine.runtime)?.user === file.user;
}

/** Why a directory that a journal names is left alone; undefined when it takes part. */
export function* refusal(
  engine: Engine,
  id: string,
  journal: { readonly directory: string; readonly home: FileStatus; readonly status: FileStatus },
  directory: string,
): Operation<"unreachable" | "untrusted" | undefined> {
  const status = yield* wait(engine.fileSystem.stat(directory));
  if (status?.kind !== "directory") return "unreachable";
  const found = yield* readMarker(engine, directory, id);
  // Nothing says whether the marker was never there or another file system is mounted here now.
  if (found === undefined) return "unreachable";
  const { marker } = found;
  if (marker === undefined || !maySpeak(engine, status, found.status)) return "untrusted";
  if (marker.anchor !== anchorOf(journal.home) && marker.directory !== journal.directory) return "untrusted";
  const sameOwner = found.status.user === journal.status.user || journal.status.user === 0;
  return sameOwner || !engine.capabilities.owner ? undefined : "untrusted";
}
