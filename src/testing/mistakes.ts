/**
 * Mistakes in a test itself, of which no report would tell: what was not awaited, what was acknowledged without a fact, a
 * check that returns its verdict.
 *
 * A callback may swallow the error that it is given for its mistake, or have nobody left who would see it. So the first one
 * is kept, and the exploration throws it in the place of its report.
 */
import { InvalidArgument } from "../core/errors.ts";
import { nextTurn } from "../core/event_loop.ts";
import { type Awaitable, type Operation, wait } from "../core/operation.ts";
import { wrongArgument } from "../core/options.ts";
import { withRuntime } from "../runtime/current.ts";
import type { Runtime } from "../runtime/runtime.ts";

/** The mistakes of one exploration. */
export class Mistakes {
  #first: Error | undefined;

  /** Keeps the first one. */
  note(error: Error): Error {
    this.#first ??= error;
    return error;
  }

  /** A call of `who`, which has ended. */
  late(who: string): Error {
    return this.note(new Error(`${who} has ended while calls were pending: was something not awaited?`));
  }

  /** Refuses a fact that says nothing. */
  requireFact(fact: unknown): void {
    if (fact === undefined) {
      throw this.note(new InvalidArgument('acknowledge needs a fact, such as acknowledge("saved")'));
    }
  }

  /** Refuses the verdict of a callback that must throw instead. */
  refuseVerdict(who: string, verdict: unknown): void {
    if (verdict === undefined) return;
    const { message } = wrongArgument(`What ${who} returns`, "undefined", verdict);
    throw this.note(
      new InvalidArgument(
        `${message}: return nothing, and throw when something is wrong (an arrow function without braces returns its value)`,
      ),
    );
  }

  /** Throws the first one, if there is one. */
  throwFirst(): void {
    if (this.#first !== undefined) throw this.#first;
  }
}

/** Waits until what was not awaited has come to its next call. */
export async function untilPendingShows(): Promise<void> {
  await nextTurn();
  await nextTurn();
}

/**
 * Calls a caller's function with a machine in place, and `ended` as soon as it has ended. The machine stays in place until
 * what was not awaited has shown itself, unless everything is synchronous.
 */
export function* callOn<T>(
  runtime: Runtime,
  synchronous: boolean,
  body: () => Awaitable<T>,
  ended: () => void,
): Operation<T> {
  if (synchronous) {
    const value = yield* wait(withRuntime(runtime, body));
    ended();
    return value;
  }
  const attended = async (): Promise<T> => {
    const value = await body();
    ended();
    await untilPendingShows();
    return value;
  };
  return yield* wait(withRuntime(runtime, attended));
}
