/**
 * An open file over a node:fs descriptor, for Node and Bun.
 *
 * node:fs cannot move a descriptor's position, so the position is kept here and every transfer names it.
 */
import type { BigIntStats, Dirent, Stats } from "node:fs";
import type { Awaitable } from "../../core/operation.ts";
import { builtin } from "../builtin.ts";
import { isMemoryDevice } from "../memory_mounts.ts";
import type { DescriptorCalls } from "./calls.ts";
import type { EntryKind, FileStatus, OpenFile, SyncLevel } from "../runtime.ts";
import { guard, guardAwaitable } from "../system_error.ts";

/** What kind of thing node:fs describes. */
export function kindOf(
  entry: Pick<Dirent | Stats | BigIntStats, "isFile" | "isDirectory" | "isSymbolicLink">,
): EntryKind {
  if (entry.isFile()) return "file";
  if (entry.isDirectory()) return "directory";
  return entry.isSymbolicLink() ? "symlink" : "other";
}

const readMounts = (path: string): string => builtin("node:fs").readFileSync(path, "utf8");

/** Asks node:fs for a status, in numbers or in big integers. */
type StatusCall = (options: { bigint: false } | { bigint: true }) => Stats | BigIntStats | undefined;

/** Exact in a number, as nearly all are. */
const isExact = (value: number): boolean => Number.isSafeInteger(value) && value >= 0;

/**
 * node:fs's answer as ours. In numbers, which is three times as fast, unless device or inode number is larger than a
 * number holds exactly; then in big integers, made unsigned, because Node and Bun show those from 2^63 on (overlays
 * have such) as negative.
 */
export function readStatus(ask: StatusCall): FileStatus | undefined {
  let stats = ask({ bigint: false });
  if (stats !== undefined && !(isExact(Number(stats.dev)) && isExact(Number(stats.ino)))) stats = ask({ bigint: true });
  return stats === undefined ? undefined : toStatus(stats);
}

/** The status of an open file. */
export function descriptorStatus(descriptor: number): FileStatus {
  const status = readStatus((options) => builtin("node:fs").fstatSync(descriptor, options));
  if (status === undefined) throw new Error("fstat gave no answer");
  return status;
}

function toStatus(stats: Stats | BigIntStats): FileStatus {
  const device = typeof stats.dev === "bigint" ? String(BigInt.asUintN(64, stats.dev)) : String(stats.dev);
  const status: FileStatus = {
    kind: kindOf(stats),
    size: Number(stats.size),
    mode: Number(stats.mode) & 0o7777,
    user: Number(stats.uid),
    group: Number(stats.gid),
    device,
    identity: `${device}:${typeof stats.ino === "bigint" ? BigInt.asUintN(64, stats.ino) : stats.ino}`,
    links: Number(stats.nlink),
    modified: Math.trunc(Number(stats.mtimeMs)),
  };
  // Zero is what libuv gives where the file system keeps no time of creation.
  // https://nodejs.org/api/fs.html#statsbirthtime
  const created = Math.trunc(Number(stats.birthtimeMs));
  if (created > 0) status.created = created;
  // Not cut to milliseconds: it is only ever compared.
  const changed = Number(stats.ctimeMs);
  if (changed > 0) status.changed = changed;
  return status;
}

/**
 * Milliseconds as the fractional seconds that node:fs takes. A double cannot hold every millisecond of such a count, so
 * the system would cut some down to the millisecond before; half a microsecond more lands inside the right one.
 */
function toSeconds(milliseconds: number): number {
  return (milliseconds + 0.0005) / 1000;
}

/** An open file or directory of Node and Bun. */
export class NodeOpenFile implements OpenFile {
  readonly #descriptor: number;
  readonly #path: string;
  readonly #calls: DescriptorCalls;
  #position = 0;
  readonly opened: FileStatus | undefined;
  /** Known once somebody has asked for the status. */
  #device: string | undefined;

  constructor(descriptor: number, path: string, calls: DescriptorCalls, opened?: FileStatus) {
    this.opened = opened;
    this.#device = opened?.device;
    this.#descriptor = descriptor;
    this.#path = path;
    this.#calls = calls;
  }

  read(buffer: Uint8Array): Awaitable<number> {
    return this.#advance("read", () => this.#calls.read(this.#descriptor, buffer, this.#position));
  }

  write(bytes: Uint8Array): Awaitable<number> {
    return this.#advance("write", () => this.#calls.write(this.#descriptor, bytes, this.#position));
  }

  #advance(call: string, transfer: () => Awaitable<number>): Awaitable<number> {
    const count = guardAwaitable(call, this.#path, transfer);
    if (typeof count !== "number") return count.then((later) => this.#moved(later));
    return this.#moved(count);
  }

  #moved(count: number): number {
    this.#position += count;
    return count;
  }

  seek(offset: number): void {
    this.#position = offset;
  }

  truncate(size: number): void {
    guard("truncate", this.#path, () => builtin("node:fs").ftruncateSync(this.#descriptor, size));
  }

  stat(): FileStatus {
    return guard("stat", this.#path, () => {
      const status = descriptorStatus(this.#descriptor);
      this.#device = status.device;
      return status;
    });
  }

  setMode(mode: number): void {
    guard("setMode", this.#path, () => builtin("node:fs").fchmodSync(this.#descriptor, mode));
  }

  setOwner(user: number | undefined, group: number | undefined): void {
    // -1 leaves that one as it is: https://man7.org/linux/man-pages/man2/chown.2.html
    guard("setOwner", this.#path, () => builtin("node:fs").fchownSync(this.#descriptor, user ?? -1, group ?? -1));
  }

  setTimes(accessed: number, modified: number): void {
    guard("setTimes", this.#path, () => {
      builtin("node:fs").futimesSync(this.#descriptor, toSeconds(accessed), toSeconds(modified));
    });
  }

  sync(level: SyncLevel): Awaitable<void> {
    const { sync, syncAtOnce } = this.#calls;
    // Where nothing is written to any medium there is nothing to wait for: a promise costs a hundred times the call.
    const atOnce = syncAtOnce !== undefined && this.#device !== undefined && isMemoryDevice(this.#device, readMounts);
    return guardAwaitable("sync", this.#path, () => (atOnce ? syncAtOnce : sync)(this.#descriptor, level));
  }

  clone(source: OpenFile): Awaitable<boolean> {
    if (!(source instanceof NodeOpenFile)) return false;
    return guardAwaitable("clone", this.#path, () => this.#calls.clone(this.#descriptor, source.#descriptor));
  }

  tryLock(shared: boolean): Awaitable<boolean> {
    return guardAwaitable("tryLock", this.#path, () => this.#calls.tryLock(this.#descriptor, shared));
  }

  lock(shared: boolean, timeout: number | undefined, signal: AbortSignal | undefined): Awaitable<boolean | undefined> {
    return guardAwaitable("lock", this.#path, () => this.#calls.lock(this.#descriptor, shared, timeout, signal));
  }

  unlock(): Awaitable<void> {
    return guardAwaitable("unlock", this.#path, () => this.#calls.unlock(this.#descriptor));
  }

  close(): void {
    guard("close", this.#path, () => builtin("node:fs").closeSync(this.#descriptor));
  }
}
