/**
 * Where things are in the checkout. Everything the scripts make lies below `build/` (and `npm/`, the package), so that
 * deleting these two folders undoes all they did.
 *
 * Here and in everything else below scripts/ files are handled by `node:fs` and `Deno`, not by `@std/fs`: these scripts
 * run before it is known whether JSR can be reached (standard_library.ts decides, and tells the runtimes then).
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname, join, relative, sep } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";

function inCheckout(path: string): string {
  return fileURLToPath(new URL(`../../${path}`, import.meta.url));
}

/** The checkout, without a trailing slash. */
export const ROOT: string = inCheckout(".").replace(/[\\/]$/, "");
/** What the test command made. */
export const BUILD: string = inCheckout("build");
/** Programs and packages from npm. */
export const TOOLS: string = inCheckout("build/tools");
/** The JavaScript that Node and Bun run. */
export const OUT: string = inCheckout("build/out");
/** The npm package. */
export const NPM: string = inCheckout("npm");

/** Whether a file or folder is there. */
export const exists: (path: string) => boolean = existsSync;

/** Every file below a folder of the checkout, as sorted paths relative to the checkout with forward slashes. */
export function listFiles(folder: string, root: string = ROOT): string[] {
  const path = join(root, folder);
  if (!exists(path)) return [];
  const entries = readdirSync(path, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return entries.map((entry) => relative(root, join(entry.parentPath, entry.name)).replaceAll(sep, "/")).sort();
}

/**
 * Writes a file whole or not at all, and only when its text differs: another run of the test command may be reading
 * the build folder at this moment.
 */
export function writeIfChanged(path: string, text: string): void {
  if (exists(path) && readFileSync(path, "utf8") === text) return;
  mkdirSync(dirname(path), { recursive: true });
  const temporary = `${path}.${process.pid}.new`;
  writeFileSync(temporary, text);
  renameSync(temporary, path);
}
