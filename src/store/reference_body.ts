/**
 * References: names that lead to digests, changed one at a time inside one lock, read without any.
 *
 * Changing: lock → compare with what is expected → is the name free of others (a directory where a file must be, a file
 * where a directory must be, the same name in other letters)? → the write protocol, directories made durable → release.
 * Removing: lock → compare → unlink → sync the directory → directories that are empty now go, too.
 *
 * After a failure the reference is what it was; `targetState` says so, or that it is changed but not proven durable.
 */
import { type ConflictError, FileError } from "../core/errors.ts";
import { type Operation, wait } from "../core/operation.ts";
import { notAsExpected } from "../protocol/conflict.ts";
import { returnTicket, takeTicket, type Ticket } from "../protocol/commit_turn.ts";
import { closeParent, openParent } from "../protocol/directories.ts";
import { childOf, nameOf, parentOf } from "../protocol/engine.ts";
import { type Attempt, attemptFailed, beginReading, type CleanupFailure, translate } from "../protocol/failure.ts";
import { readSmall } from "../protocol/file_call.ts";
import { inDirectory } from "../protocol/in_directory.ts";
import { fillingFrom, replaceFile } from "../protocol/replace_file.ts";
import { stillHolds } from "../protocol/removal_witness.ts";
import { removeIn, removeSurely } from "../protocol/reported_failure.ts";
import { type Digest, isReferenceName, referenceParts } from "../protocol/names/store.ts";
import { syncDirectory } from "../protocol/sync.ts";
import { reachedDurability } from "../protocol/write_plan.ts";
import { SystemError } from "../runtime/system_error.ts";
import { checkFree } from "./free_name.ts";
import { formatReference, longestReference, parseReference } from "./reference_format.ts";
import type { StoreContext } from "./store.ts";

/** A name and what it leads to. */
export interface Reference {
  /** Its name, such as `heads/main`. */
  name: string;
  /** The digest it leads to. */
  digest: Digest;
}

const encoder = new TextEncoder();

const pathOf = (context: StoreContext, parts: readonly string[]): string =>
  parts.reduce((path, part) => childOf(context.engine, path, part), context.directory);

/** What a reference leads to; undefined when there is none. */
export function* readReference(context: StoreContext, name: string): Operation<Digest | undefined> {
  return yield* readPath(context, pathOf(context, referenceParts(name)));
}

function* readPath(context: StoreContext, path: string): Operation<Digest | undefined> {
  try {
    const bytes = yield* readSmall(context.engine, path, longestReference);
    return bytes === undefined ? undefined : parseReference(bytes, path);
  } catch (error) {
    // `a` where `a/b` is a reference.
    if (error instanceof SystemError && error.code === "EISDIR") return undefined;
    throw translate(error, context.attempt("Cannot read", path));
  }
}

/** It leads elsewhere than was expected. */
export function leadsElsewhere(attempt: Attempt, expected: string | null, actual: string | null): ConflictError {
  return notAsExpected(attempt, `it leads to ${actual ?? "nothing"}`, expected ?? "nothing", { expected, actual });
}

/** Lets a name lead to a digest. `expected`: what it must lead to now; null: it must not exist; undefined: whatever. */
export function* updateReference(
  context: StoreContext,
  name: string,
  digest: Digest,
  expected: Digest | null | undefined,
): Operation<void> {
  const parts = referenceParts(name);
  const path = pathOf(context, parts);
  const attempt = context.attempt("Cannot update", path);
  // Of calls that expect nothing the one made last wins, in whatever order they get the lock.
  const ticket = expected === undefined ? takeTicket() : undefined;
  try {
    const text = formatReference(digest);
    yield* context.inRoom(() =>
      context.locked(false, function* (hold) {
        yield* checkFree(context, parts, attempt);
        if (expected !== undefined) {
          const actual = (yield* readPath(context, path)) ?? null;
          if (actual !== expected) throw leadsElsewhere(attempt, expected, actual);
        }
        yield* writeReference(context, { path, text, ticket: ticket ?? takeTicket() }, () => hold.confirm("unchanged"));
      })
    );
  } catch (error) {
    throw translate(error, attempt);
  } finally {
    if (ticket !== undefined) returnTicket(ticket);
  }
}

/** Writes the file of a reference, or HEAD, inside the lock; gives the ticket back. */
export function* writeReference(
  context: StoreContext,
  { path, text, ticket }: { readonly path: string; readonly text: string; readonly ticket: Ticket },
  guard: () => Operation<void>,
): Operation<void> {
  const filling = fillingFrom({ kind: "bytes", bytes: encoder.encode(text) });
  try {
    const plan = { ...context.plan, guard };
    const { durability } = yield* replaceFile({ engine: context.engine, path, plan, ticket }, filling);
    context.note(durability);
  } finally {
    returnTicket(ticket);
  }
}

