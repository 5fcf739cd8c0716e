/**
 * The caller's `validate` and `activate`, called inside the locks of the transaction: asking for one of them there, however
 * deep, is recognised as what could never end.
 */
import { type Operation, wait } from "../core/operation.ts";
import type { LockHold } from "../lock/lock.ts";
import { type HoldChain, holdContext } from "../lock/own_holds.ts";
import type { Engine } from "../protocol/engine.ts";
import { CallerError } from "../protocol/failure.ts";
import type { ApplyProgress, ApplyRequest } from "./apply_plan.ts";

/** Tells what is going on once that is decided: what is decided does not depend on who is told of it. */
export function tellQuietly({ progress }: Pick<ApplyRequest, "progress">, what: ApplyProgress): void {
  try {
    progress(what);
  } catch {
    // See above.
  }
}

/** Calls a callback. What it throws comes back as a CallerError. */
export function* callInside(
  engine: Engine,
  holds: readonly LockHold[],
  call: () => void | PromiseLike<void>,
): Operation<void> {
  let chain: HoldChain | undefined;
  for (const hold of holds) chain = { hold, above: chain ?? holdContext.get() };
  try {
    const answer: unknown = chain === undefined ? call() : holdContext.run(chain, call);
    if (typeof answer !== "object" || answer === null || !("then" in answer)) return;
    if (engine.synchronous) {
      Promise.resolve(answer).catch(() => {});
      throw new TypeError("The callback of a synchronous function must not return a promise");
    }
    yield* wait(answer as PromiseLike<unknown>);
  } catch (error) {
    throw new CallerError(error);
  } finally {
    if (chain !== undefined) holdContext.end();
  }
}
