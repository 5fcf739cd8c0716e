/**
 * One descriptor for a directory, however many calls of this process work in it at once.
 *
 * 1. `enterDirectory`: the directory is opened; or what another call has open is shared, if the path still leads there.
 *    Whoever comes while it is being opened waits for that.
 * 2. `leaveDirectory`: whoever is the last closes it.
 *
 * What is shared was opened before any change that its user syncs, so a write error since then is reported through it: to
 * the first who syncs, and by the ledger of syncs (sync_ledger.ts) to all others. A synchronous call has no other call
 * beside it that could go on, and opens its own. After a failure nothing is open that was not open before.
 */
import { type Operation, wait } from "../core/operation.ts";
import type { FileStatus, FileSystem, OpenDirectory, OpenFile } from "../runtime/runtime.ts";
import { SystemError } from "../runtime/system_error.ts";
import type { Engine } from "./engine.ts";

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
const sharedOf = new WeakMap<OpenFile, Shared>();

/** Opens the directory `path`, or shares it; undefined when there is none. */
export function* enterDirectory(engine: Engine, path: string): Operation<EnteredDirectory | undefined> {
  const { fileSystem } = engine;
  if (engine.synchronous) return yield* openDirectory(fileSystem, path);
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
    // Whoever opens it hears the same, and says so.
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
