/** What the files of the contract suite share. */
import { assert, assertEquals, assertInstanceOf } from "@std/assert";
import * as fs from "node:fs";
import process from "node:process";
import type { FileSystem, OpenFile, Runtime } from "../../src/runtime/runtime.ts";
import { SystemError } from "../../src/runtime/system_error.ts";

/** One runtime, one of its file systems, and an empty directory in it. */
export interface Subject {
  runtime: Runtime;
  fileSystem: FileSystem;
  directory: string;
}

/** Makes a subject, runs a test with it, and removes what it made. */
export type WithSubject = (run: (subject: Subject) => Promise<void>) => Promise<void>;

export interface ContractOptions {
  /** Whether there is a real system behind the file system. */
  real: boolean;
}

/** Whether this is root, on a system that has one. */
export const isRoot = process.getuid?.() === 0;
export const isLinux = process.platform === "linux";

export const encode = (text: string): Uint8Array => new TextEncoder().encode(text);
export const decode = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

/** The error of a call at the seam, with every property that the contract promises. */
export async function assertFails(
  codes: string | readonly string[],
  call: string,
  path: string,
  body: () => unknown,
): Promise<void> {
  let error: unknown;
  try {
    await body();
  } catch (caught) {
    error = caught;
  }
  assertInstanceOf(error, SystemError, `${call} ${path} must throw a SystemError, not ${error}`);
  assert(
    [codes].flat().includes(error.code),
    `${error.code} (${error.message}), expected ${[codes].flat().join(" or ")}`,
  );
  assertEquals(error.call, call);
  assertEquals(error.path, path);
}

/** Creates a file with that content and closes it. */
export async function put(fileSystem: FileSystem, path: string, text = "", mode = 0o644): Promise<void> {
  const file = await fileSystem.create(path, mode);
  try {
    await writeAll(file, encode(text));
  } finally {
    await file.close();
  }
}

/** Opens a file that must be there. */
export async function opened(
  fileSystem: FileSystem,
  path: string,
  access: "read" | "read-write" = "read",
): Promise<OpenFile> {
  const file = await fileSystem.open(path, access);
  assert(file !== undefined, `${path} must be there`);
  return file;
}

export async function writeAll(file: OpenFile, bytes: Uint8Array): Promise<void> {
  for (let done = 0; done < bytes.byteLength;) {
    const count = await file.write(bytes.subarray(done));
    assert(count > 0, "a write of some bytes must write some");
    done += count;
  }
}

/** All that is left to read, through a buffer of that size. */
export async function readAll(file: OpenFile, bufferSize = 64 * 1024): Promise<Uint8Array> {
  const parts: number[] = [];
  const buffer = new Uint8Array(bufferSize);
  for (;;) {
    const count = await file.read(buffer);
    if (count === 0) return Uint8Array.from(parts);
    for (const byte of buffer.subarray(0, count)) parts.push(byte);
  }
}

/** The text of a file that must be there. */
export async function textOf(fileSystem: FileSystem, path: string): Promise<string> {
  const file = await opened(fileSystem, path);
  try {
    return decode(await readAll(file));
  } finally {
    await file.close();
  }
}

/** How many descriptors this process has open; undefined where that cannot be counted. */
export function descriptorCount(): number | undefined {
  return isLinux ? fs.readdirSync("/proc/self/fd").length : undefined;
}

/** Runs a part of a test with another umask. What it does there must not wait. */
export function withMask<T>(mask: number, body: () => T): T {
  const before = process.umask(mask);
  try {
    return body();
  } finally {
    process.umask(before);
  }
}

function refusePromises<T extends object>(target: T): T {
  return new Proxy(target, {
    get(object, key) {
      const value: unknown = Reflect.get(object, key, object);
      if (typeof value !== "function") return value;
      return (...parameters: unknown[]): unknown => {
        // A file of ours as a parameter (`clone`) must be seen without its wrapper.
        const bare = parameters.map((parameter) => unwrapped.get(parameter as object) ?? parameter);
        const result: unknown = Reflect.apply(value, object, bare);
        if (typeof result !== "object" || result === null) return result;
        assert(!("then" in result), `${String(key)} of the synchronous file system returned a promise`);
        if (!("tryLock" in result)) return result;
        const wrapper = refusePromises(result);
        unwrapped.set(wrapper, result);
        return wrapper;
      };
    },
  });
}

const unwrapped = new WeakMap<object, object>();

/** A file system that fails the test when it, or a file it opens, returns a promise. */
export function synchronousOnly(fileSystem: FileSystem): FileSystem {
  return refusePromises(fileSystem);
}

/** Waits until something is so that nobody tells us about. */
export async function until(condition: () => boolean): Promise<void> {
  for (let attempt = 0; attempt < 500 && !condition(); attempt++) {
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  assert(condition());
}
