/**
 * The C library, with numbers and buffers turned into what adapters speak of. Everything in it is an accelerator, or keeps
 * what would otherwise be lost of a file: where it cannot be loaded, adapters do without.
 *
 * 1. `loadCLibrary`, with the first call that needs it, never when a module is imported. 2. its methods: each makes the one
 * call it is named after, on a descriptor. All but those that end in `Later`, and `startWriteBack`, block the thread: of what
 * may take long only syncs are among them, for the synchronous file systems.
 *
 * A call that fails throws a {@linkcode ForeignError}; nothing is repeated here.
 */
import type { Awaitable } from "../../core/operation.ts";
import type { FileTimes } from "../runtime.ts";
import { timesAnswer, timesIn, timesRequest } from "./attribute_list.ts";
import { AttributeCalls } from "./attribute_calls.ts";
import { cString, ForeignError } from "./foreign_error.ts";
import {
  type Binder,
  type BoundFunctions,
  foreignLibrary,
  type ForeignName,
  type ForeignValue,
  MissingFunction,
  type NamedLibrary,
} from "./table.ts";

/** flock(2)'s operations. */
const lockShared = 1;
const lockExclusive = 2;
const lockNonBlocking = 4;
const lockUnlock = 8;

const ficlone = 0x40049409n;

/** How far a sync of macOS reaches: "full" to disk, "barrier" into write order, "plain" into the drive's cache. */
export type MacSync = "full" | "barrier" | "plain";
const syncRequests: Readonly<Record<Exclude<MacSync, "plain">, number>> = { full: 51, barrier: 85 };

/** Of sync_file_range(2): begin to write what is dirty, and wait for nothing. */
const startWriting = 2;

/** Of lseek(2): the next byte that is in no hole. */
const seekData = 3;
/** The number of ENXIO on every system, which says that there is none. */
const noDevice = 6;

/** Of statx(2): its structure, the same on every processor, the flag for a descriptor, and the mask of both times. */
const statxSize = 256;
const atEmptyPath = 0x1000;
const statxTimes = 0x60;

/** Of open(2), the same on every processor of Linux. */
const readWrite = 2;
const noTerminal = 0o400;
const nonBlocking = 0o4000;
const closeOnExec = 0o2000000;

const nothing = () => {};

const nanosecondsInASecond = 1_000_000_000n;

/** Seconds rounded down and nanoseconds above them, before 1970 too: as struct timespec wants them. */
function timespec(nanoseconds: bigint): readonly [bigint, bigint] {
  const rest = BigInt.asIntN(64, nanoseconds) % nanosecondsInASecond;
  const above = rest < 0n ? rest + nanosecondsInASecond : rest;
  return [(nanoseconds - above) / nanosecondsInASecond, above];
}

/** The C library of this machine. */
export class CLibrary {
  readonly #bound: BoundFunctions;
  readonly #system: string;
  readonly #library: NamedLibrary;
  readonly #attributes: AttributeCalls;
  /** Whether extended attributes can be read and set with it. */
  readonly hasAttributes: boolean;

  /** The library of `system`, bound. */
  constructor(bound: BoundFunctions, system: string, library: NamedLibrary) {
    this.#bound = bound;
    this.#system = system;
    this.#library = library;
    this.#attributes = new AttributeCalls((name, ...values) => this.#call(name, ...values), library.functions);
    this.hasAttributes = library.functions.flistxattr !== undefined;
  }

  #call(name: ForeignName, ...values: readonly ForeignValue[]): number {
    const { result, errno } = this.#bound.call(name, values);
    if (result < 0) throw new ForeignError(name, errno, this.#system);
    return result;
  }

  /** Takes flock's lock without waiting; false where somebody else has it. */
  tryLock(descriptor: number, shared: boolean): boolean {
    try {
      this.#call("flock", descriptor, (shared ? lockShared : lockExclusive) | lockNonBlocking);
      return true;
    } catch (error) {
      if (error instanceof ForeignError && error.code === "EAGAIN") return false;
      throw error;
    }
  }

  /** Gives flock's lock back. */
  unlock(descriptor: number): void {
    this.#call("flock", descriptor, lockUnlock);
  }

  /** Opens what is there, whatever it is, and waits for nothing: a FIFO that nobody writes to does not block it. Linux only. */
  open(path: string, { write, follow }: { readonly write: boolean; readonly follow: boolean }): number {
    const flags = nonBlocking | noTerminal | closeOnExec | (write ? readWrite : 0) |
      (follow ? 0 : this.#library.noFollow);
    return this.#call("open", cString(path), flags);
  }

  /** Makes an empty file share the blocks of another one (FICLONE). */
  clone(destination: number, source: number): void {
    this.#call("ioctl", destination, ficlone, source);
  }

  /** The same off this thread; whether it was done. Undefined where calls cannot be made so. */
  cloneLater(destination: number, source: number): Promise<boolean> | undefined {
    return this.#bound.callLater?.("ioctl", [destination, ficlone, source]).then(({ result }) => result === 0);
  }

  /** Closes a descriptor, and tells what failed in it: the descriptor is free in any case. */
  close(descriptor: number): void {
    this.#call("close", descriptor);
  }

  /** A sync of macOS: F_FULLFSYNC, F_BARRIERFSYNC or fsync(2). */
  sync(descriptor: number, reach: MacSync): void {
    this.#call(...syncCall(descriptor, reach));
  }

  /** The same off this thread; undefined where calls cannot be made so. */
  syncLater(descriptor: number, reach: MacSync): Promise<void> | undefined {
    const [name, ...values] = syncCall(descriptor, reach);
    return this.#bound.callLater?.(name, values).then(({ result, errno }) => {
      if (result < 0) throw new ForeignError(name, errno, this.#system);
    });
  }

