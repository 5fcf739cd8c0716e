/**
 * Taking single objects away, on request: removed (`removeObject`), or moved to where damaged ones are kept
 * (`quarantineObject`).
 *
 * Inside the store's exclusive lock, so that a process that puts the same object has done so before or does it after:
 * look → unlink or rename → sync the directories. A damaged object is verified once more in there, for somebody may have
 * put its content again; a power cut while it is moved may leave it in neither directory. After a failure the object is
 * where it was; `targetState` says so, or that it is gone but that
 * this is not proven durable.
 */
import { type Operation, wait } from "../core/operation.ts";
import { closeParent, openParent } from "../protocol/directories.ts";
import { childOf } from "../protocol/engine.ts";
import { type Attempt, translate } from "../protocol/failure.ts";
import { type Digest, quarantineName } from "../protocol/names/store.ts";
import { removeIn } from "../protocol/reported_failure.ts";
import { syncDirectory } from "../protocol/sync.ts";
import { reachedDurability } from "../protocol/write_plan.ts";
import { judgeObject } from "./get.ts";
import type { StoreContext } from "./store.ts";

/** Removes an object; false when there is none. */
export function* removeObject(context: StoreContext, digest: Digest): Operation<boolean> {
  const { engine, plan } = context;
  const { directory, name, path } = context.place(digest);
  const attempt = context.attempt("Cannot remove", path);
  try {
    return yield* context.locked(false, function* (hold) {
      // Sync even if there is nothing to remove: the process that removed it may not have synced yet.
      if ((yield* wait(engine.fileSystem.stat(directory))) === undefined) return false;
      const parent = yield* openParent(engine, directory, plan, attempt);
      try {
        yield* hold.confirm("unchanged");
        const removed = yield* removeIn(parent, name);
        if (removed) attempt.targetState = "replaced";
        yield* syncNames(context, parent, attempt);
        return removed;
      } finally {
        yield* closeParent(parent);
      }
    }, (removed) => removed ? "replaced" : "unchanged");
  } catch (error) {
    throw translate(error, attempt);
  }
}

/** Moves a damaged object out of the way, under its digest; false when it is gone or good by now. */
export function* quarantineObject(context: StoreContext, digest: Digest): Operation<boolean> {
  const { engine, plan } = context;
  const { directory, name, path } = context.place(digest);
  const attempt = context.attempt("Cannot quarantine", path);
  const quarantine = childOf(engine, context.directory, quarantineName);
  try {
    yield* context.makeDirectory(quarantine, attempt);
    return yield* context.locked(false, function* (hold) {
      const status = yield* wait(engine.fileSystem.linkStat(path));
      if (status === undefined) return false;
      if (status.kind === "file" && (yield* judgeObject(context, digest)) !== "corrupt") return false;
      const from = yield* openParent(engine, directory, plan, attempt);
      try {
        const to = yield* openParent(engine, quarantine, plan, attempt);
        try {
          yield* hold.confirm("unchanged");
          yield* wait(from.names.rename(name, to.names, digest));
          attempt.targetState = "replaced";
          yield* syncNames(context, to, attempt);
          yield* syncNames(context, from, attempt);
        } finally {
          yield* closeParent(to);
        }
      } finally {
        yield* closeParent(from);
      }
      return true;
    }, (moved) => moved ? "replaced" : "unchanged");
  } catch (error) {
    throw translate(error, attempt);
  }
}

function* syncNames(
  context: StoreContext,
  parent: Parameters<typeof syncDirectory>[1],
  attempt: Attempt,
): Operation<void> {
  const { engine, plan } = context;
  const synced = yield* syncDirectory(engine, parent, plan, attempt);
  context.note(reachedDurability(plan.durability, synced, synced));
}
