/**
 * How the descriptors that a process may have are shared out among its calls (room.ts).
 *
 * Half of them are for calls; of the rest, first come the lanes of sets, then what stays open between calls and what runs
 * inside callbacks. Where there are very few, each kind has the least with which it gets on.
 */
import type { Runtime } from "../runtime/runtime.ts";

/** What a runtime has open for itself, and what the program may have besides. */
const reserved = 36;
/** What a call has open at most, with second descriptors: one that waits for the disk alone, and one that locks. */
const perCall = 4;
const perCaller = 6;
const perPair = perCall + perCaller;
/** macOS gives a program 256, and where nothing is known that may be so. */
const usualLimit = 256;
const fewest = 2;
/** More at once make nothing faster. */
const highest = 64;
const mostLanes = 16;
/** For each lane of a set: a file, its second descriptor, and a directory. */
const perLane = 3;
/** Beside its lanes and locks: the journal, twice while it is moved, and a directory or two. */
const perSet = 4;
/**
 * Files that are put together. Each round waits for one commit of the journal, so the more it has the better: with 128,
 * a file takes half the time that it takes with 32, and no less with 1,000 (docs/benchmarks.md). Where a process may have
 * few descriptors, others need them more.
 */
const mostPuts = 128;
const modestPuts = 32;
/** From so many descriptors on two sets of files are worked on at once. */
const enoughForTwo = 200;

/** What a lock needs while it is taken, and one that is held. */
export const perLock = { taking: 3, held: 1 } as const;
/** What a log needs while it is opened, and one that is open: the file and its lock. */
export const perLog = { taking: 6, held: 2 } as const;
/** What a file needs that is written piece by piece: it, its directory, its lock. */
export const perWriter = 3;
/** What is read piece by piece. */
export const perReader = 1;

/** So many descriptors what stays open may have in any case: two of the largest. */
export const fewestHeld = 2 * perLog.taking;

/** How much there is for what: calls, or, of what stays open (`holders`, `innerHolders`), descriptors. */
export interface Shares {
  readonly calls: number;
  readonly callers: number;
  /** What callers wait for in their callbacks. */
  readonly inner: number;
  readonly sets: number;
  readonly holders: number;
  readonly innerHolders: number;
  /** Files that one set works on at once. */
  readonly lanes: number;
  /** Objects that one round of puts stages at once, each with its directory; there are two rounds at a time. */
  readonly puts: number;
  /** All that the runtime does not need. */
  readonly free: number;
}

/** The rooms. */
export type RoomName = "calls" | "callers" | "inner" | "sets" | "holders" | "innerHolders";

const between = (least: number, value: number, most: number): number =>
  Math.max(least, Math.min(most, Math.floor(value)));

/** Shares out what the system gives. */
export function sharesFor({ process }: Pick<Runtime, "process">): Shares {
  const free = (process.openFileLimit?.() ?? usualLimit) - reserved;
  const calls = between(fewest, free / (2 * perPair), highest);
  const sets = free < enoughForTwo ? 1 : 2;
  const lanes = between(fewest, free / (16 * sets), mostLanes);
  const rest = free - calls * perPair - sets * (perLane * lanes + perSet);
  return {
    calls,
    callers: calls,
    inner: between(fewest, rest / (4 * perCaller), highest),
    sets,
    holders: between(fewestHeld, rest / 2, Infinity),
    innerHolders: between(fewestHeld, rest / 4, Infinity),
    lanes,
    puts: between(fewest, Math.max(Math.min(free / 16, modestPuts), free / 32), mostPuts),
    free,
  };
}

/** What one in a room has open; a set at least. */
export const costs: Readonly<Record<RoomName, number>> = {
  calls: perCall,
  callers: perCaller,
  inner: perCaller,
  sets: perLane * fewest + perSet,
  holders: 1,
  innerHolders: 1,
};

/** So many descriptors there are everywhere. */
export const sure = 2 * perPair;
