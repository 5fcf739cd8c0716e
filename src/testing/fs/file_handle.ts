/** What `fs.promises.open` returns: an open file with methods. */
import { type Operation, run } from "../../core/operation.ts";
import { descriptorOf } from "./descriptors.ts";
import { openFileCalls, readContent, writeContent } from "./open_file_calls.ts";
import { type CallOptions, callOptions, decoded, type Place } from "./place.ts";

/** What of a whole `fs` a handle needs for its streams. */
export interface StreamMaker {
  createReadStream(path: string, options: CallOptions): unknown;
  createWriteStream(path: string, options: CallOptions): unknown;
}

/** An open file of `fs.promises`. */
export class FileHandle {
  readonly #place: Place;
  readonly #streams: StreamMaker;
  #number: number;

  constructor(place: Place, number: number, streams: StreamMaker) {
    this.#place = place;
    this.#number = number;
    this.#streams = streams;
  }

  get fd(): number {
    return this.#number;
  }

  #call(name: string, ...args: unknown[]): Promise<unknown> {
    const call = openFileCalls[name];
    return run(() => (call as NonNullable<typeof call>)(this.#place, this.#number, ...args));
  }

  #run<T>(syscall: string, body: (file: ReturnType<typeof descriptorOf>) => Operation<T>): Promise<T> {
    return run(() => body(descriptorOf(this.#place, this.#number, syscall)));
  }

  read(...args: unknown[]): Promise<unknown> {
    return this.#call("read", ...args);
  }

  readv(...args: unknown[]): Promise<unknown> {
    return this.#call("readv", ...args);
  }

  readFile(options?: unknown): Promise<unknown> {
    return this.#run("read", function* (file) {
      return decoded(yield* readContent(file), callOptions(options)["encoding"]);
    });
  }

  write(...args: unknown[]): Promise<unknown> {
    return this.#call("write", ...args);
  }

  writev(...args: unknown[]): Promise<unknown> {
    return this.#call("writev", ...args);
  }

  writeFile(data: unknown, options?: unknown): Promise<void> {
    return this.#run("write", (file) => writeContent(this.#place, file, data, options));
  }

  appendFile(data: unknown, options?: unknown): Promise<void> {
    return this.writeFile(data, options);
  }

  sync(): Promise<unknown> {
    return this.#call("fsync");
  }

  datasync(): Promise<unknown> {
    return this.#call("fdatasync");
  }

  stat(options?: unknown): Promise<unknown> {
    return this.#call("fstat", options);
  }

  truncate(size = 0): Promise<unknown> {
    return this.#call("ftruncate", size);
  }

  chmod(mode: unknown): Promise<unknown> {
    return this.#call("fchmod", mode);
  }

  chown(user: unknown, group: unknown): Promise<unknown> {
    return this.#call("fchown", user, group);
  }

  utimes(accessed: unknown, modified: unknown): Promise<unknown> {
    return this.#call("futimes", accessed, modified);
  }

  createReadStream(options: CallOptions = {}): unknown {
    return this.#streams.createReadStream("", { ...options, fd: this.#number });
  }

  createWriteStream(options: CallOptions = {}): unknown {
    return this.#streams.createWriteStream("", { ...options, fd: this.#number });
  }

  /** A handle that is closed already stays so. */
  async close(): Promise<void> {
    if (this.#number < 0) return;
    const closing = this.#call("close");
    this.#number = -1;
    await closing;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}
