/**
 * Node: node:fs, and flock through the optional addon fs-ext, else through the program flock(1), else not at all.
 * Nothing is loaded before the first call that needs it.
 */
import type { Awaitable } from "../../core/operation.ts";
import { builtin, requiredProcess } from "../builtin.ts";
import { createClock } from "../clock.ts";
import { flockProgram, runFlock, startFlock, waitFlock, waitFlockSync } from "../flock_program.ts";
import { createHash } from "../hash.ts";
import { asyncTransfers, completed, type DescriptorCalls, syncTransfers } from "./calls.ts";
import { reflinkRequest } from "./clone.ts";
import { anchorsHere } from "./directory.ts";
import { NodeFileSystem } from "./file_system.ts";
import { nodeProcess } from "./process.ts";
import { randomBytes } from "../random.ts";
import type { Runtime } from "../runtime.ts";
import { codeOf } from "../system_error.ts";

/** What is used of fs-ext, which has no types: https://github.com/baudehlo/node-fs-ext */
interface FlockAddon {
  flockSync(descriptor: number, flags: "exnb" | "shnb" | "un"): void;
}

let addon: { found: FlockAddon | undefined } | undefined;

/** fs-ext, where it is installed and was built for this Node. */
function flockAddon(): FlockAddon | undefined {
  return (addon ??= { found: loadAddon() }).found;
}

function loadAddon(): FlockAddon | undefined {
  // fs-ext is one for all threads: loaded again after a worker that had it has ended, it ends the whole process.
  if (!builtin("node:worker_threads").isMainThread) return undefined;
  try {
    // Not `import("fs-ext")`: an optional dependency must not be a specifier that build tools try to resolve.
    const found: unknown = builtin("node:module").createRequire(import.meta.url)("fs-ext");
    return typeof found === "object" && found !== null && "flockSync" in found ? found as FlockAddon : undefined;
  } catch {
    return undefined;
  }
}

/** The lock through the addon; `otherwise` where there is none. */
function lockWith(
  descriptor: number,
  flags: "exnb" | "shnb" | "un",
  otherwise: () => Awaitable<boolean>,
): Awaitable<boolean> {
  const found = flockAddon();
  if (found === undefined) return otherwise();
  try {
    // Non-blocking, so never handed to the thread pool: four waiters there would stop all file work.
    found.flockSync(descriptor, flags);
    return true;
  } catch (error) {
    if (codeOf(error) === "EAGAIN") return false;
    throw error;
  }
}

const tryFlags = (shared: boolean) => ["-n", shared ? "-s" : "-x"];
const addonFlags = (shared: boolean) => shared ? "shnb" : "exnb";
const nothing = () => {};
const none = (granted: Awaitable<boolean>): Awaitable<void> =>
  typeof granted === "boolean" ? undefined : granted.then(nothing);

const syncCalls: DescriptorCalls = {
  ...syncTransfers,
  // On macOS libuv's fsync is F_FULLFSYNC, with quiet fallbacks to F_BARRIERFSYNC and fsync where a file system has
  // no such thing: https://github.com/libuv/libuv/blob/v1.x/src/unix/fs.c (uv__fs_fsync). There is no cheaper barrier.
  sync: (descriptor) => builtin("node:fs").fsyncSync(descriptor),
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
  tryLock: (descriptor, shared) =>
    lockWith(descriptor, addonFlags(shared), () => runFlock(descriptor, tryFlags(shared))),
  lock: waitFlockSync,
  unlock: (descriptor) => none(lockWith(descriptor, "un", () => runFlock(descriptor, ["-u"]))),
};

const asyncCalls: DescriptorCalls = {
  ...asyncTransfers,
  syncAtOnce: syncCalls.sync,
  sync: (descriptor) => completed((callback) => builtin("node:fs").fsync(descriptor, callback)),
  clone: (destination, source) => {
    const request = reflinkRequest(destination, source);
    if (request === undefined) return false;
    return completed((callback) => builtin("node:fs").copyFile(request.from, request.to, request.flags, callback)).then(
      () => request.finish(),
      () => request.undo(),
    );
  },
  tryLock: (descriptor, shared) =>
    lockWith(descriptor, addonFlags(shared), () => startFlock(descriptor, tryFlags(shared))),
  lock: waitFlock,
  unlock: (descriptor) => none(lockWith(descriptor, "un", () => startFlock(descriptor, ["-u"]))),
};

/** The runtime of Node. */
export function nodeRuntime(): Runtime {
  const host = requiredProcess();
  const windows = host.platform === "win32";
  return {
    name: `node ${host.versions["node"]}`,
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
        // LockFileEx forbids others to read the range, and only one of the three runtimes could take it through an
        // open file; on Windows all three agree on the lock that needs no kernel.
        if (windows) return "none";
        if (flockAddon() !== undefined) return "call";
        return flockProgram() === undefined ? "none" : "program";
      },
      owner: !windows,
      mode: !windows,
      symbolicLinks: !windows,
      barrierSync: false,
      pathStyle: windows ? "windows" : "posix",
    },
  } satisfies Runtime;
}
