/** The calls in which Deno's two file systems differ: what may take long is a promise in one of them. */
import { inTurn } from "../../core/event_loop.ts";
import type { Awaitable } from "../../core/operation.ts";
import { cloneInto, cloneIntoSync } from "./clone.ts";
import { deno, type DenoDirectoryEntry, type DenoFile } from "./namespace.ts";
import { waitFlock, waitFlockSync } from "../flock_program.ts";
import { largePayload, largestTransfer } from "../node/calls.ts";

/** Calls that one file system makes at once and the other, where they may take long, as promises. */
export interface DenoCalls {
  /** Makes a call that waits for nothing; where others may wait for the event loop, not without end. */
  inTurn<T>(call: () => Awaitable<T>): Awaitable<T>;
  read(file: DenoFile, buffer: Uint8Array): Awaitable<number>;
  write(file: DenoFile, bytes: Uint8Array): Awaitable<number>;
  sync(file: DenoFile): Awaitable<void>;
  /** Waits for the lock without a limit, in Deno itself. */
  lock(file: DenoFile, shared: boolean): Awaitable<void>;
  /** Waits for it with a limit, in a child that inherits the descriptor. */
  lockInChild(
    descriptor: number,
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
  inTurn: (call) => call(),
  read: (file, buffer) => file.readSync(atMost(buffer)) ?? 0,
  write: (file, bytes) => file.writeSync(atMost(bytes)),
  // Rust's sync_all: fsync, on macOS F_FULLFSYNC. https://doc.rust-lang.org/std/fs/struct.File.html#method.sync_all
  sync: (file) => file.syncSync(),
  lock: (file, shared) => file.lockSync(!shared),
  lockInChild: waitFlockSync,
  clone: cloneIntoSync,
  readDirectory: (path) => Array.from(deno().readDirSync(path)),
};

/** Promises for what may take long. */
export const asyncCalls: DenoCalls = {
  inTurn,
  read: (file, buffer) =>
    buffer.byteLength < largePayload
      ? inTurn(() => syncCalls.read(file, buffer))
      : file.read(atMost(buffer)).then((count) => count ?? 0),
  write: (file, bytes) =>
    bytes.byteLength < largePayload ? inTurn(() => syncCalls.write(file, bytes)) : file.write(atMost(bytes)),
  sync: (file) => file.sync(),
  lock: (file, shared) => file.lock(!shared),
  lockInChild: waitFlock,
  clone: cloneInto,
  readDirectory: (path) => Array.fromAsync(deno().readDir(path)),
};
