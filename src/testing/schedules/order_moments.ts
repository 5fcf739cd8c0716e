/**
 * The moments of an order at which the power may be cut, and the disk at each: not only those that the order itself came
 * to, but all that any order of the same steps comes to whose independent steps change places (order_hash.ts).
 *
 * So a change and a sync need not be run in both orders when they are of different files, although a power cut between
 * them leaves different things: of an order, every set of its steps is a moment that contains with each step all those that
 * it depends on. The disk of that moment is made by doing again, to the disk of the beginning, what those steps did.
 *
 * 1. `moved` after a step's own call, and again when what followed it has ended; `touched` is what it did, for the hash of
 *    the order. 2. `stepped` when the hash is known. 3. `cuts` when the order has ended.
 */
import { Disk } from "../machine/disk.ts";
import type { DiskImage } from "../machine/disk_node.ts";
import type { DiskEffect, LoggedDisk } from "./logged_disk.ts";
import type { AddedStep, StepCounts, Touch } from "./order_hash.ts";
import { type FailedCall, faultText, type ScheduleFault } from "./schedule_text.ts";

/** A part of a step that makes a difference to what a power cut leaves, or to what must be found afterwards. */
interface Moment {
  readonly operation: number;
  /** Which step of all, from 1; and which of its operation. */
  readonly step: number;
  readonly own: number;
  readonly hash: string;
  readonly past: StepCounts;
  readonly effects: readonly DiskEffect[];
  readonly facts: readonly unknown[];
  readonly failed: FailedCall | undefined;
  readonly now: number;
}

type Half = Pick<Moment, "effects" | "facts" | "failed" | "now">;

/** A moment at which the power is cut. */
export interface Cut {
  /** Equal for moments that are the same. */
  readonly key: string;
  /** What is on the disk, and what is pending. */
  image(): DiskImage;
  readonly facts: readonly unknown[];
  readonly failed: FailedCall | undefined;
  readonly now: number;
  /** The steps before it, of those of the order; it may have been come to without the others. */
  readonly steps: readonly number[];
}

const everyFact: Touch = { resource: "facts", changes: true };
const seen = (effect: boolean): Touch =>
  effect ? { resource: "seen", changes: true, group: "changes" } : { resource: "seen", changes: true };

/** The moments of one order. */
export class OrderMoments {
  readonly #disk: LoggedDisk;
  readonly #now: () => number;
  readonly #moments: Moment[] = [];
  readonly #steps: StepCounts[] = [];
  #halves: Half[] = [];
  #logged = 0;
  #facts: unknown[] = [];
  #count = 0;
  #failed: FailedCall | undefined;
  #watched = false;
  readonly #began: number;
  /** Whether there were more moments than were asked for. */
  left = false;

  /** An order begins on this disk. */
  constructor(disk: LoggedDisk, now: () => number) {
    this.#disk = disk;
    this.#now = now;
    this.#began = now();
  }

  /** A call has failed on purpose. */
  failed(fault: ScheduleFault, begun: readonly number[]): void {
    this.#failed = { fault, acknowledged: this.#count, begun };
  }

  /** Something is promised to hold from now on. `watched`: by somebody who has looked at the disk. */
  acknowledge(fact: unknown, watched = false): void {
    this.#facts.push(fact);
    this.#count++;
    this.#watched ||= watched;
  }

  /** A part of a step has ended. */
  moved(): void {
    const effects = this.#disk.effects.slice(this.#logged);
    this.#logged = this.#disk.effects.length;
    this.#halves.push({ effects, facts: this.#facts, failed: this.#failed, now: this.#now() });
    this.#facts = [];
    this.#failed = undefined;
  }

