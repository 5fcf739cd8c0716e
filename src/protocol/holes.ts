/**
 * Where a file has holes: blocks of zeros that occupy nothing. A copy skips them instead of writing them, and has holes in
 * the same places.
 */
import { isZero } from "../core/zeros.ts";
import type { FileStatus } from "../runtime/runtime.ts";

/** The block of every file system that has holes; a smaller run of zeros saves nothing. */
const blockSize = 4096;

/** Whether a file occupies less than it is long, as far as that is known: cp(1) goes by the same sign. */
export const hasHoles = ({ size, allocated }: FileStatus): boolean => allocated !== undefined && allocated < size;

/** A part of a piece of content. */
interface Run {
  readonly start: number;
  readonly end: number;
  /** Nothing but zeros, in whole blocks or up to the end of the piece. */
  readonly isHole: boolean;
}

/** A piece of content, which begins at a block, as runs of zeros and of data. */
export function* runsOf(piece: Uint8Array): Generator<Run> {
  let start = 0;
  let isHole: boolean | undefined;
  for (let block = 0; block < piece.length; block += blockSize) {
    const zero = isZero(piece.subarray(block, block + blockSize));
    if (isHole !== undefined && zero !== isHole) {
      yield { start, end: block, isHole };
      start = block;
    }
    isHole = zero;
  }
  if (isHole !== undefined) yield { start, end: piece.length, isHole };
}
