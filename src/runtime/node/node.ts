/**
 * Node: node:fs, and flock through the optional addon fs-ext, else through koffi where that is installed, else through the
 * program flock(1), else not at all.
 * Nothing is loaded before the first call that needs it.
 */
import { builtin, hasRealDescriptors, nodeFs, requiredProcess } from "../builtin.ts";
import { createClock } from "../clock.ts";
import { type CLibrary, loadCLibrary } from "../foreign/c_library.ts";
import { isKoffi, koffiBinder } from "../foreign/koffi.ts";
import type { Binder } from "../foreign/table.ts";
import { loadWindowsDirectories, type WindowsDirectories } from "../foreign/windows_directories.ts";
import { loadWindowsLocks } from "../foreign/windows_locks.ts";
import { flockProgram, runFlock, startFlock, waitFlock, waitFlockSync } from "../flock_program.ts";
import { createHash } from "../hash.ts";
import { run, runSync } from "../../core/operation.ts";
import { macSync } from "../mac_sync.ts";
import { asyncTransfers, completed, type DescriptorCalls, syncTransfers } from "./calls.ts";
import { reflinkRequest } from "./clone.ts";
import { anchorsHere } from "./directory.ts";
import { NodeFileSystem } from "./file_system.ts";
import { nodeProcess } from "./process.ts";
import { randomBytes } from "../random.ts";
import type { Runtime, SyncLevel } from "../runtime.ts";
import { codeOf } from "../system_error.ts";

/** What is used of fs-ext, which has no types: https://github.com/baudehlo/node-fs-ext */
interface FlockAddon {
  flockSync(descriptor: number, flags: "exnb" | "shnb" | "un"): void;
}

/** fs-ext, where it is installed and was built for this Node. */
function loadAddon(): FlockAddon | undefined {
  // fs-ext is one for all threads: loaded again after a worker that had it has ended, it ends the whole process.
  if (!builtin("node:worker_threads").isMainThread) return undefined;
  const found = optional("fs-ext");
  return typeof found === "object" && found !== null && "flockSync" in found ? found as FlockAddon : undefined;
}

/** A package that need not be installed. Not `import(name)`: build tools try to resolve that. */
function optional(name: string): unknown {
  try {
    return builtin("node:module").createRequire(import.meta.url)(name);
  } catch {
    return undefined;
  }
}

let library: { found: CLibrary | undefined } | undefined;

/** The C library, where koffi is installed. */
function cLibrary(): CLibrary | undefined {
  return (library ??= { found: loadLibrary() }).found;
}

function loadLibrary(): CLibrary | undefined {
  if (!hasRealDescriptors()) return undefined;
  const { arch, platform } = requiredProcess();
  const koffi = optional("koffi");
  return isKoffi(koffi) ? loadCLibrary(koffiBinder(koffi), platform, arch) : undefined;
}

/** What locks by a call. Non-blocking, so never handed to the thread pool: four waiters there would stop all file work. */
interface LockCalls {
  tryLock(descriptor: number, shared: boolean): boolean;
  unlock(descriptor: number): void;
}

const addonCalls = (addon: FlockAddon): LockCalls => ({
  tryLock: (descriptor, shared) => {
    try {
      addon.flockSync(descriptor, shared ? "shnb" : "exnb");
      return true;
    } catch (error) {
      if (codeOf(error) === "EAGAIN") return false;
      throw error;
    }
  },
  unlock: (descriptor) => addon.flockSync(descriptor, "un"),
});

let calls: { found: LockCalls | undefined } | undefined;

/**
 * fs-ext first, because a user who has built it has asked for it; koffi second. On Windows koffi alone: fs-ext's locks
 * there keep others from reading the file.
 */
function lockCalls(): LockCalls | undefined {
  return (calls ??= { found: requiredProcess().platform === "win32" ? windowsLocks() : flockCalls() }).found;
}

function flockCalls(): LockCalls | undefined {
  const addon = loadAddon();
  return addon === undefined ? cLibrary() : addonCalls(addon);
}

/** koffi, for Windows. */
function windowsBinder(): Binder | undefined {
  const koffi = hasRealDescriptors() ? optional("koffi") : undefined;
  return isKoffi(koffi) ? koffiBinder(koffi) : undefined;
}

function windowsLocks(): LockCalls | undefined {
  const bind = windowsBinder();
  return bind && loadWindowsLocks(bind, requiredProcess().execPath);
}

let directories: { found: WindowsDirectories | undefined } | undefined;

