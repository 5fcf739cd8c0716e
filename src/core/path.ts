/**
 * Paths as text. Pure: nothing here looks at a disk.
 *
 * `..` is never collapsed against a component that might be a symlink (`link/..` is not the directory of `link`): only
 * leading `..` of a relative path are, against the working directory, which the system reports without symlinks.
 */
import { InvalidArgument } from "./invalid_argument.ts";

/** How paths are written on this machine. */
export type PathStyle = "posix" | "windows";

/**
 * Whether the system's name behind this text may be another one: bytes that are not UTF-8 reach a program as U+FFFD, and
 * as that they lead elsewhere. No runtime shows the bytes everywhere, so the rare name that holds a real U+FFFD counts.
 */
export function mayBeLossy(text: string): boolean {
  return text.includes("\ufffd");
}

const isSeparator = (character: string | undefined, style: PathStyle): boolean =>
  character === "/" || (style === "windows" && character === "\\");

/** `/`, `C:\` or `\\server\share\` at the beginning of `path`; empty for a relative path. */
export function rootOf(path: string, style: PathStyle): string {
  if (style === "posix") return path.startsWith("/") ? "/" : "";
  const match = /^(?:[A-Za-z]:[\\/]|[\\/]{2}[^\\/]+[\\/]+[^\\/]+(?:[\\/]|$))/.exec(path);
  return match?.[0] ?? "";
}

/** Whether `path` names the same thing from every working directory. */
export function isAbsolute(path: string, style: PathStyle): boolean {
  return rootOf(path, style) !== "";
}

/** Whether `path` can only name a directory because of how it ends. */
export function endsAsDirectory(path: string, style: PathStyle): boolean {
  const last = path.slice(path.length - baseLength(path, style));
  return last === "" || last === "." || last === "..";
}

function baseLength(path: string, style: PathStyle): number {
  let start = path.length;
  while (start > 0 && !isSeparator(path[start - 1], style)) start--;
  return path.length - start;
}

/** The path without separators at its end; a root keeps its own. */
export function withoutTrailingSeparators(path: string, style: PathStyle): string {
  const root = rootOf(path, style);
  let end = path.length;
  while (end > root.length && isSeparator(path[end - 1], style)) end--;
  return path.slice(0, end);
}

/** The directory part; of a root, the root. */
export function directoryName(path: string, style: PathStyle): string {
  const root = rootOf(path, style);
  const trimmed = withoutTrailingSeparators(path, style);
  const parent = withoutTrailingSeparators(trimmed.slice(0, trimmed.length - baseLength(trimmed, style)), style);
  return parent.length < root.length ? root : parent;
}

/** The last component. */
export function baseName(path: string, style: PathStyle): string {
  const trimmed = withoutTrailingSeparators(path, style);
  return trimmed.slice(Math.max(rootOf(path, style).length, trimmed.length - baseLength(trimmed, style)));
}

/** An absolute POSIX path as nearly all are: nothing to resolve, nothing to drop, and a last component that may be a file. */
const plain = /^(?:\/(?!\.{1,2}(?:\/|$))[^/\0\ud800-\udfff]+)+$/;

/** Whether a path is absolute, and so plain that it says everything about itself. */
export function isPlain(path: string, style: PathStyle): boolean {
  return style === "posix" && plain.test(path);
}

/** A path's directory and its last component; undefined for a path that can only name a directory because of how it ends. */
export function splitPath(path: string, style: PathStyle): { directory: string; name: string } | undefined {
  if (style === "windows") {
    if (endsAsDirectory(path, style)) return undefined;
    return { directory: directoryName(path, style), name: baseName(path, style) };
  }
  let end = path.lastIndexOf("/");
  const name = path.slice(end + 1);
  if (name === "" || name === "." || name === "..") return undefined;
  while (end > 0 && path[end - 1] === "/") end--;
  return { directory: end === 0 ? "/" : path.slice(0, end), name };
}

/** `directory/name`, without changing either. */
export function joinPath(directory: string, name: string, style: PathStyle): string {
  if (directory.endsWith("/")) return directory + name;
  if (style === "posix") return `${directory}/${name}`;
  return directory.endsWith("\\") ? directory + name : `${directory}\\${name}`;
}

/**
 * `path` seen from the absolute directory `from`. Leading `..` are resolved against `from` only when `fromIsPhysical`
 * (no component of it is a symlink); elsewhere they stay for the system to resolve.
 */
export function absolutePath(path: string, from: string, style: PathStyle, fromIsPhysical: boolean): string {
  // As nearly all are: nothing to resolve, nothing to drop.
  if (style === "posix" && path.startsWith("/") && !/\/(?:\.?\/|\.?$)/.test(path)) return path;
  const root = rootOf(path, style);
  if (root === "" && style === "windows" && /^[A-Za-z]:/.test(path)) {
    throw new InvalidArgument(
      `A path relative to a drive's own working directory is not supported: ${JSON.stringify(path)}`,
    );
  }
  if (root === "" && style === "windows" && isSeparator(path[0], style)) {
    return absolutePath(rootOf(from, style) + path.replace(/^[\\/]+/, ""), from, style, fromIsPhysical);
  }
  let base = root === "" ? withoutTrailingSeparators(from, style) : root;
  let leading = root === "" && fromIsPhysical;
  const parts = path.slice(root.length).split(style === "windows" ? /[\\/]+/ : /\/+/);
  for (const part of parts) {
    if (part === "" || part === ".") continue;
    if (part === ".." && leading) {
      base = directoryName(base, style);
      continue;
    }
    leading = false;
    base = joinPath(base, part, style);
  }
  return base;
}
