/**
 * Deno: its own calls throughout; node:fs only for what they lack, loaded with the first such call. With nothing but
 * --allow-read=DIR --allow-write=DIR everything works in DIR but symbolic links (Deno wants both without a scope).
 */
import { createClock } from "../clock.ts";
import { asyncCalls, syncCalls } from "./calls.ts";
import { cLibrary } from "./c_library.ts";
import { DenoFileSystem } from "./file_system.ts";
import { deno } from "./namespace.ts";
import { denoProcess } from "./process.ts";
import { handingLibrary } from "./through_descriptors.ts";
import { createHash } from "../hash.ts";
import { randomBytes } from "../random.ts";
import type { Runtime } from "../runtime.ts";

/** The runtime of Deno. */
export function denoRuntime(): Runtime {
  const windows = deno().build.os === "windows";
  return {
    name: `deno ${deno().version.deno}`,
    foreignCalls: () => cLibrary() === undefined ? undefined : "Deno.dlopen",
    fileSystem: new DenoFileSystem(asyncCalls, windows),
    syncFileSystem: new DenoFileSystem(syncCalls, windows),
    clock: createClock((timer) => deno().unrefTimer(timer)),
    random: randomBytes,
    createHash,
    process: denoProcess(),
    capabilities: {
      directorySync: !windows,
      get anchored() {
        return handingLibrary() !== undefined;
      },
      // flock(2); on Windows LockFileEx, for the whole of the file.
      fileLock: "call",
      owner: !windows,
      mode: !windows,
      get attributes() {
        return cLibrary()?.hasAttributes === true;
      },
      listsBesideMode: deno().build.os === "darwin",
      replacesOpenFiles: !windows,
      symbolicLinks: !windows,
      // macOS's barrier would need a second descriptor, whose failure might not be reported on ours any more.
      barrierSync: false,
      pathStyle: windows ? "windows" : "posix",
    },
  } satisfies Runtime;
}
