/**
 * Kernel locks on Windows, for Node and Bun: LockFileEx on one byte of an open file.
 * https://learn.microsoft.com/windows/win32/api/fileapi/nf-fileapi-lockfileex
 *
 * These locks are mandatory: what they cover nobody else can read or write. So the byte is one that no file of ours
 * reaches. Deno's own FsFile.lock covers the whole range of a file, and the addon fs-ext all up to 0xFFFF0000: the byte is
 * inside both, so each of them excludes the others. The system frees it when the process ends, however it ends.
 *
 * 1. `loadWindowsLocks` with the first lock. 2. its two methods, on descriptors of node:fs, whose handles libuv tells.
 */
import { ForeignError } from "./foreign_error.ts";
import { type Binder, type BoundFunctions, windowsKernel, windowsProgram } from "./table.ts";

/** Where the byte is. */
const lockedByte = 0xFFFE0000;

const failImmediately = 1;
const exclusiveLock = 2;

/** https://learn.microsoft.com/windows/win32/debug/system-error-codes */
const lockViolation = 33;
const ioPending = 997;
const notLocked = 158;

/** OVERLAPPED, in which only the offset says something: two pointers, two halves of an offset, an event. */
function atTheByte(): Uint8Array {
  const overlapped = new Uint8Array(32);
  new DataView(overlapped.buffer).setUint32(16, lockedByte, true);
  return overlapped;
}

/** The lock of one open file, taken and given back. */
export class WindowsLocks {
  readonly #kernel: BoundFunctions;
  readonly #program: BoundFunctions;

  /** The functions of kernel32, and of the program that runs. */
  constructor(kernel: BoundFunctions, program: BoundFunctions) {
    this.#kernel = kernel;
    this.#program = program;
  }

  /** Takes the lock without waiting; false where somebody else has it. What this very file had before it has no more. */
  tryLock(descriptor: number, shared: boolean): boolean {
    const handle = this.#handle(descriptor);
    // As flock(2) converts: a second lock through one handle would be refused like a stranger's.
    this.#release(handle);
    const flags = failImmediately | (shared ? 0 : exclusiveLock);
    if (this.#kernel.call("LockFileEx", [handle, flags, 0, 1, 0, atTheByte()]).result !== 0) return true;
    const number = this.#lastError();
    if (number === lockViolation || number === ioPending) return false;
    throw new ForeignError("LockFileEx", number, "win32");
  }

  /** Gives it back, if this file has it. */
  unlock(descriptor: number): void {
    const number = this.#release(this.#handle(descriptor));
    if (number !== 0 && number !== notLocked) throw new ForeignError("UnlockFileEx", number, "win32");
  }

  #handle(descriptor: number): bigint {
    return BigInt(this.#program.call("uv_get_osfhandle", [descriptor]).result);
  }

  /** 0, or the number of the error. */
  #release(handle: bigint): number {
    return this.#kernel.call("UnlockFileEx", [handle, 0, 1, 0, atTheByte()]).result !== 0 ? 0 : this.#lastError();
  }

  #lastError(): number {
    return this.#kernel.call("GetLastError", []).result;
  }
}

/** The locks of this system; `program`: the path of what runs, which holds libuv. Undefined where they cannot be bound. */
export function loadWindowsLocks(bind: Binder, program: string): WindowsLocks | undefined {
  try {
    return new WindowsLocks(bind("kernel32.dll", windowsKernel), bind(program, windowsProgram));
  } catch {
    // No foreign calls, or a program without libuv's functions.
    return undefined;
  }
}