  /** What the step that has just been taken did. */
  touched(): Touch[] {
    const effects = this.#halves.flatMap(({ effects }) => effects);
    const touches = effects.flatMap(({ touches }) => touches);
    // A look may have been at all of the disk.
    if (this.#watched) touches.push(seen(false));
    else if (effects.some(({ visible }) => visible)) touches.push(seen(true));
    if (this.#halves.some(({ facts }) => facts.length > 0)) touches.push(everyFact);
    return touches;
  }

  /** That step is part of the order. */
  stepped(operation: number, { hash, past }: AddedStep): void {
    const step = this.#steps.push(past);
    this.#halves.forEach((half, index) => {
      if (half.effects.length + half.facts.length === 0 && half.failed === undefined) return;
      const own = past[operation] ?? 0;
      this.#moments.push({ ...half, operation, step, own, hash: `${hash}${index}`, past });
    });
    this.#halves = [];
    this.#watched = false;
  }

  /** The moments that are not known yet; of those that the order itself did not come to, at most so many. */
  *cuts(beginning: DiskImage, known: Set<string>, most: number): Generator<Cut> {
    const by: Moment[][] = [];
    for (const moment of this.#moments) (by[moment.operation] ??= []).push(moment);
    const lists = Array.from(by, (list) => list ?? []);
    const counts = lists.map(() => 0);
    yield* this.#cut(lists, counts, { beginning, known });
    for (const { operation } of this.#moments) {
      counts[operation] = (counts[operation] ?? 0) + 1;
      yield* this.#cut(lists, counts, { beginning, known });
    }
    let others = 0;
    for (const counts of countings(lists.map((list) => list.length))) {
      if (!isClosed(lists, counts)) continue;
      for (const cut of this.#cut(lists, counts, { beginning, known })) {
        if (++others > most) {
          this.left = true;
          return;
        }
        yield cut;
      }
    }
  }

  *#cut(
    lists: readonly Moment[][],
    counts: readonly number[],
    { beginning, known }: { readonly beginning: DiskImage; readonly known: Set<string> },
  ): Generator<Cut> {
    const last = counts.map((count, index) => lists[index]?.[count - 1]);
    const failing = this.#moments.find(({ failed }) => failed !== undefined);
    const failed =
      failing !== undefined && lists[failing.operation]?.indexOf(failing) as number < (counts[failing.operation] ?? 0)
        ? failing.failed
        : undefined;
    const key = `${last.map((moment) => moment?.hash ?? "").join(" ")} ${
      failed === undefined ? "" : faultText(failed.fault)
    }`;
    if (known.has(key)) return;
    known.add(key);
    const included = new Set(lists.flatMap((list, index) => list.slice(0, counts[index])));
    const before = this.#moments.filter((moment) => included.has(moment));
    const steps = this.#steps.flatMap((_, index) =>
      last.some((moment) => moment !== undefined && this.#precedes(index, moment)) ? [index] : []
    );
    yield {
      key,
      image: () => {
        const disk = new Disk(beginning);
        for (const { effects } of before) for (const { repeat } of effects) repeat(disk);
        return disk.snapshot();
      },
      facts: before.flatMap(({ facts }) => facts),
      failed,
      now: Math.max(this.#began, ...before.map(({ now }) => now)),
      steps,
    };
  }

  /** Whether a moment depends on that step, or is of it. */
  #precedes(index: number, moment: Moment): boolean {
    if (index + 1 === moment.step) return true;
    const past = this.#steps[index] ?? [];
    return past.every((count, operation) => count <= (moment.past[operation] ?? 0));
  }
}

/** Whether with each moment there are all those that it depends on. */
function isClosed(lists: readonly Moment[][], counts: readonly number[]): boolean {
  return lists.every((list, operation) => {
    const last = list[(counts[operation] ?? 0) - 1];
    if (last === undefined) return true;
    return lists.every((others, other) => {
      const next = others[counts[other] ?? 0];
      return other === operation || next === undefined || next.own > (last.past[other] ?? 0);
    });
  });
}

/** Every choice of a number up to each of these. */
function* countings(most: readonly number[]): Generator<number[]> {
  const [first, ...rest] = most;
  if (first === undefined) return yield [];
  for (let count = 0; count <= first; count++) {
    for (const others of countings(rest)) yield [count, ...others];
  }
}
