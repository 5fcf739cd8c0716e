/**
 * A directory that several calls of this process work in at once: they share one descriptor, and its syncs.
 *
 * 1. `enterDirectory`: the directory is opened; or what another call has open is shared, if the path still leads there.
 *    A call that comes while it is being opened waits for that.
 * 2. `sharedSync`, group commit: a call that comes while a sync is in flight waits for the *next* one, because the one
 *    in flight may have started before its rename. All who waited share its outcome.
 * 3. `leaveDirectory`: the last call closes it.
 *
 * What is shared was opened before any change that its user syncs, so a write error since then is reported through it: to
 * the first who syncs, and by the ledger of syncs (sync_ledger.ts) to all others. Every sync is in the ledger from its
 * beginning to its end; what is answered is where the order stood when it ended. A synchronous call
 * shares with itself, and with the one whose callback it is made in. After a failure nothing is open that was not open
 * before.
 */
import { type Awaitable, type Operation, wait } from "../core/operation.ts";
import type { FileStatus, FileSystem, OpenDirectory, OpenFile, SyncLevel } from "../runtime/runtime.ts";
import { SystemError } from "../runtime/system_error.ts";
import type { Engine } from "./engine.ts";
import { beginSync, type DeviceSyncs, endSync } from "./sync_ledger.ts";

/** An open directory, and what it is. */
export interface EnteredDirectory {
  readonly handle: OpenDirectory;
  readonly status: FileStatus;
}

/** A directory that is open, or about to be. */
interface Shared {
  /** Undefined until it is open. */
  entered: EnteredDirectory | undefined;
  users: number;
  /** Those who wait until it is open, or cannot be opened. */
  waiting: (() => void)[];
  /** Nobody enters it from now on. */
  close(): void;
}

/** Open directories of a file system by their paths. */
const tables = new WeakMap<FileSystem, Map<string, Shared>>();
/** No WeakMap: an entry of one for each write is what its garbage collection costs most. */
const sharedOf = new Map<OpenFile, Shared>();

/** Opens the directory `path`, or shares it; undefined when there is none. */
export function* enterDirectory(engine: Engine, path: string): Operation<EnteredDirectory | undefined> {
  const { fileSystem } = engine;
  let table = tables.get(fileSystem);
  if (table === undefined) tables.set(fileSystem, table = new Map());
  for (let known = table.get(path); known !== undefined; known = table.get(path)) {
    const entered = yield* share(fileSystem, path, known);
    if (entered !== undefined) return entered;
  }
  const open = table;
  const shared: Shared = {
    entered: undefined,
    users: 1,
    waiting: [],
    close: () => void (open.get(path) === shared && open.delete(path)),
  };
  open.set(path, shared);
  try {
    shared.entered = yield* openDirectory(fileSystem, path);
    if (shared.entered !== undefined) sharedOf.set(shared.entered.handle, shared);
    return shared.entered;
  } finally {
    if (shared.entered === undefined) shared.close();
    for (const resume of shared.waiting.splice(0)) resume();
  }
}

function* openDirectory(fileSystem: FileSystem, path: string): Operation<EnteredDirectory | undefined> {
  const handle = yield* wait(fileSystem.openDirectory(path));
  if (handle === undefined) return undefined;
  try {
    return { handle, status: yield* wait(handle.stat()) };
  } catch (error) {
    yield* closeDirectory(handle);
    throw error;
  }
}

/** Undefined when it could not be opened, or the path leads elsewhere by now: nobody else enters it then. */
function* share(fileSystem: FileSystem, path: string, shared: Shared): Operation<EnteredDirectory | undefined> {
  shared.users++;
  if (shared.entered === undefined) yield* wait(new Promise<void>((resume) => shared.waiting.push(resume)));
  const { entered } = shared;
  if (entered === undefined) return undefined;
  let status: FileStatus | undefined;
  try {
    status = yield* wait(fileSystem.stat(path));
  } catch (error) {
    // A call that opens it gets the same error, and reports it.
    if (!(error instanceof SystemError)) throw error;
  }
  if (status?.identity === entered.status.identity) return { handle: entered.handle, status };
  shared.close();
  yield* leaveDirectory(entered.handle);
  return undefined;
}

/** Gives an open directory back; it is closed when nobody else is in it. */
export function* leaveDirectory(handle: OpenFile): Operation<void> {
  const shared = sharedOf.get(handle);
  if (shared !== undefined) {
    if (--shared.users > 0) return;
    shared.close();
    sharedOf.delete(handle);
  }
  yield* closeDirectory(handle);
}

/** A failure has no meaning: nothing was written through this handle. */
function* closeDirectory(handle: OpenFile): Operation<void> {
  try {
    yield* wait(handle.close());
  } catch {
    // See above.
  }
}

/** An open directory, and how far its sync must reach. */
interface DirectorySync {
  readonly handle: OpenFile;
  readonly level: SyncLevel;
}

/**
 * Syncs a directory; which syncs had started when it ended (`endSync`). `ended` is called when it has ended, either
 * way.
 */
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

/** Syncs a directory together with all others that wait for the same `key`; which syncs had started when it ended. */
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
