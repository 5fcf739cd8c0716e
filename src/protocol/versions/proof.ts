/**
 * Which versions are proven: made while the version before them was still there, and therefore the only ones that ever
 * had their number.
 *
 * A process that works from an old listing may make a version whose number was used long ago and cleaned away. Cleaning
 * goes from the oldest to the newest and never takes the newest. So if the version before is still there when the new
 * one has its name, nothing newer was cleaned away, and the number was free for the first time. Until its maker has
 * seen that, a version is *pending*: its temporary name is there as well (or, in a version that is a directory, a file
 * says so), nothing is cleaned away before it, and nobody else builds on it without having seen the same.
 */
import { type Operation, wait } from "../../core/operation.ts";
import { SystemError } from "../../runtime/system_error.ts";
import { childOf } from "../engine.ts";
import { pendingName, versionName } from "../names/version.ts";
import { inspectVersion, type SeenVersion } from "./inspect_version.ts";
import { stagesOf, versionEntry, type VersionListing, type VersionPlace } from "./versioned_file.ts";

/** The names that say of a version that it is pending; none: it is proven. `listing` is not older than the version. */
export function* pendingNames(place: VersionPlace, seen: SeenVersion, listing: VersionListing): Operation<string[]> {
  const { engine, target } = place;
  if (seen.inDirectory) {
    const path = childOf(engine, seen.path, pendingName);
    return (yield* isFileThere(place, path)) ? [path] : [];
  }
  const names: string[] = [];
  for (const path of stagesOf(place, listing, versionName(target.name, seen.trailer.number))) {
    if ((yield* wait(engine.fileSystem.linkStat(path)))?.identity === seen.status.identity) names.push(path);
  }
  return names;
}

/** Whether a plain file is at `path`, asked so that no cache answers. */
export function* isFileThere({ engine }: VersionPlace, path: string): Operation<boolean> {
  const file = yield* wait(engine.fileSystem.open(path, "read", { follow: false }));
  if (file === undefined) return false;
  try {
    yield* wait(file.close());
  } catch (error) {
    if (!(error instanceof SystemError)) throw error;
  }
  return true;
}

/** Whether the version with this number is there and has this token. */
export function* isStillThere(place: VersionPlace, number: number, token: string | undefined): Operation<boolean> {
  const seen = yield* inspectVersion(place.engine, versionEntry(place, number), place.directory);
  return seen.kind === "version" && seen.trailer.state === "whole" && seen.trailer.token === token;
}

/** Whether a version is proven, or can be seen to be the only one that ever had its number. */
export function* isProvenVersion(place: VersionPlace, seen: SeenVersion, listing: VersionListing): Operation<boolean> {
  const { number, base, token } = seen.trailer;
  // The first number is never free again: cleaning leaves its name.
  if (number === 1) return true;
  if ((yield* pendingNames(place, seen, listing)).length === 0) return true;
  if (yield* isStillThere(place, number - 1, base)) return true;
  // A process that has built on it had seen it proven.
  const next = yield* inspectVersion(place.engine, versionEntry(place, number + 1), place.directory);
  return next.kind === "version" && next.trailer.base === token;
}
