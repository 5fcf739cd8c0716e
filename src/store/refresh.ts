/**
 * An object that is there already: verified, made young, and synced — for who put it may not have synced it yet.
 *
 * Called in the store's shared lock: from then on the collector takes it for new. Nothing is changed but its age.
 */
import { atMilliseconds } from "../runtime/times.ts";
import { type Operation, wait } from "../core/operation.ts";
import type { Attempt } from "../protocol/failure.ts";
import { closeQuietly, digestOf, readAll } from "../protocol/file_call.ts";
import { inDirectory, isGone } from "../protocol/in_directory.ts";
import type { Digest } from "../protocol/names/store.ts";
import { syncFile } from "../protocol/sync.ts";
import { isDistrusted } from "../protocol/sync_ledger.ts";
import { syncsFile } from "../protocol/write_plan.ts";
import type { OpenFile } from "../runtime/runtime.ts";
import { SystemError } from "../runtime/system_error.ts";
import type { StoreContext } from "./store.ts";

/**
 * What was found: the object; nothing; other content; the object, but its age is not ours to change; or the object, but
 * a sync has failed on its file system: it may be in memory alone.
 */
interface Refreshed {
  readonly state: "good" | "absent" | "damaged" | "not-ours" | "doubtful";
  readonly fileSynced: boolean;
}

/** Looks at an object that is to be there. */
export function* refresh(context: StoreContext, digest: Digest, attempt: Attempt): Operation<Refreshed> {
  const { plan } = context;
  const file = yield* openObject(context, digest, attempt);
  if (file === undefined) return { state: "absent", fileSynced: false };
  try {
    if ((yield* readableDigest(context, file)) !== digest) return { state: "damaged", fileSynced: false };
    if (!(yield* makeYoung(context, file))) return { state: "not-ours", fileSynced: false };
    if (!syncsFile(plan.durability)) return { state: "good", fileSynced: false };
    const { directory } = context.place(digest);
    const place = { path: directory, status: yield* wait(file.stat()) };
    if (isDistrusted(context.engine, place.status.device)) return { state: "doubtful", fileSynced: false };
    const fileSynced = yield* syncFile(context.engine, { file, place }, plan, attempt);
    return { state: "good", fileSynced };
  } finally {
    yield* closeQuietly(file);
  }
}

/** Read in one piece: a buffer for pieces costs more than reading this much. */
const smallSize = 256 * 1024;

/** A medium that cannot give the bytes back has damaged them, too. */
function* readableDigest(context: StoreContext, file: OpenFile): Operation<Digest | undefined> {
  try {
    const { size } = yield* wait(file.stat());
    if (size > smallSize) return yield* digestOf(context.engine, file);
    const hash = context.engine.runtime.createHash();
    hash.update(yield* readAll(file));
    return hash.digest();
  } catch (error) {
    if (error instanceof SystemError && error.code === "EIO" && error.call === "read") return undefined;
    throw error;
  }
}

/** Opens an object; undefined when there is none. */
export function* openObject(
  context: StoreContext,
  digest: Digest,
  attempt: Attempt,
): Operation<OpenFile | undefined> {
  // What is read is judged by its digest, wherever it is.
  const engine = { ...context.engine, unsafePath: "allow" } as const;
  const { directory, name } = context.place(digest);
  try {
    return yield* inDirectory({ engine, directory, attempt }, (names) => wait(names.open(name, "read")));
  } catch (error) {
    if (isGone(error)) return undefined;
    throw error;
  }
}

/**
 * Only its owner may set a file's time. The time always moves: by it the collector sees that an object was put again.
 */
function* makeYoung(context: StoreContext, file: OpenFile): Operation<boolean> {
  const { modified } = yield* wait(file.stat());
  const young = Math.max(context.engine.runtime.clock.now(), Math.floor(modified) + 1);
  try {
    yield* wait(file.setTimes(atMilliseconds(young)));
    return true;
  } catch (error) {
    if (error instanceof SystemError && ["EPERM", "EACCES", "EROFS"].includes(error.code)) return false;
    throw error;
  }
}
