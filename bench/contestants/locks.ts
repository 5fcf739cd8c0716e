/** The locks that ours are compared with: proper-lockfile, and flock(2) as each runtime gets at it, with nothing around. */
import fs from "node:fs";
import { createRequire } from "node:module";
import process from "node:process";
import { bunBinder, type BunForeign } from "../../src/runtime/foreign/bun.ts";
import { loadCLibrary } from "../../src/runtime/foreign/c_library.ts";

/** What is used of proper-lockfile. */
export interface ProperLockfile {
  lock(path: string, options?: object): Promise<() => Promise<void>>;
  lockSync(path: string): () => void;
}

/** proper-lockfile, from the folder of the peers. */
export function properLockfile(peers: string): ProperLockfile {
  return createRequire(`${peers}/index.js`)("proper-lockfile") as ProperLockfile;
}

/** A lock file that is open. */
export interface RawLock {
  status(): unknown;
  read(buffer: Uint8Array): void;
  /** Writes at the beginning. */
  write(bytes: Uint8Array): void;
  tryLock(): boolean;
  /** Waits in the kernel; undefined where the runtime has no such call that leaves the event loop alone. */
  wait: (() => Promise<void>) | undefined;
  unlock(): void;
  close(): void;
}

interface FlockAddon {
  flock(descriptor: number, flags: "ex", done: (error: Error | null) => void): void;
  flockSync(descriptor: number, flags: "exnb" | "un"): void;
}

interface DenoLocks {
  lstatSync(path: string): unknown;
  openSync(path: string, options: object): {
    statSync(): unknown;
    readSync(buffer: Uint8Array): number | null;
    seekSync(offset: number, whence: number): void;
    writeSync(bytes: Uint8Array): number;
    tryLockSync(exclusive: boolean): boolean;
    lock(exclusive: boolean): Promise<void>;
    unlockSync(): void;
    close(): void;
  };
}

function attempted(call: () => void): boolean {
  try {
    call();
    return true;
  } catch {
    return false;
  }
}

function addon(): FlockAddon | undefined {
  try {
    return createRequire(import.meta.url)("fs-ext") as FlockAddon;
  } catch {
    return undefined;
  }
}

/** Nothing but this runtime's calls. */
export interface RawLocks {
  open(path: string): RawLock;
  status(path: string): unknown;
}

const record = new Uint8Array(512);
const mark = record.subarray(0, 23);
const content = new Uint8Array(513);

/**
 * The calls without which a pair would not keep its promises, and nothing around them: is the file a symlink, is the
 * lock file a lock file, is it still the one of that name once it is locked, who holds it, and that nobody does.
 */
export function rawPair(raw: RawLocks, path: string): void {
  raw.status(path);
  const lock = raw.open(`${path}.lock`);
  lock.status();
  lock.read(content);
  lock.tryLock();
  raw.status(`${path}.lock`);
  lock.write(record);
  lock.write(mark);
  lock.unlock();
  lock.close();
}

/** This runtime's way to flock; undefined on a Node without fs-ext. */
export function rawLocks(): RawLocks | undefined {
  const { Deno: deno, Bun: bun } = globalThis as { Deno?: DenoLocks; Bun?: unknown };
  if (deno !== undefined) {
    return {
      status: (path) => deno.lstatSync(path),
      open(path) {
        const file = deno.openSync(path, { read: true, write: true });
        return {
          status: () => file.statSync(),
          read: (buffer) => file.readSync(buffer),
          write(bytes) {
            file.seekSync(0, 0);
            file.writeSync(bytes);
          },
          tryLock: () => file.tryLockSync(true),
          wait: () => file.lock(true),
          unlock: () => file.unlockSync(),
          close: () => file.close(),
        };
      },
    };
  }
  const library = bun === undefined
    ? undefined
    : loadCLibrary(bunBinder(process.getBuiltinModule("bun:ffi") as BunForeign), process.platform, process.arch);
  const found = bun === undefined ? addon() : undefined;
  if (library === undefined && found === undefined) return undefined;
  return {
    status: (path) => fs.lstatSync(path),
    open(path) {
      const descriptor = fs.openSync(path, "r+");
      const transfers = {
        status: () => fs.fstatSync(descriptor),
        read: (buffer: Uint8Array) => fs.readSync(descriptor, buffer, 0, buffer.length, 0),
        write: (bytes: Uint8Array) => fs.writeSync(descriptor, bytes, 0, bytes.length, 0),
        close: () => fs.closeSync(descriptor),
      };
      if (library !== undefined) {
        return {
          ...transfers,
          tryLock: () => library.tryLock(descriptor, false),
          wait: undefined,
          unlock: () => library.unlock(descriptor),
        };
      }
      return {
        ...transfers,
        tryLock: () => attempted(() => found?.flockSync(descriptor, "exnb")),
        wait: () =>
          new Promise((resolve, reject) =>
            found?.flock(descriptor, "ex", (error) => error ? reject(error) : resolve())
          ),
        unlock: () => found?.flockSync(descriptor, "un"),
      };
    },
  };
}
