/**
 * What is published takes effect, or what was published before is published, and takes effect, again.
 *
 * State after a failure: ActivationError, as before; RollbackFailedError, as its `files` says.
 */
import { ActivationError, RollbackFailedError } from "../core/errors.ts";
import type { Operation } from "../core/operation.ts";
import type { LockHold } from "../lock/lock_hold.ts";
import { type Attempt, beginAnew, CallerError } from "../protocol/failure.ts";
import { callInside } from "../lock/own_holds.ts";
import type { Publication, Published } from "./publication.ts";
import type { PublishRequest } from "./publish_options.ts";

/** Activates; when that fails, switches back and activates again. */
export function* activated(
  { engine, path, activate }: PublishRequest,
  publication: Publication,
  holds: readonly LockHold[],
  previous: Published,
  current: string,
  attempt: Attempt,
): Operation<void> {
  if (activate === undefined) return;
  let cause: unknown;
  try {
    return yield* callInside(engine, holds, activate);
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
    yield* callInside(engine, holds, activate);
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
    throw failure;
  }
  throw new ActivationError(attempt.verb, `activating it failed; ${again}`, details);
}
