/**
 * A lock directory that is held: renewed where its token says so, looked at before a commit, given back.
 *
 * Nothing throws from a timer: a renewal that finds the token gone declares the lock lost; one that fails otherwise is
 * tried again, and `check` decides before any commit.
 */
import { runSync } from "../core/operation.ts";
import { atOnce } from "../protocol/engine.ts";
import { type LockToken, tokenName } from "../protocol/names/names.ts";
import { type HeldLock, type LockRequest, Loss } from "./held_lock.ts";
import { discardToken, exchangeToken, isThere } from "./token.ts";
import type { Turn } from "./turn_queue.ts";

/** A holder renews so many times in the time after which others may take the lock. */
const renewals = 4;

/** Tokens of this process that could not be removed, each with its turn: it lives, and yet nobody holds these locks. */
const abandoned = new Set<string>();

/** The key of a turn names process and place: several simulated processes may share this table. */
const abandonedKey = (token: LockToken, turnKey: string): string => `${turnKey} ${token.random}`;

/** Whether a token is one that this process has given back but could not remove. */
export function isAbandoned(token: LockToken, turnKey: string): boolean {
  return abandoned.has(abandonedKey(token, turnKey));
}

/** The lock directory at the place, held by `token`. */
export function heldDirectory(request: LockRequest, token: LockToken, turn: Turn): HeldLock {
  const { engine, lockPath, attempt, staleAfter } = request;
  const { runtime } = engine;
  const loss = new Loss(attempt.path);
  const stop = new AbortController();
  let current = token;

  const lose = (): void => {
    stop.abort();
    loss.declare("another process has taken the lock");
  };

  // At once on both file systems, so that nothing of ours runs while a token has no name that we know.
  const hasty = { ...request, engine: atOnce(engine) };

  function renew(): void {
    const next = { ...current, stamp: (current.stamp ?? 0) + 1 };
    if (runSync(() => exchangeToken(hasty, tokenName(current), next))) current = next;
    else lose();
  }

  async function keepRenewing(interval: number): Promise<void> {
    while (!stop.signal.aborted) {
      try {
        await runtime.clock.sleep(interval, stop.signal, { keepAlive: false });
        if (!stop.signal.aborted) renew();
      } catch {
        // Stopped, or a renewal that failed: see above.
      }
    }
  }

  if (staleAfter !== undefined) void keepRenewing(staleAfter / renewals);

  return {
    backend: "directory",
    shared: false,
    lockPath,
    turn,
    loss,
    mark: token.random,
    *check() {
      for (let seen = current; loss.error === undefined; seen = current) {
        // At once: a synchronous call may use a lock that was taken asynchronously.
        if (yield* isThere(hasty, seen)) return true;
        // Renewed while we looked.
        if (seen === current) lose();
      }
      return false;
    },
    *release() {
      stop.abort();
      if (loss.error !== undefined) return;
      try {
        // Not there: taken away. The directory is somebody else's then.
        if (!(yield* discardToken(request, current))) return lose();
      } catch (error) {
        abandoned.add(abandonedKey(current, turn.key));
        throw error;
      }
    },
  };
}
