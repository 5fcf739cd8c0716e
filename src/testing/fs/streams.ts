/**
 * Node's own streams over the simulated calls: the real classes are given `open`, `read`, `write` and `close` to work with.
 *
 * The classes have the prototypes of the real ones. graceful-fs, and with it fs-extra, derive their own from them while
 * they are imported, and call them as functions on what they have made.
 */
import { builtin } from "../../runtime/builtin.ts";
import type { StreamMaker } from "./file_handle.ts";
import { callOptions } from "./place.ts";

type StreamClass = (new (...args: unknown[]) => object) & ((...args: unknown[]) => unknown);

/** The streams of `fs`. */
interface Streams extends StreamMaker {
  readonly ReadStream: unknown;
  readonly WriteStream: unknown;
  /** The same under older names, on runtimes that have these. */
  readonly FileReadStream?: unknown;
  readonly FileWriteStream?: unknown;
}

/** A class of streams whose every instance makes these calls. */
function classOver(real: StreamClass, calls: object): unknown {
  const argumentsOf = (path: unknown, options: unknown) => [path, { ...callOptions(options), fs: calls }];
  function Stream(this: unknown, path: unknown, options?: unknown): object {
    if (new.target !== undefined) return Reflect.construct(real, argumentsOf(path, options), new.target);
    // Called by what was derived from it without a class.
    if (!(this instanceof real)) return new real(...argumentsOf(path, options));
    Reflect.apply(real, this, argumentsOf(path, options));
    return this;
  }
  Object.defineProperty(Stream, "name", { value: real.name });
  Stream.prototype = real.prototype;
  return Stream;
}

/** Streams over these calls of `fs`. */
export function streamsOver(module: Readonly<Record<string, unknown>>): Streams {
  const { open, close, read, write, writev, fsync } = module;
  const calls = { open, close, read, write, writev, fsync };
  const real = builtin("node:fs");
  const make = (maker: unknown) => (path: unknown, options?: unknown) =>
    (maker as (path: unknown, options: object) => unknown)(path, { ...callOptions(options), fs: calls });
  const ReadStream = classOver(real.ReadStream as unknown as StreamClass, calls);
  const WriteStream = classOver(real.WriteStream as unknown as StreamClass, calls);
  return {
    createReadStream: make(real.createReadStream),
    createWriteStream: make(real.createWriteStream),
    ReadStream,
    WriteStream,
    ..."FileReadStream" in real ? { FileReadStream: ReadStream, FileWriteStream: WriteStream } : {},
  };
}
