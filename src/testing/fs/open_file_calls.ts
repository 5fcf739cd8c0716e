/** The calls of `fs` on an open file, by its number. `FileHandle` has the same. */
import { type Operation, wait } from "../../core/operation.ts";
import {
  closeFile,
  type Descriptor,
  descriptorOf,
  onFile,
  openFile,
  readAll,
  readAt,
  writeAll,
  writeAt,
} from "./descriptors.ts";
import { argumentError, asNode } from "./node_error.ts";
import { nanoseconds } from "../../runtime/times.ts";
import { bytesOf, callOptions, located, modeOf, pathText, pieces, type Place } from "./place.ts";
import { Stats } from "./stats.ts";

/** A call: its arguments are those of the function in `fs`. */
export type Call = (place: Place, ...args: unknown[]) => Operation<unknown>;

/** The open file that the first argument names, given to the call instead of it. */
const on = (syscall: string, body: (place: Place, file: Descriptor, ...args: unknown[]) => Operation<unknown>): Call =>
  function (place, fd, ...args) {
    return onFile(syscall, () => body(place, descriptorOf(place, fd, syscall), ...args));
  };

function bufferOf(value: unknown): Uint8Array {
  if (!ArrayBuffer.isView(value)) {
    throw argumentError("buffer", "an instance of Buffer, TypedArray, or DataView", value);
  }
  return new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
}

const numberOr = (value: unknown, otherwise: number): number =>
  typeof value === "number" || typeof value === "bigint" ? Number(value) : otherwise;
/** Null, undefined and -1 mean: where the file stands. */
function positionOf(value: unknown): number | undefined {
  const position = numberOr(value, -1);
  return position < 0 ? undefined : position;
}

/** `(buffer, offset, length, position)`, `(buffer, options)` or `(options)`, as `fs.read` and `fs.write` take them. */
function part([first, ...rest]: unknown[]): { bytes: Uint8Array; buffer: unknown; position: number | undefined } {
  const isOptions = typeof first === "object" && first !== null && !ArrayBuffer.isView(first);
  const buffer = isOptions ? Reflect.get(first, "buffer") ?? new Uint8Array(16_384) : first;
  const [second] = rest;
  const named = isOptions ? callOptions(first) : typeof second === "object" ? callOptions(second) : undefined;
  const [offset, length, position] = named === undefined ? rest : [named["offset"], named["length"], named["position"]];
  const whole = bufferOf(buffer);
  const start = numberOr(offset, 0);
  const bytes = whole.subarray(start, start + numberOr(length, whole.length - start));
  return { bytes, buffer, position: positionOf(position) };
}

function* readPart(_place: Place, file: Descriptor, ...args: unknown[]): Operation<unknown> {
  const { bytes, buffer, position } = part(args);
  return { bytesRead: yield* readAt(file, bytes, position), buffer };
}

function* writePart(_place: Place, file: Descriptor, ...args: unknown[]): Operation<unknown> {
  const [data, second, third] = args;
  if (typeof data === "string") {
    return { bytesWritten: yield* writeAt(file, bytesOf(data, third), positionOf(second)), buffer: data };
  }
  const { bytes, buffer, position } = part(args);
  return { bytesWritten: yield* writeAt(file, bytes, position), buffer };
}

/** Several buffers, one after the other, until one of them is not filled or not written whole. */
const several = (transfer: (file: Descriptor, bytes: Uint8Array, at: number | undefined) => Operation<number>) =>
  function* (_place: Place, file: Descriptor, buffers: unknown, position: unknown): Operation<[number, unknown]> {
    let at = positionOf(position);
    let total = 0;
    for (const buffer of buffers as unknown[]) {
      const bytes = bufferOf(buffer);
      const count = yield* transfer(file, bytes, at);
      total += count;
      if (at !== undefined) at += count;
      if (count < bytes.length) break;
    }
    return [total, buffers];
  };

const readSeveral = several(readAt);
const writeSeveral = several(writeAt);

const time = (value: unknown): bigint => nanoseconds(value instanceof Date ? value.getTime() : Number(value) * 1000);

/** Sets the times of a file; `fs` takes seconds or dates. */
export function* setTimes(file: Descriptor, accessed: unknown, modified: unknown): Operation<void> {
  yield* wait(file.file.setTimes({ accessed: time(accessed), modified: time(modified) }));
}

/** By their names in `fs`, without the suffix `Sync`. */
export const openFileCalls: Readonly<Record<string, Call>> = {
  open: (place, path, flags, mode) => {
    const text = pathText(path);
    return asNode({ syscall: "open", path: text }, function* () {
      return (yield* openFile(place, located(place, text), flags, modeOf(mode, 0o666))).number;
    });
  },
  close: on("close", closeFile),
  read: on("read", readPart),
  write: on("write", writePart),
  readv: on("read", function* (place, file, buffers, position) {
    const [bytesRead] = yield* readSeveral(place, file, buffers, position);
    return { bytesRead, buffers };
  }),
  writev: on("write", function* (place, file, buffers, position) {
    const [bytesWritten] = yield* writeSeveral(place, file, buffers, position);
    return { bytesWritten, buffers };
  }),
  fsync: on("fsync", function* (_place, { file }) {
    yield* wait(file.sync("full"));
  }),
  fdatasync: on("fdatasync", function* (_place, { file }) {
    yield* wait(file.sync("full"));
  }),
  fstat: on("fstat", function* (_place, { file }, options) {
    return new Stats(yield* wait(file.stat()), callOptions(options)["bigint"] === true);
  }),
  ftruncate: on("ftruncate", function* (_place, { file }, size) {
    yield* wait(file.truncate(numberOr(size, 0)));
  }),
  fchmod: on("fchmod", function* (_place, { file }, mode) {
    yield* wait(file.setMode(modeOf(mode, 0)));
  }),
  fchown: on("fchown", function* (_place, { file }, user, group) {
    yield* wait(file.setOwner(ownerOf(user), ownerOf(group)));
  }),
  futimes: on("futime", (_place, file, accessed, modified) => setTimes(file, accessed, modified)),
};

/** -1 leaves it as it is: chown(2). */
export const ownerOf = (value: unknown): number | undefined => numberOr(value, -1) < 0 ? undefined : numberOr(value, 0);

/** `writeFile` and `appendFile` on an open file: where it stands, and without closing it. */
export function* writeContent(place: Place, file: Descriptor, data: unknown, options: unknown): Operation<void> {
  const { encoding, flush } = callOptions(options);
  yield* pieces(place, data, encoding, (bytes) => writeAll(file, bytes));
  if (flush === true) yield* wait(file.file.sync("full"));
}

/** `readFile` of an open file. */
export const readContent = (file: Descriptor): Operation<Uint8Array> => readAll(file);
