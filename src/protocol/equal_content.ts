/**
 * `skipIfEqual`: content that is there already is left alone, but not trusted to be durable: another program may have
 * written it and never synced it. So mode and owner are corrected as asked, and file and directory are synced.
 *
 * 1. `hasEqualBytes` or `equalContent`: the status of the file that has the content, if it has.
 * 2. `settleEqual`, as a commit in its turn: a slower write that was called earlier must not overwrite it. What is no
 * result
 *    (`Unsettled`) says why: the caller then writes.
 */
import { type Operation, wait } from "../core/operation.ts";
import type { FileStatus, OpenFile } from "../runtime/runtime.ts";
import { SystemError } from "../runtime/system_error.ts";
import { commitTurn } from "./commit_turn.ts";
import type { Engine } from "./engine.ts";
import { checkAbort, tidy } from "./failure.ts";
import { digestOf, openedStatus } from "./file_call.ts";
import { applyMetadata, ownerNumbers, type WantedMetadata } from "./metadata.ts";
import type { FileReplacement } from "./file_replacement.ts";
import { syncDirectory, syncFile } from "./sync.ts";
import { reachedDurability, syncsFile, type WriteResult } from "./write_plan.ts";

const readSize = 256 * 1024;
const setUserAndGroup = 0o6000;

/** Reads an open file to its end. */
function* eachPiece(file: OpenFile, use: (piece: Uint8Array) => boolean): Operation<boolean> {
  const buffer = new Uint8Array(readSize);
  while (true) {
    const count = yield* wait(file.read(buffer));
    if (count === 0) return true;
    if (!use(buffer.subarray(0, count))) return false;
  }
}

/** What may be replaced but not be read, and what has taken the file's place: a symlink, a directory, a FIFO. */
const incomparable: ReadonlySet<string> = new Set(["EACCES", "ELOOP", "EISDIR", "ENXIO"]);

/** The target's file, to be compared; undefined where that cannot be done: it is written. */
function* openFile({ parent, target }: FileReplacement): Operation<OpenFile | undefined> {
  try {
    return yield* wait(parent.names.open(target.name, "read"));
  } catch (error) {
    if (error instanceof SystemError && incomparable.has(error.code)) return undefined;
    throw error;
  }
}

/** The same, if it has this size. */
function* openEqual(write: FileReplacement, size: number): Operation<OpenFile | undefined> {
  const { status } = write.target;
  return status?.kind === "file" && status.size === size ? yield* openFile(write) : undefined;
}

/** The target's file if it has exactly these bytes. */
export function* hasEqualBytes(write: FileReplacement, bytes: Uint8Array): Operation<FileStatus | undefined> {
  const file = yield* openEqual(write, bytes.length);
  if (file === undefined) return undefined;
  try {
    const status = yield* openedStatus(file);
    let offset = 0;
    const same = yield* eachPiece(file, (piece) => {
      const start = offset;
      offset += piece.length;
      return piece.every((byte, index) => byte === bytes[start + index]);
    });
    return same && offset === bytes.length ? status : undefined;
  } finally {
    yield* wait(file.close());
  }
}

/** The target's file, and its SHA-256, if it has the content that another file has. */
export function* hasEqualDigest(
  write: FileReplacement,
  known: { readonly size: number; digest(): Operation<string> },
): Operation<{ readonly status: FileStatus; readonly digest: string } | undefined> {
  const file = yield* openEqual(write, known.size);
  if (file === undefined) return undefined;
  try {
    const status = yield* openedStatus(file);
    const digest = yield* digestOf(write.engine, file);
    return digest === (yield* known.digest()) ? { status, digest } : undefined;
  } finally {
    yield* wait(file.close());
  }
}

/** The target's file if it has the content that was staged, by SHA-256. */
export function* equalContent(write: FileReplacement): Operation<FileStatus | undefined> {
  const file = yield* openEqual(write, write.writer.bytesWritten);
  if (file === undefined) return undefined;
  try {
    const status = yield* openedStatus(file);
    return (yield* digestOf(write.engine, file)) === write.digest ? status : undefined;
  } finally {
    yield* wait(file.close());
  }
}

const isUnchanged = (now: FileStatus, before: FileStatus): boolean =>
  now.identity === before.identity && now.size === before.size && now.modified === before.modified;

/**
 * Why what is there could not be left alone: a later call has committed, or what was compared is no longer there
 * ("exchanged"); or only a new file can have what is asked for: the file may not be read, or has other names
 * ("needs a new file").
 */
type Unsettled = "exchanged" | "needs a new file";

/** A file that was compared, and the content it has turned out to have, as far as that is known. */
export interface EqualFile {
  readonly status: FileStatus;
  readonly bytes?: Uint8Array | undefined;
  readonly digest?: string;
}

