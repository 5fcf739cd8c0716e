/** The system's libraries through Deno's foreign functions, where they are permitted: it is never asked for. */
import { type CLibrary, loadCLibrary } from "../foreign/c_library.ts";
import { denoBinder } from "../foreign/deno.ts";
import { loadWindowsDirectories, type WindowsDirectories } from "../foreign/windows_directories.ts";
import { deno } from "./namespace.ts";
import { granted } from "./permissions.ts";

let library: { found: CLibrary | undefined } | undefined;

/** The C library; undefined where it is not permitted, when it is asked for first, or cannot be loaded. */
export function cLibrary(): CLibrary | undefined {
  return (library ??= { found: load() }).found;
}

let directories: { found: WindowsDirectories | undefined } | undefined;

/** The flush of directories of Windows, likewise. */
export function windowsDirectories(): WindowsDirectories | undefined {
  return (directories ??= { found: granted({ name: "ffi" }) ? loadWindowsDirectories(denoBinder(deno())) : undefined })
    .found;
}

function load(): CLibrary | undefined {
  if (!granted({ name: "ffi" })) return undefined;
  const { os, arch } = deno().build;
  return loadCLibrary(denoBinder(deno()), os, arch);
}
