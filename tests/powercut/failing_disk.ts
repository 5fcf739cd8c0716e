/**
 * A disk that answers some writes and flushes with EIO, before a volatile cache.
 *
 * 1. `fail(plan)`: from now on the plan says which requests fail, until `mend` or the cut. Requests are counted from here.
 * 2. `write`, `flush`: throw a DiskError where the answer is EIO. A write that fails has changed nothing. A flush that
 *    fails leaves what was cached where it was, or has lost it, as the plan says: drives do both, and the standards allow
 *    the second (after the error of an ATA FLUSH CACHE the sector is no longer in the cache, and the next one succeeds).
 * 3. `status`: what was asked and what failed since `fail`, for whoever wants to know that the disk has really failed.
 */
import { seeded, type Survival, survivalOf, VolatileDisk } from "./volatile_disk.ts";

/** Which requests are answered with EIO. */
export interface FailurePlan {
  readonly requests: "writes" | "flushes" | "all";
  /** Only writes that hold this text, and then no flush. */
  readonly containing?: string;
  /** How many of these are answered as they should be first. */
  readonly after: number;
  /** How many of those that follow may fail; without it, all until the cut. */
  readonly count?: number;
  /** The share of these that does, from 0 to 1. */
  readonly share: number;
  /** Whether a flush that fails loses what it should have flushed. */
  readonly losesCache: boolean;
  /** Milliseconds until EIO is answered: a disk tries for a while before it gives up. */
  readonly delay: number;
  readonly seed: number;
}

/** What a disk was asked for since `fail`, and how often it answered EIO. */
export interface DiskStatus {
  readonly writes: number;
  readonly flushes: number;
  readonly failedWrites: number;
  readonly failedFlushes: number;
}

/** The answer is EIO. */
export class DiskError extends Error {
  override name = "DiskError";
}

const nothingYet = { writes: 0, flushes: 0, failedWrites: 0, failedFlushes: 0 };
const pause = new Int32Array(new SharedArrayBuffer(4));

export class FailingDisk extends VolatileDisk {
  #plan: FailurePlan | undefined;
  #random: () => number = () => 1;
  /** Requests of the kind that may fail. */
  #met = 0;
  #status = { ...nothingYet };

  fail(plan: FailurePlan): void {
    this.#plan = plan;
    this.#random = seeded(plan.seed);
    this.#met = 0;
    this.#status = { ...nothingYet };
  }

  mend(): void {
    this.#plan = undefined;
  }

  get status(): DiskStatus {
    return this.#status;
  }

  override write(offset: number, data: Uint8Array): void {
    this.#status.writes++;
    if (this.#fails("writes", data)) {
      this.#status.failedWrites++;
      throw new DiskError("write");
    }
    super.write(offset, data);
  }

  override flush(): void {
    this.#status.flushes++;
    const plan = this.#plan;
    if (this.#fails("flushes")) {
      this.#status.failedFlushes++;
      if (plan?.losesCache === true) this.loseCache(survivalOf(plan.seed + this.#met));
      throw new DiskError("flush");
    }
    super.flush();
  }

  override cut(survives: Survival): void {
    this.mend();
    super.cut(survives);
  }

  #fails(kind: "writes" | "flushes", data?: Uint8Array): boolean {
    const plan = this.#plan;
    if (plan === undefined || (plan.requests !== kind && plan.requests !== "all")) return false;
    if (plan.containing !== undefined) {
      if (data === undefined || !new TextDecoder("latin1").decode(data).includes(plan.containing)) return false;
    }
    const number = this.#met++ - plan.after;
    if (number < 0 || number >= (plan.count ?? Infinity) || this.#random() >= plan.share) return false;
    if (plan.delay > 0) Atomics.wait(pause, 0, 0, plan.delay);
    return true;
  }
}