/** Removes a name; false when there is none. */
export function* removeReference(
  context: StoreContext,
  name: string,
  expected: Digest | undefined,
): Operation<boolean> {
  const parts = referenceParts(name);
  const path = pathOf(context, parts);
  const attempt = context.attempt("Cannot remove", path);
  try {
    return yield* context.locked(false, function* (hold) {
      if (expected !== undefined) {
        const actual = (yield* readPath(context, path)) ?? null;
        if (actual !== expected) throw leadsElsewhere(attempt, expected, actual);
      }
      return yield* removeFile(context, path, attempt, () => hold.confirm("unchanged"));
    }, (removed) => removed ? "replaced" : "unchanged");
  } catch (error) {
    throw translate(error, attempt);
  }
}

function* removeFile(
  context: StoreContext,
  path: string,
  attempt: Attempt,
  guard: () => Operation<void>,
): Operation<boolean> {
  const { engine, plan } = context;
  const directory = parentOf(engine, path);
  const status = yield* wait(engine.fileSystem.linkStat(path));
  if (status?.kind === "directory") return false;
  if ((yield* wait(engine.fileSystem.stat(directory)))?.kind !== "directory") return false;
  const parent = yield* openParent(engine, directory, plan, attempt);
  let removed: boolean;
  try {
    yield* guard();
    removed = yield* removeIn(parent, nameOf(engine, path));
    if (removed) attempt.targetState = "replaced";
    // Sync even if there is nothing to remove: the process that removed it may not have synced yet.
    const synced = yield* syncDirectory(engine, parent, plan, attempt);
    context.note(reachedDurability(plan.durability, synced, synced));
  } finally {
    yield* closeParent(parent);
  }
  const { device } = parent.status;
  const failures = yield* removeEmpty(context, directory, attempt);
  if (!stillHolds({ engine, device, rules: plan, attempt }, failures)) context.note("none");
  return removed;
}

/** A directory without references would be in the way of one that is named like it. One that comes back is no harm. */
function* removeEmpty(context: StoreContext, directory: string, attempt: Attempt): Operation<CleanupFailure[]> {
  const { engine } = context;
  for (let path = directory; path !== context.directory;) {
    const [above, name] = [parentOf(engine, path), nameOf(engine, path)];
    try {
      yield* inDirectory(
        { engine, directory: above, attempt },
        (names) => removeSurely(() => names.removeDirectory(name)),
      );
      path = above;
    } catch (error) {
      // Not empty, most often; the reference itself is gone, whatever the reason.
      if (error instanceof SystemError || FileError.is(error)) return [{ error }];
      throw error;
    }
  }
  return [];
}

/** What a listing found: what can be read, in order, and the first error of what cannot. */
interface Listing {
  readonly found: Reference[];
  failure: unknown;
}

/** Every reference whose name begins with `prefix`. */
export function* listReferences(context: StoreContext, prefix: string): Operation<Listing> {
  const listing: Listing = { found: [], failure: undefined };
  try {
    yield* listBelow(context, "", prefix, listing);
    return listing;
  } catch (error) {
    throw translate(error, context.attempt("Cannot list"));
  }
}

/** What can be read by its name must not be missing here: a collection would take its objects for garbage. */
function* refuseSymlink(context: StoreContext, path: string): Operation<void> {
  if ((yield* wait(context.engine.fileSystem.stat(path)))?.kind !== "directory") return;
  const reason = "it is a symlink to a directory, and the references in there are not listed";
  throw attemptFailed(beginReading("Cannot list", path), "ENOTDIR", "readDirectory", reason);
}

function* listBelow(
  context: StoreContext,
  above: string,
  prefix: string,
  listing: Listing,
): Operation<void> {
  const directory = above === "" ? context.directory : pathOf(context, above.split("/"));
  const entries = (yield* wait(context.engine.fileSystem.readDirectory(directory))) ?? [];
  for (const { name: part, kind } of entries.sort((a, b) => a.name < b.name ? -1 : 1)) {
    const name = above === "" ? part : `${above}/${part}`;
    if (!isReferenceName(name)) continue;
    if (kind === "directory") {
      const below = `${name}/`;
      if (below.startsWith(prefix) || prefix.startsWith(below)) yield* listBelow(context, name, prefix, listing);
    } else if (name.startsWith(prefix) || prefix.startsWith(`${name}/`)) {
      const path = childOf(context.engine, directory, part);
      try {
        const digest = yield* readPath(context, path);
        if (digest === undefined) yield* refuseSymlink(context, path);
        else if (name.startsWith(prefix)) listing.found.push({ name, digest });
      } catch (error) {
        listing.failure ??= error;
      }
    }
  }
}