function windowsDirectories(): WindowsDirectories | undefined {
  const bind = directories === undefined ? windowsBinder() : undefined;
  return (directories ??= { found: bind && loadWindowsDirectories(bind) }).found;
}

/** On macOS, where the C library can be called: it. */
const macLibrary = () => requiredProcess().platform === "darwin" ? cLibrary() : undefined;

/**
 * On macOS libuv's fsync is F_FULLFSYNC; after any failure of that it makes F_BARRIERFSYNC, then fsync(2), and tells the
 * failure of the last one alone: https://github.com/libuv/libuv/blob/v1.x/src/unix/fs.c (uv__fs_fsync). So neither what
 * was reached nor an EIO is known for certain, unless the C library can be called.
 */
function syncAtOnce(descriptor: number, level: SyncLevel): void {
  const library = macLibrary();
  if (library === undefined) nodeFs().fsyncSync(descriptor);
  else runSync(() => macSync((reach) => library.sync(descriptor, reach), level));
}

/** The same on another thread. */
function syncLater(descriptor: number, level: SyncLevel): Promise<void> {
  const fsync = () => completed((callback) => nodeFs().fsync(descriptor, callback));
  const library = macLibrary();
  if (library === undefined) return fsync();
  return run(() => macSync((reach) => library.syncLater(descriptor, reach) ?? fsync(), level));
}

const tryFlags = (shared: boolean) => ["-n", shared ? "-s" : "-x"];
const nothing = () => {};

const syncCalls: DescriptorCalls = {
  ...syncTransfers,
  cLibrary,
  sync: syncAtOnce,
  flushDirectory: (path) => windowsDirectories()?.flush(path),
  clone: (destination, source) => {
    const request = reflinkRequest(destination, source);
    if (request === undefined) return false;
    try {
      builtin("node:fs").copyFileSync(request.from, request.to, request.flags);
    } catch {
      return request.undo();
    }
    return request.finish();
  },
  tryLock: (descriptor, shared) => lockCalls()?.tryLock(descriptor, shared) ?? runFlock(descriptor, tryFlags(shared)),
  lock: waitFlockSync,
  unlock: (descriptor) => {
    const calls = lockCalls();
    if (calls === undefined) runFlock(descriptor, ["-u"]);
    else calls.unlock(descriptor);
  },
};

const asyncCalls: DescriptorCalls = {
  ...asyncTransfers,
  cLibrary,
  syncAtOnce,
  sync: syncLater,
  flushDirectory: (path) => windowsDirectories()?.flushLater(path),
  clone: (destination, source) => {
    const request = reflinkRequest(destination, source);
    if (request === undefined) return false;
    return completed((callback) => builtin("node:fs").copyFile(request.from, request.to, request.flags, callback)).then(
      () => request.finish(),
      () => request.undo(),
    );
  },
  tryLock: (descriptor, shared) => lockCalls()?.tryLock(descriptor, shared) ?? startFlock(descriptor, tryFlags(shared)),
  lock: waitFlock,
  unlock: (descriptor) => {
    const calls = lockCalls();
    return calls === undefined ? startFlock(descriptor, ["-u"]).then(nothing) : calls.unlock(descriptor);
  },
};

/** The runtime of Node. */
export function nodeRuntime(): Runtime {
  const host = requiredProcess();
  const windows = host.platform === "win32";
  return {
    name: `node ${host.versions["node"]}`,
    foreignCalls: () => cLibrary() === undefined && !(windows && lockCalls() !== undefined) ? undefined : "koffi",
    fileSystem: new NodeFileSystem(asyncCalls, windows),
    syncFileSystem: new NodeFileSystem(syncCalls, windows),
    clock: createClock((timer) => (timer as { unref(): void }).unref()),
    random: randomBytes,
    createHash,
    process: nodeProcess(),
    capabilities: {
      directorySync: !windows,
      get anchored() {
        return !windows && anchorsHere();
      },
      get fileLock() {
        if (!hasRealDescriptors()) return "none";
        if (lockCalls() !== undefined) return "call";
        return flockProgram() === undefined ? "none" : "program";
      },
      owner: !windows,
      mode: !windows,
      get attributes() {
        return cLibrary()?.hasAttributes === true;
      },
      listsBesideMode: requiredProcess().platform === "darwin",
      replacesOpenFiles: !windows,
      symbolicLinks: !windows,
      get barrierSync() {
        return macLibrary() !== undefined;
      },
      pathStyle: windows ? "windows" : "posix",
    },
  } satisfies Runtime;
}
