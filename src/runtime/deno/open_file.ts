/** An open file over Deno.FsFile. What FsFile lacks goes through a second descriptor (second_descriptor.ts). */
import type { Awaitable } from "../../core/operation.ts";
import { afterTurn, isTurnDue } from "../../core/event_loop.ts";
import { builtin } from "../builtin.ts";
import { largePayload, largestTransfer } from "../node/calls.ts";
import { shownPath } from "../anchor.ts";
import type { DenoCalls } from "./calls.ts";
import { cLibrary } from "./c_library.ts";
import { cloneOpened, mayClone } from "./clone.ts";
import { deno, type DenoFile } from "./namespace.ts";
import { everythingGranted, permit } from "./permissions.ts";
import { flockProgram, runFlock } from "../flock_program.ts";
import { openSecond } from "./second_descriptor.ts";
import { toStatus } from "./status.ts";
import { isMemoryDevice, tellsLostWrites } from "../file_system_types.ts";
import type { CLibrary } from "../foreign/c_library.ts";
import type { FileStatus, FileTimes, OpenFile, SyncReach } from "../runtime.ts";
import { guard, guardAwaitable, SystemError, throwUnlessInterrupted } from "../system_error.ts";
import { isWhole, millisecondsAbove, nanoseconds } from "../times.ts";

/** Deno guards /proc with --allow-all; without it nothing is known, and every sync is waited for. */
const readProc = (path: string) => everythingGranted() ? deno().readTextFileSync(path) : undefined;

/** A time that Deno has cut towards 1970 to milliseconds. */
function notBefore(time: Date | null): bigint {
  const milliseconds = time?.getTime() ?? 0;
  return nanoseconds(milliseconds < 0 ? milliseconds : milliseconds + 1);
}

/** An open file or directory of Deno. */
export class DenoOpenFile implements OpenFile {
  readonly #file: DenoFile;
  readonly #path: string;
  /** What it is called for people, and reached by once the directory that it was opened through is closed. */
  readonly #shown: string;
  readonly #calls: DenoCalls;
  #second: number | undefined;
  #secondIsLocked = false;
  opened: FileStatus | undefined;
  /** Known once somebody has asked for the status. */
  #device: string | undefined;

  constructor(file: DenoFile, path: string, calls: DenoCalls, second?: number) {
    this.#file = file;
    this.#path = path;
    this.#shown = shownPath(path);
    this.#calls = calls;
    this.#second = second;
  }

