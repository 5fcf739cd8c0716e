/**
 * Syncs on macOS, which has three: F_FULLFSYNC reaches the medium, F_BARRIERFSYNC keeps what is written before it from
 * being overtaken by what is written later, and fsync(2) leaves everything in the drive's cache.
 * https://github.com/apple-oss-distributions/xnu/blob/main/bsd/man/man2/fsync.2
 *
 * A file system without a barrier gets the full sync (newer kernels do so themselves: F_BARRIERFSYNC in
 * https://github.com/apple-oss-distributions/xnu/blob/main/bsd/kern/kern_descrip.c). One without the full sync gets the
 * plain one, which at least outlives a crash of the system, and the error says that there is no such sync here: the
 * result of the operation then claims nothing. Any other failure is final, for a second sync might not report it again.
 */
import { type Awaitable, type Operation, wait } from "../core/operation.ts";
import type { MacSync } from "./foreign/c_library.ts";
import type { SyncLevel } from "./runtime.ts";
import { codeOf } from "./system_error.ts";

/** What a file system answers that has no such sync: most of them ENOTTY, for it is a request to a device. */
const unsupported: ReadonlySet<string> = new Set(["ENOTTY", "ENOTSUP", "EINVAL"]);

/** Syncs with the calls that there are; the code of what is thrown says whether a full sync has failed or is missing. */
export function* macSync(sync: (reach: MacSync) => Awaitable<void>, level: SyncLevel): Operation<void> {
  if (level === "barrier") {
    try {
      return yield* wait(sync("barrier"));
    } catch (error) {
      if (!unsupported.has(codeOf(error))) throw error;
    }
  }
  try {
    yield* wait(sync("full"));
  } catch (error) {
    if (unsupported.has(codeOf(error))) yield* wait(sync("plain"));
    throw error;
  }
}
