/**
 * Stands in for `@std/path` on machines that do not reach JSR: the same names, the same meaning, over `node:path`.
 */
import { delimiter, sep } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

export {
  basename,
  dirname,
  extname,
  format,
  isAbsolute,
  join,
  normalize,
  parse,
  relative,
  resolve,
  toNamespacedPath,
} from "node:path";

export const SEPARATOR: string = sep;
export const SEPARATOR_PATTERN: RegExp = sep === "/" ? /\/+/ : /[\\/]+/;
export const DELIMITER: string = delimiter;

export function fromFileUrl(url: string | URL): string {
  return fileURLToPath(url);
}

export function toFileUrl(path: string): URL {
  return pathToFileURL(path);
}
