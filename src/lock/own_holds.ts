/**
 * What this thread holds already, who of it waits for what, and requests that could therefore never be granted.
 *
 * A lock asked for by code that holds it would wait for itself; a synchronous call for a lock that code of its thread
 * holds, or waits for, would stop the very thread that must go on; and a circle of waits, however long, is one that the
 * request which would close it must not join. All are refused at once (`joinTurn`).
 *
 * The caller's callbacks and sources are called with what they are inside of (`callInside`, `sourceInside`), however deep
 * they ask. What the caller throws there comes back as a CallerError and reaches them as it was.
 *
 * A hold is known from when it is taken until it is given back (`noteHold`). A wait is known to keep up the
 * holds of the callbacks that it is made in (`noteWait`, which answers what ends it). What holds a lock without a
 * callback (`acquireLock`) may be given back by anybody, and is not taken for blocked.
 *
 * The tables hang on `globalThis`, shared by all copies of the module; their shape is versioned by their name.
 */
import type { Source } from "../core/bytes.ts";
import { DeadlockError, type Remedy } from "../core/errors.ts";
import type { Awaitable, Operation } from "../core/operation.ts";
import type { Engine } from "../protocol/engine.ts";
import { callBack } from "../protocol/call_back.ts";
import type { Attempt } from "../protocol/failure.ts";
import { asyncContext } from "../runtime/async_context.ts";
import type { LockRequest } from "./held_lock.ts";
import { isFree, joinQueue, type Turn } from "./turn_queue.ts";

/** What is known of a hold by code that runs inside it, also when another copy of this module took it. */
interface EnclosingHold {
  /** Whether it has not been released. */
  readonly live: boolean;
  readonly shared: boolean;
  /** The key of its turn. */
  readonly key: string;
  /** The hold that this one is a user of, or that was taken together with it. */
  readonly within: EnclosingHold | undefined;
}

/** The holds of the callbacks this code runs in, innermost first. */
interface HoldChain {
  readonly hold: EnclosingHold;
  readonly above: HoldChain | undefined;
}

interface Wait {
  readonly key: string;
  readonly chain: HoldChain | undefined;
}

interface Tables {
  readonly holds: Map<string, Set<EnclosingHold>>;
  readonly waits: Set<Wait>;
}

const tablesName = Symbol.for("@durable/atomic-write/lock-waits/1");

const { holds, waits } = (globalThis as { [tablesName]?: Tables })[tablesName] ??= {
  holds: new Map(),
  waits: new Set(),
};

/** The holds that code in this chain is inside of. A task that outlives its callback is no longer inside the lock. */
function enclosingHolds(chain: HoldChain | undefined): EnclosingHold[] {
  const found: EnclosingHold[] = [];
  for (let each = chain; each !== undefined; each = each.above) {
    for (let hold: EnclosingHold | undefined = each.hold; hold !== undefined; hold = hold.within) {
      if (hold.live) found.push(hold);
    }
  }
  return found;
}

/** A lock is held from now on; or it is not any more, as the hold says. */
export function noteHold(hold: EnclosingHold): void {
  const others = holds.get(hold.key);
  if (!hold.live) {
    others?.delete(hold);
    if (others?.size === 0) holds.delete(hold.key);
  } else if (others === undefined) holds.set(hold.key, new Set([hold]));
  else others.add(hold);
}

/** How code of this thread holds what has this key; undefined: it does not. */
export function ownHold(key: string): { readonly shared: boolean } | undefined {
  for (const hold of holds.get(key) ?? []) if (hold.live) return hold;
  return undefined;
}

/** Code in this chain waits for the turn with this key, until the answer is called. */
export function noteWait(key: string, chain: HoldChain | undefined): () => void {
  const wait = { key, chain };
  waits.add(wait);
  return () => void waits.delete(wait);
}

