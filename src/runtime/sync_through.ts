/**
 * The sync of a file that was opened for reading, where the system flushes through a handle that may write alone.
 *
 * On Windows FlushFileBuffers needs write access: https://learn.microsoft.com/windows/win32/api/fileapi/nf-fileapi-flushfilebuffers
 * It flushes the file, not the handle's own writes. So the name is opened once more, for writing; only where both handles
 * are of one file, the second one is synced. It is closed again, whatever comes of it; the first one is as it was.
 */
import type { Awaitable } from "../core/operation.ts";
import type { OpenFile, SyncReach } from "./runtime.ts";
import { SystemError, toSystemError } from "./system_error.ts";

/** Another handle of the file, which may write; undefined where its name is gone. */
type Reopen = () => OpenFile | undefined;

/** A file that is open, and the name it was opened by. */
interface ReadFile {
  readonly path: string;
  readonly identity: string;
}

/** Syncs the file; ESTALE where its name leads to another one by now. */
export function syncThrough({ path, identity }: ReadFile, reopen: Reopen, level: SyncReach): Awaitable<void> {
  let writable: OpenFile | undefined;
  try {
    writable = reopen();
  } catch (error) {
    // The step that failed is the sync.
    throw new SystemError(toSystemError(error, "sync", path).code, "sync", path, error);
  }
  if (writable === undefined) throw new SystemError("ESTALE", "sync", path);
  let synced: Awaitable<void>;
  try {
    if (writable.opened?.identity !== identity) throw new SystemError("ESTALE", "sync", path);
    synced = writable.sync(level);
  } catch (error) {
    closeQuietly(writable);
    throw error;
  }
  if (synced instanceof Promise) return synced.finally(() => closeQuietly(writable));
  closeQuietly(writable);
}

/** Nothing was written through it. */
function closeQuietly(file: OpenFile): void {
  try {
    void file.close();
  } catch {
    // The sync says what there is to say.
  }
}
