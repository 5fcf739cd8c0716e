/**
 * Windows's flush of a directory: what it keeps in memory of the names in it goes to the disk, as far as the file system
 * does so. Nothing is promised by it; https://learn.microsoft.com/windows/win32/api/fileapi/nf-fileapi-flushfilebuffers
 * speaks of files and volumes alone.
 *
 * 1. `loadWindowsDirectories` with the first flush. 2. its methods, which open the directory, flush and close it: node:fs
 * opens directories without the right to write, which a flush needs. They never fail, and nothing may be claimed of what they did.
 */
import { type Binder, type BoundFunctions, windowsKernel } from "./table.ts";

const mayWrite = 0x4000_0000;
const shareAll = 7;
const openExisting = 3;
/** Without it only files are opened: https://learn.microsoft.com/windows/win32/api/fileapi/nf-fileapi-createfilew */
const backupSemantics = 0x0200_0000;

/** A path as Windows takes it: UTF-16, and a zero. */
function wide(path: string): Uint8Array {
  const units = new Uint16Array(path.length + 1);
  for (let index = 0; index < path.length; index++) units[index] = path.charCodeAt(index);
  return new Uint8Array(units.buffer);
}

/** Directories of this system. */
export class WindowsDirectories {
  readonly #kernel: BoundFunctions;

  /** The functions of kernel32. */
  constructor(kernel: BoundFunctions) {
    this.#kernel = kernel;
  }

  /** Flushes a directory. */
  flush(path: string): void {
    const handle = this.#open(path);
    if (handle === undefined) return;
    this.#kernel.call("FlushFileBuffers", [handle]);
    this.#kernel.call("CloseHandle", [handle]);
  }

  /** The same on another thread; undefined, and nothing done, where calls cannot be made so. */
  flushLater(path: string): Promise<void> | undefined {
    if (this.#kernel.callLater === undefined) return undefined;
    const handle = this.#open(path);
    if (handle === undefined) return undefined;
    const close = () => void this.#kernel.call("CloseHandle", [handle]);
    return this.#kernel.callLater("FlushFileBuffers", [handle]).then(close, close);
  }

  #open(path: string): bigint | undefined {
    const values = [wide(path), mayWrite, shareAll, null, openExisting, backupSemantics, 0n];
    const { result } = this.#kernel.call("CreateFileW", values);
    return result === -1 ? undefined : BigInt(result);
  }
}

/** The directories of this system; undefined where its functions cannot be bound. */
export function loadWindowsDirectories(bind: Binder): WindowsDirectories | undefined {
  try {
    return new WindowsDirectories(bind("kernel32.dll", windowsKernel));
  } catch {
    return undefined;
  }
}
