/**
 * Ends what dead processes have begun at a published directory, before anything else is done there under its lock.
 *
 * 1. What is seen is made durable. 2. An adoption that stopped in the middle is ended. 3. What was being built, was never
 * published, or is half removed goes, and so do marks about nothing.
 *
 * After a failure the next call begins here again; what cannot be removed is named and does not stop the rest.
 */
import { type Operation, wait } from "../core/operation.ts";
import type { CleanupFailure } from "../protocol/failure.ts";
import { renameName } from "../protocol/reported_failure.ts";
import type { Publication } from "./publication.ts";
import { removeTree } from "./tree.ts";

/** What could not be removed is answered. */
export function* tidyPublication(publication: Publication): Operation<CleanupFailure[]> {
  const { fileSystem } = publication.engine;
  const left: CleanupFailure[] = [];
  const found = yield* publication.found();
  // What is seen may not be durable: its owner may have been killed between a rename and its sync.
  if (found.some(({ parsed: { kind } }) => kind !== "generation" && kind !== "withdrawn")) yield* publication.sync();
  for (const { name, parsed: { kind } } of found) {
    if (kind !== "adoption") continue;
    if ((yield* wait(fileSystem.linkStat(publication.path))) === undefined) yield* endAdoption(publication, name);
    else yield* wait(fileSystem.remove(publication.at(name)));
  }
  const current = yield* publication.current();
  const published = current.kind === "generation" ? current.name : undefined;
  for (const { name, parsed } of found) {
    if (parsed.kind === "building" || parsed.kind === "discarded") {
      left.push(...yield* removeTree(publication.engine, publication.at(name)));
    }
    if (parsed.kind === "publication") left.push(...yield* forget(publication, name, published));
    if (parsed.kind === "switch") yield* wait(fileSystem.remove(publication.at(name)));
    if (parsed.kind !== "withdrawn") continue;
    const about = found.find((each) => each.parsed.kind === "generation" && each.parsed.id === parsed.id);
    if (about === undefined || about.name === published) yield* wait(fileSystem.remove(publication.at(name)));
  }
  return left;
}

/** The directory was moved, but the symlink in its place was not. */
function* endAdoption(publication: Publication, link: string): Operation<void> {
  const { fileSystem } = publication.engine;
  const text = (yield* wait(fileSystem.readLink(publication.at(link)))) ?? "";
  const moved = publication.isGeneration(text) ? yield* wait(fileSystem.linkStat(publication.at(text))) : undefined;
  if (moved?.kind === "directory") yield* renameName(publication.engine, publication.at(link), publication.path);
  else yield* wait(fileSystem.remove(publication.at(link)));
  yield* publication.sync();
}

/** A generation that was about to be published, and never was. */
function* forget(publication: Publication, link: string, published: string | undefined): Operation<CleanupFailure[]> {
  const { fileSystem } = publication.engine;
  const text = (yield* wait(fileSystem.readLink(publication.at(link)))) ?? "";
  const there = publication.isGeneration(text) && text !== published &&
    (yield* wait(fileSystem.linkStat(publication.at(text))))?.kind === "directory";
  const left = there ? yield* publication.discard(text) : [];
  yield* wait(fileSystem.remove(publication.at(link)));
  return left;
}
