/**
 * An open file over a node:fs descriptor, for Node and Bun.
 *
 * node:fs cannot move a descriptor's position, so the position is kept here and every transfer names it.
 */
import type { BigIntStats, Dirent, Stats } from "node:fs";
import { afterTurn, isTurnDue } from "../../core/event_loop.ts";
import type { Awaitable } from "../../core/operation.ts";
import { builtin, nodeFs } from "../builtin.ts";
import { isMemoryDevice, tellsLostWrites } from "../file_system_types.ts";
import type { CLibrary } from "../foreign/c_library.ts";
import { millisecondsAbove } from "../times.ts";
import { type DescriptorCalls, largePayload, largestTransfer, transferred } from "./calls.ts";
import type { EntryKind, FileStatus, FileTimes, OpenFile, SyncLevel, SyncReach } from "../runtime.ts";
import { guard, guardAwaitable, SystemError, throwUnlessInterrupted } from "../system_error.ts";

/** What kind of thing node:fs describes. */
export function kindOf(
  entry: Pick<Dirent | Stats | BigIntStats, "isFile" | "isDirectory" | "isSymbolicLink">,
): EntryKind {
  if (entry.isFile()) return "file";
  if (entry.isDirectory()) return "directory";
  return entry.isSymbolicLink() ? "symlink" : "other";
}

const readProc = (path: string): string => builtin("node:fs").readFileSync(path, "utf8");

/**
 * Whether numbers hold device and inode number exactly, as nearly all are: to ask in numbers is three times as fast.
 * Otherwise node:fs is asked again for big integers.
 */
export const isExact = ({ dev, ino }: Stats): boolean =>
  Number.isSafeInteger(dev) && Number.isSafeInteger(ino) && dev >= 0 && ino >= 0;

/** The status of an open file. */
export function descriptorStatus(descriptor: number): FileStatus {
  const stats = nodeFs().fstatSync(descriptor);
  return toStatus(isExact(stats) ? stats : nodeFs().fstatSync(descriptor, { bigint: true }));
}

/** node:fs's answer as ours. Big integers are made unsigned: from 2^63 on (overlays have such) they are negative. */
export function toStatus(stats: Stats | BigIntStats): FileStatus {
  const device = typeof stats.dev === "bigint" ? String(BigInt.asUintN(64, stats.dev)) : String(stats.dev);
  const status: FileStatus = {
    kind: kindOf(stats),
    size: Number(stats.size),
    // Blocks of 512 bytes, whatever the file system's own are: https://man7.org/linux/man-pages/man3/stat.3type.html
    ...stats.blocks === undefined ? {} : { allocated: Number(stats.blocks) * 512 },
    mode: Number(stats.mode) & 0o7777,
    user: Number(stats.uid),
    group: Number(stats.gid),
    device,
    identity: `${device}:${typeof stats.ino === "bigint" ? BigInt.asUintN(64, stats.ino) : stats.ino}`,
    links: Number(stats.nlink),
    modified: Math.trunc(Number(stats.mtimeMs)),
  };
  // Zero is what libuv gives where the file system keeps no time of creation.
  // https://nodejs.org/api/fs.html#statsbirthtime
  const created = Math.trunc(Number(stats.birthtimeMs));
  if (created > 0) status.created = created;
  // Not cut to milliseconds: it is only ever compared.
  const changed = Number(stats.ctimeMs);
  if (changed > 0) status.changed = changed;
  return status;
}

/**
 * A time as node:fs takes it: a number of seconds, of which libuv keeps microseconds, or before 1970, where Node and Bun
 * would take a number for "now", a date, which holds milliseconds. Rounded up.
 */
function toNodeTime(time: bigint): number | Date {
  if (time < 0n) return new Date(Number(millisecondsAbove(time)));
  // A double cannot hold every microsecond of such a count, so some would be cut down to the one before; half a
  // microsecond more lands inside the right one.
  return (Number((time + 999n) / 1000n) + 0.5) / 1e6;
}

/** An open file or directory of Node and Bun. */
export class NodeOpenFile implements OpenFile {
  readonly #descriptor: number;
  readonly #path: string;
  readonly #calls: DescriptorCalls;
  #position = 0;
  #written = false;
  readonly opened: FileStatus | undefined;
  /** Known once somebody has asked for the status. */
  #device: string | undefined;

  constructor(descriptor: number, path: string, calls: DescriptorCalls, opened?: FileStatus) {
    this.opened = opened;
    this.#device = opened?.device;
    this.#descriptor = descriptor;
    this.#path = path;
    this.#calls = calls;
  }

  read(buffer: Uint8Array): Awaitable<number> {
    const length = Math.min(buffer.byteLength, largestTransfer);
    if (this.#calls.mayWait) {
      if (length >= largePayload) {
        return this.#moveLarge("read", (done) => {
          nodeFs().read(this.#descriptor, buffer, 0, length, this.#position, done);
        });
      }
      if (isTurnDue()) return afterTurn(() => this.read(buffer));
    }
    for (;;) {
      try {
        return this.#moved(nodeFs().readSync(this.#descriptor, buffer, 0, length, this.#position));
      } catch (error) {
        throwUnlessInterrupted(error, "read", this.#path);
      }
    }
  }

