/**
 * Stands in for `@std/fs` on machines that do not reach JSR: what the tests below tests/deno use of it, with the same
 * meaning, over `node:fs`. tests/deno/standard_library_fs_test.ts holds whichever is used to that meaning.
 */
import * as fs from "node:fs";
import { basename, join } from "node:path";

export interface WalkEntry {
  path: string;
  name: string;
  isFile: boolean;
  isDirectory: boolean;
  isSymlink: boolean;
}

export interface WalkOptions {
  includeDirs?: boolean;
  exts?: string[];
}

/** Whether something is there: a link that leads nowhere is nothing, what may not be looked at is something. */
export function existsSync(path: string | URL): boolean {
  try {
    fs.statSync(path);
    return true;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT") return false;
    if (code === "EACCES") return true;
    throw error;
  }
}

/** Makes a directory and those above it. An error when something else is there. */
export function ensureDirSync(directory: string | URL): void {
  fs.mkdirSync(directory, { recursive: true });
}

/** Copies a file, a link, or a directory with all in it. An error when anything is there already. */
export function copySync(source: string | URL, target: string | URL): void {
  // cpSync would fill up a directory that is there.
  if (fs.lstatSync(target, { throwIfNoEntry: false }) !== undefined) throw new Error(`'${target}' already exists`);
  fs.cpSync(source, target, { recursive: true, verbatimSymlinks: true });
}

/** The directory itself, and everything below it; links are not followed. */
export function* walkSync(root: string, options: WalkOptions = {}): IterableIterator<WalkEntry> {
  const { includeDirs = true, exts } = options;
  const ends = exts?.map((end) => end.startsWith(".") ? end : `.${end}`);
  const included = (path: string) => ends === undefined || ends.some((end) => path.endsWith(end));
  const pending = [{ path: root, name: basename(root), stat: fs.statSync(root) as fs.Stats | fs.Dirent }];
  for (let entry = pending.pop(); entry !== undefined; entry = pending.pop()) {
    const { path, name, stat } = entry;
    const kind = { isFile: stat.isFile(), isDirectory: stat.isDirectory(), isSymlink: stat.isSymbolicLink() };
    if (included(path) && (includeDirs || !kind.isDirectory)) yield { path, name, ...kind };
    if (!kind.isDirectory) continue;
    for (const child of fs.readdirSync(path, { withFileTypes: true })) {
      pending.push({ path: join(path, child.name), name: child.name, stat: child });
    }
  }
}
