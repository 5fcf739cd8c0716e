/**
 * Records of an append-only file: written and parsed here. All numbers are little-endian.
 *
 *     offset size
 *          0    4  CRC-32C of: the file's identity (8), this record's offset in the file (8), and everything below
 *          4    4  length of the data (30 bits); kind << 30: 0 a record of the user's, 1 a seal, which has no data
 *          8    8  sequence: one more than that of the record before; a seal has that of the record to come
 *         16    8  syncedThrough: everything before this offset was safely on disk when this record was written; 0 in
 *                  the first records of a file of which nothing is known to be
 *         24    8  salt: drawn at random whenever the file is opened for writing
 *         32    …  data
 *
 * Identity and offset are in the checksum, so that nothing that looks like a record but was never written here as one
 * (a log stored in a log, a block from elsewhere) is taken for one. The salt may change only at a record that says that
 * everything before it is synced: bytes of an earlier session that come up again behind the end do not follow.
 */
import { crc32c } from "./crc32c.ts";

/** Bytes before the data. */
export const recordHeaderSize = 32;
/** What a record says of a file of which nothing is known to be safely on disk, not even what is before its records. */
export const nothingSynced = 0;
/** Most bytes of data in one record. */
export const longestRecord: number = 2 ** 30 - 1;

/** What is said before the data. */
interface RecordHeader {
  readonly kind: "data" | "seal";
  readonly length: number;
  readonly sequence: number;
  readonly syncedThrough: number;
  readonly salt: bigint;
  readonly checksum: number;
}

/** Where in a sequence of records one stands: what the next one must agree with. */
export interface Cursor {
  /** Where the next one begins. */
  readonly offset: number;
  /** The sequence that it has. */
  readonly sequence: number;
  /** What the one before said; before the first, that nothing is synced. */
  readonly syncedThrough: number;
  /** That of the one before; undefined before the first. */
  readonly salt: bigint | undefined;
}

/** Kept from one call to the next. */
const placeBytes = new Uint8Array(8);
const place = new DataView(placeBytes.buffer);

/** The part of a checksum that says which file. */
export function identityChecksum(identity: bigint): number {
  place.setBigUint64(0, identity, true);
  return crc32c(placeBytes);
}

/** The part of a checksum that says where in it. */
export function placeChecksum(file: number, offset: number): number {
  place.setUint32(0, offset >>> 0, true);
  place.setUint32(4, Math.floor(offset / 2 ** 32), true);
  return crc32c(placeBytes, file);
}

/** Writes a record into `target` at `at`; the number of bytes. */
export function encodeRecord(
  target: Uint8Array,
  at: number,
  identity: bigint,
  offset: number,
  header: Omit<RecordHeader, "checksum" | "length">,
  data: Uint8Array,
): number {
  const size = recordHeaderSize + data.length;
  const view = new DataView(target.buffer, target.byteOffset + at, size);
  view.setUint32(4, (data.length | (header.kind === "seal" ? 1 << 30 : 0)) >>> 0, true);
  view.setBigUint64(8, BigInt(header.sequence), true);
  view.setBigUint64(16, BigInt(header.syncedThrough), true);
  view.setBigUint64(24, header.salt, true);
  target.set(data, at + recordHeaderSize);
  view.setUint32(
    0,
    crc32c(target.subarray(at + 4, at + size), placeChecksum(identityChecksum(identity), offset)),
    true,
  );
  return size;
}

/** A number of eight bytes; undefined when it is too large to be one of ours. */
function number64(view: DataView, at: number): number | undefined {
  const high = view.getUint32(at + 4, true);
  return high > 0x1fffff ? undefined : high * 2 ** 32 + view.getUint32(at, true);
}

/** Reads what is said before the data; undefined for what cannot be that. The checksum is not verified. */
export function parseRecordHeader(view: DataView, at = 0): RecordHeader | undefined {
  if (at + recordHeaderSize > view.byteLength) return undefined;
  const sequence = number64(view, at + 8);
  const syncedThrough = number64(view, at + 16);
  if (sequence === undefined || syncedThrough === undefined) return undefined;
  const word = view.getUint32(at + 4, true);
  const length = word & longestRecord;
  const kind = word >>> 30;
  if (kind > 1 || (kind === 1 && length > 0)) return undefined;
  return {
    kind: kind === 1 ? "seal" : "data",
    length,
    sequence,
    syncedThrough,
    salt: view.getBigUint64(at + 24, true),
    checksum: view.getUint32(at, true),
  };
}

/** Whether a whole record, header and data, is what was written at this offset of this file. */
export function isIntact(record: Uint8Array, header: RecordHeader, identity: bigint, offset: number): boolean {
  if (record.length !== recordHeaderSize + header.length) return false;
  return crc32c(record.subarray(4), placeChecksum(identityChecksum(identity), offset)) === header.checksum;
}

/** Whether a record can come next. */
export function follows(cursor: Cursor, header: RecordHeader): boolean {
  if (header.sequence !== cursor.sequence || header.syncedThrough > cursor.offset) return false;
  const isFirst = cursor.salt === undefined;
  if (isFirst && header.syncedThrough === nothingSynced) return true;
  if (header.salt !== cursor.salt) return header.syncedThrough === cursor.offset;
  return header.syncedThrough >= cursor.syncedThrough;
}

/** Where one stands after a record. */
export function after(cursor: Cursor, header: RecordHeader): Cursor {
  return {
    offset: cursor.offset + recordHeaderSize + header.length,
    sequence: header.sequence + (header.kind === "data" ? 1 : 0),
    syncedThrough: header.syncedThrough,
    salt: header.salt,
  };
}

/**
 * How many bytes of data a record has that may begin at `at` of the view, which is `offset` of the file, and would prove
 * that what is damaged at the cursor was synced (with `any`: whatever it proves); undefined: none can. No header is made of the bytes: this is asked of
 * every place there is.
 */
export function provingLength(
  { cursor, any }: { readonly cursor: Cursor; readonly any?: true },
  view: DataView,
  at: number,
  offset: number,
): number | undefined {
  const syncedThrough = view.getUint32(at + 20, true) * 2 ** 32 + view.getUint32(at + 16, true);
  if ((syncedThrough <= cursor.offset && any !== true) || syncedThrough > offset) return undefined;
  const sequence = view.getUint32(at + 12, true) * 2 ** 32 + view.getUint32(at + 8, true);
  // So many records fit in between, and no more.
  const most = (offset - cursor.offset) / recordHeaderSize;
  if (sequence < cursor.sequence || sequence - cursor.sequence > most) return undefined;
  const word = view.getUint32(at + 4, true);
  const length = word & longestRecord;
  const kind = word >>> 30;
  return kind > 1 || (kind === 1 && length > 0) ? undefined : length;
}
