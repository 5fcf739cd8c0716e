/**
 * Files that are mount points themselves, as containers get single files: no rename can replace them (EBUSY), which
 * would show only after the commit point, at the one file, when others have been replaced already.
 *
 * Only reads. Where the system does not say what is mounted, the rename tells.
 */
import type { Operation } from "../core/operation.ts";
import type { Engine } from "../protocol/engine.ts";
import { type Attempt, attemptFailed } from "../protocol/failure.ts";
import { realPathOf } from "./real_path.ts";
import type { Change } from "./transaction.ts";

/** Refuses changes of files that are mount points. */
export function* refuseMountPoints(engine: Engine, changes: readonly Change[], attempt: Attempt): Operation<void> {
  const existing = changes.filter(({ before }) => before.status !== undefined);
  const mounted = new Set(existing.length === 0 ? [] : engine.runtime.process.mountPoints?.() ?? []);
  if (mounted.size === 0) return;
  const directories = new Map<string, string | undefined>();
  for (const { participant: { home, name, path } } of existing) {
    if (!directories.has(home.path)) directories.set(home.path, yield* realPathOf(engine, home.path));
    const directory = directories.get(home.path);
    if (directory === undefined || !mounted.has(`${directory === "/" ? "" : directory}/${name}`)) continue;
    const reason = "it is mounted as a single file, and cannot be replaced there";
    throw attemptFailed({ ...attempt, path }, "EBUSY", "resolve", reason);
  }
}
