/**
 * The newest version of a file, which is the file's truth: what a reader gets, and what a change starts from.
 *
 * Order: list → open and verify the highest → is it proven? What is gone by then was cleaned away because a newer one is
 * there: list again. A file that was never changed by versions is its own version 0. Nothing is changed here.
 *
 * A listing may be old. A reader then gets a version that was the newest a while ago; a change that starts from one is
 * found out when its own version is made (publish_version.ts).
 */
import { CorruptionError } from "../../core/errors.ts";
import { type Operation, wait } from "../../core/operation.ts";
import type { FileStatus } from "../../runtime/runtime.ts";
import { attemptFailed, checkAbort } from "../failure.ts";
import { closeQuietly, openedStatus, readAll } from "../file_call.ts";
import { backOff } from "../back_off.ts";
import { readVersion } from "./inspect_version.ts";
import { isProvenVersion } from "./proof.ts";
import { listVersions, type VersionEntry, type VersionListing, type VersionPlace } from "./versioned_file.ts";

/** What a file's newest version is. */
export interface LatestVersion {
  /** 0: there are no versions; it is the file itself. */
  readonly number: number;
  /** Undefined for the file itself. */
  readonly token: string | undefined;
  readonly content: Uint8Array;
  readonly status: FileStatus;
  /** Where the content is. */
  readonly path: string;
}

/** A program that replaces every version that is examined, this many times, is not going to stop. */
const mostLooks = 50;
/** So often is it looked again whether a version comes to be proven. After that, the highest is the truth. */
const patientLooks = 4;

/** The newest version; undefined where there is neither a version nor a file. */
export function* latestVersion(place: VersionPlace, signal?: AbortSignal): Operation<LatestVersion | undefined> {
  for (let looks = 1; looks <= mostLooks; looks++) {
    checkAbort(signal);
    const listing = yield* listVersions(place);
    const found = yield* highestIn(place, listing, looks > patientLooks);
    if (found === "none") return yield* fileItself(place);
    if (found !== "again") return found;
    yield* backOff(place.engine, looks, signal);
  }
  throw attemptFailed(place.attempt, "EAGAIN", "open", "its versions keep changing while they are looked at");
}

function* highestIn(
  place: VersionPlace,
  listing: VersionListing,
  impatient: boolean,
): Operation<LatestVersion | "none" | "again"> {
  const { engine, directory } = place;
  for (const entry of listing.versions) {
    const seen = yield* readVersion(engine, entry, directory);
    if (seen.kind === "gone") return "again";
    if (seen.kind === "foreign") continue;
    if (seen.kind === "damaged") throw damagedVersion(entry, "its content is not what was written");
    if (seen.trailer.state === "cleared") {
      throw damagedVersion(entry, "only the first of its versions has left a trace: those after it were removed");
    }
    if (!impatient && !(yield* isProvenVersion(place, seen, listing))) return "again";
    const { content, status, contentPath } = seen;
    return { number: entry.number, token: seen.trailer.token, content, status, path: contentPath };
  }
  return "none";
}

/** The error for a version that cannot be read; nothing older is taken for the truth. */
function damagedVersion({ path }: VersionEntry, reason: string): CorruptionError {
  return new CorruptionError("Cannot read", reason, {
    code: "ECORRUPT",
    path,
    step: "read",
    targetState: "unchanged",
  });
}

function* fileItself({ engine, target }: VersionPlace): Operation<LatestVersion | undefined> {
  const file = yield* wait(engine.fileSystem.open(target.path, "read", { follow: false }));
  if (file === undefined) return undefined;
  try {
    const status = yield* openedStatus(file);
    return { number: 0, token: undefined, content: yield* readAll(file), status, path: target.path };
  } finally {
    yield* closeQuietly(file);
  }
}
