/**
 * Bun: node:fs, and through bun:ffi what it lacks (flock, FICLONE, macOS's barrier). Nothing is loaded before the first
 * call that needs it. Where the C library cannot be loaded, the program flock(1) locks, as on Node.
 */
import { builtin, builtinByName, hasRealDescriptors, nodeFs, requiredProcess } from "../builtin.ts";
import { createClock } from "../clock.ts";
import { bunBinder, type BunForeign } from "../foreign/bun.ts";
import { type CLibrary, loadCLibrary } from "../foreign/c_library.ts";
import { loadWindowsDirectories, type WindowsDirectories } from "../foreign/windows_directories.ts";
import { loadWindowsLocks, type WindowsLocks } from "../foreign/windows_locks.ts";
import { flockProgram, runFlock, startFlock, waitFlock, waitFlockSync } from "../flock_program.ts";
import { createHash } from "../hash.ts";
import { run, runSync } from "../../core/operation.ts";
import { macSync } from "../mac_sync.ts";
import { asyncTransfers, completed, type DescriptorCalls, syncTransfers } from "./calls.ts";
import { anchorsHere } from "./directory.ts";
import { NodeFileSystem } from "./file_system.ts";
import { nodeProcess } from "./process.ts";
import { randomBytes } from "../random.ts";
import type { Runtime, SyncLevel } from "../runtime.ts";

let library: { found: CLibrary | undefined } | undefined;

/** The C library; undefined where it cannot be loaded. */
function cLibrary(): CLibrary | undefined {
  return (library ??= { found: load() }).found;
}

function load(): CLibrary | undefined {
  if (!hasRealDescriptors()) return undefined;
  const { arch, platform } = requiredProcess();
  return loadCLibrary(bunBinder(builtinByName("bun:ffi") as BunForeign), platform, arch);
}

let locks: { found: CLibrary | WindowsLocks | undefined } | undefined;

/** What locks by a call. */
function lockCalls(): CLibrary | WindowsLocks | undefined {
  return (locks ??= { found: requiredProcess().platform === "win32" ? windowsLocks() : cLibrary() }).found;
}

function windowsLocks(): WindowsLocks | undefined {
  if (!hasRealDescriptors()) return undefined;
  return loadWindowsLocks(bunBinder(builtinByName("bun:ffi") as BunForeign), requiredProcess().execPath);
}

let directories: { found: WindowsDirectories | undefined } | undefined;

function windowsDirectories(): WindowsDirectories | undefined {
  return (directories ??= {
    found: hasRealDescriptors() ? loadWindowsDirectories(bunBinder(builtinByName("bun:ffi") as BunForeign)) : undefined,
  }).found;
}

/** False where it cannot be done; the destination is then empty, as it was. */
function clone(destination: number, source: number): boolean {
  if (requiredProcess().platform !== "linux") return false;
  try {
    cLibrary()?.clone(destination, source);
    return cLibrary() !== undefined;
  } catch {
    const { fstatSync, ftruncateSync } = builtin("node:fs");
    if (fstatSync(destination).size !== 0) ftruncateSync(destination, 0);
    return false;
  }
}

/** On macOS Bun's fsync is the plain one, which does not reach the medium; its fdatasync is F_FULLFSYNC. */
function syncAtOnce(descriptor: number, level: SyncLevel): void {
  if (!isMac()) return nodeFs().fsyncSync(descriptor);
  const library = cLibrary();
  runSync(() =>
    macSync((reach) => {
      if (library !== undefined) library.sync(descriptor, reach);
      else if (reach === "plain") nodeFs().fsyncSync(descriptor);
      else nodeFs().fdatasyncSync(descriptor);
    }, level)
  );
}

/** The same on Bun's threads, on which no foreign function can be called: a barrier is a full sync, which does more. */
function syncLater(descriptor: number): Promise<void> {
  const fsync = () => completed((callback) => nodeFs().fsync(descriptor, callback));
  if (!isMac()) return fsync();
  const full = () => completed((callback) => nodeFs().fdatasync(descriptor, callback));
  return run(() => macSync((reach) => reach === "plain" ? fsync() : full(), "full"));
}

/** Bun's `closeSync` swallows what only close tells: a quota, or a write-back that failed where nothing was synced. */
function close(descriptor: number): void {
  const library = cLibrary();
  if (library === undefined) nodeFs().closeSync(descriptor);
  else library.close(descriptor);
}

const isMac = () => requiredProcess().platform === "darwin";
const tryFlags = (shared: boolean) => ["-n", shared ? "-s" : "-x"];
const nothing = () => {};

const syncCalls: DescriptorCalls = {
  ...syncTransfers,
  cLibrary,
  close,
  sync: syncAtOnce,
  // Not for asynchronous calls: Bun has no foreign calls on another thread, and nothing depends on this one.
  flushDirectory: (path) => windowsDirectories()?.flush(path),
  clone,
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
  close,
  syncAtOnce,
  sync: syncLater,
  clone,
  tryLock: (descriptor, shared) => lockCalls()?.tryLock(descriptor, shared) ?? startFlock(descriptor, tryFlags(shared)),
  lock: waitFlock,
  unlock: (descriptor) => {
    const calls = lockCalls();
    return calls === undefined ? startFlock(descriptor, ["-u"]).then(nothing) : calls.unlock(descriptor);
  },
};

/** The runtime of Bun. */
export function bunRuntime(): Runtime {
  const host = requiredProcess();
  const windows = host.platform === "win32";
  return {
    name: `bun ${host.versions["bun"]}`,
    foreignCalls: () => cLibrary() === undefined && !(windows && lockCalls() !== undefined) ? undefined : "bun:ffi",
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
      listsBesideMode: isMac(),
      replacesOpenFiles: !windows,
      symbolicLinks: !windows,
      get barrierSync() {
        return isMac() && cLibrary() !== undefined;
      },
      pathStyle: windows ? "windows" : "posix",
    },
  } satisfies Runtime;
}
