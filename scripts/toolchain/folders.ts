/**
 * Where things are in the checkout. Everything the scripts make lies below `build/` (and `npm/`, the package), so that
 * deleting these two folders undoes all they did.
 */
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
export function exists(path: string): boolean {
  try {
    Deno.statSync(path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

/** Every file below a folder of the checkout, as sorted paths relative to the checkout with forward slashes. */
export function listFiles(folder: string, root: string = ROOT): string[] {
  const found: string[] = [];
  const visit = (path: string) => {
    for (const entry of Deno.readDirSync(`${root}/${path}`)) {
      if (entry.isDirectory) visit(`${path}/${entry.name}`);
      else if (entry.isFile) found.push(`${path}/${entry.name}`);
    }
  };
  if (exists(`${root}/${folder}`)) visit(folder);
  return found.sort();
}

/**
 * Writes a file whole or not at all, and only when its text differs: another run of the test command may be reading
 * the build folder at this moment.
 */
export function writeIfChanged(path: string, text: string): void {
  try {
    if (Deno.readTextFileSync(path) === text) return;
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  Deno.mkdirSync(path.replace(/[\\/][^\\/]*$/, ""), { recursive: true });
  const temporary = `${path}.${Deno.pid}.new`;
  Deno.writeTextFileSync(temporary, text);
  Deno.renameSync(temporary, path);
}