  write(bytes: Uint8Array): Awaitable<number> {
    const length = Math.min(bytes.byteLength, largestTransfer);
    if (this.#calls.mayWait) {
      if (length >= largePayload) {
        this.#written = true;
        return this.#moveLarge("write", (done) => {
          nodeFs().write(this.#descriptor, bytes, 0, length, this.#position, done);
        });
      }
      if (isTurnDue()) return afterTurn(() => this.write(bytes));
    }
    for (;;) {
      try {
        return this.#wrote(nodeFs().writeSync(this.#descriptor, bytes, 0, length, this.#position));
      } catch (error) {
        throwUnlessInterrupted(error, "write", this.#path);
      }
    }
  }

  async #moveLarge(call: string, start: Parameters<typeof transferred>[0]): Promise<number> {
    return this.#moved(await guardAwaitable(call, this.#path, () => transferred(start)));
  }

  #wrote(count: number): number {
    this.#written = true;
    return this.#moved(count);
  }

  #moved(count: number): number {
    this.#position += count;
    return count;
  }

  seek(offset: number): void {
    this.#position = offset;
  }

  truncate(size: number): void {
    guard("truncate", this.#path, () => nodeFs().ftruncateSync(this.#descriptor, size));
  }

  stat(): FileStatus {
    for (;;) {
      try {
        const status = descriptorStatus(this.#descriptor);
        this.#device = status.device;
        return status;
      } catch (error) {
        throwUnlessInterrupted(error, "stat", this.#path);
      }
    }
  }

  setMode(mode: number): void {
    guard("setMode", this.#path, () => nodeFs().fchmodSync(this.#descriptor, mode));
  }

  setOwner(user: number | undefined, group: number | undefined): void {
    // -1 leaves that one as it is: https://man7.org/linux/man-pages/man2/chown.2.html
    guard("setOwner", this.#path, () => nodeFs().fchownSync(this.#descriptor, user ?? -1, group ?? -1));
  }

  times(): FileTimes {
    return guard("times", this.#path, () => {
      const { atimeNs, mtimeNs } = nodeFs().fstatSync(this.#descriptor, { bigint: true });
      return { accessed: atimeNs, modified: mtimeNs };
    });
  }

  setTimes(times: FileTimes): void {
    guard("setTimes", this.#path, () => {
      const library = this.#calls.cLibrary();
      if (library !== undefined) return library.setTimes(this.#descriptor, times);
      nodeFs().futimesSync(this.#descriptor, toNodeTime(times.accessed), toNodeTime(times.modified));
    });
  }

  attributes(): ReadonlyMap<string, Uint8Array> {
    return guard("attributes", this.#path, () => this.#library("attributes").attributes(this.#descriptor));
  }

  setAttribute(name: string, value: Uint8Array | undefined): void {
    guard("setAttribute", this.#path, () => {
      this.#library("setAttribute").setAttribute(this.#descriptor, name, value);
    });
  }

  #library(call: string): CLibrary {
    const library = this.#calls.cLibrary();
    if (library?.hasAttributes !== true) throw new SystemError("ENOTSUP", call, this.#path);
    return library;
  }

  startWriteBack(): Awaitable<void> {
    if (!this.#isInMemory) return this.#calls.cLibrary()?.startWriteBack(this.#descriptor, this.#calls.mayWait);
  }

  nextData(offset: number): number | undefined {
    return this.#calls.cLibrary()?.nextData(this.#descriptor, offset);
  }

  /** Where nothing is written to any medium there is nothing to wait for: a promise costs a hundred times the call. */
  get #isInMemory(): boolean {
    return this.#device !== undefined && isMemoryDevice(this.#device, readProc);
  }

  watchFileSystem(): boolean {
    const device = this.#device ?? this.stat().device;
    return this.#calls.mayWait && this.#calls.cLibrary()?.syncsFileSystems === true &&
      tellsLostWrites(device, readProc);
  }

  sync(level: SyncReach): Awaitable<void> {
    if (level === "fileSystem") {
      return guardAwaitable("sync", this.#path, () => this.#library("sync").syncFileSystem(this.#descriptor));
    }
    const { sync, syncAtOnce } = this.#calls;
    const atOnce = syncAtOnce !== undefined && this.#isInMemory;
    for (;;) {
      try {
        const synced = (atOnce ? syncAtOnce : sync)(this.#descriptor, level);
        return synced === undefined ? undefined : this.#syncLater(synced, level);
      } catch (error) {
        throwUnlessInterrupted(error, "sync", this.#path);
      }
    }
  }

  async #syncLater(synced: PromiseLike<void>, level: SyncLevel): Promise<void> {
    try {
      await synced;
    } catch (error) {
      throwUnlessInterrupted(error, "sync", this.#path);
      await this.sync(level);
    }
  }

  clone(source: OpenFile): Awaitable<boolean> {
    if (!(source instanceof NodeOpenFile)) return false;
    return guardAwaitable("clone", this.#path, () => this.#calls.clone(this.#descriptor, source.#descriptor));
  }

  tryLock(shared: boolean): Awaitable<boolean> {
    return guardAwaitable("tryLock", this.#path, () => this.#calls.tryLock(this.#descriptor, shared));
  }

  lock(shared: boolean, timeout: number | undefined, signal: AbortSignal | undefined): Awaitable<boolean | undefined> {
    return guardAwaitable("lock", this.#path, () => this.#calls.lock(this.#descriptor, shared, timeout, signal));
  }

  get descriptor(): number {
    return this.#descriptor;
  }

  unlock(): Awaitable<void> {
    return guardAwaitable("unlock", this.#path, () => this.#calls.unlock(this.#descriptor));
  }

  close(): void {
    try {
      const { close = nodeFs().closeSync } = this.#written ? this.#calls : {};
      close(this.#descriptor);
    } catch (error) {
      throwUnlessInterrupted(error, "close", this.#path);
    }
  }
}
