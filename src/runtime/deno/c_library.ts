/** The C library through Deno's foreign functions, where they are permitted: it is never asked for. */
import { type CLibrary, loadCLibrary } from "../foreign/c_library.ts";
import { denoBinder } from "../foreign/deno.ts";
import { deno } from "./namespace.ts";
import { granted } from "./permissions.ts";

let library: { found: CLibrary | undefined } | undefined;

/** The C library; undefined where it is not permitted, when it is asked for first, or cannot be loaded. */
export function cLibrary(): CLibrary | undefined {
  return (library ??= { found: load() }).found;
}

function load(): CLibrary | undefined {
  if (!granted({ name: "ffi" })) return undefined;
  const { os, arch } = deno().build;
  return loadCLibrary(denoBinder(deno()), os, arch);
}
