/**
 * Keeping an existing object for a caller that is about to refer to it and does not have its content.
 *
 * In the store's shared lock it is verified, made young and synced, as by a put. Only where its age is not ours to change
 * (another user's object), or a sync has failed on its file system, is it put again, from itself. After a failure nothing has changed but perhaps its age.
 */
import { ConflictError } from "../core/errors.ts";
import type { Operation } from "../core/operation.ts";
import { closeParent, openParent } from "../protocol/directories.ts";
import { type Attempt, translate } from "../protocol/failure.ts";
import type { Digest } from "../protocol/names/store.ts";
import { syncDirectory } from "../protocol/sync.ts";
import { reachedDurability } from "../protocol/write_plan.ts";
import { putObjects } from "./put.ts";
import { refresh } from "./refresh.ts";
import { damaged, type StoreContext } from "./store.ts";

/** Whether the object is there, and stays for the grace period of any collection. */
export function* keepObject(context: StoreContext, digest: Digest): Operation<boolean> {
  const { path } = context.place(digest);
  const attempt = context.attempt("Cannot keep", path);
  try {
    const { state, fileSynced } = yield* context.locked(true, function* (hold) {
      const found = yield* refresh(context, digest, attempt);
      yield* hold.confirm("unchanged");
      return found;
    }, () => "unchanged");
    if (state === "absent") return false;
    if (state === "damaged") throw damaged(path, digest, `the content of object ${digest} is damaged`);
    if (state === "not-ours" || state === "doubtful") return yield* putAgain(context, digest);
    yield* syncName(context, digest, fileSynced, attempt);
    return true;
  } catch (error) {
    throw translate(error, attempt);
  }
}

/** The process that put it may not have synced its name yet, nor that of the directory it is in. */
function* syncName(context: StoreContext, digest: Digest, fileSynced: boolean, attempt: Attempt): Operation<void> {
  const { engine, plan } = context;
  const { directory } = context.place(digest);
  yield* context.makeDirectory(directory, attempt);
  const parent = yield* openParent(engine, directory, plan, attempt);
  try {
    const synced = yield* syncDirectory(engine, parent, plan, attempt);
    context.note(reachedDurability(plan.durability, fileSynced, synced));
  } finally {
    yield* closeParent(parent);
  }
}

function* putAgain(context: StoreContext, digest: Digest): Operation<boolean> {
  const { path } = context.place(digest);
  const [outcome] = yield* putObjects(context, [{
    content: { kind: "file", path },
    expected: digest,
    signal: undefined,
  }]);
  if (outcome === undefined || "value" in outcome) return true;
  if (ConflictError.is(outcome.error)) throw damaged(path, digest, `the content of object ${digest} is damaged`);
  throw outcome.error;
}
