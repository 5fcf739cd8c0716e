/**
 * What publishing a directory would do beside the copy, as far as it can be determined by looking: without a lock, and
 * without a change.
 */
import type { FilePath } from "../core/options.ts";
import { type Operation, run } from "../core/operation.ts";
import { closeParent, openParent } from "../protocol/directories.ts";
import { nameOf, parentOf } from "../protocol/engine.ts";
import { beginAttempt, translate } from "../protocol/failure.ts";
import { outdatedGenerations } from "./outdated_generations.ts";
import { Publication } from "./publication.ts";
import { refusalToAdopt } from "./publish_directory.ts";
import { type PublishOptions, type PublishRequest, readPublishRequest } from "./publish_options.ts";

/** What would happen. */
export interface PublicationPreview {
  /** The published path. */
  readonly path: string;
  /** What would be published over, if that is nothing that was published before. */
  readonly adopts?: "directory" | "link";
  /** What is published now. */
  readonly previous?: string;
  /** Generations that would be removed afterwards. */
  readonly removed: readonly string[];
}

/** Looks at what is published. Throws what publishing would throw before it builds anything. */
export function previewPublication(path: FilePath, options: PublishOptions): Promise<PublicationPreview> {
  return run(() => lookAtPublication(readPublishRequest(path, options, false)));
}

function* lookAtPublication(request: PublishRequest): Operation<PublicationPreview> {
  const { engine, path, rules } = request;
  const attempt = beginAttempt("Cannot publish", path);
  try {
    const home = yield* openParent(engine, parentOf(engine, path), rules, attempt);
    try {
      const publication = new Publication(home, nameOf(engine, path), request, attempt);
      const current = yield* publication.current();
      refusalToAdopt(request, attempt)(current);
      // As if something newer were published: what is now counts as an earlier one.
      const removed = yield* outdatedGenerations(publication, "", request);
      return {
        path,
        ...current.kind === "directory" || current.kind === "link" ? { adopts: current.kind } : {},
        ...current.kind === "generation" ? { previous: publication.at(current.name) } : {},
        removed: removed.map((name) => publication.at(name)),
      };
    } finally {
      yield* closeParent(home);
    }
  } catch (error) {
    throw translate(error, attempt);
  }
}
