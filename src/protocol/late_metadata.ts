/**
 * Mode and owner that somebody sets while a write is staged: what a replacement keeps is what the file has right before
 * the commit, not what it had when the write began.
 *
 * `lookOnceMore` is that look for a single file. Attributes take more calls, in which nothing may sweep the staged file
 * away: where times cannot tell whether they have changed, `lookAtAttributes` comes before it is closed and unlocked. A
 * transaction makes the look for all of its files, in these steps:
 *
 * 1. `keepsOld`: whether the file is looked at once more at all. One call; not made where mode and owner are given.
 * 2. `keepLatest` with what that look has shown: where mode or owner differ from what the staged file was made for, the
 *    staged file is opened, corrected and synced once more. True: the caller looks again, for that has taken its time.
 *
 * The window that remains is that between the last look and the rename. A file that is removed in the meantime leaves
 * what is known of it; one that somebody makes in that time is kept like one that was there from the start.
 *
 * State after a failure: the target is unchanged, and the staged file is still to be discarded.
 */
import { type Operation, wait } from "../core/operation.ts";
import type { FileStatus, OpenFile } from "../runtime/runtime.ts";
import { SystemError } from "../runtime/system_error.ts";
import { haveSameAttributes, seeAttributes } from "./attributes.ts";
import { checkParent } from "./directories.ts";
import type { Engine } from "./engine.ts";
import { checkAbort } from "./failure.ts";
import { closeQuietly } from "./file_call.ts";
import { keepsAttributes, refuseLoss } from "./loss.ts";
import { applyMetadata, wantedMetadata } from "./metadata.ts";
import { type FileReplacement, TemporaryVanished } from "./file_replacement.ts";
import { syncFile } from "./sync.ts";
import { syncsFile, type WritePlan } from "./write_plan.ts";

/** A program that changes mode or owner during each of this many corrections is not followed any further. */
export const mostCorrections = 8;

/** Whether anything is kept of a file that is replaced. */
export function keepsOld({ capabilities }: Engine, plan: WritePlan): boolean {
  if (plan.mustNotExist || plan.like !== undefined) return false;
  const { owner } = plan;
  const givesOwner = owner === "leave" ||
    (typeof owner === "object" && owner.user !== undefined && owner.group !== undefined);
  return (capabilities.mode && plan.mode === "keep") || (capabilities.owner && !givesOwner);
}

const isSame = (one: FileStatus | undefined, other: FileStatus): boolean =>
  one?.mode === other.mode && one.user === other.user && one.group === other.group;

/** Whether the time of the last change of metadata says little: it counts whole seconds, or is not known. */
const isCoarse = ({ changed }: FileStatus): boolean => changed === undefined || changed % 1000 === 0;

/**
 * Gives the staged file mode and owner that the target has `now`; whether anything had to be done for it. `looked`: its
 * attributes were seen a moment ago, where its times are coarse.
 */
export function* keepLatest(
  write: FileReplacement,
  now: FileStatus | undefined,
  looked = false,
): Operation<boolean> {
  const { engine, plan, parent, target, attempt, previous } = write;
  if (now?.kind !== "file") return false;
  const before = write.wanted;
  // Of two changes within what coarse times count as one moment, mode and owner may show the one, and hide the other.
  const isUntouched = isSame(previous, now) && previous?.changed === now.changed && (looked || !isCoarse(now));
  const looksAgain = engine.capabilities.attributes && keepsAttributes(plan) && !isUntouched;
  if (!looksAgain && isSame(previous, now)) return false;
  const attributes = looksAgain ? yield* seeAttributes(parent, target.name, now) : before.attributes;
  const otherAttributes = !haveSameAttributes(attributes, before.attributes);
  if (!otherAttributes && isSame(previous, now)) {
    write.previous = now;
    return false;
  }
  write.previous = now;
  const wanted = wantedMetadata(engine, plan, now, parent.status);
  write.wanted = { ...wanted, mode: wanted.mode ?? before.mode, attributes };
  // setuid and setgid, which the staged file does not get: lost is what the file has now.
  write.unkept = [...new Set([...write.unkept.filter((name) => !before.lost.includes(name)), ...wanted.lost])];
  const differs = otherAttributes || wanted.mode !== before.mode || wanted.user !== before.user ||
    wanted.group !== before.group;
  if (plan.whenLost === "throw") refuseLoss(write);
  if (!differs) return false;
  checkAbort(plan.signal);
  const file = yield* reopen(write);
  if (file === undefined) {
    write.unkept = [...new Set([...write.unkept, "mode", "owner", "group"])];
    return false;
  }
  try {
    const made = yield* wait(file.stat());
    // The new owner must not be able to do more with the file than intended, not even briefly.
    const narrower = { ...write.wanted, mode: made.mode & (write.wanted.mode ?? made.mode), lost: [] };
    const ownOnly = { user: undefined, group: undefined, modeRequired: false, attributes: undefined };
    yield* applyMetadata(file, { ...narrower, ...ownOnly }, made);
    write.unkept = yield* applyMetadata(file, write.wanted, yield* wait(file.stat()));
    if (plan.whenLost === "throw") refuseLoss(write);
    if (!otherAttributes && isSame(yield* wait(file.stat()), made)) return false;
    if (syncsFile(plan.durability)) {
      write.fileSynced = (yield* syncFile(engine, { file, place: parent }, plan, attempt)) && write.fileSynced;
    }
  } finally {
    yield* closeQuietly(file);
  }
  return true;
}

/** Sees the attributes of the old file once more while the staged one is still locked, where its times are coarse. */
export function* lookAtAttributes(write: FileReplacement): Operation<void> {
  const { engine, target, parent, plan, previous } = write;
  if (previous === undefined || !isCoarse(previous) || !keepsOld(engine, plan) || !keepsAttributes(plan)) return;
  yield* keepLatest(write, yield* wait(parent.names.linkStat(target.name)));
}

/**
 * The last look before the commit: is the directory still there, what is to be kept of the file, is the lock still held?
 * From the beginning when something had to be corrected, for that includes a sync.
 */
export function* lookOnceMore(write: FileReplacement): Operation<void> {
  const { engine, target, parent, plan, attempt } = write;
  for (let corrections = 0, corrected = true; corrected; corrections++) {
    yield* checkParent(parent, attempt);
    corrected = corrections < mostCorrections && keepsOld(engine, plan) &&
      (yield* keepLatest(write, yield* wait(parent.names.linkStat(target.name)), true));
    if (plan.guard !== undefined) yield* plan.guard();
  }
}

/** The staged file, which has been closed; undefined where its own mode forbids to open it. */
function* reopen({ temporary: { home, name, path }, identity }: FileReplacement): Operation<OpenFile | undefined> {
  let file: OpenFile | undefined;
  try {
    file = yield* wait(home.names.open(name, "read"));
  } catch (error) {
    if (error instanceof SystemError && error.code === "EACCES") return undefined;
    throw error;
  }
  if (file === undefined) throw new TemporaryVanished(new SystemError("ENOENT", "open", path));
  if ((yield* wait(file.stat())).identity === identity) return file;
  yield* closeQuietly(file);
  throw new TemporaryVanished(new SystemError("ENOENT", "open", path));
}
