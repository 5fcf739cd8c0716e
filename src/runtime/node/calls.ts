/**
 * What one open descriptor can be asked through node:fs, and what node:fs lacks and each runtime does in its own way.
 *
 * `DescriptorCalls` is the difference between the two file systems of a runtime and between Node and Bun; everything
 * else (open_file.ts, file_system.ts) exists once.
 */
import type { Dirent, NoParamCallback } from "node:fs";
import { inTurn } from "../../core/event_loop.ts";
import type { Awaitable } from "../../core/operation.ts";
import { builtin } from "../builtin.ts";
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
  /** Makes a call that waits for nothing; where others may wait for the event loop, not without end. */
  inTurn<T>(call: () => Awaitable<T>): Awaitable<T>;
  read(descriptor: number, buffer: Uint8Array, position: number): Awaitable<number>;
  write(descriptor: number, bytes: Uint8Array, position: number): Awaitable<number>;
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
  readDirectory(path: string): Awaitable<Dirent[]>;
}

/** The part of them that is node:fs on every runtime that has it, at once. */
export const syncTransfers: Pick<DescriptorCalls, "inTurn" | "read" | "write" | "readDirectory"> = {
  inTurn: (call) => call(),
  read: (descriptor, buffer, position) =>
    builtin("node:fs").readSync(descriptor, buffer, 0, Math.min(buffer.byteLength, largestTransfer), position),
  write: (descriptor, bytes, position) =>
    builtin("node:fs").writeSync(descriptor, bytes, 0, Math.min(bytes.byteLength, largestTransfer), position),
  readDirectory: (path) => builtin("node:fs").readdirSync(path, { withFileTypes: true }),
};

/** The same, with promises for what may take long. */
export const asyncTransfers: Pick<DescriptorCalls, "inTurn" | "read" | "write" | "readDirectory"> = {
  inTurn,
  read: (descriptor, buffer, position) => {
    if (buffer.byteLength < largePayload) return inTurn(() => syncTransfers.read(descriptor, buffer, position));
    return new Promise((resolve, reject) => {
      const length = Math.min(buffer.byteLength, largestTransfer);
      builtin("node:fs").read(descriptor, buffer, 0, length, position, (error, count) => {
        if (error) reject(error);
        else resolve(count);
      });
    });
  },
  write: (descriptor, bytes, position) => {
    if (bytes.byteLength < largePayload) return inTurn(() => syncTransfers.write(descriptor, bytes, position));
    return new Promise((resolve, reject) => {
      const length = Math.min(bytes.byteLength, largestTransfer);
      builtin("node:fs").write(descriptor, bytes, 0, length, position, (error, count) => {
        if (error) reject(error);
        else resolve(count);
      });
    });
  },
  readDirectory: (path) => builtin("node:fs").promises.readdir(path, { withFileTypes: true }),
};

/** Turns a call that ends with a callback into a promise. */
export function completed(start: (callback: NoParamCallback) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    start((error) => {
      if (error) reject(error);
      else resolve();
    });
  });
}
