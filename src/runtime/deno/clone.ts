/**
 * A copy that shares blocks (FICLONE), by foreign function where that is permitted: it is never asked for.
 * https://man7.org/linux/man-pages/man2/FICLONE.2const.html
 */
import { builtin } from "../builtin.ts";
import { deno, type DenoLibrary } from "./namespace.ts";
import { granted } from "./permissions.ts";

const ficlone = 0x40049409n;

let library: { found: DenoLibrary | undefined } | undefined;

/** Whether clones can be tried at all. */
export function mayClone(): boolean {
  return deno().build.os === "linux" && granted({ name: "ffi" }) && ioctl() !== undefined;
}

function ioctl(): DenoLibrary | undefined {
  return (library ??= { found: load() }).found;
}

function load(): DenoLibrary | undefined {
  // Variadic in C, but without floating-point parameters called like any other on Linux.
  const symbol = { name: "ioctl", parameters: ["i32", "u64", "i32"], result: "i32" };
  for (const name of ["libc.so.6", `libc.musl-${deno().build.arch}.so.1`]) {
    try {
      return deno().dlopen(name, { blocking: symbol, waiting: { ...symbol, nonblocking: true } });
    } catch {
      continue;
    }
  }
  return undefined;
}

/** Whatever the reason was, the engine copies by itself and meets it again; the destination is empty, as it was. */
function outcome(result: number | undefined, destination: number): boolean {
  if (result === 0) return true;
  const { fstatSync, ftruncateSync } = builtin("node:fs");
  if (fstatSync(destination).size !== 0) ftruncateSync(destination, 0);
  return false;
}

/** Makes the file open as `destination` share the blocks of the one open as `source`. */
export function cloneIntoSync(destination: number, source: number): boolean {
  return outcome(ioctl()?.symbols.blocking(destination, ficlone, source), destination);
}

/** The same without holding up the event loop. */
export async function cloneInto(destination: number, source: number): Promise<boolean> {
  return outcome(await ioctl()?.symbols.waiting(destination, ficlone, source), destination);
}
