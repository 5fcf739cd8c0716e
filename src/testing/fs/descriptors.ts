/**
 * Open files of the simulated `fs`: numbers that represent open files of a process, with a position of their own.
 *
 * 1. `openFile` by the flags of open(2). 2. `readAt` and `writeAt`, at a position or at the descriptor's own. 3. `closeFile`
 * once. State after a failed call: that of the machine; a descriptor whose close failed is gone all the same.
 *
 * A file opened for writing alone is open for reading, too, on the machine: its mode must allow that. An append is a look
 * at the size and then a write; between processes it is no single step, as O_APPEND is.
 */
import { type Operation, wait } from "../../core/operation.ts";
import { directoryName, isAbsolute, joinPath } from "../../core/path.ts";
import { builtin } from "../../runtime/builtin.ts";
import type { OpenFile, Runtime } from "../../runtime/runtime.ts";
import { SystemError } from "../../runtime/system_error.ts";
import { argumentError, asNode, nodeError } from "./node_error.ts";
import type { Place } from "./place.ts";

/** An open file of a process. */
export interface Descriptor {
  readonly number: number;
  readonly file: OpenFile;
  readonly readable: boolean;
  readonly writable: boolean;
  readonly append: boolean;
  /** Where the next read or write without a position happens. */
  position: number;
  /** Where the open file of the machine stands. */
  standing: number;
}

const tables = new WeakMap<Runtime, Map<number, Descriptor>>();

function tableOf(runtime: Runtime): Map<number, Descriptor> {
  const table = tables.get(runtime) ?? new Map<number, Descriptor>();
  tables.set(runtime, table);
  return table;
}

/** The open file behind a number. */
export function descriptorOf({ runtime }: Place, value: unknown, syscall: string): Descriptor {
  if (typeof value !== "number") throw argumentError("fd", "of type number", value);
  const found = tableOf(runtime).get(value);
  if (found === undefined) throw nodeError("EBADF", syscall);
  return found;
}

const words: Readonly<Record<string, readonly string[]>> = {
  r: ["O_RDONLY"],
  "r+": ["O_RDWR"],
  w: ["O_WRONLY", "O_CREAT", "O_TRUNC"],
  "w+": ["O_RDWR", "O_CREAT", "O_TRUNC"],
  a: ["O_WRONLY", "O_CREAT", "O_APPEND"],
  "a+": ["O_RDWR", "O_CREAT", "O_APPEND"],
};

/** `"wx"` as what it asks for; numbers are the system's own. */
function readFlags(value: unknown): (name: string) => boolean {
  const constants = builtin("node:fs").constants as unknown as Readonly<Record<string, number | undefined>>;
  if (typeof value === "number") {
    const access = value & 3;
    return (name) => {
      if (name === "O_WRONLY" || name === "O_RDWR") return access === constants[name];
      return (value & (constants[name] ?? 0)) !== 0;
    };
  }
  const text = value === undefined || value === null ? "r" : String(value);
  const names = words[text.replace(/[xs]/g, "")];
  if (names === undefined) {
    throw Object.assign(new TypeError(`The argument 'flags' is invalid. Received '${text}'`), {
      code: "ERR_INVALID_ARG_VALUE",
    });
  }
  return (name) => names.includes(name) || (name === "O_EXCL" && text.includes("x"));
}

/** Where a chain of symlinks ends, for a file that is to be created there. */
function* endOfLinks({ files, runtime }: Place, path: string): Operation<string> {
  const style = runtime.capabilities.pathStyle;
  let end = path;
  for (;;) {
    const text = yield* wait(files.readLink(end));
    if (text === undefined) return end;
    end = isAbsolute(text, style) ? text : joinPath(directoryName(end, style), text, style);
  }
}

function* openExisting(place: Place, path: string, asked: (name: string) => boolean): Operation<OpenFile | undefined> {
  const writes = asked("O_WRONLY") || asked("O_RDWR");
  try {
    if (asked("O_DIRECTORY")) return yield* wait(place.files.openDirectory(path));
    const follow = !asked("O_NOFOLLOW");
    return yield* wait(place.files.open(path, writes ? "read-write" : "read", { follow }));
  } catch (error) {
    // A directory may be opened for reading: that is how its names are synced.
    if (writes || !(error instanceof SystemError) || error.code !== "EISDIR") throw error;
    return yield* wait(place.files.openDirectory(path));
  }
}

/** To programs it is one step: what could not be emptied was not opened. */
function* emptied(file: OpenFile): Operation<OpenFile> {
  try {
    yield* wait(file.truncate(0));
    return file;
  } catch (error) {
    try {
      yield* wait(file.close());
    } catch {
      // The first error says what went wrong.
    }
    throw error;
  }
}

