/**
 * The caller's callbacks and sources, called while locks are held: asking for one of them there, however deep, is
 * recognised as what could never end. What the caller throws comes back as a CallerError and reaches them as it was.
 */
import type { Source } from "../core/bytes.ts";
import type { Awaitable, Operation } from "../core/operation.ts";
import type { Engine } from "../protocol/engine.ts";
import { CallerError } from "../protocol/failure.ts";
import { idly } from "../protocol/room.ts";
import type { LockHold } from "./lock.ts";
import { type HoldChain, holdContext } from "./own_holds.ts";

/** Calls a callback inside these locks; its answer, awaited. A synchronous function refuses one that is a promise. */
export function* callInside<T>(
  engine: Engine,
  holds: readonly LockHold[],
  call: () => T | PromiseLike<T>,
): Operation<T> {
  let chain: HoldChain | undefined;
  for (const hold of holds) chain = { hold, above: chain ?? holdContext.get() };
  try {
    const answer = chain === undefined ? call() : holdContext.run(chain, call);
    if (engine.synchronous && typeof answer === "object" && answer !== null && "then" in answer) {
      Promise.resolve(answer).catch(() => {});
      throw new TypeError("The callback of a synchronous function must not return a promise");
    }
    return yield* idly(engine, answer);
  } catch (error) {
    throw new CallerError(error);
  } finally {
    if (chain !== undefined) holdContext.end();
  }
}

/**
 * Content that is made piece by piece while the lock is held: a generator that asks for the same lock would wait for
 * itself as a callback would, and is recognised likewise.
 */
export function sourceInside(hold: LockHold, source: Source): Source {
  if (source.kind === "bytes") return source;
  const chain = { hold, above: holdContext.get() };
  const end = () => holdContext.end();
  return {
    kind: "chunks",
    next() {
      let answer: Awaitable<Uint8Array | undefined>;
      try {
        answer = holdContext.run(chain, () => source.next());
      } catch (error) {
        end();
        throw error;
      }
      if (answer !== undefined && "then" in answer) return Promise.resolve(answer).finally(end);
      end();
      return answer;
    },
    cancel: (reason) => source.cancel(reason),
  };
}
