/** The locks that ours are compared with: proper-lockfile, and flock(2) as each runtime gets at it, with nothing around. */
import fs from "node:fs";
import { createRequire } from "node:module";
import { cLibrary } from "../../src/runtime/bun_foreign.ts";

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
  openSync(path: string, options: object): {
    tryLockSync(exclusive: boolean): boolean;
    lock(exclusive: boolean): Promise<void>;
    unlockSync(): void;
    close(): void;
  };
}

const exclusive = 2;
const nonBlocking = 4;
const unlock = 8;

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

/** This runtime's way to flock; undefined on a Node without fs-ext. */
export function rawLocks(): { open(path: string): RawLock } | undefined {
  const { Deno: deno, Bun: bun } = globalThis as { Deno?: DenoLocks; Bun?: unknown };
  if (deno !== undefined) {
    return {
      open(path) {
        const file = deno.openSync(path, { read: true, write: true });
        return {
          tryLock: () => file.tryLockSync(true),
          wait: () => file.lock(true),
          unlock: () => file.unlockSync(),
          close: () => file.close(),
        };
      },
    };
  }
  const library = bun === undefined ? undefined : cLibrary();
  const found = bun === undefined ? addon() : undefined;
  if (library === undefined && found === undefined) return undefined;
  return {
    open(path) {
      const descriptor = fs.openSync(path, "r+");
      const close = () => fs.closeSync(descriptor);
      if (library !== undefined) {
        return {
          tryLock: () => attempted(() => library.flock(descriptor, exclusive | nonBlocking)),
          wait: undefined,
          unlock: () => library.flock(descriptor, unlock),
          close,
        };
      }
      return {
        tryLock: () => attempted(() => found?.flockSync(descriptor, "exnb")),
        wait: () =>
          new Promise((resolve, reject) =>
            found?.flock(descriptor, "ex", (error) => error ? reject(error) : resolve())
          ),
        unlock: () => found?.flockSync(descriptor, "un"),
        close,
      };
    },
  };
}
