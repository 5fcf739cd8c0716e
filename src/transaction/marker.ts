/**
 * Markers: in every directory that takes part in a transaction, beside that of the journal, a small file that says where
 * the journal is.
 *
 * 1. `putMarker` before the first stage of that directory: written under a temporary name, synced, renamed. A process
 * that
 *    sees a marker's name, on a running machine or after a power cut, therefore reads all of it; and one that sees a
 *    stage of a living transaction can see its marker.
 * 2. `readMarker` on recovery. 3. `removeMarker` when the journal no longer needs it.
 *
 * A marker is also a permission: recovery touches only directories in which the transaction has left one. Whether a
 * directory is the one that the marker means is decided by its inode number, because paths and device numbers change
 * when file systems are mounted elsewhere: no journal there then proves that there is none.
 */
import { type Operation, wait } from "../core/operation.ts";
import { isAbsolute } from "../core/path.ts";
import type { ParentDirectory } from "../protocol/directories.ts";
import type { Engine } from "../protocol/engine.ts";
import { afterUndoing, type Attempt } from "../protocol/failure.ts";
import { closeQuietly, readUpTo } from "../protocol/file_call.ts";
import { removeIn, renameIn } from "../protocol/reported_failure.ts";
import { syncFile, type SyncRules } from "../protocol/sync.ts";
import { ContentWriter } from "../protocol/content_writer.ts";
import { createTemporary } from "../protocol/temporary_file.ts";
import { markerName } from "../protocol/names/transaction.ts";
import { syncsFile } from "../protocol/write_plan.ts";
import type { FileStatus } from "../runtime/runtime.ts";
import { frameBytes, readFrame } from "./frame.ts";

/** What a marker says. */
interface Marker {
  /** The directory of the journal, absolute. */
  readonly directory: string;
  /** Its {@linkcode anchorOf}. */
  readonly anchor: string;
}

/** What stays the same of a directory wherever its file system is mounted: its inode number. */
export function anchorOf({ identity, device }: FileStatus): string {
  const inode = identity.startsWith(`${device}:`) ? identity.slice(device.length + 1) : identity;
  // Where a runtime cannot count inodes exactly, it adds the time of creation, as exactly as it can tell that.
  return inode.replace(/@.*$/, "");
}

/** Puts a marker into a directory; its name is not synced yet. */
export function* putMarker(
  engine: Engine,
  home: ParentDirectory,
  id: string,
  journal: ParentDirectory,
  rules: SyncRules,
  attempt: Attempt,
): Operation<void> {
  const name = markerName(id);
  const marker: Marker = { directory: journal.path, anchor: anchorOf(journal.status) };
  const temporary = yield* createTemporary(home, name, 0o644, attempt);
  try {
    let identity: string;
    try {
      ({ identity } = yield* wait(temporary.file.stat()));
      const writer = new ContentWriter(temporary.file, attempt, undefined, undefined);
      yield* writer.takeAll(frameBytes(engine.runtime, "marker", marker));
      if (syncsFile(rules.durability)) yield* syncFile(engine, { file: temporary.file, place: home }, rules, attempt);
    } finally {
      yield* wait(temporary.file.close());
    }
    yield* renameIn(home, temporary.name, name, identity);
  } catch (error) {
    throw yield* afterUndoing(attempt, error, () => home.names.remove(temporary.name), temporary.path);
  }
}

/** A marker is a path and little more. */
const largestMarker = 1 << 16;

/** The marker of a transaction in a directory, with its status; undefined when there is none or it says nothing. */
export function* readMarker(
  home: ParentDirectory,
  id: string,
): Operation<{ readonly marker: Marker | undefined; readonly status: FileStatus } | undefined> {
  const { engine } = home;
  const name = markerName(id);
  if ((yield* wait(home.names.linkStat(name)))?.kind !== "file") return undefined;
  const file = yield* wait(home.names.open(name, "read"));
  if (file === undefined) return undefined;
  try {
    const status = yield* wait(file.stat());
    const bytes = yield* readUpTo(file, largestMarker);
    const value = bytes === undefined ? undefined : readFrame(engine.runtime, "marker", bytes);
    return { marker: checked(engine, value), status };
  } finally {
    yield* closeQuietly(file);
  }
}

function checked(engine: Engine, value: unknown): Marker | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const directory: unknown = Reflect.get(value, "directory");
  const anchor: unknown = Reflect.get(value, "anchor");
  if (typeof directory !== "string" || typeof anchor !== "string") return undefined;
  return isAbsolute(directory, engine.capabilities.pathStyle) ? { directory, anchor } : undefined;
}

/** Removes the marker of a transaction from a directory. */
export function* removeMarker(home: ParentDirectory, id: string): Operation<void> {
  yield* removeIn(home, markerName(id));
}