  read(buffer: Uint8Array): Awaitable<number> {
    const part = buffer.byteLength > largestTransfer ? buffer.subarray(0, largestTransfer) : buffer;
    if (this.#calls.mayWait) {
      if (part.byteLength >= largePayload) return this.#readLarge(part);
      if (isTurnDue()) return afterTurn(() => this.read(buffer));
    }
    for (;;) {
      try {
        return this.#file.readSync(part) ?? 0;
      } catch (error) {
        throwUnlessInterrupted(error, "read", this.#path);
      }
    }
  }

  #readLarge(buffer: Uint8Array): Awaitable<number> {
    return guardAwaitable("read", this.#path, () => this.#file.read(buffer).then((count) => count ?? 0));
  }

  write(bytes: Uint8Array): Awaitable<number> {
    const part = bytes.byteLength > largestTransfer ? bytes.subarray(0, largestTransfer) : bytes;
    if (this.#calls.mayWait) {
      if (part.byteLength >= largePayload) return this.#writeLarge(part);
      if (isTurnDue()) return afterTurn(() => this.write(bytes));
    }
    for (;;) {
      try {
        return this.#file.writeSync(part);
      } catch (error) {
        throwUnlessInterrupted(error, "write", this.#path);
      }
    }
  }

  #writeLarge(bytes: Uint8Array): Awaitable<number> {
    return guardAwaitable("write", this.#path, () => this.#file.write(bytes));
  }

  seek(offset: number): void {
    guard("seek", this.#path, () => this.#file.seekSync(offset, 0));
  }

  truncate(size: number): void {
    guard("truncate", this.#path, () => this.#file.truncateSync(size));
  }

  stat(): FileStatus {
    for (;;) {
      try {
        const status = toStatus(this.#file.statSync());
        this.#device = status.device;
        return status;
      } catch (error) {
        throwUnlessInterrupted(error, "stat", this.#path);
      }
    }
  }

  #descriptor(call: string): number {
    permit(call, this.#path, "read");
    return this.#second ??= openSecond(this.#file, this.#place, call);
  }

  /** A path to it: through the directory that it was opened through while that is open, which is known by its own path. */
  get #place(): string {
    return shownPath(this.#path) === this.#shown ? this.#path : this.#shown;
  }

  setMode(mode: number): void {
    guard("setMode", this.#path, () => builtin("node:fs").fchmodSync(this.#descriptor("setMode"), mode));
  }

  setOwner(user: number | undefined, group: number | undefined): void {
    guard("setOwner", this.#path, () => {
      builtin("node:fs").fchownSync(this.#descriptor("setOwner"), user ?? -1, group ?? -1);
    });
  }

  times(): FileTimes {
    return guard("times", this.#path, () => {
      const exact = cLibrary()?.times(this.#descriptor("times"));
      if (exact !== undefined) return exact;
      const { atime, mtime } = this.#file.statSync();
      return { accessed: notBefore(atime), modified: notBefore(mtime) };
    });
  }

  setTimes(times: FileTimes): void {
    guard("setTimes", this.#path, () => {
      const library = isWhole(times) ? undefined : cLibrary();
      if (library !== undefined) return library.setTimes(this.#descriptor("setTimes"), times);
      const date = (time: bigint) => new Date(Number(millisecondsAbove(time)));
      this.#file.utimeSync(date(times.accessed), date(times.modified));
    });
  }

  attributes(): ReadonlyMap<string, Uint8Array> {
    return guard("attributes", this.#path, () => {
      return this.#library("attributes").attributes(this.#descriptor("attributes"));
    });
  }

  setAttribute(name: string, value: Uint8Array | undefined): void {
    guard("setAttribute", this.#path, () => {
      this.#library("setAttribute").setAttribute(this.#descriptor("setAttribute"), name, value);
    });
  }

  #library(call: string): CLibrary {
    const library = cLibrary();
    if (library?.hasAttributes !== true) throw new SystemError("ENOTSUP", call, this.#path);
    return library;
  }

  /** Undefined: it cannot be opened a second time. */
  #descriptorForHint(call: string): number | undefined {
    try {
      return this.#descriptor(call);
    } catch {
      return undefined;
    }
  }

  startWriteBack(): Awaitable<void> {
    const library = this.#isInMemory ? undefined : cLibrary();
    const descriptor = library === undefined ? undefined : this.#descriptorForHint("startWriteBack");
    if (descriptor !== undefined) return library?.startWriteBack(descriptor, this.#calls.mayWait);
  }

  nextData(offset: number): number | undefined {
    const descriptor = cLibrary() === undefined ? undefined : this.#descriptorForHint("nextData");
    return descriptor === undefined ? undefined : cLibrary()?.nextData(descriptor, offset);
  }

  /** Where nothing is written to any medium there is nothing to wait for: a promise costs a hundred times the call. */
  get #isInMemory(): boolean {
    const device = this.#device ?? this.opened?.device;
    return device !== undefined && isMemoryDevice(device, readProc);
  }

  watchFileSystem(): boolean {
    const device = this.#device ?? this.stat().device;
    if (!this.#calls.mayWait || cLibrary()?.syncsFileSystems !== true || !tellsLostWrites(device, readProc)) {
      return false;
    }
    // It hears of what fails after it was opened.
    return this.#descriptorForHint("sync") !== undefined;
  }

  sync(level: SyncReach): Awaitable<void> {
    if (level === "fileSystem") {
      return guardAwaitable("sync", this.#path, () => this.#library("sync").syncFileSystem(this.#descriptor("sync")));
    }
    const atOnce = this.#isInMemory;
    for (;;) {
      try {
        const synced = atOnce ? this.#file.syncSync() : this.#calls.sync(this.#file);
        return synced === undefined ? undefined : this.#syncLater(synced);
      } catch (error) {
        throwUnlessInterrupted(error, "sync", this.#path);
      }
    }
  }

  async #syncLater(synced: PromiseLike<void>): Promise<void> {
    try {
      await synced;
    } catch (error) {
      throwUnlessInterrupted(error, "sync", this.#path);
      await this.sync("full");
    }
  }

  clone(source: OpenFile): Awaitable<boolean> {
    if (!(source instanceof DenoOpenFile) || !mayClone()) return false;
    const from = { file: source.#file, path: source.#path, place: source.#place };
    const to = { file: this.#file, path: this.#path, place: this.#place };
    return cloneOpened(to, from, this.#calls.clone);
  }

  tryLock(shared: boolean): boolean {
    // Deno's is flock(2), on Windows LockFileEx, and needs no permission of its own.
    for (;;) {
      try {
        return this.#file.tryLockSync(!shared);
      } catch (error) {
        throwUnlessInterrupted(error, "tryLock", this.#path);
      }
    }
  }

  lock(shared: boolean, timeout: number | undefined, signal: AbortSignal | undefined): Awaitable<boolean | undefined> {
    // Deno waits on a thread of its own, fairly; but that thread cannot be called off: it would go on waiting after the
    // caller has given up, and keep the process from ending. A call that may give up waits in a child process.
    if (timeout !== undefined || signal !== undefined) return this.#lockInChild(shared, timeout, signal);
    const granted = guardAwaitable("lock", this.#path, () => this.#calls.lock(this.#file, shared));
    return granted instanceof Promise ? granted.then(() => true) : true;
  }

  /** Through a second descriptor, for FsFile does not tell its own; the lock then belongs to that one. */
  #lockInChild(
    shared: boolean,
    timeout: number | undefined,
    signal: AbortSignal | undefined,
  ): Awaitable<boolean | undefined> {
    // To start a program with a descriptor of ours takes nearly every permission, and none is asked for.
    if (!everythingGranted() || flockProgram() === undefined) return undefined;
    let descriptor: number;
    try {
      descriptor = this.#second ??= openSecond(this.#file, this.#place, "lock");
    } catch {
      // Not by that name any more, or not to be opened twice: the caller looks again itself.
      return undefined;
    }
    const wait = () => this.#calls.lockInChild(descriptor, shared, timeout, signal);
    const note = (had: boolean | undefined) => {
      this.#secondIsLocked = had === true;
      return had;
    };
    const granted = guardAwaitable("lock", this.#path, wait);
    return granted instanceof Promise ? granted.then(note) : note(granted as boolean | undefined);
  }

  unlock(inherited = false): void {
    // Closing it frees its lock, unless a child has it, too.
    if (this.#secondIsLocked && this.#second !== undefined && inherited) runFlock(this.#second, ["-u"]);
    if (this.#secondIsLocked) this.#closeSecond();
    guard("unlock", this.#path, () => this.#file.unlockSync());
  }

  #closeSecond(): void {
    const second = this.#second;
    this.#second = undefined;
    this.#secondIsLocked = false;
    if (second !== undefined) guard("close", this.#path, () => builtin("node:fs").closeSync(second));
  }

  close(): void {
    try {
      this.#file.close();
    } catch (error) {
      throwUnlessInterrupted(error, "close", this.#path);
    } finally {
      if (this.#second !== undefined) this.#closeSecond();
    }
  }
}
