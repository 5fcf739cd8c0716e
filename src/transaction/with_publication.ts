/**
 * Everything that is done to a published directory: under its lock, in its open parent, and after what dead processes
 * have begun there was ended. Afterwards, whatever happened, neither is held.
 */
import { UnsupportedError } from "../core/errors.ts";
import type { Operation } from "../core/operation.ts";
import type { LockHold } from "../lock/lock.ts";
import { closeParent, openParent } from "../protocol/directories.ts";
import { childOf, nameOf, parentOf } from "../protocol/engine.ts";
import { type Attempt, checkAbort, type CleanupFailure, translate } from "../protocol/failure.ts";
import { generationsName } from "../protocol/generation_names.ts";
import { lockFiles, releaseLocks } from "./lock_files.ts";
import { Publication } from "./publication.ts";
import type { PublishRequest } from "./publish_options.ts";
import { tidyPublication } from "./tidy_publication.ts";

/** Runs `body` with the publication at a path, under its lock. */
export function* withPublication<T>(
  request: PublishRequest,
  attempt: Attempt,
  body: (publication: Publication, holds: readonly LockHold[], failures: CleanupFailure[]) => Operation<T>,
): Operation<T> {
  const { engine, path, rules, lock } = request;
  const name = nameOf(engine, path);
  try {
    checkAbort(rules.signal);
    if (!engine.capabilities.symbolicLinks) {
      throw new UnsupportedError(`${attempt.verb} ${JSON.stringify(path)}`, "there are no symbolic links here", {
        code: "ENOTSUP",
        path,
        step: "symbolicLink",
        targetState: "unchanged",
      });
    }
    const home = yield* openParent(engine, parentOf(engine, path), rules, attempt);
    try {
      const lockable = { path: childOf(engine, home.path, generationsName(name)), name: generationsName(name), home };
      const holds = yield* lockFiles(engine, [lockable], { plan: lock, whenFull: "throw" });
      try {
        const publication = new Publication(engine, home, name, rules, attempt);
        return yield* body(publication, holds, yield* tidyPublication(publication));
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
