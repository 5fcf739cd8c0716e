/**
 * What the adapter uses of `Deno`, as an interface of our own: the same source compiles with and without Deno's ambient
 * types, and its build for npm needs no shim. Documentation: https://docs.deno.com/api/deno/
 */
import type { DenoForeign } from "../foreign/deno.ts";

/** Deno.FileInfo. */
export interface DenoFileInfo {
  isFile: boolean;
  isDirectory: boolean;
  isSymlink: boolean;
  size: number;
  mtime: Date | null;
  atime: Date | null;
  birthtime: Date | null;
  ctime: Date | null;
  dev: number;
  ino: number | null;
  mode: number | null;
  nlink: number | null;
  blocks: number | null;
  uid: number | null;
  gid: number | null;
}

/** Deno.FsFile. */
export interface DenoFile {
  read(buffer: Uint8Array): Promise<number | null>;
  readSync(buffer: Uint8Array): number | null;
  write(bytes: Uint8Array): Promise<number>;
  writeSync(bytes: Uint8Array): number;
  seekSync(offset: number, whence: number): number;
  truncateSync(size: number): void;
  statSync(): DenoFileInfo;
  utimeSync(accessed: Date, modified: Date): void;
  sync(): Promise<void>;
  syncSync(): void;
  lock(exclusive: boolean): Promise<void>;
  lockSync(exclusive: boolean): void;
  tryLockSync(exclusive: boolean): boolean;
  unlockSync(): void;
  close(): void;
}

/** Deno.DirEntry. */
export interface DenoDirectoryEntry {
  name: string;
  isFile: boolean;
  isDirectory: boolean;
  isSymlink: boolean;
}

/** A permission that can be asked about. */
export type DenoPermission =
  | { name: "read" | "write"; path?: string }
  | { name: "sys"; kind?: "uid" | "gid" | "hostname" }
  | { name: "run" | "net" | "env" | "ffi" };

/** The `Deno` global. */
interface DenoNamespace extends DenoForeign {
  readonly version: { readonly deno: string };
  readonly build: { readonly os: string; readonly arch: string };
  readonly pid: number;
  readonly stdin: { isTerminal(): boolean };
  readonly permissions: { querySync(permission: DenoPermission): { state: string; partial?: boolean } };
  /** Needs no permission since Deno 2. */
  readonly mainModule: string | undefined;
  hostname(): string;
  cwd(): string;
  uid(): number | null;
  gid(): number | null;
  unrefTimer(timer: unknown): void;
  openSync(
    path: string,
    options: { read?: boolean; write?: boolean; createNew?: boolean; mode?: number },
  ): DenoFile;
  statSync(path: string): DenoFileInfo;
  lstatSync(path: string): DenoFileInfo;
  readLinkSync(path: string): string;
  realPathSync(path: string): string;
  readDir(path: string): AsyncIterable<DenoDirectoryEntry>;
  readDirSync(path: string): Iterable<DenoDirectoryEntry>;
  mkdirSync(path: string, options: { mode: number }): void;
  renameSync(from: string, to: string): void;
  linkSync(existing: string, path: string): void;
  symlinkSync(text: string, path: string): void;
  removeSync(path: string): void;
  readTextFileSync(path: string): string;
  readonly env: { get(name: string): string | undefined };
}

/** The `Deno` global, or undefined on other runtimes. */
export function denoNamespace(): DenoNamespace | undefined {
  const found = (globalThis as unknown as { Deno?: DenoNamespace }).Deno;
  // A shim that merely defines some functions has no version of Deno.
  return typeof found?.version?.deno === "string" ? found : undefined;
}

/** The `Deno` global, in code that runs on Deno only. */
export function deno(): DenoNamespace {
  return (globalThis as unknown as { Deno: DenoNamespace }).Deno;
}
