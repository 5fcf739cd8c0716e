/**
 * Which syncs of this process are in flight on a file system, and which have failed: what decides whether a later sync
 * may be trusted.
 *
 * The kernel reports an error once, to the program that syncs first; what others had changed by then is lost with it,
 * while their own syncs answer success (ext4, xfs). So after a sync failed on a device, nothing that was changed there
 * before the failure was known is acknowledged on the strength of a later sync. Order of calls:
 *
 * 1. `failuresKnown` before an operation changes anything: `Attempt.since` keeps it.
 * 2. `beginSync` … `endSync` around every sync of ours, of a file or a directory.
 * 3. `earlierSyncsEnded`: the kernel gives an error away before JavaScript hears of it, and a sync that was asked for
 *    after one's own may run before it. So an acknowledgement waits for all that were in flight when its own ended;
 *    never for those that began later, so the waiting has an end.
 * 4. `failureSince`: the failure that makes a success worthless, if there is one.
 *
 * The table hangs on `globalThis`, so that two copies of the module know of each other; its shape is versioned by its name.
 */
import { type Operation, wait } from "../core/operation.ts";
import type { SystemError } from "../runtime/system_error.ts";
import type { Engine } from "./engine.ts";
import { concernsAll } from "./sync_codes.ts";

/** The syncs of one process on one file system. */
export interface DeviceSyncs {
  nextOrder: number;
  /** The order of each sync that has started and not ended, the oldest first. */
  readonly inFlight: Set<number>;
  /** The calls that wait until every sync with a lower order has ended. */
  waiting: { readonly before: number; resume(): void }[];
  /** The last failure: which one it was of all that this process has met, and what the system said. */
  failure: { readonly number: number; readonly error: SystemError } | undefined;
}

interface Ledger {
  failures: number;
  readonly processes: WeakMap<object, Map<string, DeviceSyncs>>;
}

const ledgerName = Symbol.for("@durable/atomic-write/syncs/1");

function ledger(): Ledger {
  const holder = globalThis as { [ledgerName]?: Ledger };
  return holder[ledgerName] ??= { failures: 0, processes: new WeakMap() };
}

/** How many syncs have failed so far, on whatever file system: a moment that failures are before or after. */
export const failuresKnown = (): number => ledger().failures;

/** The syncs on one file system. */
export function syncsOn({ runtime }: Engine, device: string): DeviceSyncs {
  const { processes } = ledger();
  let devices = processes.get(runtime.process.isolate);
  if (devices === undefined) processes.set(runtime.process.isolate, devices = new Map());
  let syncs = devices.get(device);
  if (syncs === undefined) {
    devices.set(device, syncs = { nextOrder: 1, inFlight: new Set(), waiting: [], failure: undefined });
  }
  return syncs;
}

/** A sync begins: its place in the order. */
export function beginSync(syncs: DeviceSyncs): number {
  const order = syncs.nextOrder++;
  syncs.inFlight.add(order);
  return order;
}

/** It has ended, with success or with an error: what begins now has this order or a higher one. */
export function endSync(syncs: DeviceSyncs, order: number, error?: unknown): number {
  syncs.inFlight.delete(order);
  if (error !== undefined && concernsAll(error)) noteFailure(syncs, error);
  if (syncs.waiting.length > 0) resumeWaiting(syncs);
  return syncs.nextOrder;
}

function resumeWaiting(syncs: DeviceSyncs): void {
  const ready = syncs.waiting.filter(({ before }) => haveEnded(syncs, before));
  syncs.waiting = syncs.waiting.filter((waiter) => !ready.includes(waiter));
  for (const { resume } of ready) resume();
}

/** Something has shown that this file system fails. */
export function noteFailure(syncs: DeviceSyncs, error: SystemError): void {
  syncs.failure = { number: ++ledger().failures, error };
}

function haveEnded({ inFlight }: DeviceSyncs, before: number): boolean {
  for (const oldest of inFlight) return oldest >= before;
  return true;
}

/** Waits until every sync of an order lower than `before` has ended, and what it answered is known. */
export function* earlierSyncsEnded(syncs: DeviceSyncs, before: number): Operation<void> {
  if (haveEnded(syncs, before)) return;
  yield* wait(new Promise<void>((resume) => syncs.waiting.push({ before, resume })));
}

/** What has failed on this file system after only `known` failures were known; undefined: nothing. */
export function failureSince({ failure }: DeviceSyncs, known: number): SystemError | undefined {
  return failure !== undefined && failure.number > known ? failure.error : undefined;
}

/**
 * Whether this process knows of a failed sync on that file system. Content that is only equal to what is to be written
 * may then be in memory alone, and syncing it proves nothing: it is written.
 */
export const isDistrusted = (engine: Engine, device: string): boolean => syncsOn(engine, device).failure !== undefined;
