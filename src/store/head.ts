/**
 * HEAD: where one stands, on a reference or detached on a digest. Changed like a reference, inside the same lock.
 */
import type { Operation } from "../core/operation.ts";
import { childOf } from "../protocol/engine.ts";
import { takeTicket } from "../protocol/commit_turn.ts";
import { translate } from "../protocol/failure.ts";
import { readSmall } from "../protocol/file_call.ts";
import { type Digest, headName } from "../protocol/names/store.ts";
import { leadsElsewhere, readReference, writeReference } from "./reference_body.ts";
import { formatHead, type Head, type HeadTarget, longestReference, parseHead } from "./reference_format.ts";
import type { StoreContext } from "./store.ts";

/** Where one stands; undefined before `setHead`. */
export function* readHead(context: StoreContext): Operation<Head | undefined> {
  const path = childOf(context.engine, context.directory, headName);
  const target = yield* readHeadTarget(context, path);
  if (target === undefined || "digest" in target) return target;
  const digest = yield* readReference(context, target.name);
  return digest === undefined ? target : { name: target.name, digest };
}

function* readHeadTarget(
  context: StoreContext,
  path: string,
): Operation<{ name: string } | { digest: Digest } | undefined> {
  try {
    const bytes = yield* readSmall(context.engine, path, longestReference);
    return bytes === undefined ? undefined : parseHead(bytes, path);
  } catch (error) {
    throw translate(error, context.attempt("Cannot read", path));
  }
}

/** Stands somewhere else. */
export function* setHead(
  context: StoreContext,
  target: HeadTarget,
  expected: HeadTarget | null | undefined,
): Operation<void> {
  const path = childOf(context.engine, context.directory, headName);
  const attempt = context.attempt("Cannot set", path);
  const text = formatHead(target);
  const wanted = expected === undefined || expected === null ? expected : formatHead(expected);
  try {
    yield* context.locked(false, function* (hold) {
      if (wanted !== undefined) {
        const now = yield* readHeadTarget(context, path);
        const actual = now === undefined ? null : formatHead("digest" in now ? now : now.name);
        if (actual !== wanted) throw leadsElsewhere(attempt, wanted?.trim() ?? null, actual?.trim() ?? null);
      }
      yield* writeReference(context, { path, text, ticket: takeTicket() }, () => hold.confirm("unchanged"));
    });
  } catch (error) {
    throw translate(error, attempt);
  }
}
