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

import type { ProcessHost, Runtime } from "../runtime/runtime.ts";
import type { LockInfo } from "./lock_info.ts";

/** Who holds a lock, as far as he says. */
export type OwnerRecord = Pick<LockInfo, "pid" | "started" | "boot" | "namespace" | "host" | "program" | "since">;

const mark = "atomic-write lock ";
const held = `${mark}held\n`;
const free = `${mark}free\n`;

/** Bytes of a record: within one sector, so that it is never torn by anything but a power cut. */
export const recordSize = 512;

const encoder = new TextEncoder();
const markBytes = encoder.encode(mark);

/** What is written when the lock is given back; the record behind it stays as the last holder's. */
export const freeMark: Uint8Array = encoder.encode(free);

/** Everything but the time, which comes last. What is too long says less. */
function beginning(record: Omit<OwnerRecord, "since">): Uint8Array {
  const text = encoder.encode(`${held}${JSON.stringify(record).slice(0, -1)},"since":`);
  return text.length <= recordSize - longestTime ? text : beginning({ ...record, program: "", host: "" });
}

/** A number of milliseconds, and what ends the record. */
const longestTime = 24;

function completed(start: Uint8Array, since: number): Uint8Array {
  const bytes = new Uint8Array(recordSize).fill(space);
  bytes.set(start);
  putTime(bytes, start.length, since);
  return bytes;
}

const space = 0x20;

/** Writes `since}` and a line feed, and spaces over what a longer number may have left. */
function putTime(bytes: Uint8Array, offset: number, since: number): void {
  const text = `${since}}\n`.padEnd(longestTime);
  for (let index = 0; index < longestTime; index++) bytes[offset + index] = text.charCodeAt(index);
}

/** The record of a process, put together once, and what may be written at this moment. */
interface Draft {
  readonly start: number;
  readonly bytes: Uint8Array;
}

const drafts = new WeakMap<ProcessHost, Draft>();

/** The record of this process, as of now. Only good until the next call: it is the same bytes every time. */
export function ownRecord({ process, clock }: Pick<Runtime, "process" | "clock">): Uint8Array {
  let draft = drafts.get(process);
  if (draft === undefined) {
    const start = beginning({ pid: process.pid, ...process.facts(), ...process.description() });
    draft = { start: start.length, bytes: completed(start, 0) };
    drafts.set(process, draft);
  }
  putTime(draft.bytes, draft.start, Math.trunc(clock.now()));
  return draft.bytes;
}

/**
 * Whether a file that begins with the first `count` of these bytes is a lock file, or empty, or what a power cut left of
 * one. A file of more than `recordSize` bytes is none: read so many, and one more.
 */
export function isLockContent(bytes: Uint8Array, count: number): boolean {
  if (count > recordSize) return false;
  const length = Math.min(count, markBytes.length);
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
  // A record may be anybody's writing: only fields of the right type are believed to be there.
  const pid: unknown = Reflect.get(value, "pid");
  const since: unknown = Reflect.get(value, "since");
  if (typeof pid === "number" && Number.isSafeInteger(pid)) record.pid = pid;
  if (typeof since === "number") record.since = since;
  for (const name of ["started", "boot", "namespace", "host", "program"] as const) {
    const found: unknown = Reflect.get(value, name);
    if (typeof found === "string") record[name] = found;
  }
  return record;
}
