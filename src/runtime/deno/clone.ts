/**
 * A copy that shares blocks (FICLONE), by foreign function where that is permitted: it is never asked for.
 * https://man7.org/linux/man-pages/man2/FICLONE.2const.html
 */
import { builtin } from "../builtin.ts";
import { cLibrary } from "./c_library.ts";
import { deno } from "./namespace.ts";

/** Whether clones can be tried at all. */
export function mayClone(): boolean {
  return deno().build.os === "linux" && cLibrary() !== undefined;
}

/** Whatever the reason was, the engine copies by itself and meets it again; the destination is empty, as it was. */
function outcome(cloned: boolean, destination: number): boolean {
  if (cloned) return true;
  const { fstatSync, ftruncateSync } = builtin("node:fs");
  if (fstatSync(destination).size !== 0) ftruncateSync(destination, 0);
  return false;
}

function isCloned(destination: number, source: number): boolean {
  try {
    cLibrary()?.clone(destination, source);
    return true;
  } catch {
    return false;
  }
}

/** Makes the file open as `destination` share the blocks of the one open as `source`. */
export function cloneIntoSync(destination: number, source: number): boolean {
  return outcome(isCloned(destination, source), destination);
}

/** The same without holding up the event loop. */
export async function cloneInto(destination: number, source: number): Promise<boolean> {
  return outcome(await cLibrary()?.cloneLater(destination, source) === true, destination);
}
