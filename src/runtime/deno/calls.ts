/** The calls in which Deno's two file systems differ: what may take long is a promise in one of them. */
import type { Awaitable } from "../../core/operation.ts";
import { windowsDirectories } from "./c_library.ts";
import { cloneInto, cloneIntoSync } from "./clone.ts";
import { deno, type DenoDirectoryEntry, type DenoFile } from "./namespace.ts";
import { waitFlock, waitFlockSync } from "../flock_program.ts";

/** Calls that one file system makes at once and the other, where they may take long, as promises. */
export interface DenoCalls {
  /** Whether large payloads are promises, and others are given turns of the event loop. */
  readonly mayWait: boolean;
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
  flushDirectory(path: string): Awaitable<void>;
}

/** All at once. */
export const syncCalls: DenoCalls = {
  mayWait: false,
  // Rust's sync_all: fsync, on macOS F_FULLFSYNC. https://doc.rust-lang.org/std/fs/struct.File.html#method.sync_all
  sync: (file) => file.syncSync(),
  lock: (file, shared) => file.lockSync(!shared),
  lockInChild: waitFlockSync,
  clone: cloneIntoSync,
  readDirectory: (path) => Array.from(deno().readDirSync(path)),
  flushDirectory: (path) => windowsDirectories()?.flush(path),
};

/** Promises for what may take long. */
export const asyncCalls: DenoCalls = {
  mayWait: true,
  sync: (file) => file.sync(),
  lock: (file, shared) => file.lock(!shared),
  lockInChild: waitFlock,
  clone: cloneInto,
  readDirectory: (path) => Array.fromAsync(deno().readDir(path)),
  flushDirectory: (path) => windowsDirectories()?.flushLater(path),
};
