/**
 * As much of the kernel's FUSE protocol as it takes to serve two files: `disk`, the content of a FailingDisk, and
 * `control`, which takes commands and tells the state of the disk. A loop device on `disk` passes every write and every
 * flush on, in order, and every EIO back.
 *
 * The messages are those of <linux/fuse.h>, version 7.31; whatever is not handled here is answered with ENOSYS, and the
 * kernel does without.
 */
import { DiskError, type FailingDisk } from "./failing_disk.ts";

const ENOENT = -2;
const EIO = -5;
const EINVAL = -22;
const ENOSYS = -38;

const ROOT = 1;
const DISK = 2;
const CONTROL = 3;
const NODES: Record<string, number> = { disk: DISK, control: CONTROL };

export const IN_HEADER = 40;
const OUT_HEADER = 16;
/** Bytes of content in one message. */
const LARGEST = 1 << 20;
/** What a message can be at most. */
export const BUFFER_SIZE: number = LARGEST + 4096;

const CODES = {
  lookup: 1,
  forget: 2,
  getAttributes: 3,
  setAttributes: 4,
  open: 14,
  read: 15,
  write: 16,
  release: 18,
  sync: 20,
  flush: 25,
  start: 26,
  openDirectory: 27,
  readDirectory: 28,
  releaseDirectory: 29,
  interrupt: 36,
  forgetMany: 42,
};

/** Numbers of given widths, little-endian. */
export function pack(...fields: readonly [bytes: 2 | 4 | 8, value: number][]): Uint8Array {
  const result = new Uint8Array(fields.reduce((sum, [bytes]) => sum + bytes, 0));
  const view = new DataView(result.buffer);
  let at = 0;
  for (const [bytes, value] of fields) {
    if (bytes === 2) view.setUint16(at, value, true);
    else if (bytes === 4) view.setInt32(at, value, true);
    else view.setBigUint64(at, BigInt(value), true);
    at += bytes;
  }
  return result;
}

export function joined(...parts: readonly Uint8Array[]): Uint8Array {
  const result = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    result.set(part, at);
    at += part.length;
  }
  return result;
}

function attributes(node: number, size: number): Uint8Array {
  const mode = node === ROOT ? 0o40700 : 0o100600;
  const times: [8, number][] = [[8, 0], [8, 0], [8, 0]];
  return pack(
    [8, node],
    [8, size],
    [8, Math.ceil(size / 512)],
    ...times,
    [4, 0],
    [4, 0],
    [4, 0],
    [4, mode],
    [4, 1],
    [
      4,
      0,
    ],
    [4, 0],
    [4, 0],
    [4, 4096],
    [4, 0],
  );
}

/** `maximum` is the kernel's word for no limit on what it remembers of a name. */
const forever = 3600;

/** What the kernel is told at the start: no feature that is not needed. */
export function startReply(): Uint8Array {
  const maxPages = 1 << 22;
  const bigWrites = 1 << 5;
  return joined(
    pack([4, 7], [4, 31], [4, LARGEST], [4, maxPages | bigWrites], [2, 16], [2, 12], [4, LARGEST], [4, 1]),
    pack([2, LARGEST / 4096], [2, 0]),
    new Uint8Array(32),
  );
}

/** An answer: 0 or the number of an error, negative, and what follows it. */
export function replyTo(unique: Uint8Array, error: number, body: Uint8Array = new Uint8Array(0)): Uint8Array {
  return joined(pack([4, OUT_HEADER + body.length], [4, error]), unique, body);
}

/** What a disk does for the kernel: 0, or the number of its error. */
function outcome(request: () => void): number {
  try {
    request();
    return 0;
  } catch (error) {
    if (error instanceof DiskError) return EIO;
    throw error;
  }
}

/** What a reader of `control` gets piece by piece: the status as it was when he began. */
let told = new Uint8Array(0);

/** Answers a message of the kernel; undefined where none is expected. `command` runs what is written to `control`. */
export function answer(
  message: Uint8Array,
  disk: FailingDisk,
  command: (text: string) => boolean,
): Uint8Array | undefined {
  const view = new DataView(message.buffer, message.byteOffset, message.byteLength);
  const code = view.getUint32(4, true);
  const unique = message.subarray(8, 16);
  const node = Number(view.getBigUint64(16, true));
  const reply = (error: number, body?: Uint8Array) => replyTo(unique, error, body);
  const sizeOf = (id: number) => id === DISK ? disk.size : 0;
  switch (code) {
    case CODES.start:
      return reply(0, startReply());
    case CODES.forget:
    case CODES.forgetMany:
    case CODES.interrupt:
      return undefined;
    case CODES.lookup: {
      const name = new TextDecoder().decode(message.subarray(IN_HEADER, message.length - 1));
      const found = NODES[name];
      if (found === undefined) return reply(ENOENT);
      const times = pack([8, found], [8, 0], [8, forever], [8, forever], [4, 0], [4, 0]);
      return reply(0, joined(times, attributes(found, sizeOf(found))));
    }
    case CODES.getAttributes:
    case CODES.setAttributes:
      return reply(0, joined(pack([8, forever], [4, 0], [4, 0]), attributes(node, sizeOf(node))));
    case CODES.open: {
      // The kernel keeps no copy of the content: a read sees what the medium has.
      const direct = 1;
      return reply(0, pack([8, node], [4, direct], [4, 0]));
    }
    case CODES.openDirectory:
      return reply(0, pack([8, node], [4, 0], [4, 0]));
    case CODES.release:
    case CODES.releaseDirectory:
    case CODES.flush:
    case CODES.readDirectory:
      return reply(0);
    case CODES.read: {
      const offset = Number(view.getBigUint64(IN_HEADER + 8, true));
      const length = view.getUint32(IN_HEADER + 16, true);
      if (node === DISK) return reply(0, disk.read(offset, length));
      if (offset === 0) told = new TextEncoder().encode(JSON.stringify(disk.status));
      return reply(0, told.subarray(offset, offset + length));
    }
    case CODES.write: {
      const offset = Number(view.getBigUint64(IN_HEADER + 8, true));
      const length = view.getUint32(IN_HEADER + 16, true);
      const data = message.slice(IN_HEADER + 40, IN_HEADER + 40 + length);
      if (node !== DISK) {
        return command(new TextDecoder().decode(data)) ? reply(0, pack([4, length], [4, 0])) : reply(EINVAL);
      }
      const error = outcome(() => disk.write(offset, data));
      return error === 0 ? reply(0, pack([4, length], [4, 0])) : reply(error);
    }
    case CODES.sync:
      return reply(node === DISK ? outcome(() => disk.flush()) : 0);
    default:
      return reply(ENOSYS);
  }
}
