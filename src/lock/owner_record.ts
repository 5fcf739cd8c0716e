/**
 * What a lock file says about who holds it: one line with a mark, `held` or `free`, and JSON. For people and for
 * `inspectLock`; the lock itself is the kernel's.
 *
 *     # atomic-write lock held {"pid":4711,"program":"deno","file":"1311768","since":1795209600000}
 *
 * It begins with `#` because programs that read whole directories (nginx, cron) take such a line for a comment. `file`
 * is the inode number of the lock file: in a copy of it the record says nothing. The line is padded to a fixed size and
 * overwritten in place, so that taking a lock needs no disk space. A file with any other content is somebody's, and is
 * neither locked nor written to. After a power cut a lock file may hold a part of this, or zeros: still ours.
 *
 * Earlier versions wrote the mark without `# ` and the JSON on a line of its own, without `file`: still read.
 */

import type { ProcessHost } from "../runtime/process_host.ts";
import type { Runtime } from "../runtime/runtime.ts";
import type { LockInfo } from "./lock_info.ts";

/** Who holds a lock, as far as the holder says, and of which lock file that was said. */
export interface OwnerRecord
  extends Pick<LockInfo, "pid" | "started" | "boot" | "namespace" | "host" | "program" | "since"> {
  file?: string;
}

const mark = "# atomic-write lock ";
const held = `${mark}held `;
const free = `${mark}free `;

/** The form of earlier versions. */
const earlierMark = "atomic-write lock ";
const earlierHeld = `${earlierMark}held\n`;

/** Bytes of a record: within one sector, so that it is never torn by anything but a power cut. */
export const recordSize = 512;

const encoder = new TextEncoder();
const marks = [encoder.encode(mark), encoder.encode(earlierMark)];

/** What is written when the lock is given back; the record behind it stays as the last holder's. */
export const freeMark: Uint8Array = encoder.encode(free);

/** Everything but what differs from one lock to the next, which comes last. What is too long says less. */
function beginning(record: OwnerRecord): Uint8Array {
  const text = encoder.encode(`${held}${JSON.stringify(record).slice(0, -1)},"file":`);
  return text.length <= recordSize - endSize ? text : beginning({ ...record, program: "", host: "" });
}

/** The inode number in quotes, `,"since":`, the time, `}` and the line feed that ends the record. */
const endSize = 64;

const space = 0x20;
const lineFeed = 0x0a;

/** Writes the end of the JSON, spaces over what a longer one has left, and the line feed. */
function putEnd(bytes: Uint8Array, offset: number, file: string, since: number): void {
  const text = `${JSON.stringify(file)},"since":${since}}`.padEnd(endSize);
  for (let index = 0; index < endSize; index++) bytes[offset + index] = text.charCodeAt(index);
  bytes[recordSize - 1] = lineFeed;
}

/** The record of a process, put together once, and where its end goes. */
interface Draft {
  readonly start: number;
  readonly bytes: Uint8Array;
}

const drafts = new WeakMap<ProcessHost, Draft>();

/**
 * The record of this process in the lock file with this identity, as of now. Only good until the next call: it is the
 * same bytes every time.
 */
export function ownRecord({ process, clock }: Pick<Runtime, "process" | "clock">, identity: string): Uint8Array {
  let draft = drafts.get(process);
  if (draft === undefined) {
    const start = beginning({ pid: process.pid, ...process.facts(), ...process.description() });
    const bytes = new Uint8Array(recordSize).fill(space);
    bytes.set(start);
    draft = { start: start.length, bytes };
    drafts.set(process, draft);
  }
  putEnd(draft.bytes, draft.start, inodeText(identity), Math.trunc(clock.now()));
  return draft.bytes;
}

/** The inode number in the identity of a file, as every runtime sees it: some round those beyond 2^53. */
export function inodeText(identity: string): string {
  const inode = Number.parseInt(identity.slice(identity.indexOf(":") + 1));
  return String(Number.isNaN(inode) ? 0 : inode);
}

/**
 * Whether a file that begins with the first `count` of these bytes is a lock file, or empty, or what a power cut left of
 * one. A file of more than `recordSize` bytes is none: read so many, and one more. The whole mark must be there, unless
 * there is no more than a part of it: `Cargo.lock` and others begin with `#`, too.
 */
export function isLockContent(bytes: Uint8Array, count: number): boolean {
  if (count === 0) return true;
  if (count > recordSize) return false;
  for (const mark of marks) {
    const end = Math.min(count, mark.length);
    let index = 0;
    while (index < end && (bytes[index] === 0 || bytes[index] === mark[index])) index++;
    if (index === end) return true;
  }
  return false;
}

/** The JSON of a record that says `held`; undefined in any other. */
function heldText(text: string): string | undefined {
  if (text.startsWith(held)) return text.slice(held.length);
  return text.startsWith(earlierHeld) ? text.slice(earlierHeld.length) : undefined;
}

/**
 * Reads the record in a lock file; undefined when the lock is free, the record does not say who holds it, or it was
 * written into another file, of which this is a copy.
 */
export function parseRecord(bytes: Uint8Array, identity: string): OwnerRecord | undefined {
  const line = heldText(new TextDecoder().decode(bytes.subarray(0, recordSize)))?.split("\n")[0];
  if (line === undefined) return undefined;
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return {};
  }
  if (typeof value !== "object" || value === null) return {};
  const record: OwnerRecord = {};
  // A record may be anybody's writing: only fields of the right type count.
  const pid: unknown = Reflect.get(value, "pid");
  const since: unknown = Reflect.get(value, "since");
  if (typeof pid === "number" && Number.isSafeInteger(pid)) record.pid = pid;
  if (typeof since === "number") record.since = since;
  for (const name of ["started", "boot", "namespace", "host", "program", "file"] as const) {
    const found: unknown = Reflect.get(value, name);
    if (typeof found === "string") record[name] = found;
  }
  return record.file === undefined || record.file === inodeText(identity) ? record : undefined;
}
