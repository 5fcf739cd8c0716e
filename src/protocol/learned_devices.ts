/**
 * What a process has learned of devices and does not ask again: that one has no kernel locks, no hard links, or that its
 * directories can be synced. It is known of one file system object, as each machine of a test has its own.
 */
import type { FileSystem } from "../runtime/runtime.ts";

/** Devices of which one thing is known. */
export class LearnedDevices {
  readonly #known = new WeakMap<FileSystem, Set<string>>();

  /** Whether it is known of any device: otherwise nobody needs to look which one this is. */
  any(fileSystem: FileSystem): boolean {
    return this.#known.has(fileSystem);
  }

  /** Whether it is known of this device. */
  has(fileSystem: FileSystem, device: string): boolean {
    return this.#known.get(fileSystem)?.has(device) === true;
  }

  /** From now on it is. */
  add(fileSystem: FileSystem, device: string): void {
    const devices = this.#known.get(fileSystem);
    if (devices === undefined) this.#known.set(fileSystem, new Set([device]));
    else devices.add(device);
  }
}
