/** What the tests of src/testing share: short words for raw calls at the seam, and the states after a power cut. */
import { assert, assertEquals } from "@std/assert";
import type { OpenFile, Runtime } from "../../src/runtime/runtime.ts";
import { type CrashStateOptions, crashStates, type MemoryRuntime } from "../../src/testing/mod.ts";

export const encode = (text: string): Uint8Array => new TextEncoder().encode(text);

/** Raw calls on a synchronous file system, in fewer words. */
export class Raw {
  readonly runtime: Runtime;

  constructor(runtime: Runtime) {
    this.runtime = runtime;
  }

  get #fileSystem() {
    return this.runtime.syncFileSystem;
  }

  /** Creates a file with that text, and leaves it open. */
  create(path: string, text = "", mode = 0o600): OpenFile {
    const file = this.#fileSystem.create(path, mode) as OpenFile;
    if (text !== "") file.write(encode(text));
    return file;
  }

  /** Opens a file that must exist. */
  open(path: string, access: "read" | "read-write" = "read-write"): OpenFile {
    const file = this.#fileSystem.open(path, access) as OpenFile | undefined;
    assert(file !== undefined, `${path} must exist`);
    return file;
  }

  /** Creates a file with that text, synced if asked for, and closes it. */
  put(path: string, text: string, sync = false): void {
    const file = this.create(path, text);
    if (sync) file.sync("full");
    file.close();
  }

  /** Syncs a file. */
  syncFile(path: string): void {
    const file = this.open(path, "read");
    file.sync("full");
    file.close();
  }

  /** Syncs a directory. */
  syncDirectory(path: string): void {
    const directory = this.#fileSystem.openDirectory(path) as OpenFile;
    directory.sync("full");
    directory.close();
  }

  rename(from: string, to: string): void {
    this.#fileSystem.rename(from, to);
  }
}

const byText = (one: unknown, two: unknown) => JSON.stringify(one) < JSON.stringify(two) ? -1 : 1;

/** The files of every state, in an order of their own. */
export function filesOfStates(machine: MemoryRuntime, options?: CrashStateOptions): Record<string, string>[] {
  return [...crashStates(machine, options)].map((state) => state.start().files()).sort(byText);
}

/** Asserts that these states, in whatever order, are all there are. */
export function assertStates(
  machine: MemoryRuntime,
  expected: readonly Record<string, string>[],
  options?: CrashStateOptions,
): void {
  assertEquals(filesOfStates(machine, options), [...expected].sort(byText));
  assertEquals(crashStates(machine, options).count, expected.length);
}

/** Asserts that the file at `path` may have these texts (undefined: no name), in whatever order, and no other. */
export function assertTexts(
  machine: MemoryRuntime,
  path: string,
  expected: readonly (string | undefined)[],
  options?: CrashStateOptions,
): void {
  const texts = new Set<string | undefined>();
  for (const state of crashStates(machine, options)) texts.add(state.start().readText(path));
  assertEquals([...texts].sort(byText), [...expected].sort(byText));
}
