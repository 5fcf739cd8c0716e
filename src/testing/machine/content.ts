/**
 * The bytes of a file as an immutable value.
 *
 * Every change makes a new value; a snapshot of a disk is therefore free. Appending to the newest value writes into
 * spare room behind it instead of copying, as long as nobody else has appended there before: a file that is written
 * front to back costs no more than a growing buffer.
 */

/** Bytes shared by values that are prefixes of one another; beyond `used` everything is zero. */
interface Storage {
  bytes: Uint8Array;
  used: number;
}

const latin = new TextDecoder("latin1");
const utf8 = new TextDecoder();
/** Contents up to this length are compared byte by byte, longer ones by a 64-bit hash. */
const exactKeyLimit = 1024;

/** Two multiplicative hashes of 32 bits: tells contents of one exploration apart; nobody attacks it. */
function hashOf(bytes: Uint8Array): string {
  let first = 0x811c9dc5;
  let second = 0x9e3779b9;
  for (let index = 0; index < bytes.length; index++) {
    const byte = bytes[index] ?? 0;
    first = Math.imul(first ^ byte, 0x01000193);
    second = Math.imul(second ^ byte, 0x85ebca6b) ^ (second >>> 13);
  }
  return `${(first >>> 0).toString(16)}${(second >>> 0).toString(16)}`;
}

/** What a file contains. Never changes. */
export class Content {
  readonly #storage: Storage;
  readonly size: number;
  #key: string | undefined;

  private constructor(storage: Storage, size: number) {
    this.#storage = storage;
    this.size = size;
  }

  /** No bytes. */
  static readonly empty: Content = new this({ bytes: new Uint8Array(0), used: 0 }, 0);

  /** A copy of `bytes`. */
  static from(bytes: Uint8Array): Content {
    return bytes.length === 0 ? Content.empty : new Content({ bytes: bytes.slice(), used: bytes.length }, bytes.length);
  }

  /** The bytes themselves, not to be changed. */
  view(): Uint8Array {
    return this.#storage.bytes.subarray(0, this.size);
  }

  /** The bytes as text. */
  text(): string {
    return utf8.decode(this.view());
  }

  /** Copies from `offset` into `buffer`; the count. */
  read(offset: number, buffer: Uint8Array): number {
    const count = Math.max(0, Math.min(buffer.length, this.size - offset));
    if (count > 0) buffer.set(this.#storage.bytes.subarray(offset, offset + count));
    return count;
  }

  /** With `bytes` at `offset`; a gap before them reads as zeros. */
  write(offset: number, bytes: Uint8Array): Content {
    if (bytes.length === 0) return this;
    const end = offset + bytes.length;
    const target = offset >= this.size ? this.#extended(end) : this.#copied(Math.max(end, this.size));
    target.#storage.bytes.set(bytes, offset);
    return target;
  }

  /** Cut off, or filled with zeros, at `size`. */
  resize(size: number): Content {
    if (size === this.size) return this;
    if (size === 0) return Content.empty;
    return size < this.size ? new Content(this.#storage, size) : this.#extended(size);
  }

  /** Equal for two contents exactly when they are equal. */
  key(): string {
    return this.#key ??= this.size <= exactKeyLimit ? latin.decode(this.view()) : `${this.size}:${hashOf(this.view())}`;
  }

  #extended(size: number): Content {
    const storage = this.#storage;
    if (this.size === 0 || storage.used !== this.size) return this.#copied(size);
    if (size > storage.bytes.length) {
      const bytes = new Uint8Array(Math.max(size, storage.bytes.length * 2));
      bytes.set(storage.bytes.subarray(0, storage.used));
      storage.bytes = bytes;
    }
    storage.used = size;
    return new Content(storage, size);
  }

  #copied(size: number): Content {
    const bytes = new Uint8Array(size);
    bytes.set(this.#storage.bytes.subarray(0, Math.min(this.size, size)));
    return new Content({ bytes, used: size }, size);
  }
}
