/**
 * Stands in for `@std/path` on machines that do not reach JSR: what the tests use of it, with the same meaning, over
 * `node:path`.
 */
import { sep } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

export { basename, dirname, join, relative } from "node:path";

export const SEPARATOR: string = sep;

export function fromFileUrl(url: string | URL): string {
  return fileURLToPath(url);
}

export function toFileUrl(path: string): URL {
  return pathToFileURL(path);
}
