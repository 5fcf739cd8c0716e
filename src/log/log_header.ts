/**
 * The beginning of a log file: written and parsed here. All numbers are little-endian.
 *
 *     offset size
 *          0    8  89 41 57 4C 4F 47 0D 0A ("\x89AWLOG\r\n": a transfer as text damages it visibly)
 *          8    2  version: 1
 *         10    2  flags: 1 there is a snapshot
 *         12    4  CRC-32C of the bytes 16…71
 *         16    8  identity: drawn at random for each file; in the checksum of every record
 *         24    8  sequence of the first record
 *         32    8  length of the snapshot
 *         40   32  SHA-256 of the snapshot
 *         72    …  the snapshot, then the records (protocol/record.ts)
 *
 * A log and each of its checkpoints is a file of its own, which takes the place of the one before by one rename: so
 * snapshot and records always belong together, and opening never reads what the snapshot has replaced.
 */
import { crc32c } from "./crc32c.ts";
import type { RecordFile } from "./records_end.ts";

/** Bytes before the snapshot. */
export const logHeaderSize = 72;

const magic = [0x89, 0x41, 0x57, 0x4c, 0x4f, 0x47, 0x0d, 0x0a];
const version = 1;
const hasSnapshot = 1;

/** What the beginning of a log says. */
export interface LogHeader {
  readonly identity: bigint;
  readonly firstSequence: number;
  readonly snapshot: { readonly length: number; readonly digest: string } | undefined;
}

/** The bytes of a header. */
export function formatLogHeader(header: LogHeader): Uint8Array {
  const bytes = new Uint8Array(logHeaderSize);
  const view = new DataView(bytes.buffer);
  bytes.set(magic);
  view.setUint16(8, version, true);
  view.setUint16(10, header.snapshot === undefined ? 0 : hasSnapshot, true);
  view.setBigUint64(16, header.identity, true);
  view.setBigUint64(24, BigInt(header.firstSequence), true);
  view.setBigUint64(32, BigInt(header.snapshot?.length ?? 0), true);
  for (let index = 0; index < 32 && header.snapshot !== undefined; index++) {
    bytes[40 + index] = Number.parseInt(header.snapshot.digest.slice(2 * index, 2 * index + 2), 16);
  }
  view.setUint32(12, crc32c(bytes.subarray(16)), true);
  return bytes;
}

/** Reads a header; a string says why it is none. */
export function parseLogHeader(bytes: Uint8Array): LogHeader | string {
  if (bytes.length < logHeaderSize) return "it is too short to be a log";
  if (magic.some((byte, index) => bytes[index] !== byte)) return "it is not a log";
  const view = new DataView(bytes.buffer, bytes.byteOffset, logHeaderSize);
  const found = view.getUint16(8, true);
  if (found !== version) return `it is a log of version ${found}, and this is version ${version}`;
  const flags = view.getUint16(10, true);
  if (flags > hasSnapshot) return "its header has flags that are not known";
  if (view.getUint32(12, true) !== crc32c(bytes.subarray(16, logHeaderSize))) return "its header is damaged";
  const firstSequence = Number(view.getBigUint64(24, true));
  const length = Number(view.getBigUint64(32, true));
  if (!Number.isSafeInteger(firstSequence) || !Number.isSafeInteger(length)) return "its header has impossible numbers";
  let digest = "";
  for (const byte of bytes.subarray(40, logHeaderSize)) digest += byte.toString(16).padStart(2, "0");
  return {
    identity: view.getBigUint64(16, true),
    firstSequence,
    snapshot: flags === hasSnapshot ? { length, digest } : undefined,
  };
}

/** Where the records are. */
export function recordsOf(header: LogHeader): RecordFile {
  const { identity, firstSequence, snapshot } = header;
  return { identity, firstSequence, start: logHeaderSize + (snapshot?.length ?? 0) };
}
