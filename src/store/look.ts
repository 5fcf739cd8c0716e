/** What is known of an object without reading it. */
import { type Operation, wait } from "../core/operation.ts";
import { translate } from "../protocol/failure.ts";
import type { Digest } from "../protocol/names/store.ts";
import type { FileStatus } from "../runtime/runtime.ts";
import type { StoreContext } from "./store.ts";

/** What is at its place; undefined when there is nothing. */
export function* statusOf(context: StoreContext, digest: Digest): Operation<FileStatus | undefined> {
  const { path } = context.place(digest);
  try {
    return yield* wait(context.engine.fileSystem.linkStat(path));
  } catch (error) {
    throw translate(error, context.attempt("Cannot look at", path));
  }
}

/** Its size in bytes; undefined when there is none. */
export function* sizeOf(context: StoreContext, digest: Digest): Operation<number | undefined> {
  const status = yield* statusOf(context, digest);
  return status?.kind === "file" ? status.size : undefined;
}
