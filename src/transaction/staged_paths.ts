/**
 * What `validate` receives: where the new content of each file is, under every path by which somebody may look for it.
 *
 * A configuration names a certificate as the plan does (`live/site/key.pem`, a symlink), not by where the symlink leads.
 * A validator that finds only real paths replaces nothing, and looks at the old file.
 */
import type { Operation } from "../core/operation.ts";
import type { Engine } from "../protocol/engine.ts";
import type { RequestedFile } from "./planned_files.ts";
import type { Participant } from "./participants.ts";
import { realPathOf } from "./real_path.ts";
import type { StagedChange } from "./transaction.ts";

/** By each path of each file that is not removed, where its new content is now; of one that is left alone, its path. */
export function* stagedPaths(
  engine: Engine,
  participants: readonly Participant[],
  files: readonly RequestedFile[],
  changes: readonly StagedChange[],
): Operation<Map<string, string>> {
  const stages = new Map(changes.map(({ index, staged }) => [index, staged?.temporary.path]));
  const staged = new Map<string, string>();
  for (const [index, { path }] of participants.entries()) {
    if (files[index]?.removes) continue;
    const { given, path: absolute } = files[index] ?? { given: path, path };
    const real = (yield* realPathOf(engine, path)) ?? path;
    const place = stages.get(index) ?? real;
    for (const each of [given, absolute, path, real]) staged.set(each, place);
  }
  return staged;
}
