/**
 * A change of a versioned file from its newest version to the next: what updates, writes and `ifMatch` without a lock share.
 *
 * `changeOnce`: newest version → the caller decides → equal? then only syncs → publish (publish_version.ts) → clean old
 * versions away → refresh the file itself. Undefined: another program was faster, and nothing has changed. After the
 * version is published nothing fails the call any more: what could not be cleaned or refreshed is in the result.
 */
import { type Operation, wait } from "../../core/operation.ts";
import { attemptFailed, beginAnew, type CleanupFailure, tidy, translate } from "../failure.ts";
import { closeQuietly } from "../file_call.ts";
import { stillHolds } from "../removal_witness.ts";
import { syncDirectory, syncFile } from "../sync.ts";
import { isDistrusted } from "../sync_ledger.ts";
import { type Durability, reachedDurability } from "../write_plan.ts";
import { cleanVersions } from "./clean_versions.ts";
import { isBelievedBy } from "./inspect_version.ts";
import { type LatestVersion, latestVersion } from "./latest_version.ts";
import { type PublishedVersion, publishVersion } from "./publish_version.ts";
import { refreshView } from "./refresh_view.ts";
import { listVersions, type VersionedFile, type VersionListing } from "./versioned_file.ts";

/** What a change by versions did. */
export interface VersionedResult {
  /** The file, absolute, symlinks at its end resolved. */
  path: string;
  /** The number of its newest version, as far as this call knows: the one it made, or the one it left; null: no file. */
  version: number | null;
  /** Whether a version was made: false if the content stayed the same. */
  changed: boolean;
  /** Bytes of content written. */
  bytesWritten: number;
  /** The durability that was reached, not the one requested. */
  durability: Durability;
  /** What the version before had and this one does not have, as in the result of a write. */
  lost: string[];
  /** What of the version before could not be seen, likewise. */
  unchecked: string[];
  /** Whether the file itself shows this version or a newer one. If not, `viewError` says why, unless that was asked for. */
  shown: boolean;
  /** Why the file itself was not refreshed: it shows an older version until the next change. */
  viewError?: unknown;
  /** Names of this module that could not be removed: old versions, a temporary name. */
  leftBehind?: string[];
}

/** The next content; undefined leaves it as it is. */
type NextContent = (base: LatestVersion | undefined) => Operation<Uint8Array | undefined>;

/** Tries to make the next version. Undefined: somebody else has made it. */
export function* changeOnce(file: VersionedFile, next: NextContent): Operation<VersionedResult | undefined> {
  const { engine, plan, attempt } = file;
  beginAnew(attempt);
  const base = yield* latestVersion(file, plan.write.signal);
  const wanted = yield* next(base);
  const isNew = wanted !== undefined && !(base !== undefined && haveEqualBytes(wanted, base.content));
  // What is there may be in memory alone, once a sync has failed: only what is written anew can be proven.
  const isDoubtful = base !== undefined && isDistrusted(engine, base.status.device);
  const content = isNew ? wanted : isDoubtful ? base.content : undefined;
  if (content === undefined) return yield* leaveVersion(file, base);
  if (base !== undefined && !isBelievedBy(engine, base.status, file.directory)) {
    const reason =
      "its directory is sticky, and the file belongs to another user, whose programs would not trust our version";
    throw attemptFailed(attempt, "EPERM", "link", reason);
  }
  const published = yield* publishVersion(file, base, content);
  return published && (yield* afterwards(file, published, content));
}

function haveEqualBytes(one: Uint8Array, other: Uint8Array): boolean {
  return one.length === other.length && one.every((byte, index) => byte === other[index]);
}

function* afterwards(
  file: VersionedFile,
  { number, fileSynced, directorySynced, lost, unchecked, failures }: PublishedVersion,
  content: Uint8Array,
): Operation<VersionedResult> {
  const { engine, target, parent, plan, attempt } = file;
  const cleanups: CleanupFailure[] = [...failures];
  let listing: VersionListing | undefined;
  yield* tidy(
    cleanups,
    (function* () {
      listing = yield* listVersions(file);
      yield* cleanVersions(file, number, listing, cleanups);
    })(),
  );
  const holds = stillHolds({ engine, device: parent.status.device, rules: plan.write, attempt }, cleanups);
  const view = yield* showNewest(file, { number, content }, listing);
  const leftBehind = cleanups.flatMap((failure) => failure.leftBehind ?? []);
  const isNamed = directorySynced && holds && target.unsyncedAncestors !== true;
  return {
    path: target.path,
    version: number,
    changed: true,
    bytesWritten: content.length,
    durability: reachedDurability(plan.write.durability, fileSynced && holds, isNamed),
    lost: [...lost],
    unchecked: [...unchecked],
    ...view,
    ...leftBehind.length === 0 ? {} : { leftBehind },
  };
}

/**
 * Shows the newest version in the file itself: `known`, or what others have made since. Their makers may not have come to
 * that, and may never: a process that says so has made sure of it.
 */
function* showNewest(
  file: VersionedFile,
  known: Pick<LatestVersion, "number" | "content">,
  listing: VersionListing | undefined,
): Operation<Pick<VersionedResult, "shown" | "viewError">> {
  if (!file.plan.refresh) return { shown: false };
  try {
    const { versions } = listing ?? (yield* listVersions(file));
    const isNewest = !versions.some(({ number }) => number > known.number);
    const newest = isNewest ? known : yield* latestVersion(file);
    // Version 0 is the file itself.
    if (newest !== undefined && newest.number > 0) yield* refreshView(file, newest.number, newest.content);
    return { shown: true };
  } catch (error) {
    return { shown: false, viewError: translate(error, file.attempt) };
  }
}

/** Nothing new: what is there is made durable and shown, because the process that made it may not have come to that. */
function* leaveVersion(file: VersionedFile, base: LatestVersion | undefined): Operation<VersionedResult> {
  const { engine, target, parent, plan, attempt } = file;
  const result = { path: target.path, changed: false, bytesWritten: 0, lost: [], unchecked: [] };
  let fileSynced = true;
  if (base !== undefined) {
    const opened = yield* wait(engine.fileSystem.open(base.path, "read", { follow: false }));
    // Cleaned away, or replaced: a newer one is there, which is synced by the process that made it.
    if (opened !== undefined) {
      try {
        fileSynced = yield* syncFile(engine, { file: opened, place: parent }, plan.write, attempt);
      } finally {
        yield* closeQuietly(opened);
      }
    }
  }
  const directorySynced = yield* syncDirectory(engine, parent, plan.write, attempt);
  const durability = reachedDurability(plan.write.durability, fileSynced, directorySynced);
  const view = base === undefined ? { shown: plan.refresh } : yield* showNewest(file, base, undefined);
  return { ...result, version: base?.number ?? null, durability, ...view };
}
