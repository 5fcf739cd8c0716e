/**
 * Where a call of the simulated `fs` takes place: the process whose call it is, and how paths and data are read.
 */
import { sourceOf } from "../../core/bytes.ts";
import { type Operation, wait } from "../../core/operation.ts";
import { absolutePath } from "../../core/path.ts";
import { builtin } from "../../runtime/builtin.ts";
import type { FileSystem, Runtime } from "../../runtime/runtime.ts";
import { isTextEncoding } from "../../runtime/text_encoding.ts";
import { argumentError } from "./node_error.ts";

/** A process, by the driver that serves the call. */
export interface Place {
  readonly runtime: Runtime;
  readonly files: FileSystem;
  readonly synchronous: boolean;
}

/** Options of a call: an object, or a text which is the encoding. */
export type CallOptions = Readonly<Record<string, unknown>>;

/** Reads the last argument of most calls. */
export function callOptions(value: unknown, named = "encoding"): CallOptions {
  if (value === undefined || value === null) return {};
  if (typeof value === "object") return value as CallOptions;
  return { [named]: value };
}

/** A path as given: a string, a Buffer or a `file:` URL. */
export function pathText(value: unknown, name = "path"): string {
  if (typeof value === "string") return value;
  if (value instanceof URL) return builtin("node:url").fileURLToPath(value);
  if (ArrayBuffer.isView(value)) {
    return builtin("node:buffer").Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString();
  }
  throw argumentError(name, "of type string or an instance of Buffer or URL", value);
}

/** The same from the root on. */
export function located({ runtime }: Place, path: string): string {
  const style = runtime.capabilities.pathStyle;
  return absolutePath(path, runtime.process.workingDirectory(), style, true);
}

/** A mode: a number, or octal digits. */
export function modeOf(value: unknown, otherwise: number): number {
  if (value === undefined || value === null) return otherwise;
  const mode = typeof value === "string" && /^[0-7]+$/.test(value) ? Number.parseInt(value, 8) : value;
  if (typeof mode !== "number" || !Number.isInteger(mode)) {
    throw argumentError("mode", "an octal string or integer", value);
  }
  return mode & 0o7777;
}

function checkEncoding(encoding: unknown): string | undefined {
  if (encoding === undefined || encoding === null || encoding === "buffer") return undefined;
  if (typeof encoding !== "string" || !isTextEncoding(encoding)) {
    throw Object.assign(new TypeError(`The argument 'encoding' is invalid encoding. Received ${String(encoding)}`), {
      code: "ERR_INVALID_ARG_VALUE",
    });
  }
  return encoding;
}

/** Content as asked for: a Buffer, or text. */
export function decoded(bytes: Uint8Array, encoding: unknown): unknown {
  const name = checkEncoding(encoding);
  const buffer = builtin("node:buffer").Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return name === undefined ? buffer : buffer.toString(name as "utf8");
}

/** A name as asked for: text, unless a Buffer is wanted. */
export function named(text: string, encoding: unknown): unknown {
  return encoding === undefined || encoding === null || encoding === "utf8"
    ? text
    : decoded(new TextEncoder().encode(text), encoding);
}

/** The bytes of a string or a view. */
export function bytesOf(data: unknown, encoding: unknown): Uint8Array {
  if (typeof data === "string") {
    return builtin("node:buffer").Buffer.from(data, (checkEncoding(encoding) ?? "utf8") as "utf8");
  }
  if (ArrayBuffer.isView(data)) return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  throw argumentError("data", "of type string or an instance of Buffer, TypedArray, or DataView", data);
}

/** What `writeFile` writes, piece by piece; iterables and streams only where they can be waited for. */
export function* pieces(
  { synchronous }: Place,
  data: unknown,
  encoding: unknown,
  write: (bytes: Uint8Array) => Operation<void>,
): Operation<void> {
  const whole = typeof data === "string" || ArrayBuffer.isView(data);
  if (whole || synchronous) return yield* write(bytesOf(data, encoding));
  if (typeof data !== "object" || data === null) bytesOf(data, encoding);
  const source = sourceOf(data as Iterable<string | Uint8Array>, false);
  if (source.kind === "bytes") return yield* write(source.bytes);
  for (;;) {
    const piece = yield* wait(source.next());
    if (piece === undefined) return;
    yield* write(piece);
  }
}
