/**
 * Old versions cleaned away: from the oldest upwards, one after the other, and never the newest.
 *
 * For each: is the next one there, and proven? If it is only pending, this one proves it: both are there, the older one
 * was seen last. Only then this one goes. The process that made the next one finds either this one there, or its own
 * version proven; so no cleaner, however late, makes a process take its version for none.
 *
 * A cleaner that finds a name gone leaves the rest to the process that took it. The first version leaves its name, with
 * nothing in it: otherwise somebody who has an old listing, from before there was any version, could make another first
 * one.
 */
import type { Operation } from "../../core/operation.ts";
import { returnTicket, takeTicket } from "../commit_turn.ts";
import { type CleanupFailure, tidy } from "../failure.ts";
import { removeName } from "../reported_failure.ts";
import { fillingFrom, replaceFile } from "../replace_file.ts";
import { inspectVersion, type SeenVersion } from "./inspect_version.ts";
import { isStillThere, pendingNames } from "./proof.ts";
import { viewPlan } from "./refresh_view.ts";
import { trailerBytes } from "./trailer.ts";
import { removeVersion } from "./version_directory.ts";
import { type VersionedFile, versionEntry, type VersionListing } from "./versioned_file.ts";

/**
 * Cleans away what is older than the newest versions that stay; what could not be is among the failures. `newest` is a
 * version that is proven and there.
 */
export function* cleanVersions(
  file: VersionedFile,
  newest: number,
  listing: VersionListing,
  failures: CleanupFailure[],
): Operation<void> {
  const last = newest - file.plan.keep;
  const old = listing.versions.filter(({ number }) => number <= last).reverse();
  for (const { number, path } of old) {
    // Once the second is gone, the first has been cleared.
    if (number === 1 && !listing.versions.some((other) => other.number === 2)) continue;
    let goesOn = false;
    yield* tidy(
      failures,
      (function* () {
        goesOn = (yield* cleanVersion({ file, listing, failures }, number)) === "go on";
      })(),
      path,
    );
    if (!goesOn) return;
  }
}

interface Cleaning {
  readonly file: VersionedFile;
  readonly listing: VersionListing;
  readonly failures: CleanupFailure[];
}

function* cleanVersion(cleaning: Cleaning, number: number): Operation<"go on" | "stop"> {
  const { file, listing } = cleaning;
  const { engine, directory } = file;
  const entry = versionEntry(file, number);
  const seen = yield* inspectVersion(engine, entry, directory);
  if (seen.kind === "gone") return "stop";
  if (seen.kind !== "version" || seen.trailer.state === "cleared") return "go on";
  const ownPending = number > 1 ? yield* pendingNames(file, seen, listing) : [];
  const next = yield* inspectVersion(engine, versionEntry(file, number + 1), directory);
  if (next.kind === "gone") return ownPending.length > 0 ? "go on" : yield* removeOrClear(cleaning, seen);
  if (next.kind !== "version") return "stop";
  const isBase = next.trailer.base === seen.trailer.token;
  // One that was made from an old version: its maker is about to withdraw it.
  if (ownPending.length > 0 && !isBase) return "go on";
  // A process that has built on it had seen it proven; a power cut may have brought the name back.
  for (const path of ownPending) yield* removeName(engine, path);
  const pending = yield* pendingNames(file, next, listing);
  if (pending.length > 0) {
    if (!isBase || !(yield* isStillThere(file, number, seen.trailer.token))) return "stop";
    for (const path of pending) yield* removeName(engine, path);
  }
  return yield* removeOrClear(cleaning, seen);
}

function* removeOrClear(
  { file, failures }: Cleaning,
  { trailer, contentPath }: SeenVersion,
): Operation<"go on" | "stop"> {
  if (trailer.number === 1) {
    yield* clearFirst(file, contentPath, trailer.token);
    return "go on";
  }
  return (yield* removeVersion(file, versionEntry(file, trailer.number), failures)) ? "go on" : "stop";
}

/** Puts an empty first version in the place of the one with content, by the same rename that replaces every file. */
function* clearFirst(file: VersionedFile, path: string, token: string): Operation<void> {
  const { engine, plan } = file;
  const nothing = new Uint8Array();
  const bytes = trailerBytes(engine, nothing, { number: 1, size: 0, base: undefined, token, state: "cleared" });
  const write = { ...viewPlan(plan.write), symlink: "refuse" as const };
  const ticket = takeTicket();
  try {
    yield* replaceFile({ engine, path, plan: write, ticket }, fillingFrom({ kind: "bytes", bytes }));
  } finally {
    returnTicket(ticket);
  }
}
