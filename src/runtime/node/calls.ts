/**
 * What one open descriptor can be asked through node:fs, and what node:fs lacks and each runtime does in its own way.
 *
 * `DescriptorCalls` is the difference between the two file systems of a runtime and between Node and Bun; everything
 * else (open_file.ts, file_system.ts) exists once.
 */
import type { Dirent, NoParamCallback } from "node:fs";
import type { Awaitable } from "../../core/operation.ts";
import { nodeFs } from "../builtin.ts";
import type { CLibrary } from "../foreign/c_library.ts";
import type { SyncLevel } from "../runtime.ts";

/** From this many bytes on a call is handed to the thread pool: copying them takes longer than a promise costs. */
export const largePayload = 128 * 1024;

/**
 * The most that one call moves. Node refuses 2 GiB and more, and Linux moves less than that anyway:
 * https://man7.org/linux/man-pages/man2/write.2.html#NOTES
 */
export const largestTransfer = 2 ** 30;

/** Calls on descriptors that differ between runtimes, or between the synchronous and the asynchronous file system. */
export interface DescriptorCalls {
  /** Whether large payloads are promises, and others are given turns of the event loop. */
  readonly mayWait: boolean;
  sync(descriptor: number, level: SyncLevel): Awaitable<void>;
  /** The same without a promise, where `sync` gives one. */
  syncAtOnce?(descriptor: number, level: SyncLevel): Awaitable<void>;
  clone(destination: number, source: number): Awaitable<boolean>;
  tryLock(descriptor: number, shared: boolean): Awaitable<boolean>;
  lock(
    descriptor: number,
    shared: boolean,
    timeout: number | undefined,
    signal: AbortSignal | undefined,
  ): Awaitable<boolean | undefined>;
  unlock(descriptor: number): Awaitable<void>;
  /** What node:fs lacks, where it can be called. */
  cLibrary(): CLibrary | undefined;
  readDirectory(path: string): Awaitable<Dirent[]>;
  /** Flushes a directory, where it cannot be opened for a sync, and foreign functions can be called for it. */
  flushDirectory?(path: string): Awaitable<void>;
  /** Closes a descriptor that was written to, where `closeSync` of node:fs keeps its error to itself. */
  close?(descriptor: number): void;
}

/** The part of them that is node:fs on every runtime that has it, at once. */
export const syncTransfers: Pick<DescriptorCalls, "mayWait" | "readDirectory"> = {
  mayWait: false,
  readDirectory: (path) => nodeFs().readdirSync(path, { withFileTypes: true }),
};

/** The same, with promises for what may take long. */
export const asyncTransfers: Pick<DescriptorCalls, "mayWait" | "readDirectory"> = {
  mayWait: true,
  readDirectory: (path) => nodeFs().promises.readdir(path, { withFileTypes: true }),
};

/** Turns a transfer that ends with a callback into a promise. */
export function transferred(
  start: (callback: (error: Parameters<NoParamCallback>[0], count: number) => void) => void,
): Promise<number> {
  return new Promise((resolve, reject) => {
    start((error, count) => {
      if (error) reject(error);
      else resolve(count);
    });
  });
}

/** Turns a call that ends with a callback into a promise. */
export function completed(start: (callback: NoParamCallback) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    start((error) => {
      if (error) reject(error);
      else resolve();
    });
  });
}
