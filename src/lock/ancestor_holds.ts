/**
 * Locks that a program which started this one holds while this one runs: `atomic-write lock FILE -- COMMAND`. COMMAND
 * would wait for them until it ends itself.
 *
 * 1. A program that starts another one inside a lock passes it `heldLocksVariable` (`heldLocks`). 2. A request that
 * finds its lock held asks `refuseHeldAbove`: is it one of these? Then it is a DeadlockError at once, or with `join`
 * the lock is joined (joined_above.ts). 3. `isHeldAbove` before each commit of who has joined.
 *
 * The variable is only where to look. That the lock is held by an ancestor, or through a descriptor that this process has
 * inherited, is what the system says; where it does not tell, the lock is waited for.
 */
import { type Operation, wait } from "../core/operation.ts";
import type { FileStatus } from "../runtime/runtime.ts";
import type { LockDirectoryRequest, LockRequest } from "./held_lock.ts";
import { plain } from "./holder_text.ts";
import type { LockHold } from "./lock_hold.ts";
import { type Occupant, occupantOf } from "./occupant.ts";
import { inodeText } from "./owner_record.ts";
import { deadlock } from "./own_holds.ts";

/** The variable of the environment that names the locks which the programs above hold. */
const heldLocksVariable = "ATOMIC_WRITE_HELD_LOCKS";

/** What the variable says of one lock. */
interface AncestorHold {
  /** `HeldLock.mark`. */
  readonly mark: string;
  readonly pid: number;
  readonly shared: boolean;
}

/** Programs one inside the other; beyond that the outermost are forgotten. */
const mostHolds = 32;

function isHold(value: unknown): value is AncestorHold {
  if (typeof value !== "object" || value === null) return false;
  const { mark, pid, shared } = value as Partial<AncestorHold>;
  return typeof mark === "string" && Number.isSafeInteger(pid) && typeof shared === "boolean";
}

function namedHolds({ engine }: Pick<LockRequest, "engine">): AncestorHold[] {
  const text = engine.runtime.process.environment?.(heldLocksVariable);
  if (text === undefined) return [];
  try {
    const value: unknown = JSON.parse(text);
    return Array.isArray(value) ? value.filter(isHold).slice(-mostHolds) : [];
  } catch {
    return [];
  }
}

/** What a program that is started inside these locks is to find in its environment. */
export function heldLocks(holds: readonly LockHold[]): Record<string, string> {
  const [first] = holds;
  if (first === undefined) return {};
  const own: AncestorHold[] = [];
  for (const hold of holds) {
    for (let each: LockHold | undefined = hold; each !== undefined; each = each.within) {
      const { mark, shared } = each.held;
      if (!own.some((other) => other.mark === mark)) own.push({ mark, shared, pid: each.engine.runtime.process.pid });
    }
  }
  return { [heldLocksVariable]: JSON.stringify([...namedHolds(first), ...own].slice(-mostHolds)) };
}

/** Whether the process is this one or one that it descends from. */
function isAbove({ engine }: Pick<LockRequest, "engine">, pid: number): boolean {
  const { process } = engine.runtime;
  return pid === process.pid || process.ancestors?.().includes(pid) === true;
}

/** The hold of an ancestor on this lock file; undefined when the system does not confirm one. */
function fileHeldAbove(request: Pick<LockRequest, "engine">, status: FileStatus): AncestorHold | undefined {
  const mark = inodeText(status.identity);
  const named = namedHolds(request).find((hold) => hold.mark === mark);
  if (named === undefined) return undefined;
  const holder = request.engine.runtime.process.lockHolder(status.identity, named.pid);
  if (typeof holder !== "object" || !isAbove(request, holder.pid)) return undefined;
  return { mark, pid: holder.pid, shared: holder.shared };
}

/** The hold of an ancestor on this lock directory. Its token is the lock, and says whose it is. */
function directoryHeldAbove(
  request: Pick<LockRequest, "engine">,
  { token }: Occupant & { readonly kind: "held" },
): AncestorHold | undefined {
  const named = namedHolds(request).find((hold) => hold.mark === token.random);
  const { facts } = token;
  if (named === undefined || facts === undefined || facts.pid !== named.pid) return undefined;
  const isAlive = request.engine.runtime.process.liveness(facts) === "alive";
  return isAlive && isAbove(request, facts.pid) ? { ...named, shared: false } : undefined;
}

function heldAbove(request: Pick<LockRequest, "engine">, place: FileStatus | Occupant): AncestorHold | undefined {
  if ("identity" in place) return fileHeldAbove(request, place);
  return place.kind === "held" ? directoryHeldAbove(request, place) : undefined;
}

/**
 * Of a lock that is held: true when an ancestor holds it and it is to be joined. Throws a DeadlockError when it is not,
 * or cannot, unless the caller would not wait in any case.
 */
// deno-lint-ignore require-yield -- an operation as those around it are
export function* refuseHeldAbove(request: LockRequest, place: FileStatus | Occupant): Operation<boolean> {
  const { attempt, engine, join, patience, shared } = request;
  const above = heldAbove(request, place);
  if (above === undefined) return false;
  const canJoin = shared || !above.shared;
  if (join && canJoin) return true;
  if (patience.timeout === 0) return false;
  const { pid } = above;
  const program = pid === engine.runtime.process.pid ? "" : engine.runtime.process.programOf?.(pid) ?? "";
  const who = pid === engine.runtime.process.pid
    ? "this program has inherited it"
    : `process ${pid}${program === "" ? "" : ` (${plain(program)})`}, which started this program, holds it`;
  if (canJoin) throw deadlock(attempt, who, { use: "join" });
  throw deadlock(attempt, `${who} shared; it cannot be joined`);
}

/** Whether an ancestor still holds the lock at this place. */
export function* isHeldAbove(request: LockDirectoryRequest): Operation<boolean> {
  const status = yield* wait(request.engine.fileSystem.linkStat(request.lockPath));
  if (status === undefined) return false;
  const place = status.kind === "directory" ? yield* occupantOf(request) : status;
  return heldAbove(request, place) !== undefined;
}