/** Whether who holds this turn waits, directly or not, for what code in the chain holds. */
function closesCycle(key: string, chain: HoldChain | undefined): boolean {
  const own = new Set(enclosingHolds(chain));
  if (own.size === 0) return false;
  const seen = new Set<string>();
  const next = [key];
  for (let each = next.pop(); each !== undefined; each = next.pop()) {
    if (seen.has(each)) continue;
    seen.add(each);
    for (const hold of holds.get(each) ?? []) {
      if (own.has(hold)) return true;
      for (const wait of waits) if (enclosingHolds(wait.chain).includes(hold)) next.push(wait.key);
    }
  }
  return false;
}

/** Follows a callback through everything it awaits. */
export const holdContext = asyncContext<HoldChain>("lock-holds/1");

/** Whether this code runs inside one of these holds. */
export function isInsideAny(holds: WeakSet<object>): boolean {
  for (let chain = holdContext.get(); chain !== undefined; chain = chain.above) {
    if (chain.hold.live && holds.has(chain.hold)) return true;
  }
  return false;
}

/** Whether this code runs inside the callback of any hold. */
export function isInsideHold(): boolean {
  return enclosingHolds(holdContext.get()).length > 0;
}

/** The error for a wait that could never end. */
export function deadlock(attempt: Attempt, reason: string, remedy?: Remedy): DeadlockError {
  return new DeadlockError("Cannot lock", reason, {
    code: "EDEADLK",
    path: attempt.path,
    step: "lock",
    targetState: "unchanged",
    remedy,
  });
}

/** The part of a request that turns are about. */
type TurnRequest = Pick<LockRequest, "engine" | "attempt" | "patience" | "shared">;

/** Throws a DeadlockError for what could never be granted. True: this code holds it shared, and may so once more. */
export function refuseEndless({ engine, attempt, patience, shared }: TurnRequest, key: string): boolean {
  const chain = holdContext.get();
  // Code that holds nothing can wait for everything, as long as its thread goes on in the meantime.
  if (chain === undefined && !engine.synchronous) return false;
  const own = enclosingHolds(chain).find((hold) => hold.key === key);
  if (own !== undefined && !(own.shared && shared)) {
    throw deadlock(
      attempt,
      own.shared
        ? "this code holds it shared, and a shared lock cannot become exclusive: release it and request it again"
        : "this code already holds the lock it requests: pass the lock it holds (`lock: held`), or leave it out",
    );
  }
  if (patience.left() === 0 || isFree(key, shared)) return own !== undefined;
  if (engine.synchronous) {
    const reason = "code of this thread holds it or waits for it, and cannot continue while a synchronous call waits";
    throw deadlock(attempt, reason);
  }
  if (closesCycle(key, chain)) {
    throw deadlock(attempt, "its holder waits, directly or not, for a lock that this code holds");
  }
  return own !== undefined;
}

/** Takes a place among the requests of this process; undefined: somebody has the turn, and the caller will not wait. */
export function joinTurn(request: TurnRequest, key: string): Turn | undefined {
  const holdsShared = refuseEndless(request, key);
  const { synchronous } = request.engine;
  if (synchronous && !isFree(key, request.shared)) return undefined;
  const turn = joinQueue(key, request.shared, holdsShared || synchronous);
  return holdsShared ? { ...turn, nested: true } : turn;
}

/** Calls a callback inside these locks; its answer, awaited. A synchronous function refuses one that is a promise. */
export function* callInside<T>(
  engine: Engine,
  holds: readonly EnclosingHold[],
  call: () => T | PromiseLike<T>,
): Operation<T> {
  let chain: HoldChain | undefined;
  for (const hold of holds) chain = { hold, above: chain ?? holdContext.get() };
  const above = chain;
  try {
    return yield* callBack(engine, above === undefined ? call : () => holdContext.run(above, call));
  } finally {
    if (chain !== undefined) holdContext.end();
  }
}

/**
 * Content that is made piece by piece while the lock is held: a generator that asks for the same lock would wait for
 * itself as a callback would, and is recognised likewise.
 */
export function sourceInside(hold: EnclosingHold, source: Source): Source {
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
