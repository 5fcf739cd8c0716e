/**
 * Order among the commits of one process: the later call wins, whichever commits first.
 *
 * 1. `takeTicket` when the public function is called, before any I/O.
 * 2. `enterTarget` once the target is resolved.
 * 3. `beginTurn` before the last check, `end` after the rename (or `commitTurn` around both). `overtaken` says when a
 *    later call has committed already: then the older one must not, for its content is `superseded`.
 * 4. `returnTicket` when the call settles, however it does.
 *
 * A turn is never held while a source is read: an endless stream delays nobody. A synchronous call cannot wait; it
 * takes its turn at once, also in the middle of another's: a call that waits within its turn asks `overtaken` right
 * before its commit. A rename that has been requested by then may still happen later, so it is noted (`noteLanding`),
 * and the synchronous call takes away what it is to move (`takeAwayLanding`): one of the two is first, and both know.
 *
 * The table hangs on `globalThis`, so that two copies of the module keep one order; its shape is versioned by its name.
 */
import { type Operation, wait } from "../core/operation.ts";
import type { Engine } from "./engine.ts";
import { failuresKnown } from "./sync_ledger.ts";

/** Content that a commit made visible, as later callers need to know it. */
export interface Committed {
  readonly order: number;
  readonly fileSynced: boolean;
  /** How many syncs were known to have failed before it (sync_ledger.ts): the call that it overtakes relies on it. */
  readonly since: number;
}

/** What others of this process need to know of a turn. */
interface TurnInProgress {
  /** What is called when it ends. */
  readonly waiting: (() => void)[];
}

interface TargetTurns {
  /** Calls that have entered and not yet returned their ticket. */
  users: number;
  latest: Committed | undefined;
  /** The turn in progress. */
  busy: TurnInProgress | undefined;
  /** What a rename that has been asked for and not answered is to move to the target. */
  landing?: string | undefined;
}

interface TurnTable {
  nextOrder: number;
  /** Calls that hold a ticket but do not know their target yet: any target may be theirs. */
  undecided: number;
  targets: Map<string, TargetTurns>;
  /** Targets nobody uses, remembered while somebody's target is undecided. */
  idle: Set<string>;
}

const tableName = Symbol.for("@durable/atomic-write/commit-turns/2");

function turnTable(): TurnTable {
  const holder = globalThis as { [tableName]?: TurnTable };
  return holder[tableName] ??= { nextOrder: 1, undecided: 0, targets: new Map(), idle: new Set() };
}

/** A call's place in the order. */
export interface Ticket {
  readonly order: number;
  key: string | undefined;
  /** Those of its target, once it is known. */
  turns: TargetTurns | undefined;
  returned: boolean;
}

/** Takes a place in the order, now. */
export function takeTicket(): Ticket {
  const table = turnTable();
  table.undecided++;
  return { order: table.nextOrder++, key: undefined, turns: undefined, returned: false };
}

/** Says which target the ticket is for: its directory's identity and its name. */
export function enterTarget(ticket: Ticket, key: string): void {
  if (ticket.key === key) return;
  const table = turnTable();
  const turns = table.targets.get(key) ?? { users: 0, latest: undefined, busy: undefined };
  table.targets.set(key, turns);
  turns.users++;
  const previous = ticket.key;
  ticket.key = key;
  ticket.turns = turns;
  if (previous === undefined) table.undecided--;
  else leave(table, previous);
  forgetIdle(table);
}

/** Gives the place back. */
export function returnTicket(ticket: Ticket): void {
  if (ticket.returned) return;
  ticket.returned = true;
  const table = turnTable();
  if (ticket.key === undefined) table.undecided--;
  else leave(table, ticket.key);
  forgetIdle(table);
}

function leave(table: TurnTable, key: string): void {
  const turns = table.targets.get(key);
  if (turns !== undefined && --turns.users === 0) table.idle.add(key);
}

/** While somebody's target is undecided, what others committed must be remembered. */
function forgetIdle(table: TurnTable): void {
  if (table.undecided > 0) return;
  for (const key of table.idle) {
    if (table.targets.get(key)?.users === 0) table.targets.delete(key);
  }
  table.idle.clear();
}

/** Says what is on its way to the target by a rename that cannot be called back; undefined: nothing any more. */
export function noteLanding({ turns }: Ticket, temporary: string | undefined): void {
  if (turns !== undefined) turns.landing = temporary;
}

/** Before a synchronous commit: what an older call is about to move to the target is gone, or has arrived already. */
export function* takeAwayLanding(engine: Engine, ticket: Ticket): Operation<void> {
  const landing = ticket.turns?.landing;
  if (landing === undefined || !engine.synchronous) return;
  try {
    yield* wait(engine.fileSystem.remove(landing));
  } catch {
    // It stays: then whichever rename comes last wins, as between processes.
  }
}

/** The turn of one call at its target. The call that has started it ends it. */
export class CommitTurn implements TurnInProgress {
  readonly waiting: (() => void)[] = [];
  readonly #turns: TargetTurns;
  readonly #before: TurnInProgress | undefined;
  readonly #order: number;
  readonly #since = failuresKnown();

  /** It is this call's turn from now on. */
  constructor(turns: TargetTurns, order: number) {
    this.#turns = turns;
    this.#before = turns.busy;
    this.#order = order;
    turns.busy = this;
  }

  /** What a later call has committed by now. */
  get overtaken(): Committed | undefined {
    const { latest } = this.#turns;
    return latest !== undefined && latest.order > this.#order ? latest : undefined;
  }

  /** This call has made its content visible. */
  committed(fileSynced: boolean): void {
    if (this.overtaken === undefined) this.#turns.latest = { order: this.#order, fileSynced, since: this.#since };
  }

  /** It is the next one's turn. */
  end(): void {
    this.#turns.busy = this.#before;
    for (const resume of this.waiting) resume();
  }
}

/** Waits for this call's turn. */
export function* beginTurn({ turns, order }: Ticket, synchronous: boolean): Operation<CommitTurn> {
  if (turns === undefined) throw new Error("A ticket must enter its target before it commits");
  while (!synchronous && turns.busy !== undefined) {
    const { waiting } = turns.busy;
    yield* wait(new Promise<void>((resume) => waiting.push(resume)));
  }
  return new CommitTurn(turns, order);
}

/** Whether the content that was made visible is synced; what has overtaken it; undefined: nothing came of it. */
type TurnOutcome = boolean | Committed | undefined;

/**
 * Runs `commit` as the only one of this process for its target, unless a later call has committed: then answers what
 * that one committed.
 */
export function* commitTurn(
  ticket: Ticket,
  synchronous: boolean,
  commit: (overtaken: () => Committed | undefined) => Operation<TurnOutcome>,
): Operation<Committed | undefined> {
  const turn = yield* beginTurn(ticket, synchronous);
  try {
    const outcome = turn.overtaken ?? (yield* commit(() => turn.overtaken));
    if (typeof outcome !== "boolean") return outcome;
    turn.committed(outcome);
    return undefined;
  } finally {
    turn.end();
  }
}
