/**
 * Which generations nobody needs any more: neither the published one, nor one of the last before it, nor one that was
 * replaced so short a time ago that readers may still be in it. Only looks.
 */
import { type Operation, wait } from "../core/operation.ts";
import { generationName, parseGenerationName } from "../protocol/names/generation.ts";
import type { Generation, Publication } from "./publication.ts";

/** Their names. `current`: the published one; empty where another one is about to be. */
export function* outdatedGenerations(
  publication: Publication,
  current: string,
  { keep, grace }: { readonly keep: number; readonly grace: number },
): Operation<string[]> {
  const outdated: string[] = [];
  const now = publication.engine.runtime.clock.now();
  let earlier = 0;
  // The one that is published now was published last.
  let replaced = now;
  for (const generation of yield* publication.generations()) {
    const { name, withdrawn } = generation;
    const since = withdrawn === undefined ? replaced : yield* seenAt(publication, withdrawn, markOf(generation));
    if (withdrawn === undefined) replaced = Math.min(replaced, yield* seenAt(publication, generation.time, name));
    const isKept = withdrawn === undefined && name !== current && ++earlier <= keep;
    if (name !== current && !isKept && Math.max(0, now - since) >= grace) outdated.push(name);
  }
  return outdated;
}

/** A time in a name; where the clock was in the future then, when the name was made, as the file system says. */
function* seenAt({ engine, home }: Publication, time: number, name: string): Operation<number> {
  const now = engine.runtime.clock.now();
  if (time <= now) return time;
  const status = yield* wait(home.names.linkStat(name));
  return Math.min(now, status?.changed ?? status?.modified ?? now);
}

function markOf({ name, withdrawn: time = 0 }: Generation): string {
  const parsed = parseGenerationName(name, "directory");
  return parsed === undefined ? name : generationName({ ...parsed, time, kind: "withdrawn" });
}
