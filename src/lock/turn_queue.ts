/**
 * Order among the lock holders of one process (of one thread): first come, first served, shared holders together.
 *
 * 1. `joinQueue` answers at once: granted, or a promise for the turn.
 * 2. the holder takes the kernel's lock, works, gives it back, and calls `leaveQueue` exactly once, also when it never
 *    got that far.
 * 3. a waiter that gives up calls `cancelWait`; if the turn was granted in the same moment, it is passed on.
 *
 * Keys are the identity of the lock file, or of the lock directory's place, so that all paths to one lock share one
 * queue. Kernel locks alone would do between processes, but not within one: a synchronous call cannot wait for a lock
 * that code of its own thread holds, and must say so at once. The table hangs on `globalThis`, shared by all copies of
 * the module; its shape is versioned by its name.
 */

interface Waiter {
  readonly shared: boolean;
  grant(): void;
}

interface Queue {
  /** How many hold it; more than one only when shared. */
  holders: number;
  shared: boolean;
  readonly waiting: Waiter[];
}

const tableName = Symbol.for("@durable/atomic-write/lock-turns/1");

function turnTable(): Map<string, Queue> {
  const holder = globalThis as { [tableName]?: Map<string, Queue> };
  return holder[tableName] ??= new Map();
}

/** A place in a queue. */
export interface Turn {
  readonly key: string;
  readonly shared: boolean;
  /** Settles when the turn has come; undefined when it came at once. */
  readonly granted: Promise<void> | undefined;
  readonly waiter: Waiter | undefined;
  /** Whether it was taken by code that holds the lock shared already: it waits behind nobody. */
  readonly nested?: boolean;
}

function admits(queue: Queue, shared: boolean): boolean {
  return queue.holders === 0 || (queue.shared && shared);
}

/** Takes a place. With `overtake` a shared turn joins shared holders although others wait before it. */
export function joinQueue(key: string, shared: boolean, overtake: boolean): Turn {
  const table = turnTable();
  const queue = table.get(key);
  if (queue === undefined) {
    table.set(key, { holders: 1, shared, waiting: [] });
    return { key, shared, granted: undefined, waiter: undefined };
  }
  if (admits(queue, shared) && (overtake || queue.waiting.length === 0)) {
    queue.holders++;
    queue.shared = shared;
    return { key, shared, granted: undefined, waiter: undefined };
  }
  let grant = (): void => {};
  const granted = new Promise<void>((resolve) => grant = resolve);
  const waiter = { shared, grant };
  queue.waiting.push(waiter);
  return { key, shared, granted, waiter };
}

/** Whether nothing prevents a turn. */
export function isFree(key: string, shared: boolean): boolean {
  const queue = turnTable().get(key);
  return queue === undefined || admits(queue, shared);
}

/** Gives a granted turn back. */
export function leaveQueue(turn: Turn): void {
  const table = turnTable();
  const queue = table.get(turn.key);
  if (queue === undefined) return;
  queue.holders--;
  passOn(table, turn.key, queue);
}

/** Gives up waiting, or a turn that was granted in the meantime. */
export function cancelWait(turn: Turn): void {
  const table = turnTable();
  const queue = table.get(turn.key);
  if (queue === undefined) return;
  const place = turn.waiter === undefined ? -1 : queue.waiting.indexOf(turn.waiter);
  if (place === -1) queue.holders--;
  else queue.waiting.splice(place, 1);
  // An exclusive waiter that gives up may have been all that kept shared ones behind it from joining.
  passOn(table, turn.key, queue);
}

function passOn(table: Map<string, Queue>, key: string, queue: Queue): void {
  while (queue.waiting[0] !== undefined && admits(queue, queue.waiting[0].shared)) {
    const next = queue.waiting.shift();
    if (next === undefined) break;
    queue.holders++;
    queue.shared = next.shared;
    next.grant();
  }
  if (queue.holders === 0 && queue.waiting.length === 0) table.delete(key);
}
