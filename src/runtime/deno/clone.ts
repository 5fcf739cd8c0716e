/**
 * A copy that shares blocks (FICLONE), by foreign function where that is permitted: it is never asked for.
 * https://man7.org/linux/man-pages/man2/FICLONE.2const.html
 */
import type { Awaitable } from "../../core/operation.ts";
import { builtin } from "../builtin.ts";
import { guardAwaitable } from "../system_error.ts";
import { cLibrary } from "./c_library.ts";
import { deno, type DenoFile } from "./namespace.ts";
import { permit } from "./permissions.ts";
import { openSecond } from "./second_descriptor.ts";

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

/** An open file, the path it was opened by, and one that leads to it now. */
interface OpenedFile {
  readonly file: DenoFile;
  readonly path: string;
  readonly place: string;
}

/** Makes an open file share the blocks of another one, through second descriptors of both. */
export function cloneOpened(
  to: OpenedFile,
  from: OpenedFile,
  clone: (destination: number, source: number) => Awaitable<boolean>,
): Awaitable<boolean> {
  const descriptors: number[] = [];
  const close = () => descriptors.forEach((descriptor) => builtin("node:fs").closeSync(descriptor));
  try {
    permit("clone", to.path, "read", "write");
    descriptors.push(openSecond(to.file, to.place, "clone", true));
    permit("clone", from.path, "read");
    descriptors.push(openSecond(from.file, from.place, "clone"));
  } catch {
    // Not to be opened a second time, or not by that name any more: no clone, and the engine copies.
    close();
    return false;
  }
  const [destination = -1, source = -1] = descriptors;
  let result: Awaitable<boolean>;
  try {
    result = guardAwaitable("clone", to.path, () => clone(destination, source));
  } catch (error) {
    close();
    throw error;
  }
  if (result instanceof Promise) return result.finally(close);
  close();
  return result;
}
