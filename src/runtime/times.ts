/** Times between the nanoseconds of file systems and the milliseconds of JavaScript. */

import type { FileTimes } from "./runtime.ts";

const nanosecondsInAMillisecond = 1_000_000n;

/** Milliseconds since 1970 as nanoseconds. */
export const nanoseconds = (milliseconds: number): bigint =>
  BigInt(Math.trunc(milliseconds)) * nanosecondsInAMillisecond;

/** The first whole millisecond that is not before a time. */
export function millisecondsAbove(time: bigint): bigint {
  // Division of big integers cuts towards zero.
  const whole = time / nanosecondsInAMillisecond;
  return whole * nanosecondsInAMillisecond < time ? whole + 1n : whole;
}

/** Whether times have no fraction of a millisecond. */
export const isWhole = ({ accessed, modified }: FileTimes): boolean =>
  accessed % nanosecondsInAMillisecond === 0n && modified % nanosecondsInAMillisecond === 0n;

/** Both times of a file, in milliseconds since 1970. */
export const atMilliseconds = (milliseconds: number): FileTimes => {
  const time = nanoseconds(milliseconds);
  return { accessed: time, modified: time };
};
