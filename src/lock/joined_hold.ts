/**
 * A held lock as one of its users has it.
 *
 * A lock excludes other holders, not the calls that were handed the same hold (`lock: held`): each of those reads and
 * writes in its turn, first come, first served, so that none loses what another one wrote.
 *
 * 1. `joinHold` waits for the turn; a call that could never get it is a DeadlockError at once. 2. `release` gives the
 * turn back, once; the lock itself stays with its holder. After a failure no turn is held.
 */
import type { Operation } from "../core/operation.ts";
import type { Engine } from "../protocol/engine.ts";
import { idly } from "../protocol/room.ts";
import { lockAttempt, LockHold } from "./lock_hold.ts";
import type { Patience } from "./lock_plan.ts";
import { joinTurn, noteHold } from "./own_holds.ts";
import { leaveQueue, type Turn } from "./turn_queue.ts";
import { waitForTurn } from "./waiting.ts";

class JoinedHold extends LockHold {
  override readonly key: string;
  readonly #turn: Turn;
  #over = false;

  constructor(within: LockHold, turn: Turn) {
    super(within.engine, within.place, within.held, within);
    this.#turn = turn;
    this.key = turn.key;
  }

  override get live(): boolean {
    return !this.#over && this.within?.live === true;
  }

  // deno-lint-ignore require-yield -- an operation as its base has it, with nothing to wait for
  override *release(): Operation<void> {
    if (this.#over) return;
    this.#over = true;
    noteHold(this);
    leaveQueue(this.#turn);
  }
}

/** Waits until no other user of the hold is at work, and keeps others from it until the answer is released. */
export function* joinHold(engine: Engine, hold: LockHold, signal: AbortSignal | undefined): Operation<LockHold> {
  const patience: Patience = { timeout: undefined, signal, left: () => undefined, waited: false };
  const attempt = lockAttempt(hold.place.target.path);
  const request = { engine, attempt, patience, shared: false };
  const turn = joinTurn(request, `${hold.key} joined`);
  // Without a timeout it comes, or the signal throws.
  if (turn === undefined) throw new Error("A turn without a time limit must come");
  if (turn.granted !== undefined) yield* idly(engine, waitForTurn(turn, request));
  const joined = new JoinedHold(hold, turn);
  noteHold(joined);
  return joined;
}