function* openOrCreate(
  place: Place,
  path: string,
  asked: (name: string) => boolean,
  mode: number,
): Operation<OpenFile> {
  if (asked("O_CREAT") && asked("O_EXCL")) return yield* wait(place.files.create(path, mode));
  for (let end = path;; end = yield* endOfLinks(place, path)) {
    const file = yield* openExisting(place, path, asked);
    if (file !== undefined) return asked("O_TRUNC") ? yield* emptied(file) : file;
    if (!asked("O_CREAT")) throw new SystemError("ENOENT", "open", path);
    try {
      return yield* wait(place.files.create(end, mode));
    } catch (error) {
      // A symlink that leads to nothing; or another process was faster, and there is a file to open.
      if (!(error instanceof SystemError) || error.code !== "EEXIST") throw error;
    }
  }
}

/** Opens a file as open(2) does, and gives it the lowest free number from 3 on. */
export function* openFile(place: Place, path: string, flags: unknown, mode: number): Operation<Descriptor> {
  const asked = readFlags(flags);
  const file = yield* openOrCreate(place, path, asked, mode);
  const table = tableOf(place.runtime);
  let number = 3;
  while (table.has(number)) number++;
  const descriptor: Descriptor = {
    number,
    file,
    readable: !asked("O_WRONLY"),
    writable: asked("O_WRONLY") || asked("O_RDWR"),
    append: asked("O_APPEND"),
    position: 0,
    standing: 0,
  };
  table.set(number, descriptor);
  return descriptor;
}

/** Gives the number back, and closes. */
export function* closeFile({ runtime }: Place, descriptor: Descriptor): Operation<void> {
  tableOf(runtime).delete(descriptor.number);
  yield* wait(descriptor.file.close());
}

function* standAt(descriptor: Descriptor, position: number): Operation<void> {
  if (descriptor.standing === position) return;
  yield* wait(descriptor.file.seek(position));
  descriptor.standing = position;
}

/** Reads; the count, 0 at the end. `at`: undefined for the descriptor's own position, which then moves. */
export function* readAt(descriptor: Descriptor, buffer: Uint8Array, at: number | undefined): Operation<number> {
  if (!descriptor.readable) throw nodeError("EBADF", "read");
  const position = at ?? descriptor.position;
  yield* standAt(descriptor, position);
  const count = yield* wait(descriptor.file.read(buffer));
  descriptor.standing = position + count;
  if (at === undefined) descriptor.position = descriptor.standing;
  return count;
}

/** Writes; the count, which may be short. */
export function* writeAt(descriptor: Descriptor, bytes: Uint8Array, at: number | undefined): Operation<number> {
  if (!descriptor.writable) throw nodeError("EBADF", "write");
  const position = descriptor.append ? (yield* wait(descriptor.file.stat())).size : at ?? descriptor.position;
  yield* standAt(descriptor, position);
  const count = yield* wait(descriptor.file.write(bytes));
  descriptor.standing = position + count;
  if (at === undefined) descriptor.position = descriptor.standing;
  return count;
}

/** All of it, in as many writes as it takes. */
export function* writeAll(descriptor: Descriptor, bytes: Uint8Array): Operation<void> {
  for (let done = 0; done < bytes.length;) done += yield* writeAt(descriptor, bytes.subarray(done), undefined);
}

/** From the descriptor's position to the end. */
export function* readAll(descriptor: Descriptor): Operation<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for (;;) {
    const buffer = new Uint8Array(65_536);
    const count = yield* readAt(descriptor, buffer, undefined);
    if (count === 0) break;
    chunks.push(buffer.subarray(0, count));
  }
  const whole = new Uint8Array(chunks.reduce((sum, { length }) => sum + length, 0));
  let offset = 0;
  for (const chunk of chunks) {
    whole.set(chunk, offset);
    offset += chunk.length;
  }
  return whole;
}

/** Opens, does something, and closes whatever happens. */
export function* withFile<T>(
  place: Place,
  path: string,
  { flags, mode = 0o666 }: { readonly flags: unknown; readonly mode?: number },
  body: (descriptor: Descriptor) => Operation<T>,
): Operation<T> {
  const descriptor = yield* openFile(place, path, flags, mode);
  let result: T;
  try {
    result = yield* body(descriptor);
  } catch (error) {
    try {
      yield* closeFile(place, descriptor);
    } catch {
      // The first error says what went wrong.
    }
    throw error;
  }
  yield* closeFile(place, descriptor);
  return result;
}

/** Errors of calls on an open file name no path. */
export const onFile = <T>(syscall: string, body: () => Operation<T>): Operation<T> => asNode({ syscall }, body);
