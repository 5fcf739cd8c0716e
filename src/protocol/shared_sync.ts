/**
 * Group commit of directory syncs: whoever comes while a sync is in flight waits for the *next* one, because the one in
 * flight may have started before his rename. All who waited share its outcome.
 *
 * Every sync is in the ledger from its beginning to its end; what is answered is where the order stood when it ended.
 */
import type { Awaitable } from "../core/operation.ts";
import type { FileSystem, OpenFile, SyncLevel } from "../runtime/runtime.ts";
import { beginSync, type DeviceSyncs, endSync } from "./sync_ledger.ts";

/** An open directory, and how far its sync must reach. */
interface DirectorySync {
  readonly handle: OpenFile;
  readonly level: SyncLevel;
}

/** Syncs a directory; which syncs had begun when it ended (`endSync`). `ended` is called when it has ended, either way. */
export function registeredSync(syncs: DeviceSyncs, sync: DirectorySync, ended?: () => void): Awaitable<number> {
  const order = beginSync(syncs);
  let started: Awaitable<void>;
  try {
    started = sync.handle.sync(sync.level);
  } catch (error) {
    endSync(syncs, order, error);
    ended?.();
    throw error;
  }
  if (started !== undefined) return endOf(started, syncs, order, ended);
  const begun = endSync(syncs, order);
  ended?.();
  return begun;
}

async function endOf(
  started: PromiseLike<void>,
  syncs: DeviceSyncs,
  order: number,
  ended: (() => void) | undefined,
): Promise<number> {
  try {
    await started;
    return endSync(syncs, order);
  } catch (error) {
    endSync(syncs, order, error);
    throw error;
  } finally {
    ended?.();
  }
}

interface Waiter {
  readonly sync: DirectorySync;
  resolve(begun: number): void;
  reject(error: unknown): void;
}

/** Per file system, the directories with a sync in flight, and who waits for the next. */
const inFlight = new WeakMap<FileSystem, Map<string, Waiter[]>>();

/** Syncs a directory together with all others that wait for the same `key`; which syncs had begun when it ended. */
export function sharedSync(
  fileSystem: FileSystem,
  syncs: DeviceSyncs,
  key: string,
  sync: DirectorySync,
): Awaitable<number> {
  let queues = inFlight.get(fileSystem);
  if (queues === undefined) inFlight.set(fileSystem, queues = new Map());
  const queue = queues.get(key);
  if (queue !== undefined) return new Promise((resolve, reject) => queue.push({ sync, resolve, reject }));
  const all = queues;
  all.set(key, []);
  const next = (): void => {
    const batch = all.get(key);
    const leader = batch?.[0];
    if (batch === undefined || leader === undefined) {
      all.delete(key);
      return;
    }
    all.set(key, []);
    // The leader's own handle: it was opened before its rename, so a write error since then is reported through it.
    startedSync(syncs, leader.sync, next).then(
      (begun) => batch.forEach((each) => each.resolve(begun)),
      (error) => batch.forEach((each) => each.reject(error)),
    );
  };
  return registeredSync(syncs, sync, next);
}

async function startedSync(syncs: DeviceSyncs, sync: DirectorySync, next: () => void): Promise<number> {
  return await registeredSync(syncs, sync, next);
}
