/**
 * What a caller may give as content, read as bytes.
 *
 * `sourceOf` checks the data before any I/O and returns either all bytes at once or a pull of chunks. A chunk source is
 * read with `next` until it answers undefined, or given up with `cancel`; after either it is not touched again.
 * Strings become UTF-8; lone surrogates become U+FFFD, also when the two halves of a pair come in different chunks.
 */
import { InvalidArgument } from "./invalid_argument.ts";
import type { Awaitable } from "./operation.ts";

/** One piece of content. */
export type FileChunk = string | ArrayBufferView | ArrayBuffer;

/** Content that can be written. Blob, async iterables and streams are for the asynchronous functions only. */
export type FileData =
  | string
  | ArrayBufferView
  | ArrayBuffer
  | Blob
  | Iterable<string | Uint8Array>
  | AsyncIterable<string | Uint8Array>
  | ReadableStream<string | Uint8Array>;

/** Content that is there already and can be written again. */
interface BytesSource {
  readonly kind: "bytes";
  readonly bytes: Uint8Array;
}

/** Content that comes in pieces, once. */
export interface ChunkSource {
  readonly kind: "chunks";
  /** The next piece, or undefined at the end. */
  next(): Awaitable<Uint8Array | undefined>;
  /** No more will be read. Does not wait, and never fails. */
  cancel(reason: unknown): void;
}

/** Content ready to be written. */
export type Source = BytesSource | ChunkSource;

const encoder = new TextEncoder();

/** Describes a value for an error message, without calling any of its code. */
function describe(value: unknown): string {
  if (value === null) return "null";
  if (typeof value !== "object") return typeof value === "function" ? "a function" : String(value);
  const name: unknown = Object.getPrototypeOf(value)?.constructor?.name;
  return typeof name === "string" && name !== "" ? name : "object";
}

type Getter = (this: unknown) => unknown;

/**
 * Getters of the language itself. They work on what a value is, whatever realm it comes from (a test runner's, a
 * sandbox's) and whatever its prototype claims: an impostor of an ArrayBuffer would pass for an empty one.
 */
function getterOf(prototype: object, name: PropertyKey): Getter {
  return Object.getOwnPropertyDescriptor(prototype, name)?.get as Getter;
}

const anyTypedArray: object = Object.getPrototypeOf(Uint8Array.prototype);
const viewGetters = (prototype: object) => ({
  buffer: getterOf(prototype, "buffer"),
  byteOffset: getterOf(prototype, "byteOffset"),
  byteLength: getterOf(prototype, "byteLength"),
});
const typedArray = viewGetters(anyTypedArray);
const dataView = viewGetters(DataView.prototype);
const typedArrayName = getterOf(anyTypedArray, Symbol.toStringTag);
const bufferLength = getterOf(ArrayBuffer.prototype, "byteLength");
const sharedLength = typeof SharedArrayBuffer === "undefined"
  ? undefined
  : getterOf(SharedArrayBuffer.prototype, "byteLength");

/** Whether a value is of the kind that a getter is for. */
function answers(getter: Getter | undefined, value: unknown): boolean {
  try {
    getter?.call(value);
    return getter !== undefined;
  } catch {
    return false;
  }
}

/** The bytes of a buffer or view, byte for byte as the view delimits them; undefined for anything else. */
export function bytesOf(value: unknown): Uint8Array | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const isView = ArrayBuffer.isView(value);
  const isTypedArray = isView && typedArrayName.call(value) !== undefined;
  const view = isTypedArray ? typedArray : dataView;
  const buffer: unknown = isView ? view.buffer.call(value) : value;
  if (!answers(bufferLength, buffer)) {
    if (!answers(sharedLength, buffer)) return undefined;
    throw new InvalidArgument(
      "data on a SharedArrayBuffer cannot be written: it may change while it is written; copy it",
    );
  }
  // Throws a TypeError for a detached buffer, whose views would otherwise pass for empty.
  const whole = new Uint8Array(buffer as ArrayBuffer);
  if (!isView) return whole;
  // And this one for a view that lies outside a buffer which has shrunk (a DataView throws by itself).
  if (isTypedArray) Uint8Array.prototype.keys.call(value as Uint8Array);
  return new Uint8Array(
    buffer as ArrayBuffer,
    view.byteOffset.call(value) as number,
    view.byteLength.call(value) as number,
  );
}

/** Turns chunks into bytes, keeping the first half of a surrogate pair back until its other half has come. */
export class ChunkEncoder {
  #pending = "";

