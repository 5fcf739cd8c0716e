/**
 * The C library, with numbers and buffers turned into what adapters speak of. Everything in it is an accelerator, or keeps
 * what would otherwise be lost of a file: where it cannot be loaded, adapters do without.
 *
 * 1. `loadCLibrary`, with the first call that needs it, never when a module is imported. 2. its methods: each makes the one
 * call it is named after, on a descriptor, and blocks the thread, so only calls are here that do not wait.
 *
 * A call that fails throws a {@linkcode ForeignError}; nothing is repeated here.
 */
import { codeOfNumber } from "../error_numbers.ts";
import type { FileTimes } from "../runtime.ts";
import {
  type Binder,
  type BoundFunctions,
  foreignLibrary,
  type ForeignName,
  type ForeignValue,
  MissingFunction,
  type NamedLibrary,
} from "./table.ts";

/** A C function has failed. */
export class ForeignError extends Error {
  /** The name of its class. */
  override readonly name: string = "ForeignError";
  /** `"EAGAIN"`, …; `"EUNKNOWN"` for a number that is in no table. */
  readonly code: string;
  /** The number it left in `errno`. */
  readonly errno: number;

  /** The failure of a function. */
  constructor(called: string, errno: number, system: string) {
    const code = codeOfNumber(errno, system) ?? "EUNKNOWN";
    super(`${called}: ${code} (error number ${errno})`);
    this.code = code;
    this.errno = errno;
  }
}

/** flock(2)'s operations. */
const lockShared = 1;
const lockExclusive = 2;
const lockNonBlocking = 4;
const lockUnlock = 8;

const ficlone = 0x40049409n;
const barrierSync = 85;

/** Of statx(2): its structure, the same on every processor, the flag for a descriptor, and the mask of both times. */
const statxSize = 256;
const atEmptyPath = 0x1000;
const statxTimes = 0x60;

/** The kernel's limits on lists and values, and one byte more: limits.h's XATTR_LIST_MAX and XATTR_SIZE_MAX. */
const largestList = 65_537;
const largestValue = 65_537;
const firstBuffer = 256;

/** Of open(2), the same on every processor of Linux. */
const readWrite = 2;
const noTerminal = 0o400;
const nonBlocking = 0o4000;
const closeOnExec = 0o2000000;

const encoder = new TextEncoder();
const nanosecondsInASecond = 1_000_000_000n;

/** Names and values of C strings end in a zero. */
const cString = (text: string): Uint8Array => encoder.encode(`${text}\0`);

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
  readonly #noFollow: number;
  /** Whether extended attributes can be read and set with it. */
  readonly hasAttributes: boolean;

  /** The library of `system`, bound. */
  constructor(bound: BoundFunctions, system: string, { functions, noFollow }: NamedLibrary) {
    this.#bound = bound;
    this.#system = system;
    this.#noFollow = noFollow;
    this.hasAttributes = functions.flistxattr !== undefined;
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
    const flags = nonBlocking | noTerminal | closeOnExec | (write ? readWrite : 0) | (follow ? 0 : this.#noFollow);
    return this.#call("open", cString(path), flags);
  }

  /** Makes an empty file share the blocks of another one (FICLONE). */
  clone(destination: number, source: number): void {
    this.#call("ioctl", destination, ficlone, source);
  }

  /** The same off this thread; whether it was done. Undefined where calls cannot be made so. */
  cloneLater(destination: number, source: number): Promise<boolean> | undefined {
    return this.#bound.callLater?.("ioctl", [destination, ficlone, source]).then((result) => result === 0);
  }

  /** Closes a descriptor, and tells what failed in it: the descriptor is free in any case. */
  close(descriptor: number): void {
    this.#call("close", descriptor);
  }

  /** F_BARRIERFSYNC of macOS. */
  barrier(descriptor: number): void {
    this.#call("fcntl", descriptor, barrierSync);
  }

  /** The times of a file; undefined where they cannot be asked for. */
  times(descriptor: number): FileTimes | undefined {
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

  /** The extended attributes of a file, by name: those that this process may see. */
  attributes(descriptor: number): Map<string, Uint8Array> {
    const found = new Map<string, Uint8Array>();
    for (const name of this.#attributeNames(descriptor)) {
      if (name === "") continue;
      try {
        const value = this.#grown(largestValue, (buffer) => {
          return this.#call("fgetxattr", descriptor, cString(name), buffer, buffer.length);
        });
        found.set(name, value);
      } catch (error) {
        // Removed since the list was made.
        if (!(error instanceof ForeignError && error.code === "ENODATA")) throw error;
      }
    }
    return found;
  }

  /** None where the file system has no attributes. */
  #attributeNames(descriptor: number): string[] {
    try {
      const list = this.#grown(largestList, (buffer) => this.#call("flistxattr", descriptor, buffer, buffer.length));
      return new TextDecoder().decode(list).split("\0");
    } catch (error) {
      if (error instanceof ForeignError && error.code === "ENOTSUP") return [];
      throw error;
    }
  }

  /** What a call puts into a buffer that is large enough. */
  #grown(most: number, fill: (buffer: Uint8Array) => number): Uint8Array {
    for (let size = firstBuffer;; size = most) {
      const buffer = new Uint8Array(size);
      try {
        return buffer.subarray(0, fill(buffer));
      } catch (error) {
        const tooSmall = error instanceof ForeignError && error.code === "ERANGE";
        if (!tooSmall || size === most) throw error;
      }
    }
  }

  /** Sets an extended attribute; undefined removes it. */
  setAttribute(descriptor: number, name: string, value: Uint8Array | undefined): void {
    if (value === undefined) this.#call("fremovexattr", descriptor, cString(name));
    // A buffer without bytes may be passed as null: one byte more than is used never is.
    else this.#call("fsetxattr", descriptor, cString(name), new Uint8Array([...value, 0]), value.length, 0);
  }
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