/** Corrects the metadata that was asked for, and syncs what is there: the file that was compared. */
export function* settleEqual(write: FileReplacement, equal: EqualFile): Operation<WriteResult | Unsettled> {
  const { engine, target, parent, plan, attempt, ticket } = write;
  if (ticket === undefined) throw new Error("What is left alone needs a place in the order, too");
  let fileSynced = false;
  let lost: string[] | undefined;
  let unsettled: Unsettled = "exchanged";
  yield* commitTurn(ticket, engine.synchronous, function* () {
    checkAbort(plan.signal);
    const file = yield* openFile(write);
    if (file === undefined) {
      unsettled = "needs a new file";
      return undefined;
    }
    try {
      const now = yield* openedStatus(file);
      if (!isUnchanged(now, equal.status)) return undefined;
      // If the lock is lost, its next holder may have written just this, and it would count once for both.
      if (plan.guard !== undefined) yield* plan.guard();
      const corrected = yield* correctMetadata(write, file, now);
      if (corrected === undefined) {
        unsettled = "needs a new file";
        return undefined;
      }
      if (syncsFile(plan.durability)) fileSynced = yield* syncFile(engine, { file, place: parent }, plan, attempt);
      lost = corrected;
      return fileSynced;
    } finally {
      yield* wait(file.close());
    }
  });
  if (lost === undefined) return unsettled;
  const directorySynced = (yield* syncDirectory(engine, parent, plan, attempt)) && target.unsyncedAncestors !== true;
  const result: WriteResult = {
    path: target.path,
    bytesWritten: 0,
    changed: false,
    replaced: true,
    durability: reachedDurability(plan.durability, fileSynced, directorySynced),
    lost,
    unchecked: [],
  };
  const digest = plan.digest ? equal.digest ?? digestOfBytes(engine, equal.bytes) : undefined;
  if (digest !== undefined) result.digest = digest;
  return result;
}

function digestOfBytes(engine: Engine, bytes: Uint8Array | undefined): string | undefined {
  if (bytes === undefined) return undefined;
  const hash = engine.runtime.createHash();
  hash.update(bytes);
  return hash.digest();
}

/**
 * Undefined for a file that has other names, perhaps where others may not reach: what is corrected here would be
 * corrected under each of them. It is replaced instead.
 */
function* correctMetadata(write: FileReplacement, file: OpenFile, now: FileStatus): Operation<string[] | undefined> {
  const { engine, plan, attempt } = write;
  const { capabilities } = engine;
  const owner = typeof plan.owner === "object" && capabilities.owner
    ? ownerNumbers(plan.owner, engine.runtime)
    : undefined;
  const asked = typeof plan.mode === "number" && capabilities.mode ? plan.mode : undefined;
  if (owner === undefined && asked === undefined) return [];
  const { user = now.user, group = now.group } = owner ?? {};
  const changesOwner = user !== now.user || group !== now.group;
  // What setuid and setgid mean must not move to another owner, unless that is asked for.
  const dropped = changesOwner && asked === undefined && capabilities.mode ? now.mode & setUserAndGroup : 0;
  const mode = asked ?? (dropped === 0 ? undefined : now.mode & ~dropped);
  const wanted: WantedMetadata = {
    creationMode: 0,
    mode,
    user: owner?.user,
    group: owner?.group,
    userRequired: owner?.user !== undefined,
    groupRequired: owner?.group !== undefined,
    modeRequired: asked !== undefined,
    lost: [...(dropped & 0o4000) === 0 ? [] : ["setuid"], ...(dropped & 0o2000) === 0 ? [] : ["setgid"]],
  };
  if (now.links > 1 && !has(now, wanted)) return undefined;
  try {
    return yield* changesOwner ? giveAway(file, wanted, now) : applyMetadata(file, wanted, now);
  } finally {
    // The file itself was changed, not a temporary one: a failure from here on must not call it unchanged.
    if (yield* differs(file, now)) attempt.targetState = "replaced";
  }
}

/**
 * The new owner must not be able to do more with the file than intended, not even briefly: excess permissions are
 * removed before the owner changes, and restored if the owner cannot be changed.
 */
function* giveAway(file: OpenFile, wanted: WantedMetadata, now: FileStatus): Operation<string[]> {
  const narrow = now.mode & (wanted.mode ?? now.mode);
  if (narrow === now.mode) return yield* applyMetadata(file, wanted, now);
  yield* wait(file.setMode(narrow));
  try {
    return yield* applyMetadata(file, wanted, yield* wait(file.stat()));
  } catch (error) {
    yield* tidy([], putBack(file, now));
    throw error;
  }
}

function* putBack(file: OpenFile, { mode, user, group }: FileStatus): Operation<void> {
  const { user: userNow, group: groupNow } = yield* wait(file.stat());
  if (userNow === user && groupNow === group) yield* wait(file.setMode(mode));
}

const has = (now: FileStatus, { mode, user, group }: WantedMetadata): boolean =>
  (mode ?? now.mode) === now.mode && (user ?? now.user) === now.user && (group ?? now.group) === now.group;

function* differs(file: OpenFile, before: FileStatus): Operation<boolean> {
  try {
    const { mode, user, group } = yield* wait(file.stat());
    return mode !== before.mode || user !== before.user || group !== before.group;
  } catch {
    return true;
  }
}
