/**
 * Everything that is done to a published directory: under its lock, in its open parent, and after what dead processes
 * had started there was finished. Afterwards, whatever happened, neither is held.
 *
 * `tidyPublication`: 1. What is seen is made durable. 2. An adoption that stopped in the middle is ended. 3. What was
 * being built, was never published, or is half removed goes, and so do marks about nothing. An activation that is owed
 * stays owed.
 *
 * After a failure the next call begins here again; what cannot be removed is named and does not stop the rest.
 */
import { UnsupportedError } from "../core/errors.ts";
import { type Operation, wait } from "../core/operation.ts";
import type { LockHold } from "../lock/lock_hold.ts";
import { lockFiles, releaseLocks } from "../lock/lock_files.ts";
import { closeParent, openParent, type ParentDirectory } from "../protocol/directories.ts";
import { childOf, nameOf, parentOf } from "../protocol/engine.ts";
import { type Attempt, attemptFailed, checkAbort, type CleanupFailure, tidy, translate } from "../protocol/failure.ts";
import { generationsName } from "../protocol/names/generation.ts";
import { inRoom } from "../protocol/room.ts";
import { renameIn } from "../protocol/reported_failure.ts";
import { SystemError } from "../runtime/system_error.ts";
import { isSwitched } from "./owed_activation.ts";
import { Publication, type Published } from "./publication.ts";
import type { PublishRequest } from "./publish_options.ts";
import { removeTree } from "./tree.ts";

type WithPublication<T> = (
  publication: Publication,
  holds: readonly LockHold[],
  failures: CleanupFailure[],
) => Operation<T>;

/**
 * Runs `body` with the publication at a path, under its lock, when there is room for it. `refuse` throws where that
 * would be useless.
 */
export function* withPublication<T>(
  request: PublishRequest,
  attempt: Attempt,
  body: WithPublication<T>,
  refuse: (current: Published) => void,
): Operation<T> {
  const { engine, rules: { signal } } = request;
  return yield* inRoom(engine, "sets", { signal }, () => withPublicationIn(request, attempt, body, refuse));
}

function* withPublicationIn<T>(
  request: PublishRequest,
  attempt: Attempt,
  body: WithPublication<T>,
  refuse: (current: Published) => void,
): Operation<T> {
  const { engine, path, rules, lock } = request;
  const name = nameOf(engine, path);
  try {
    checkAbort(rules.signal);
    if (!engine.capabilities.symbolicLinks) {
      throw new UnsupportedError(attempt.verb, "there are no symbolic links here", {
        code: "ENOTSUP",
        path,
        step: "symbolicLink",
        targetState: "unchanged",
      });
    }
    const home = yield* openParent(engine, parentOf(engine, path), rules, attempt);
    try {
      const publication = new Publication(home, name, request, attempt);
      // What is refused leaves no lock file behind: whatever is there may be nothing of ours.
      refuse(yield* publication.current());
      const lockable = { path: childOf(engine, home.path, generationsName(name)), name: generationsName(name), home };
      const holds = yield* lockFiles(engine, [lockable], { plan: lock, whenFull: "throw" });
      try {
        return yield* body(publication, holds, yield* tidyPublication(publication));
      } catch (error) {
        yield* tidy([], discardNeedlessLock(publication, holds));
        throw error;
      } finally {
        yield* releaseLocks(holds);
      }
    } finally {
      yield* closeParent(home);
    }
  } catch (error) {
    throw translate(error, attempt);
  }
}

/** Where nothing has come of it, and nothing was there before, the lock file goes with the lock. */
function* discardNeedlessLock(publication: Publication, holds: readonly LockHold[]): Operation<void> {
  if ((yield* publication.current()).kind === "generation" || (yield* publication.found()).length > 0) return;
  for (const { held } of holds) held.discard?.();
}

/** Opens a directory that is being built or was published, and only that: what a symlink leads to is somebody else's. */
export function* withTree<T>(
  publication: Publication,
  building: string,
  attempt: Attempt,
  body: (tree: ParentDirectory) => Operation<T>,
): Operation<T> {
  const { home } = publication;
  const other = (cause?: unknown) => {
    const reason = `something else is in place of the directory ${JSON.stringify(home.pathOf(building))}`;
    return attemptFailed(attempt, "ENOTDIR", "build", reason, cause);
  };
  let tree: ParentDirectory | undefined;
  try {
    tree = yield* home.openChild(building);
  } catch (error) {
    throw error instanceof SystemError && error.code === "ENOTDIR" ? other(error) : error;
  }
  if (tree === undefined) throw other();
  try {
    if (!(yield* publication.trusts(tree.status))) throw other();
    return yield* body(tree);
  } finally {
    yield* closeParent(tree);
  }
}

/** Finishes what dead processes had started. What could not be removed is answered. */
export function* tidyPublication(publication: Publication): Operation<CleanupFailure[]> {
  const { home } = publication;
  const left: CleanupFailure[] = [];
  const found = yield* publication.found();
  // What is seen may not be durable: its owner may have been killed between a rename and its sync.
  const lasting: readonly string[] = ["generation", "withdrawn", "activation"];
  if (found.some(({ parsed: { kind } }) => !lasting.includes(kind))) yield* publication.sync();
  for (const { name, parsed: { kind } } of found) {
    if (kind !== "adoption") continue;
    if ((yield* wait(home.names.linkStat(publication.name))) === undefined) yield* endAdoption(publication, name);
    else yield* wait(home.names.remove(name));
  }
  const current = yield* publication.current();
  const published = current.kind === "generation" ? current.name : undefined;
  const unowed = found.filter((each) => each.parsed.kind === "activation" && !isSwitched(each, found));
  for (const { name } of unowed) yield* wait(home.names.remove(name));
  // Before what shows that nothing is owed goes, too.
  if (unowed.length > 0) yield* publication.sync();
  for (const { name, parsed } of found) {
    if (parsed.kind === "building" || parsed.kind === "discarded") {
      left.push(...yield* removeTree(home, name));
    }
    if (parsed.kind === "publication") left.push(...yield* forget(publication, name, published));
    if (parsed.kind === "switch") yield* wait(home.names.remove(name));
    if (parsed.kind !== "withdrawn") continue;
    const about = found.find((each) => each.parsed.kind === "generation" && each.parsed.id === parsed.id);
    if (about !== undefined && about.name !== published) continue;
    // Else a power cut could take back the switch forward and not this.
    if (about !== undefined) yield* publication.sync();
    yield* wait(home.names.remove(name));
  }
  return left;
}

/** The directory was moved, but the symlink in its place was not. */
function* endAdoption(publication: Publication, link: string): Operation<void> {
  const { home } = publication;
  const text = (yield* wait(home.names.readLink(link))) ?? "";
  const moved = publication.isGeneration(text) ? yield* wait(home.names.linkStat(text)) : undefined;
  if (moved?.kind === "directory") yield* renameIn(home, link, publication.name);
  else yield* wait(home.names.remove(link));
  yield* publication.sync();
}

/** A generation that was about to be published, and never was. */
function* forget(publication: Publication, link: string, published: string | undefined): Operation<CleanupFailure[]> {
  const { home } = publication;
  const text = (yield* wait(home.names.readLink(link))) ?? "";
  const there = publication.isGeneration(text) && text !== published &&
    (yield* wait(home.names.linkStat(text)))?.kind === "directory" && (yield* publication.counts(text));
  const left = there ? yield* publication.discard(text) : [];
  yield* wait(home.names.remove(link));
  return left;
}
