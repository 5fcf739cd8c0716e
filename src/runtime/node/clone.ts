/**
 * A copy that shares blocks (FICLONE), for Node, whose only way to it is `fs.copyFile`, which takes paths.
 *
 * `/proc/self/fd/N` is a path that always leads to the open file itself, however its name was replaced in the meantime.
 * Two habits of libuv's copy are undone or kept out (https://github.com/libuv/libuv/blob/v1.x/src/unix/fs.c,
 * uv__fs_copyfile): it gives the destination the source's mode, so a source that more people may read is refused here
 * and the mode is set back afterwards; and it unlinks the destination's path on failure, which /proc refuses.
 */
import { builtin, hasRealDescriptors, requiredProcess } from "../builtin.ts";

/** One copy: what to hand to copyFile, and what to call then. */
interface ReflinkRequest {
  from: string;
  to: string;
  flags: number;
  /** After success: true. */
  finish(): boolean;
  /** After failure: false, and the destination as it was. */
  undo(): boolean;
}

/** The request for these descriptors; undefined where it cannot be done exactly. */
export function reflinkRequest(destination: number, source: number): ReflinkRequest | undefined {
  if (requiredProcess().platform !== "linux" || !hasRealDescriptors()) return undefined;
  const { constants, fchmodSync, fstatSync, ftruncateSync } = builtin("node:fs");
  const before = fstatSync(destination);
  const shown = fstatSync(source);
  // Across file systems the answer is known; and never wider than the destination is, not for an instant.
  if (before.size !== 0 || before.dev !== shown.dev || (shown.mode & ~before.mode & 0o7777) !== 0) return undefined;

  const restore = () => {
    const after = fstatSync(destination);
    if ((after.mode & 0o7777) !== (before.mode & 0o7777)) fchmodSync(destination, before.mode & 0o7777);
    return after;
  };
  return {
    from: `/proc/self/fd/${source}`,
    to: `/proc/self/fd/${destination}`,
    flags: constants.COPYFILE_FICLONE_FORCE,
    finish: () => {
      restore();
      return true;
    },
    undo: () => {
      if (restore().size !== 0) ftruncateSync(destination, 0);
      return false;
    },
  };
}
