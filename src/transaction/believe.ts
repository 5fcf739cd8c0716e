/**
 * Which of the directories that a journal names take part in its recovery.
 *
 * The journal itself is one that counts (protocol/trust.ts). That it cannot reach into a directory that has nothing to do
 * with it: a directory other than its own must hold the transaction's marker, which counts likewise, names the directory
 * of the journal, and belongs to the journal's owner (or the journal to root).
 */
import type { Operation } from "../core/operation.ts";
import type { ParentDirectory } from "../protocol/directories.ts";
import { isCredible, type Trust } from "../protocol/trust.ts";
import type { Examined } from "./examine.ts";
import { anchorOf, readMarker } from "./marker.ts";

/** Why a directory that a journal names is left alone; undefined when it takes part. */
export function* refusal(
  { id, home, status }: Examined,
  other: ParentDirectory | undefined,
  trust: Trust,
): Operation<"unreachable" | "untrusted" | undefined> {
  if (other === undefined) return "unreachable";
  const found = yield* readMarker(other, id);
  // Nothing says whether the marker was never there or another file system is mounted here now.
  if (found === undefined) return "unreachable";
  const { marker } = found;
  if (marker === undefined || !(yield* isCredible(other, found.status, trust))) return "untrusted";
  if (marker.anchor !== anchorOf(home.status) && marker.directory !== home.path) return "untrusted";
  const sameOwner = found.status.user === status.user || status.user === 0;
  return sameOwner || !home.engine.capabilities.owner ? undefined : "untrusted";
}
