/**
 * What a lock file says about who holds it: a mark, `held` or `free`, and one line of JSON. For people and for
 * `inspectLock`; the lock itself is the kernel's.
 *
 *     atomic-write lock held
 *     {"pid":4711,"since":1795209600000,"program":"deno"}
 *
 * The text is padded to a fixed size and overwritten in place, so that taking a lock needs no disk space. A file with
 * any other content is somebody's, and is neither locked nor written to. After a power cut a lock file may hold a part
 * of this, or zeros: still ours.
 */

/** Who holds a lock, as far as he says. */
export interface OwnerRecord {
  pid?: number;
  started?: string;
  boot?: string;
  namespace?: string;
  host?: string;
  program?: string;
  /** Milliseconds since 1970. */
  since?: number;
}

const mark = "atomic-write lock ";
const held = `${mark}held\n`;
const free = `${mark}free\n`;

/** Bytes of a record: within one sector, so that it is never torn by anything but a power cut. */
export const recordSize = 512;

const encoder = new TextEncoder();
const markBytes = encoder.encode(mark);

/** What is written when the lock is given back; the record behind it stays as the last holder's. */
export const freeMark: Uint8Array = encoder.encode(free);

/** The bytes of a held lock's record. */
export function recordBytes(record: OwnerRecord): Uint8Array {
  const bytes = new Uint8Array(recordSize).fill(0x20);
  const text = encoder.encode(`${held}${JSON.stringify(record)}\n`);
  if (text.length > recordSize) return recordBytes({ ...record, program: "", host: "" });
  bytes.set(text);
  return bytes;
}

/** Whether a file that begins with these bytes is a lock file, or empty, or what a power cut left of one. */
export function isLockContent(bytes: Uint8Array): boolean {
  const length = Math.min(bytes.length, markBytes.length);
  for (let index = 0; index < length; index++) {
    if (bytes[index] !== 0 && bytes[index] !== markBytes[index]) return false;
  }
  return true;
}

/** Reads a record; undefined when the lock is free or the record does not say who holds it. */
export function parseRecord(bytes: Uint8Array): OwnerRecord | undefined {
  const text = new TextDecoder().decode(bytes.subarray(0, recordSize));
  if (!text.startsWith(held)) return undefined;
  const line = text.slice(held.length).split("\n")[0] ?? "";
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return {};
  }
  if (typeof value !== "object" || value === null) return {};
  const record: OwnerRecord = {};
  const take = (name: string, type: "string" | "number"): unknown => {
    const found: unknown = Reflect.get(value, name);
    return typeof found === type ? found : undefined;
  };
  // A record may be anybody's writing: only fields of the right type are believed to be there.
  const pid = take("pid", "number") as number | undefined;
  const since = take("since", "number") as number | undefined;
  if (pid !== undefined && Number.isSafeInteger(pid)) record.pid = pid;
  if (since !== undefined) record.since = since;
  for (const name of ["started", "boot", "namespace", "host", "program"] as const) {
    const found = take(name, "string") as string | undefined;
    if (found !== undefined) record[name] = found;
  }
  return record;
}
