/**
 * A callback that is notified when its time is up: `validate` and `activate` of a deployment and of a publication.
 *
 * `callInTime` calls it inside the locks, with a signal. The signal aborts when the callback's time is up, and with
 * `signal`, as long as the caller gives one: while nothing has changed yet. A callback whose time is up has failed, and is
 * not waited for any longer: what it has started is its own to end. One that is only asked to stop is waited for.
 *
 * State after a failure: nothing here changes any; the error is a CallerError, as with `callInside`.
 */
import { InvalidArgument } from "../core/errors.ts";
import { onAbort } from "../core/abort.ts";
import { millisecondsFrom, type OptionReader, readOptions, wrongArgument } from "../core/options.ts";
import type { Operation } from "../core/operation.ts";
import type { Engine } from "../protocol/engine.ts";
import type { Clock } from "../runtime/runtime.ts";
import { callInside } from "./own_holds.ts";

/** What `validate` and `activate` receive in addition to their subject. */
export interface CallbackContext {
  /**
   * Aborts when the callback's time is up; that of `validate` also with the signal of the call. A program that was started
   * is to be ended then. In a synchronous call it never aborts.
   */
  readonly signal: AbortSignal;
}

/** How long callbacks may take, in milliseconds. Default: as long as they like. */
export interface CallbackTimeouts {
  /** `validate`: longer, and what is new is refused. */
  validate?: number;
  /** `activate`, each time it is called: longer, and it has failed. */
  activate?: number;
}

type CallbackName = keyof CallbackTimeouts;

const atLeastOne = millisecondsFrom(1);
const limitReader: OptionReader<number> = (value, name) => atLeastOne(value, `timeouts.${name}`);

/** Reads the option `timeouts`. */
export const timeoutsReader: OptionReader<CallbackTimeouts> = (value, name) => {
  if (typeof value !== "object" || value === null) throw wrongArgument(name, "an object", value);
  return readOptions(value, { validate: limitReader, activate: limitReader });
};

/** Refuses a time for a callback that is not there, and for one that cannot be interrupted. */
export function checkTimeouts(
  timeouts: CallbackTimeouts,
  callbacks: Readonly<Partial<Record<CallbackName, unknown>>>,
  synchronous: boolean,
): void {
  for (const name of ["validate", "activate"] as const) {
    if (timeouts[name] === undefined) continue;
    if (synchronous) {
      throw new InvalidArgument(`timeouts.${name} has no effect: nothing interrupts a synchronous callback`);
    }
    if (callbacks[name] === undefined) throw new InvalidArgument(`timeouts.${name} has no effect: there is no ${name}`);
  }
}

/** How a callback is called. */
interface Timing {
  readonly name: CallbackName;
  /** In milliseconds. */
  readonly limit: number | undefined;
  /** Asks the callback to stop. */
  readonly signal?: AbortSignal | undefined;
}

/** Calls the callback inside these locks, until it answers or its time is up. */
export function* callInTime<T>(
  engine: Engine,
  holds: Parameters<typeof callInside>[1],
  { name, limit, signal }: Timing,
  call: (context: CallbackContext) => T | PromiseLike<T>,
): Operation<T> {
  const ending = new AbortController();
  const stopListening = onAbort(signal, () => ending.abort(signal?.reason));
  try {
    return yield* callInside(engine, holds, () => {
      const answer = call({ signal: ending.signal });
      return limit === undefined ? answer : inTime(answer, { name, limit }, { clock: engine.runtime.clock, ending });
    });
  } finally {
    stopListening();
  }
}

async function inTime<T>(
  answer: T | PromiseLike<T>,
  { name, limit }: { readonly name: CallbackName; readonly limit: number },
  { clock, ending }: { readonly clock: Clock; readonly ending: AbortController },
): Promise<T> {
  const answered = new AbortController();
  const late = new DOMException(`${name} did not end within ${limit} ms`, "TimeoutError");
  const timeIsUp = async (): Promise<never> => {
    await clock.sleep(limit, answered.signal);
    ending.abort(late);
    throw late;
  };
  try {
    const value = await Promise.race([answer, timeIsUp()]);
    if (ending.signal.reason !== late) return value;
  } catch (error) {
    if (ending.signal.reason !== late) throw error;
  } finally {
    answered.abort();
  }
  // Whatever the callback answers to its signal, it has failed.
  throw late;
}

/** What is to be made to take effect, and how long that may take. */
interface Activation {
  readonly engine: Engine;
  readonly activate: ((context: CallbackContext) => void | PromiseLike<void>) | undefined;
  readonly timeouts: CallbackTimeouts;
}

/** Makes something take effect, if that is asked for. */
export function* activateInTime(
  { engine, activate, timeouts }: Activation,
  holds: Parameters<typeof callInside>[1],
): Operation<void> {
  if (activate === undefined) return;
  yield* callInTime(engine, holds, { name: "activate", limit: timeouts.activate }, activate);
}
