/**
 * What is published takes effect, or what was published before is published, and takes effect, again.
 *
 * State after a failure: ActivationError, as before; RollbackFailedError, as its `files` says, and the activation is owed.
 */
import { ActivationError, RollbackFailedError } from "../core/errors.ts";
import type { Operation } from "../core/operation.ts";
import type { LockHold } from "../lock/lock_hold.ts";
import { activateInTime } from "../lock/timed_callback.ts";
import { attachCleanup, type Attempt, beginAnew, CallerError, type CleanupFailure, tidy } from "../protocol/failure.ts";
import { removeIn } from "../protocol/reported_failure.ts";
import type { Publication, Published } from "./publication.ts";
import type { PublishRequest } from "./publish_options.ts";

/** A switch that has happened. */
interface Switched {
  readonly holds: readonly LockHold[];
  readonly previous: Published;
  readonly current: string;
  /** What says that the activation is owed. */
  readonly owed: string;
  readonly attempt: Attempt;
  /** What could not be removed. */
  readonly failures: CleanupFailure[];
}

/** Activates; when that fails, switches back and activates again. */
export function* activated(request: PublishRequest, publication: Publication, switched: Switched): Operation<void> {
  if (request.activate === undefined) return;
  const { path } = request;
  const { holds, previous, current, owed, attempt, failures } = switched;
  let cause: unknown;
  try {
    yield* activateInTime(request, holds);
    return yield* payActivations(publication, owed, failures);
  } catch (error) {
    cause = error instanceof CallerError ? error.reason : error;
    // What follows comes after whatever has failed: it is judged by its own syncs.
    beginAnew(attempt);
  }
  const again = previous.kind === "generation" || previous.kind === "link"
    ? "what was published before is published again"
    : "nothing is published, as before";
  const details = { code: "EACTIVATE", path, step: "activate", targetState: "unchanged" as const, cause };
  try {
    if (previous.kind === "generation") yield* publication.goBackTo(previous.name, current);
    else if (previous.kind === "link") yield* publication.goBackTo(previous.text, current);
    else yield* publication.goBackToNothing(current);
    attempt.targetState = "unknown";
    yield* publication.sync();
    attempt.targetState = "unchanged";
    yield* activateInTime(request, holds);
  } catch (error) {
    const reason = error instanceof CallerError
      ? `${again}, but activating that failed, too`
      : "the symlink could not be switched back";
    const failure = new RollbackFailedError(attempt.verb, reason, {
      ...details,
      code: "EROLLBACK",
      step: "roll back",
      targetState: attempt.targetState,
    });
    failure.rollbackErrors = [error instanceof CallerError ? error.reason : error];
    failure.files = [{ path, content: attempt.targetState === "unchanged" ? "old" : "unknown" }];
    failure.journal = publication.at(owed);
    failure.leftBehind.push(failure.journal);
    throw failure;
  }
  yield* payActivations(publication, owed, failures);
  throw attachCleanup(new ActivationError(attempt.verb, `activating it failed; ${again}`, details), failures, attempt);
}

/** What is published has taken effect: neither what said so of this switch nor what others owed stays. */
function* payActivations(publication: Publication, own: string, failures: CleanupFailure[]): Operation<void> {
  yield* tidy(failures, removeIn(publication.home, own), publication.at(own));
  yield* tidy(failures, payOthers(publication, own, failures));
}

function* payOthers(publication: Publication, own: string, failures: CleanupFailure[]): Operation<void> {
  for (const { name, parsed: { kind } } of yield* publication.found()) {
    if (kind !== "activation" || name === own) continue;
    yield* tidy(failures, removeIn(publication.home, name), publication.at(name));
  }
}
