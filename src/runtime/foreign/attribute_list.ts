/**
 * The bytes that getattrlist(2) and setattrlist(2) of macOS take and give, for the two things that are asked of them:
 * access control lists and exact times.
 * https://github.com/apple-oss-distributions/xnu/blob/main/bsd/man/man2/getattrlist.2
 *
 * 1. `listRequest` or `timesRequest` says what is meant. 2. `listAnswer` or `timesAnswer` is large enough for it, and
 * `listIn` or `timesIn` reads what was put into it; `listToSet` is what sets a list.
 *
 * A list is kept as the kernel gives it, a `struct kauth_filesec` of which owner and group mean nothing:
 * https://github.com/apple-oss-distributions/xnu/blob/main/bsd/sys/kauth.h. Numbers are little-endian on every Mac.
 */
import type { FileTimes } from "../runtime.ts";

/** How many sets of attributes `struct attrlist` names; of these, only the first is used. */
const sets = 5;
const extendedSecurity = 0x00400000;
const modifiedTime = 0x00000400;
const accessedTime = 0x00001000;

/** `KAUTH_FILESEC_SIZE`: what is before the entries, the size of one, and the most there are. */
const filesecSize = 44;
const entrySize = 24;
const mostEntries = 128;
const filesecMagic = 0x012cc16d;
const entryCountAt = 36;
/** `KAUTH_FILESEC_NOACL`, in place of the count: there is no list, and setting that removes it. */
const noList = 0xffff_ffff;

/** The length that precedes every answer, and a reference to what has no fixed size: where it is, and how long. */
const lengthSize = 4;
const referenceSize = 8;

function request(common: number): Uint8Array {
  const bytes = new Uint8Array(24);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, sets, true);
  view.setUint32(4, common, true);
  return bytes;
}

/** Asks for, or sets, the list. */
export const listRequest = (): Uint8Array => request(extendedSecurity);

/** Asks for both times. */
export const timesRequest = (): Uint8Array => request(modifiedTime | accessedTime);

/** Room for the longest list. */
export const listAnswer = (): Uint8Array =>
  new Uint8Array(lengthSize + referenceSize + filesecSize + mostEntries * entrySize);

/** Room for both times: two of struct timespec. */
export const timesAnswer = (): Uint8Array => new Uint8Array(lengthSize + 32);

/** The list in an answer; undefined where there is none. */
export function listIn(answer: Uint8Array): Uint8Array | undefined {
  const view = new DataView(answer.buffer, answer.byteOffset, answer.byteLength);
  // Where it is counts from the reference itself.
  const start = lengthSize + view.getInt32(lengthSize, true);
  const length = view.getUint32(lengthSize + 4, true);
  if (length < filesecSize || view.getUint32(start + entryCountAt, true) === noList) return undefined;
  return answer.slice(start, start + length);
}

/** The times in an answer: attributes come in the order of their bits. */
export function timesIn(answer: Uint8Array): FileTimes {
  const view = new DataView(answer.buffer, answer.byteOffset, answer.byteLength);
  const at = (offset: number) => view.getBigInt64(offset, true) * 1_000_000_000n + view.getBigInt64(offset + 8, true);
  return { modified: at(lengthSize), accessed: at(lengthSize + 16) };
}

/** What sets a list; undefined removes it. */
export function listToSet(list: Uint8Array | undefined): Uint8Array {
  const value = list ?? emptyFilesec();
  const bytes = new Uint8Array(referenceSize + value.length);
  const view = new DataView(bytes.buffer);
  view.setInt32(0, referenceSize, true);
  view.setUint32(4, value.length, true);
  bytes.set(value, referenceSize);
  return bytes;
}

function emptyFilesec(): Uint8Array {
  const bytes = new Uint8Array(filesecSize);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, filesecMagic, true);
  view.setUint32(entryCountAt, noList, true);
  return bytes;
}
