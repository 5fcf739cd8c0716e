/** Calls of `fs` that walk: along a path, or through a directory and all that is below it. */
import { type Operation, wait } from "../../core/operation.ts";
import { baseName, directoryName, isAbsolute, joinPath, rootOf } from "../../core/path.ts";
import type { EntryKind } from "../../runtime/runtime.ts";
import { SystemError } from "../../runtime/system_error.ts";
import { type Descriptor, readAt, withFile, writeAll } from "./descriptors.ts";
import type { Place } from "./place.ts";

/** Makes a directory and what is missing above it; the first that was made, undefined if none was. */
export function* makeDirectoryTree(place: Place, path: string, mode: number): Operation<string | undefined> {
  const style = place.runtime.capabilities.pathStyle;
  const status = yield* wait(place.files.stat(path));
  if (status?.kind === "directory") return undefined;
  if (status !== undefined) throw new SystemError("EEXIST", "makeDirectory", path);
  const parent = directoryName(path, style);
  const first = parent === path ? undefined : yield* makeDirectoryTree(place, parent, mode);
  // Another process may have made it by now.
  const made = yield* wait(place.files.makeDirectory(path, mode));
  return first ?? (made ? path : undefined);
}

const letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";

/** A new directory whose name begins with `prefix`. */
export function* makeTemporaryDirectory(place: Place, prefix: string): Operation<string> {
  for (;;) {
    const random = [...place.runtime.random(6)].map((byte) => letters[byte % letters.length]).join("");
    if (yield* wait(place.files.makeDirectory(prefix + random, 0o700))) return prefix + random;
  }
}

/** Something below a directory. */
interface Found {
  readonly name: string;
  readonly directory: string;
  /** From the directory that was asked for. */
  readonly below: string;
  readonly kind: EntryKind;
}

/** What is in a directory, or below it. */
export function* readTree(place: Place, directory: string, recursive: boolean, above = ""): Operation<Found[]> {
  const style = place.runtime.capabilities.pathStyle;
  const entries = yield* wait(place.files.readDirectory(directory));
  if (entries === undefined) throw new SystemError("ENOENT", "readDirectory", directory);
  const found: Found[] = [];
  for (const { name, kind } of entries) {
    const below = above === "" ? name : joinPath(above, name, style);
    found.push({ name, directory, below, kind });
    if (recursive && kind === "directory") {
      found.push(...yield* readTree(place, joinPath(directory, name, style), true, below));
    }
  }
  return found;
}

/** Removes a file, or a directory with all that is below it. */
export function* removeTree(place: Place, path: string, recursive: boolean, force: boolean): Operation<void> {
  const style = place.runtime.capabilities.pathStyle;
  const status = yield* wait(place.files.linkStat(path));
  if (status === undefined) {
    if (force) return;
    throw new SystemError("ENOENT", "linkStat", path);
  }
  if (status.kind !== "directory") {
    yield* wait(place.files.remove(path));
    return;
  }
  if (!recursive) throw new SystemError("ERR_FS_EISDIR", "remove", path);
  for (const { name } of (yield* wait(place.files.readDirectory(path))) ?? []) {
    yield* removeTree(place, joinPath(path, name, style), true, true);
  }
  yield* wait(place.files.removeDirectory(path));
}

/** The path without symlinks, of something that is there. */
export function* realPath(place: Place, path: string): Operation<string> {
  const style = place.runtime.capabilities.pathStyle;
  let links = 0;
  function* resolve(text: string): Operation<string> {
    const root = rootOf(text, style);
    if (text === root) return root;
    const name = baseName(text, style);
    const parent = yield* resolve(directoryName(text, style));
    if (name === "." || name === "") return parent;
    if (name === "..") return directoryName(parent, style);
    const whole = joinPath(parent, name, style);
    const target = yield* wait(place.files.readLink(whole));
    if (target === undefined) return whole;
    if (++links > 40) throw new SystemError("ELOOP", "readLink", path);
    return yield* resolve(isAbsolute(target, style) ? target : joinPath(parent, target, style));
  }
  const found = yield* resolve(path);
  if ((yield* wait(place.files.linkStat(found))) === undefined) throw new SystemError("ENOENT", "linkStat", path);
  return found;
}

/** COPYFILE_EXCL; blocks are never shared. */
const exclusive = 1;

/** Copies content and mode. */
export function* copyFile(place: Place, from: string, to: string, how: unknown): Operation<void> {
  yield* withFile(place, from, { flags: "r" }, function* (source) {
    const { mode } = yield* wait(source.file.stat());
    const flags = (Number(how ?? 0) & exclusive) === 0 ? "w" : "wx";
    yield* withFile(place, to, { flags, mode: mode & 0o777 }, (target) => copyContent(source, target));
  });
}

function* copyContent(source: Descriptor, target: Descriptor): Operation<void> {
  const buffer = new Uint8Array(65_536);
  for (;;) {
    const count = yield* readAt(source, buffer, undefined);
    if (count === 0) return;
    yield* writeAll(target, buffer.subarray(0, count));
  }
}
