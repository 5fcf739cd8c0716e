/**
 * Calls what the caller passed, a callback or a validator, and waits for its answer. While it waits, the call leaves its
 * place in the room for those that have something to do. What the callback throws is a CallerError, which reaches the
 * caller unchanged; nothing on disk changes here.
 */
import { InvalidArgument } from "../core/errors.ts";
import type { Operation } from "../core/operation.ts";
import type { Engine } from "./engine.ts";
import { CallerError } from "./failure.ts";
import { idly } from "./room.ts";

/** The callback's answer, awaited. A synchronous function refuses one that is a promise. */
export function* callBack<T>(engine: Engine, call: () => T | PromiseLike<T>): Operation<T> {
  try {
    const answer = call();
    if (engine.synchronous && typeof answer === "object" && answer !== null && "then" in answer) {
      Promise.resolve(answer).catch(() => {});
      throw new InvalidArgument("The callback of a synchronous function must not return a promise");
    }
    return yield* idly(engine, answer);
  } catch (error) {
    throw new CallerError(error);
  }
}
