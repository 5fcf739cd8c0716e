/**
 * Going through all objects: listing, collecting what nobody needs.
 *
 * Collecting: list everything with its age → read what is reachable → for what is neither reachable nor young, in small
 * batches, each in the store's exclusive lock: look again (an object that was put again since is young again),
 * unlink → sync the directories. A put holds the lock shared from its look to its link, so no object vanishes between
 * "it is there" and the end of the put.
 */
import { type Operation, wait } from "../core/operation.ts";
import { closeParent, openParent } from "../protocol/directories.ts";
import { childOf } from "../protocol/engine.ts";
import { translate } from "../protocol/failure.ts";
import { inDirectory, isGone } from "../protocol/in_directory.ts";
import { type Digest, isShardName, objectNames, parseObjectNames } from "../protocol/names/store.ts";
import { syncDirectory } from "../protocol/sync.ts";
import type { DirectoryEntry } from "../runtime/runtime.ts";
import { statusOf } from "./look.ts";
import type { StoreContext } from "./store.ts";

interface Place {
  readonly digest: Digest;
  readonly kind: DirectoryEntry["kind"];
}

/** The names of the directories that hold objects, sorted. */
export function* listShards(context: StoreContext): Operation<string[]> {
  const entries = yield* entriesOf(context, context.directory);
  return entries.filter(({ name, kind }) => kind === "directory" && isShardName(name)).map(({ name }) => name)
    .sort();
}

/** The first thing in a store that takes the place of a directory that holds objects: no object of that name can be put. */
export function* findIntruder(context: StoreContext): Operation<string | undefined> {
  const entries = yield* entriesOf(context, context.directory);
  const intruder = entries.find(({ name, kind }) => kind !== "directory" && isShardName(name));
  return intruder === undefined ? undefined : childOf(context.engine, context.directory, intruder.name);
}

/** The digests in one of them, sorted. */
export function* listShard(context: StoreContext, shard: string): Operation<Digest[]> {
  const places = yield* placesIn(context, shard);
  return places.filter(({ kind }) => kind === "file").map(({ digest }) => digest).sort();
}

/** Everything in one of them that bears an object's name. */
function* placesIn(context: StoreContext, shard: string): Operation<Place[]> {
  const entries = yield* entriesOf(context, childOf(context.engine, context.directory, shard));
  const found: Place[] = [];
  for (const { name, kind } of entries) {
    const digest = parseObjectNames(shard, name);
    if (digest !== undefined) found.push({ digest, kind });
  }
  return found;
}

function* entriesOf(context: StoreContext, path: string): Operation<DirectoryEntry[]> {
  try {
    return (yield* wait(context.engine.fileSystem.readDirectory(path))) ?? [];
  } catch (error) {
    throw translate(error, context.attempt("Cannot list", path));
  }
}

/** Everything that bears an object's name. */
export function* listAll(context: StoreContext): Operation<Place[]> {
  const places: Place[] = [];
  for (const shard of yield* listShards(context)) places.push(...yield* placesIn(context, shard));
  return places;
}

/** What a collection did. */
export interface CollectResult {
  /** Objects that were removed, or with `dryRun` would be. */
  removed: Digest[];
  /** Bytes they had. */
  bytes: number;
  /** Objects that stay. */
  kept: number;
  /** How many of those stay only because they are younger than the grace period. */
  young: number;
}

/** How far a collection has come. */
export interface CollectProgress {
  /** Objects removed so far, or looked at once more and kept. */
  readonly done: number;
  /** Objects that were neither reachable nor young when they were listed. */
  readonly total: number;
  /** Those removed since the last call, or with `dryRun` to be removed: also right before a failure ends the collection. */
  readonly removed: readonly Digest[];
}

interface Candidate {
  readonly digest: Digest;
  readonly modified: number;
  readonly size: number;
}

/** Everything there is, with its age. */
export function* listCandidates(context: StoreContext): Operation<Candidate[]> {
  const candidates: Candidate[] = [];
  for (const { digest } of yield* listAll(context)) {
    const status = yield* statusOf(context, digest);
    if (status?.kind === "file") candidates.push({ digest, modified: status.modified, size: status.size });
  }
  return candidates;
}

/** Small, so that a put never waits long for the collector. */
const collectedTogether = 32;

interface CollectionRules {
  readonly grace: number;
  readonly dryRun: boolean;
  /** When the candidates were listed. */
  readonly began: number;
  readonly onProgress: (progress: CollectProgress) => void;
}

/** Removes the candidates that are neither reachable nor young. */
export function* collect(
  context: StoreContext,
  candidates: readonly Candidate[],
  reachable: ReadonlySet<Digest>,
  rules: CollectionRules,
): Operation<CollectResult> {
  const result: CollectResult = { removed: [], bytes: 0, kept: 0, young: 0 };
  const isOld = ({ modified }: { modified: number }) => rules.grace === 0 || modified <= rules.began - rules.grace;
  const garbage: Candidate[] = [];
  for (const candidate of candidates) {
    if (reachable.has(candidate.digest)) result.kept++;
    else if (!isOld(candidate)) {
      result.kept++;
      result.young++;
    } else garbage.push(candidate);
  }
  for (let start = 0; start < garbage.length; start += collectedTogether) {
    const batch = garbage.slice(start, start + collectedTogether);
    const removed: Candidate[] = rules.dryRun ? batch : [];
    const tell = (done: number) =>
      rules.onProgress({ done, total: garbage.length, removed: removed.map(({ digest }) => digest) });
    try {
      if (!rules.dryRun) yield* removeBatch(context, batch, removed);
    } catch (error) {
      if (removed.length > 0) tell(start + removed.length);
      throw error;
    }
    for (const { digest, size } of removed) {
      result.removed.push(digest);
      result.bytes += size;
    }
    result.kept += batch.length - removed.length;
    result.young += batch.length - removed.length;
    tell(start + batch.length);
  }
  return result;
}

/** Removes what of a batch has not been put once more; `removed` has it from the moment of its removal. */
function* removeBatch(context: StoreContext, batch: readonly Candidate[], removed: Candidate[]): Operation<void> {
  const { engine } = context;
  yield* context.locked(false, function* (hold) {
    yield* hold.confirm("unchanged");
    for (const candidate of batch) {
      const { directory, name, path } = context.place(candidate.digest);
      const attempt = context.attempt("Cannot remove", path);
      try {
        yield* inDirectory({ engine, directory, attempt }, function* (names) {
          const now = yield* wait(names.linkStat(name));
          // Put again since it was listed: the process that did so relies on it.
          if (now === undefined || now.modified !== candidate.modified) return;
          if (yield* wait(names.remove(name))) removed.push(candidate);
        });
      } catch (error) {
        if (!isGone(error)) throw translate(error, attempt);
      }
    }
  });
  for (const shard of new Set(removed.map(({ digest }) => objectNames(digest).shard))) yield* syncShard(context, shard);
}

function* syncShard(context: StoreContext, shard: string): Operation<void> {
  const { engine, plan } = context;
  const path = childOf(engine, context.directory, shard);
  const attempt = { ...context.attempt("Cannot remove objects from", path), targetState: "replaced" as const };
  try {
    const parent = yield* openParent(engine, path, plan, attempt);
    try {
      yield* syncDirectory(engine, parent, plan, attempt);
    } finally {
      yield* closeParent(parent);
    }
  } catch (error) {
    throw translate(error, attempt);
  }
}