  /** Whether a whole file system can be synced off this thread. On it, that could take any time. */
  get syncsFileSystems(): boolean {
    return this.#library.functions.syncfs !== undefined && this.#bound.callLater !== undefined;
  }

  /** Writes everything on the file system of a descriptor to disk; see `syncsFileSystems`. */
  async syncFileSystem(descriptor: number): Promise<void> {
    const answer = await this.#bound.callLater?.("syncfs", [descriptor]);
    // Deno does not tell the number: of what the manual lists, EIO is the one that says the most.
    if (answer === undefined || answer.result < 0) throw new ForeignError("syncfs", answer?.errno || 5, this.#system);
  }

  /**
   * Starts to write a file's content to disk; with `later` off this thread, where calls can be made so. It says
   * nothing about durability, and tells no error: the sync that follows meets it again. Linux only; nothing elsewhere.
   */
  startWriteBack(descriptor: number, later: boolean): Awaitable<void> {
    const name = "sync_file_range";
    if (!(name in this.#library.functions)) return;
    const values = [descriptor, 0, 0, startWriting];
    if (!later || this.#bound.callLater === undefined) this.#bound.call(name, values);
    else return this.#bound.callLater(name, values).then(nothing, nothing);
  }

  /**
   * Where the first byte at an offset or behind it is that is in no hole, which moves the position; Infinity where there is
   * none, undefined where that is not known. Linux only.
   */
  nextData(descriptor: number, offset: number): number | undefined {
    if (this.#library.functions.lseek === undefined) return undefined;
    const { result, errno } = this.#bound.call("lseek", [descriptor, BigInt(offset), seekData]);
    if (result >= 0) return result;
    return errno === noDevice ? Infinity : undefined;
  }

  /** The times of a file; undefined where they cannot be asked for. */
  times(descriptor: number): FileTimes | undefined {
    if (this.#library.functions.fgetattrlist !== undefined) {
      const answer = timesAnswer();
      this.#call("fgetattrlist", descriptor, timesRequest(), answer, answer.length, 0);
      return timesIn(answer);
    }
    const status = new Uint8Array(statxSize);
    try {
      this.#call("statx", descriptor, cString(""), atEmptyPath, statxTimes, status);
    } catch (error) {
      if (error instanceof MissingFunction) return undefined;
      throw error;
    }
    const view = new DataView(status.buffer);
    const at = (offset: number) =>
      view.getBigInt64(offset, true) * nanosecondsInASecond + BigInt(view.getUint32(offset + 8, true));
    return { accessed: at(64), modified: at(112) };
  }

  /** Sets the times of a file. */
  setTimes(descriptor: number, { accessed, modified }: FileTimes): void {
    // Two of struct timespec, whose fields have 64 bits each on every system of the table.
    const times = new BigInt64Array([...timespec(accessed), ...timespec(modified)]);
    this.#call("futimens", descriptor, new Uint8Array(times.buffer));
  }

  /** Whether what is at a path, a symlink itself, has any; undefined where that is not known. Never fails. */
  hasAttributesAt(path: string): boolean | undefined {
    return this.#attributes.any(path);
  }

  /** The extended attributes of a file, by name: those that this process may see. */
  attributes(descriptor: number): Map<string, Uint8Array> {
    return this.#attributes.all(descriptor);
  }

  /** Sets an extended attribute; undefined removes it. */
  setAttribute(descriptor: number, name: string, value: Uint8Array | undefined): void {
    this.#attributes.set(descriptor, name, value);
  }
}

/** The call that such a sync is. */
function syncCall(descriptor: number, reach: MacSync): [name: "fcntl" | "fsync", ...values: number[]] {
  return reach === "plain" ? ["fsync", descriptor] : ["fcntl", descriptor, syncRequests[reach]];
}

/** The C library of this system; undefined where it cannot be loaded. */
export function loadCLibrary(bind: Binder, system: string, processor: string): CLibrary | undefined {
  const library = foreignLibrary(system, processor);
  if (library === undefined) return undefined;
  for (const name of library.names) {
    try {
      return new CLibrary(bind(name, library), system, library);
    } catch {
      // Another C library, or one that lacks a function: the next name, or none.
      continue;
    }
  }
  return undefined;
}