  /** The bytes of a chunk, as far as they are decided. TypeError for anything but a string or bytes. */
  encode(chunk: unknown): Uint8Array {
    if (typeof chunk === "string") {
      const text = this.#pending + chunk;
      const last = text.charCodeAt(text.length - 1);
      const splits = last >= 0xd800 && last <= 0xdbff;
      this.#pending = splits ? text.slice(-1) : "";
      return encoder.encode(splits ? text.slice(0, -1) : text);
    }
    const bytes = bytesOf(chunk);
    if (bytes === undefined) {
      throw new InvalidArgument(`A chunk of data must be a string or bytes, not ${describe(chunk)}`);
    }
    if (this.#pending === "") return bytes;
    const head = encoder.encode(this.#pending);
    this.#pending = "";
    const joined = new Uint8Array(head.length + bytes.length);
    joined.set(head);
    joined.set(bytes, head.length);
    return joined;
  }

  /** What was kept back, if anything. */
  end(): Uint8Array | undefined {
    if (this.#pending === "") return undefined;
    const rest = encoder.encode(this.#pending);
    this.#pending = "";
    return rest;
  }
}

/** What iterators and stream readers have in common. */
interface Pull {
  next(): Awaitable<{ done?: boolean | undefined; value?: unknown }>;
  cancel(reason: unknown): void;
}

function chunkSource(open: () => Pull): ChunkSource {
  const encode = new ChunkEncoder();
  let pull: Pull | undefined;
  let ended = false;
  const take = (step: { done?: boolean | undefined; value?: unknown }): Uint8Array | undefined => {
    if (step.done !== true) return encode.encode(step.value);
    ended = true;
    return encode.end();
  };
  return {
    kind: "chunks",
    next() {
      if (ended) return undefined;
      pull ??= open();
      const step = pull.next();
      return "then" in step ? step.then(take) : take(step);
    },
    cancel(reason) {
      if (ended) return;
      ended = true;
      ignoreOutcome(() => (pull ??= open()).cancel(reason));
    },
  };
}

/** Cancelling is a courtesy to the source: what it answers, and whether it ever does, must not matter to the write. */
function ignoreOutcome(attempt: () => unknown): void {
  try {
    Promise.resolve(attempt()).catch(() => {});
  } catch {
    // A source that cannot even be stopped has nothing more to say to this write.
  }
}

function fromIterator(iterator: Iterator<unknown> | AsyncIterator<unknown>): Pull {
  return { next: () => iterator.next(), cancel: () => ignoreOutcome(() => iterator.return?.()) };
}

function fromStream(stream: ReadableStream<unknown>): Pull {
  const reader = stream.getReader();
  return { next: () => reader.read(), cancel: (reason) => ignoreOutcome(() => reader.cancel(reason)) };
}

interface NodeStream extends AsyncIterable<unknown> {
  on(event: "error", listener: () => void): unknown;
  destroy(): unknown;
}

/**
 * A stream of `node:stream`. If it fails before it is first read (its file does not exist), only a listener keeps that
 * from ending the process; its iterator throws the error. The iterator closes only a stream that it has started to read.
 */
function nodeStreamSource(stream: NodeStream): Source {
  stream.on("error", () => {});
  return chunkSource(() => {
    const iterator = stream[Symbol.asyncIterator]();
    return { next: () => iterator.next(), cancel: () => ignoreOutcome(() => stream.destroy()) };
  });
}

function method(value: object, name: PropertyKey): boolean {
  return typeof Reflect.get(value, name) === "function";
}

/** Checks data and makes it readable. Throws a TypeError for anything that is not content, before any I/O. */
export function sourceOf(data: FileData, synchronous: boolean): Source {
  if (typeof data === "string") return { kind: "bytes", bytes: encoder.encode(data) };
  const bytes = bytesOf(data);
  if (bytes !== undefined) return { kind: "bytes", bytes };
  const value: unknown = data;
  const refuse = (why: string): never => {
    throw new InvalidArgument(`data must be a string, bytes, a Blob, an iterable or a stream, not ${why}`);
  };
  if (typeof value !== "object" || value === null) return refuse(describe(value));
  if (Array.isArray(value)) {
    // An array can be looked through before any I/O; `[1, 2, 3]` is the usual mistake.
    for (const chunk of value) {
      if (typeof chunk !== "string" && bytesOf(chunk) === undefined) return refuse(`an array with ${describe(chunk)}`);
    }
  }
  if (method(value, Symbol.iterator)) {
    return chunkSource(() => fromIterator((value as Iterable<unknown>)[Symbol.iterator]()));
  }
  const streams = method(value, "getReader");
  const isBlob = method(value, "stream") && method(value, "arrayBuffer") &&
    typeof Reflect.get(value, "size") === "number";
  const iterates = method(value, Symbol.asyncIterator);
  if (!streams && !isBlob && !iterates) return refuse(describe(value));
  if (synchronous) return refuse(`${describe(value)}, which a synchronous function cannot wait for`);
  if (streams) {
    const stream = value as ReadableStream<unknown>;
    if (stream.locked) throw new InvalidArgument("The stream is locked: it is being read elsewhere");
    return chunkSource(() => fromStream(stream));
  }
  if (isBlob) return chunkSource(() => fromStream((value as Blob).stream()));
  if (method(value, "on") && method(value, "destroy")) return nodeStreamSource(value as NodeStream);
  return chunkSource(() => fromIterator((value as AsyncIterable<unknown>)[Symbol.asyncIterator]()));
}
