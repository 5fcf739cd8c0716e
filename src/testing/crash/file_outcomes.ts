/**
 * What a power cut may leave of one file.
 *
 * Every change since the last sync meets its own fate; none waits for another:
 *
 * - A **write** is lost; or done; or torn: it is cut into pieces at sector boundaries (a write within one sector, in its
 *   middle), of which any subset has reached the medium, in any order. Where it extends the file, the length may have
 *   grown by any number of pieces, whether or not their data has arrived: what has not reads as zeros. Data beyond the
 *   length is not seen, so it makes no state of its own.
 * - A **truncation**, a change of **mode**, of **owner**, of **times** or of an **extended attribute** is lost or done. Owner and group change
 *   together, and with them the bits that chown takes away: one record of the inode.
 * - What a successful sync has followed is done, always. What a failed sync has followed may be lost or done (or torn)
 *   permanently, whatever syncs follow.
 *
 * The time of modification that a write leaves comes with any part of it. It alone makes no state of its own, unless
 * times were set explicitly: then every difference counts.
 */
import {
  applyFileChange,
  type Chain,
  fateAt,
  type FileChange,
  type FileNode,
  type FileState,
  inOrder,
} from "../machine/disk_node.ts";
import type { SeededRandom } from "../random.ts";

/** How writes may be torn. */
export interface Tearing {
  /** Bytes that reach the medium together, aligned to their own size. */
  readonly sectorSize: number;
  /** In how many pieces a write is cut at most; the cuts are spread evenly over its sector boundaries. */
  readonly pieces: number;
}

type Write = FileChange & { readonly kind: "write" };

/** Where the pieces of a write end, in bytes from its beginning. */
function pieceEnds(offset: number, length: number, tearing: Tearing): number[] {
  const { sectorSize, pieces } = tearing;
  const first = sectorSize - (offset % sectorSize);
  const boundaries = Math.max(0, Math.ceil((length - first) / sectorSize));
  if (boundaries === 0) return length > 1 && pieces > 1 ? [length >> 1, length] : [length];
  const cuts = Math.min(boundaries, pieces - 1);
  const ends = new Set<number>();
  for (let cut = 0; cut < cuts; cut++) {
    const boundary = cuts === boundaries ? cut : Math.floor(((cut + 1) * boundaries) / (cuts + 1));
    ends.add(first + boundary * sectorSize);
  }
  return [...ends, length];
}

/** The state in which the length covers the first `grown` pieces, and the data of those in `mask` has arrived. */
function tornWrite(state: FileState, change: Write, ends: readonly number[], grown: number, mask: number): FileState {
  const size = Math.max(state.content.size, change.offset + (ends[grown - 1] ?? 0));
  let content = state.content.resize(size);
  let start = 0;
  for (let piece = 0; piece < grown; piece++) {
    const end = ends[piece] ?? start;
    if ((mask & (1 << piece)) !== 0) content = content.write(change.offset + start, change.bytes.subarray(start, end));
    start = end;
  }
  return { ...state, content, modified: change.modified };
}

/** Every outcome of one change that is neither lost nor done. */
function* partly(state: FileState, change: FileChange, tearing: Tearing): Generator<FileState> {
  if (change.kind !== "write") return;
  const ends = pieceEnds(change.offset, change.bytes.length, tearing);
  const extends_ = change.offset + change.bytes.length > state.content.size;
  for (let grown = extends_ ? 1 : ends.length; grown <= ends.length; grown++) {
    for (let mask = 0; mask < 1 << grown; mask++) yield tornWrite(state, change, ends, grown, mask);
  }
}

const setsTimes = (links: readonly Chain<FileChange>[]): boolean => links.some(({ change }) => change.kind === "times");

/** Equal for two states exactly when nothing that counts tells them apart. */
function keyOf(state: FileState, times: boolean): string {
  const { content, mode, user, group, modified, extended } = state;
  const attributes = extended === undefined ? "" : [...extended].map(([name, value]) => `${name}=${value}`).join();
  return `${mode} ${user} ${group} ${times ? modified : ""} ${attributes} ${content.key()}`;
}

/** A state, and what tells it from others. */
export interface FileOutcome {
  readonly state: FileState;
  readonly key: string;
}

/** Every distinct outcome behind `level` barriers, all lost first; undefined when there are more than `limit`. */
export function fileOutcomes(
  node: FileNode,
  level: number,
  tearing: Tearing,
  limit: number,
): FileOutcome[] | undefined {
  const links = inOrder(node.changes);
  const times = setsTimes(links);
  let states = new Map([[keyOf(node.durable, times), node.durable]]);
  for (const link of links) {
    const { change } = link;
    const fate = fateAt(link, level);
    if (fate === "lost") continue;
    const next = new Map<string, FileState>();
    const add = (state: FileState) => {
      const key = keyOf(state, times);
      if (!next.has(key)) next.set(key, state);
    };
    for (const state of states.values()) {
      if (fate !== "kept") {
        add(state);
        for (const torn of partly(state, change, tearing)) add(torn);
      }
      add(applyFileChange(state, change));
      if (next.size > limit) return undefined;
    }
    states = next;
  }
  return [...states].map(([key, state]) => ({ key, state }));
}

/** One outcome by chance behind `level` barriers: each change is lost with probability `loss`, and torn now and then. */
export function chanceFileOutcome(
  node: FileNode,
  level: number,
  tearing: Tearing,
  random: SeededRandom,
  loss: number,
): FileOutcome {
  const links = inOrder(node.changes);
  let state = node.durable;
  for (const link of links) {
    const { change } = link;
    const fate = fateAt(link, level);
    if (fate === "lost" || (fate !== "kept" && random.chance(loss))) continue;
    if (fate !== "kept" && loss > 0 && change.kind === "write" && random.chance(0.3)) {
      const ends = pieceEnds(change.offset, change.bytes.length, tearing);
      const grown = 1 + random.below(ends.length);
      state = tornWrite(state, change, ends, grown, random.below(1 << grown));
    } else state = applyFileChange(state, change);
  }
  return { state, key: keyOf(state, setsTimes(links)) };
}
