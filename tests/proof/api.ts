/**
 * Every public function that works on files, in one shape for both drivers: the body of a row in the table of operations
 * is written once and runs as the asynchronous and as the synchronous twin.
 */
import {
  acquireLock,
  acquireLockSync,
  breakLock,
  breakLockSync,
  copyFile,
  copyFileSync,
  type CopyFileSyncOptions,
  type FileChunk,
  type FileLock,
  type FilePath,
  inspectLock,
  inspectLockSync,
  listBackups,
  listBackupsSync,
  type LockInfo,
  type LockSyncOptions,
  openFileWriter,
  openFileWriterSync,
  readFile,
  type ReadFileOptions,
  readFileSync,
  removeFile,
  removeFileSync,
  type RemoveFileSyncOptions,
  restoreBackup,
  restoreBackupSync,
  type RestoreBackupSyncOptions,
  sweep,
  type SweepOptions,
  sweepSync,
  tryLock,
  tryLockSync,
  type TryLockSyncOptions,
  updateFile,
  updateFileSync,
  updateJsonFile,
  updateJsonFileSync,
  type UpdateSyncOptions,
  updateTextFile,
  updateTextFileSync,
  withLock,
  withLockSync,
  writeFile,
  writeFileSync,
  type WriteFileSyncOptions,
  writeJsonFile,
  writeJsonFileSync,
  type WriteResult,
} from "../../mod.ts";
import writeFileAtomic, { sync as writeFileAtomicSync, type WriteFileAtomicOptions } from "../../src/compat/mod.ts";
import { type Awaitable, type Operation, run, runSync } from "../../src/core/operation.ts";

/** Content that both drivers take. */
export type Data = string | Uint8Array | Iterable<string | Uint8Array>;

/** What both kinds of writer have in common. */
export interface Writer {
  write(chunk: FileChunk): Awaitable<void>;
  commit(): Awaitable<WriteResult>;
  discard(): Awaitable<void>;
}

/** One of the two drivers. */
export interface Api {
  readonly name: "async" | "sync";
  /** Runs a body within a callback of the public functions. */
  drive<T>(body: () => Operation<T>): Awaitable<T>;
  writeFile(path: FilePath, data: Data, options: WriteFileSyncOptions): Awaitable<WriteResult>;
  writeJsonFile(path: FilePath, value: unknown, options: WriteFileSyncOptions): Awaitable<WriteResult>;
  copyFile(from: FilePath, to: FilePath, options: CopyFileSyncOptions): Awaitable<WriteResult>;
  writeFileAtomic(path: FilePath, data: string, options: WriteFileAtomicOptions): Awaitable<void>;
  readFile(path: FilePath, options: ReadFileOptions): Awaitable<Uint8Array | undefined>;
  removeFile(path: FilePath, options: RemoveFileSyncOptions): ReturnType<typeof removeFile | typeof removeFileSync>;
  openFileWriter(path: FilePath, options: WriteFileSyncOptions): Awaitable<Writer>;
  updateFile(
    path: FilePath,
    change: (current: Uint8Array | undefined) => Data | undefined,
    options: UpdateSyncOptions,
  ): Awaitable<WriteResult>;
  updateTextFile(
    path: FilePath,
    change: (current: string | undefined) => string | undefined,
    options: UpdateSyncOptions,
  ): Awaitable<WriteResult>;
  updateJsonFile<T>(
    path: FilePath,
    change: (current: T | undefined) => T | undefined,
    options: UpdateSyncOptions,
  ): Awaitable<WriteResult>;
  /** The body is an operation, run by this driver. */
  withLock<T>(path: FilePath, body: (lock: FileLock) => Operation<T>, options: LockSyncOptions): Awaitable<T>;
  acquireLock(path: FilePath, options: LockSyncOptions): Awaitable<FileLock>;
  tryLock(path: FilePath, options: TryLockSyncOptions): Awaitable<FileLock | undefined>;
  release(lock: FileLock): Awaitable<void>;
  inspectLock(path: FilePath, options: Parameters<typeof inspectLock>[1]): Awaitable<LockInfo | undefined>;
  breakLock(path: FilePath, info: LockInfo, options: Parameters<typeof breakLock>[2]): Awaitable<boolean>;
  sweep(directory: FilePath, options: SweepOptions): ReturnType<typeof sweep | typeof sweepSync>;
  listBackups(path: FilePath, options: Parameters<typeof listBackups>[1]): ReturnType<
    typeof listBackups | typeof listBackupsSync
  >;
  restoreBackup(path: FilePath, which: string | undefined, options: RestoreBackupSyncOptions): Awaitable<WriteResult>;
}

/** The functions that return promises. */
export const asyncApi: Api = {
  name: "async",
  drive: run,
  writeFile,
  writeJsonFile,
  copyFile,
  writeFileAtomic,
  readFile,
  removeFile,
  openFileWriter,
  updateFile,
  updateTextFile,
  updateJsonFile,
  withLock: (path, body, options) => withLock(path, (lock) => run(() => body(lock)), options),
  acquireLock,
  tryLock,
  release: (lock) => lock.release(),
  inspectLock,
  breakLock,
  sweep,
  listBackups,
  restoreBackup,
};

/** Their synchronous twins. */
export const syncApi: Api = {
  name: "sync",
  drive: runSync,
  writeFile: writeFileSync,
  writeJsonFile: writeJsonFileSync,
  copyFile: copyFileSync,
  writeFileAtomic: writeFileAtomicSync,
  readFile: readFileSync,
  removeFile: removeFileSync,
  openFileWriter: openFileWriterSync,
  updateFile: updateFileSync,
  updateTextFile: updateTextFileSync,
  updateJsonFile: updateJsonFileSync,
  withLock: (path, body, options) => withLockSync(path, (lock) => runSync(() => body(lock)), options),
  acquireLock: acquireLockSync,
  tryLock: tryLockSync,
  release: (lock) => lock[Symbol.dispose](),
  inspectLock: inspectLockSync,
  breakLock: breakLockSync,
  sweep: sweepSync,
  listBackups: listBackupsSync,
  restoreBackup: restoreBackupSync,
};
