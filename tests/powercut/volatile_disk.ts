/**
 * A disk with a volatile write cache: what was written is kept only once it was flushed.
 *
 * 1. `read`, `write`, `flush`: what a file system does with a disk. What it reads is what it wrote.
 * 2. `cut`: the power goes. Of every sector that was written since the last flush, the medium has the new content or the
 *    one before, as `choose` says: caches write back in any order. The machine does not notice yet: until `restore` the
 *    disk goes on to answer as if nothing had happened, so that what uses it can be taken down in peace.
 * 3. `restore`: the power is back. The disk is what the medium held at the cut.
 * 4. `loseCache`: a flush has failed, as drives do it: what it left out never reaches the medium, and no later flush
 *    knows of it, though a read still finds it in the cache.
 * 5. `remember` and `renew`: the disk becomes what it was, for the next cut.
 *
 * The content is in a sparse file, which mkfs makes before and which nobody else uses while the disk is in use.
 */
import * as fs from "node:fs";

/** What is written whole or not at all: docs/guarantees.md, assumption 3. */
export const SECTOR = 512;
const BLOCK = 4096;

interface PendingWrite {
  offset: number;
  data: Uint8Array;
}

/** Whether a sector that was not flushed reached the medium. `write` counts the writes since the last flush. */
export type Survival = (write: number, writes: number, sector: number) => boolean;

/** What of these writes the medium has, in sectors. */
function survivorsOf(writes: readonly PendingWrite[], survives: Survival): PendingWrite[] {
  return writes.flatMap(({ offset, data }, write) => {
    const sectors: PendingWrite[] = [];
    for (let start = 0; start < data.length; start += SECTOR) {
      if (!survives(write, writes.length, (offset + start) / SECTOR)) continue;
      sectors.push({ offset: offset + start, data: data.subarray(start, start + SECTOR) });
    }
    return sectors;
  });
}

export class VolatileDisk {
  readonly size: number;
  readonly #file: number;
  /** In the order of their arrival. */
  #pending: PendingWrite[] = [];
  /** What the machine sees where it is not what the file holds, by number of block. */
  #seen = new Map<number, Uint8Array>();
  /** What the medium had beside the file when the power went; undefined while there is power. */
  #survivors: PendingWrite[] | undefined;
  /** Whether the machine sees something that neither the file nor a pending write holds. */
  #hasLost = false;
  /** What blocks of the file held when the disk was remembered, of those that have changed since. */
  #remembered: Map<number, Uint8Array> | undefined;
  /** How often the machine asked for a flush. */
  flushes = 0;

  constructor(path: string) {
    this.#file = fs.openSync(path, "r+");
    this.size = fs.fstatSync(this.#file).size;
  }

  read(offset: number, length: number): Uint8Array {
    const bytes = new Uint8Array(Math.max(0, Math.min(length, this.size - offset)));
    fs.readSync(this.#file, bytes, 0, bytes.length, offset);
    for (let start = offset - offset % BLOCK; start < offset + bytes.length; start += BLOCK) {
      const block = this.#seen.get(start / BLOCK);
      if (block === undefined) continue;
      const from = Math.max(start, offset);
      bytes.set(block.subarray(from - start, Math.min(BLOCK, offset + bytes.length - start)), from - offset);
    }
    return bytes;
  }

  write(offset: number, data: Uint8Array): void {
    if (this.#survivors === undefined) this.#pending.push({ offset, data });
    for (let start = offset - offset % BLOCK; start < offset + data.length; start += BLOCK) {
      const from = Math.max(start, offset);
      const to = Math.min(start + BLOCK, offset + data.length);
      const known = this.#seen.get(start / BLOCK);
      const block = known ?? (to - from < BLOCK ? this.read(start, BLOCK) : new Uint8Array(BLOCK));
      block.set(data.subarray(from - offset, to - offset), from - start);
      if (known === undefined) this.#seen.set(start / BLOCK, block);
    }
  }

  flush(): void {
    this.flushes++;
    if (this.#survivors !== undefined) return;
    this.#apply(this.#pending);
    this.#pending = [];
  }

  cut(survives: Survival): void {
    const writes = this.#pending;
    this.#pending = [];
    this.#survivors = survivorsOf(writes, survives);
  }

  loseCache(survives: Survival): void {
    if (this.#survivors !== undefined) return;
    const writes = this.#pending;
    this.#pending = [];
    this.#hasLost = true;
    this.#apply(survivorsOf(writes, survives));
  }

  restore(): void {
    this.#hasLost = false;
    this.#apply(this.#survivors ?? []);
    this.#survivors = undefined;
  }

  remember(): void {
    this.flush();
    this.#remembered = new Map();
  }

  renew(): void {
    const remembered = this.#remembered ?? new Map<number, Uint8Array>();
    this.#remembered = undefined;
    this.#pending = [];
    this.#survivors = undefined;
    this.#hasLost = false;
    this.#apply([...remembered].map(([block, data]) => ({ offset: block * BLOCK, data })));
    this.#remembered = new Map();
  }

  close(): void {
    fs.closeSync(this.#file);
  }

  #apply(writes: readonly PendingWrite[]): void {
    for (const { offset, data } of writes) {
      this.#keepOld(offset, data.length);
      fs.writeSync(this.#file, data, 0, data.length, offset);
    }
    if (!this.#hasLost) this.#seen.clear();
  }

  #keepOld(offset: number, length: number): void {
    if (this.#remembered === undefined) return;
    for (let block = Math.floor(offset / BLOCK); block * BLOCK < offset + length; block++) {
      if (this.#remembered.has(block)) continue;
      const old = new Uint8Array(Math.min(BLOCK, this.size - block * BLOCK));
      fs.readSync(this.#file, old, 0, old.length, block * BLOCK);
      this.#remembered.set(block, old);
    }
  }
}

/** A generator of numbers from 0 to 1, the same for the same seed: https://en.wikipedia.org/wiki/Xorshift */
export function seeded(seed: number): () => number {
  let state = (seed * 2654435761) >>> 0 || 1;
  const next = () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state = (state ^ (state << 5)) >>> 0;
    return state / 2 ** 32;
  };
  // The first numbers of small seeds are small.
  for (let warmUp = 0; warmUp < 10; warmUp++) next();
  return next;
}

/** A way for a cache to lose power: nothing, everything or the first part was written back, or sectors at random. */
export function survivalOf(seed: number): Survival {
  const random = seeded(seed);
  const [kind, share] = [random(), random()];
  const kinds: Survival[] = [
    () => false,
    () => true,
    (write, writes) => write < share * writes,
    () => random() < share,
  ];
  return kinds[Math.floor(kind * kinds.length)] ?? (() => false);
}
