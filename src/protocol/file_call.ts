/**
 * An open file held for the length of a body, and read to its end.
 */
import { type Operation, wait } from "../core/operation.ts";
import type { FileStatus, OpenFile } from "../runtime/runtime.ts";
import { SystemError } from "../runtime/system_error.ts";
import type { Engine } from "./engine.ts";
import { checkAbort } from "./failure.ts";

/** Closes what was only read: that can lose nothing, and must not hide what the body answered. */
export function* closeQuietly(file: OpenFile): Operation<void> {
  try {
    yield* wait(file.close());
  } catch {
    // See above.
  }
}

/** The status of a file that has just been opened. */
export function* openedStatus(file: OpenFile): Operation<FileStatus> {
  return file.opened ?? (yield* wait(file.stat()));
}

/** Whether a read was refused because somebody has locked what is read, where such locks keep others out (LockFileEx). */
export function isLockedAgainstReading(error: unknown): boolean {
  return error instanceof SystemError && error.call === "read" && error.code === "EBUSY";
}

/** Everything from the file's position to its end. */
export function* readAll(file: OpenFile): Operation<Uint8Array> {
  const { size } = yield* openedStatus(file);
  // One byte more than the size: a file that has not grown ends in one read and one empty one.
  let bytes = allocate(size + 1);
  let used = 0;
  while (true) {
    if (used === bytes.length) {
      const larger = allocate(bytes.length * 2);
      larger.set(bytes);
      bytes = larger;
    }
    const count = yield* wait(file.read(bytes.subarray(used)));
    if (count === 0) return bytes.subarray(0, used);
    used += count;
  }
}

/**
 * The same of a file that somebody else may have made: undefined when it has more than `most` bytes, or grows in the
 * meantime.
 */
export function* readUpTo(file: OpenFile, most: number): Operation<Uint8Array | undefined> {
  const { size } = yield* openedStatus(file);
  if (size > most) return undefined;
  const bytes = allocate(size + 1);
  for (let used = 0; used < bytes.length;) {
    const count = yield* wait(file.read(bytes.subarray(used)));
    if (count === 0) return bytes.subarray(0, used);
    used += count;
  }
  return undefined;
}

/** Memory for so many bytes of a file. */
export const allocate = (size: number): Uint8Array => withinLimits("", () => new Uint8Array(size));

/** Calls what a file's content may make too large or too deep for the runtime: an error about the file then, EFBIG. */
export function withinLimits<T>(path: string, make: () => T): T {
  try {
    return make();
  } catch (error) {
    throw error instanceof RangeError ? new SystemError("EFBIG", "read", path) : error;
  }
}

/** SHA-256 of a file from its position to its end. */
export function* digestOf(engine: Engine, file: OpenFile, signal?: AbortSignal): Operation<string> {
  const hash = engine.runtime.createHash();
  const buffer = new Uint8Array(256 * 1024);
  for (let count = yield* wait(file.read(buffer)); count > 0; count = yield* wait(file.read(buffer))) {
    checkAbort(signal);
    hash.update(buffer.subarray(0, count));
  }
  return hash.digest();
}

/** The bytes of the file at an absolute path; undefined when there is none. */
export function* readBytes(engine: Engine, path: string): Operation<Uint8Array | undefined> {
  const file = yield* wait(engine.fileSystem.open(path, "read"));
  if (file === undefined) return undefined;
  try {
    return yield* readAll(file);
  } finally {
    yield* closeQuietly(file);
  }
}

/**
 * The bytes of the small file at an absolute path; undefined when there is none. Of one with more than `most`, which is no
 * file of ours, so many and one more: so it is seen to be too long.
 */
export function* readSmall(engine: Engine, path: string, most: number): Operation<Uint8Array | undefined> {
  const file = yield* wait(engine.fileSystem.open(path, "read"));
  if (file === undefined) return undefined;
  try {
    const bytes = allocate(most + 1);
    let used = 0;
    for (let count = 1; count > 0 && used < bytes.length; used += count) {
      count = yield* wait(file.read(bytes.subarray(used)));
    }
    return bytes.subarray(0, used);
  } finally {
    yield* closeQuietly(file);
  }
}
