/** The calls in which Deno's two file systems differ: what may take long is a promise in one of them. */
import type { Awaitable } from "../core/operation.ts";
import { cloneInto, cloneIntoSync } from "./deno_clone.ts";
import { deno, type DenoDirectoryEntry, type DenoFile } from "./deno_namespace.ts";
import { largePayload, largestTransfer } from "./node_calls.ts";

/** Calls that one file system makes at once and the other, where they may take long, as promises. */
export interface DenoCalls {
  read(file: DenoFile, buffer: Uint8Array): Awaitable<number>;
  write(file: DenoFile, bytes: Uint8Array): Awaitable<number>;
  sync(file: DenoFile): Awaitable<void>;
  lock(
    file: DenoFile,
    shared: boolean,
    timeout: number | undefined,
    signal: AbortSignal | undefined,
  ): Awaitable<boolean | undefined>;
  clone(destination: number, source: number): Awaitable<boolean>;
  readDirectory(path: string): Awaitable<DenoDirectoryEntry[]>;
}

function atMost(bytes: Uint8Array): Uint8Array {
  return bytes.byteLength > largestTransfer ? bytes.subarray(0, largestTransfer) : bytes;
}

/** All at once. */
export const syncCalls: DenoCalls = {
  read: (file, buffer) => file.readSync(atMost(buffer)) ?? 0,
  write: (file, bytes) => file.writeSync(atMost(bytes)),
  // Rust's sync_all: fsync, on macOS F_FULLFSYNC. https://doc.rust-lang.org/std/fs/struct.File.html#method.sync_all
  sync: (file) => file.syncSync(),
  lock: (file, shared, timeout) => {
    // There is no waiting call with a limit.
    if (timeout !== undefined) return undefined;
    file.lockSync(!shared);
    return true;
  },
  clone: cloneIntoSync,
  readDirectory: (path) => Array.from(deno().readDirSync(path)),
};

/** Promises for what may take long. */
export const asyncCalls: DenoCalls = {
  read: (file, buffer) =>
    buffer.byteLength < largePayload
      ? syncCalls.read(file, buffer)
      : file.read(atMost(buffer)).then((count) => count ?? 0),
  write: (file, bytes) => bytes.byteLength < largePayload ? syncCalls.write(file, bytes) : file.write(atMost(bytes)),
  sync: (file) => file.sync(),
  // Deno waits on a thread of its own, fairly; but that thread cannot be called off: it would go on waiting after the
  // caller has given up, and keep the process from ending. Whoever may give up looks again instead.
  lock: (file, shared, timeout, signal) => {
    if (timeout !== undefined || signal !== undefined) return undefined;
    return file.lock(!shared).then(() => true);
  },
  clone: cloneInto,
  readDirectory: (path) => Array.fromAsync(deno().readDir(path)),
};
