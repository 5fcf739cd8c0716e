/**
 * Stands in for `@std/fs` on machines that do not reach JSR: the same names, the same meaning, over `node:fs`.
 */
import * as fs from "node:fs";
import { basename, dirname, join } from "node:path";

export interface WalkEntry {
  path: string;
  name: string;
  isFile: boolean;
  isDirectory: boolean;
  isSymlink: boolean;
}

export interface WalkOptions {
  maxDepth?: number;
  includeFiles?: boolean;
  includeDirs?: boolean;
  includeSymlinks?: boolean;
  exts?: string[];
  match?: RegExp[];
  skip?: RegExp[];
}

export function existsSync(path: string | URL, options: { isFile?: boolean; isDirectory?: boolean } = {}): boolean {
  const stat = fs.statSync(path, { throwIfNoEntry: false });
  if (stat === undefined) return false;
  return (!options.isFile || stat.isFile()) && (!options.isDirectory || stat.isDirectory());
}

// deno-lint-ignore require-await -- asynchronous in the package this stands in for
export async function exists(
  path: string | URL,
  options: { isFile?: boolean; isDirectory?: boolean } = {},
): Promise<boolean> {
  return existsSync(path, options);
}

export function ensureDirSync(directory: string | URL): void {
  fs.mkdirSync(directory, { recursive: true });
}

export async function ensureDir(directory: string | URL): Promise<void> {
  await fs.promises.mkdir(directory, { recursive: true });
}

export function ensureFileSync(path: string): void {
  ensureDirSync(dirname(path));
  fs.closeSync(fs.openSync(path, "a"));
}

// deno-lint-ignore require-await -- asynchronous in the package this stands in for
export async function ensureFile(path: string): Promise<void> {
  ensureFileSync(path);
}

export function emptyDirSync(directory: string): void {
  ensureDirSync(directory);
  for (const name of fs.readdirSync(directory)) fs.rmSync(join(directory, name), { recursive: true, force: true });
}

// deno-lint-ignore require-await -- asynchronous in the package this stands in for
export async function emptyDir(directory: string): Promise<void> {
  emptyDirSync(directory);
}

export async function copy(source: string, target: string, options: { overwrite?: boolean } = {}): Promise<void> {
  const force = options.overwrite ?? false;
  await fs.promises.cp(source, target, { recursive: true, force, errorOnExist: !force });
}

export async function move(source: string, target: string, options: { overwrite?: boolean } = {}): Promise<void> {
  if (existsSync(target) && !options.overwrite) throw new Error(`"${target}" already exists`);
  await fs.promises.rename(source, target);
}

function wanted(entry: WalkEntry, options: WalkOptions): boolean {
  if (entry.isDirectory && options.includeDirs === false) return false;
  if (entry.isFile && options.includeFiles === false) return false;
  if (entry.isSymlink && options.includeSymlinks === false) return false;
  if (options.exts !== undefined && !options.exts.some((end) => entry.path.endsWith(end))) return false;
  if (options.match !== undefined && !options.match.some((pattern) => pattern.test(entry.path))) return false;
  return !(options.skip?.some((pattern) => pattern.test(entry.path)) ?? false);
}

function describe(path: string): WalkEntry {
  const stat = fs.lstatSync(path);
  const [isFile, isDirectory, isSymlink] = [stat.isFile(), stat.isDirectory(), stat.isSymbolicLink()];
  return { path, name: basename(path), isFile, isDirectory, isSymlink };
}

export function* walkSync(root: string, options: WalkOptions = {}): IterableIterator<WalkEntry> {
  const depth = options.maxDepth ?? Infinity;
  if (depth < 0 || options.skip?.some((pattern) => pattern.test(root))) return;
  const own = describe(root);
  if (wanted(own, options)) yield own;
  if (!own.isDirectory || depth < 1) return;
  for (const name of fs.readdirSync(root)) {
    const entry = describe(join(root, name));
    if (entry.isDirectory) yield* walkSync(entry.path, { ...options, maxDepth: depth - 1 });
    else if (wanted(entry, options)) yield entry;
  }
}

export async function* walk(root: string, options: WalkOptions = {}): AsyncIterableIterator<WalkEntry> {
  yield* walkSync(root, options);
}
