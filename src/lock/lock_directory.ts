/**
 * The directory backend, for places without a kernel lock: every step that changes hands is one atomic rename.
 *
 * 1. Prepare a directory beside the place, with one empty file in it: the token, whose *name* says who holds the lock.
 * 2. Rename it to the place. A directory with a token in it is in the way of every rename: the lock is held.
 * 3. Held by somebody proven dead: rename his token to ours. A late contender finds no such token.
 * 4. Release: remove our token, then the directory, which is free from the moment it is empty.
 *
 * Death is proven, never guessed: who cannot be judged from here is not robbed. Only with `staleAfter`, and only from a
 * holder whose token says that he renews it, is a lock taken after watching the token stay the same for so long on our
 * own monotonic clock. After a failure nothing is held; what was prepared is removed.
 */
import { LockLostError } from "../core/errors.ts";
import { type Operation, run, wait } from "../core/operation.ts";
import { childOf } from "../protocol/engine.ts";
import { type CleanupFailure, tidy } from "../protocol/failure.ts";
import { type LockToken, newToken, tokenName } from "../protocol/names.ts";
import { SystemError } from "../runtime/system_error.ts";
import type { HeldLock, LockRequest, NotHeld } from "./held_lock.ts";
import { type LockDirectoryRequest, occupantOf } from "./occupant.ts";
import { PreparedDirectory } from "./prepared_directory.ts";
import { pauseBeforeRetry } from "./waiting.ts";

/** Takes the lock directory at the place. */
export function* acquireLockDirectory(request: LockRequest): Operation<HeldLock | NotHeld> {
  const { engine, patience } = request;
  const prepared = new PreparedDirectory(request);
  const watch = new StaleWatch(request);
  const failures: CleanupFailure[] = [];
  try {
    for (let looks = 0;; looks++) {
      if (yield* prepared.moveToPlace()) return held(request, prepared.token);
      const occupant = yield* occupantOf(request);
      if (occupant.kind === "file") return "other-backend";
      if (occupant.kind === "free") continue;
      const taken = yield* takeOver(request, occupant, watch);
      if (taken !== undefined) return held(request, taken);
      if (!(yield* pauseBeforeRetry(engine, patience, looks))) return "timeout";
    }
  } finally {
    // What cannot be removed is an empty directory that `sweep` finds; the first error is the one to tell.
    yield* tidy(failures, prepared.remove());
  }
}

/** Renames the token of a holder who is proven dead, or stale by his own rule, to ours. */
function* takeOver(
  request: LockRequest,
  occupant: { readonly name: string; readonly token: LockToken },
  watch: StaleWatch,
): Operation<LockToken | undefined> {
  const { engine } = request;
  const { process } = engine.runtime;
  const dead = occupant.token.facts !== undefined && process.liveness(occupant.token.facts) === "dead";
  if (!dead && !watch.isStale(occupant)) return undefined;
  const ours = newToken(
    process.facts(),
    request.staleAfter !== undefined,
    occupant.token.generation + 1,
    (length) => engine.runtime.random(length),
  );
  return (yield* exchangeToken(request, occupant.name, ours)) ? ours : undefined;
}

/** Renames a token; false when it is not there any more. */
export function* exchangeToken(
  request: Pick<LockRequest, "engine" | "lockPath">,
  from: string,
  to: LockToken,
): Operation<boolean> {
  const { engine, lockPath } = request;
  try {
    yield* wait(engine.fileSystem.rename(childOf(engine, lockPath, from), childOf(engine, lockPath, tokenName(to))));
    return true;
  } catch (error) {
    if (error instanceof SystemError && (error.code === "ENOENT" || error.code === "ENOTDIR")) return false;
    throw error;
  }
}

/** Watches a token stay the same, by our own clock: nobody's time of day is believed. */
class StaleWatch {
  readonly #request: LockRequest;
  #name = "";
  #since = 0;

  constructor(request: LockRequest) {
    this.#request = request;
  }

  isStale(occupant: { readonly name: string; readonly token: LockToken }): boolean {
    const { staleAfter, engine } = this.#request;
    if (staleAfter === undefined || occupant.token.stamp === undefined) return false;
    const now = engine.runtime.clock.monotonic();
    if (occupant.name !== this.#name) {
      this.#name = occupant.name;
      this.#since = now;
    }
    return now - this.#since >= staleAfter;
  }
}

/** A holder renews four times in the time after which others may take the lock. */
const renewals = 4;

function held(request: LockRequest, token: LockToken): HeldLock {
  const { engine, lockPath, attempt } = request;
  const lost = new AbortController();
  const stop = new AbortController();
  let current = token;
  const path = () => childOf(engine, lockPath, tokenName(current));

  const lose = (): void => {
    stop.abort();
    const reason = "another process has taken the lock";
    lost.abort(
      new LockLostError(`Lost the lock of ${JSON.stringify(attempt.path)}`, reason, {
        code: "ELOST",
        path: attempt.path,
        step: "lock",
        targetState: "unchanged",
      }),
    );
  };

  function* renew(): Operation<void> {
    const next = { ...current, stamp: (current.stamp ?? 0) + 1 };
    if (yield* exchangeToken(request, tokenName(current), next)) current = next;
    else lose();
  }

  async function keepRenewing(interval: number): Promise<void> {
    while (!stop.signal.aborted) {
      try {
        await engine.runtime.clock.sleep(interval, stop.signal, { keepAlive: false });
        if (!stop.signal.aborted) await (renewing = run(renew));
      } catch {
        // Stopped, or a renewal that failed: the next one may succeed, and `check` decides before any commit.
      }
    }
  }

  let renewing: Promise<void> = Promise.resolve();
  if (request.staleAfter !== undefined && !engine.synchronous) void keepRenewing(request.staleAfter / renewals);

  return {
    backend: "directory",
    shared: false,
    lockPath,
    signal: lost.signal,
    *check() {
      if (!lost.signal.aborted && (yield* wait(engine.fileSystem.linkStat(path()))) === undefined) lose();
      return !lost.signal.aborted;
    },
    *release() {
      stop.abort();
      if (!engine.synchronous) yield* wait(renewing.catch(() => {}));
      if (lost.signal.aborted) return;
      // Not there: taken away. The directory is somebody else's then.
      if (!(yield* wait(engine.fileSystem.remove(path())))) return lose();
      yield* removeEmpty(request);
    },
  };
}

/** Removes the free lock directory, unless somebody has taken it meanwhile. */
export function* removeEmpty(request: Pick<LockRequest, "engine" | "lockPath">): Operation<void> {
  try {
    yield* wait(request.engine.fileSystem.removeDirectory(request.lockPath));
  } catch (error) {
    const taken = ["ENOTEMPTY", "EEXIST", "ENOTDIR"];
    if (!(error instanceof SystemError && taken.includes(error.code))) throw error;
  }
}

/** Takes a token over and frees the lock; false when it is not there any more. */
export function* removeToken(request: LockDirectoryRequest, name: string, generation: number): Operation<boolean> {
  const { engine, lockPath } = request;
  const { process } = engine.runtime;
  const ours = newToken(process.facts(), false, generation + 1, (length) => engine.runtime.random(length));
  if (!(yield* exchangeToken(request, name, ours))) return false;
  yield* wait(engine.fileSystem.remove(childOf(engine, lockPath, tokenName(ours))));
  yield* removeEmpty(request);
  return true;
}
