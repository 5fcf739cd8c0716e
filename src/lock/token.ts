/**
 * What is done to the token in a lock directory: each is one atomic rename or removal, and says whether it was done.
 */
import { type Operation, wait } from "../core/operation.ts";
import { childOf, type Engine } from "../protocol/engine.ts";
import { closeQuietly } from "../protocol/file_call.ts";
import { type LockToken, newToken, tokenName } from "../protocol/names/names.ts";
import { removeName } from "../protocol/reported_failure.ts";
import { SystemError } from "../runtime/system_error.ts";
import type { LockRequest } from "./held_lock.ts";
import type { LockDirectoryRequest } from "./occupant.ts";

/** The path of a token in a lock directory. */
export function tokenPath({ engine, lockPath }: LockDirectoryRequest, token: LockToken): string {
  return childOf(engine, lockPath, tokenName(token));
}

const isMissing = (error: unknown): error is SystemError =>
  error instanceof SystemError && (error.code === "ENOENT" || error.code === "ENOTDIR");

/** Renames a token; false when it is not there any more. */
export function* exchangeToken(request: LockDirectoryRequest, from: string, to: LockToken): Operation<boolean> {
  const { engine, lockPath } = request;
  const path = tokenPath(request, to);
  try {
    yield* wait(engine.fileSystem.rename(childOf(engine, lockPath, from), path));
    return true;
  } catch (error) {
    // A network file system may say so of what it has carried out. The new name is nobody else's, and opening it is
    // what no cache has an answer for.
    if (yield* canOpen(engine, path)) return true;
    if (!isMissing(error)) throw error;
    return false;
  }
}

/** Whether there is a file by that name; also one that may not be read. */
function* canOpen(engine: Engine, path: string): Operation<boolean> {
  try {
    const file = yield* wait(engine.fileSystem.open(path, "read"));
    if (file !== undefined) yield* closeQuietly(file);
    return file !== undefined;
  } catch (error) {
    if (!(error instanceof SystemError)) throw error;
    return error.code === "EACCES";
  }
}

/** Whether a token is in the lock directory. */
export function* isThere(request: LockDirectoryRequest, token: LockToken): Operation<boolean> {
  return (yield* wait(request.engine.fileSystem.linkStat(tokenPath(request, token)))) !== undefined;
}

/** Removes the free lock directory, unless somebody has taken it meanwhile. */
export function* removeEmpty(request: Pick<LockRequest, "engine" | "lockPath">): Operation<void> {
  try {
    yield* wait(request.engine.fileSystem.removeDirectory(request.lockPath));
  } catch (error) {
    const taken = ["ENOTEMPTY", "EEXIST", "ENOTDIR"];
    if (!(error instanceof SystemError && taken.includes(error.code))) throw error;
  }
}

/** Takes a token over and frees the lock; false when it is not there any more. */
export function* removeToken(request: LockDirectoryRequest, name: string, generation: number): Operation<boolean> {
  const { engine } = request;
  const { process } = engine.runtime;
  const ours = newToken(process.facts(), false, generation + 1, (length) => engine.runtime.random(length));
  if (!(yield* exchangeToken(request, name, ours))) return false;
  yield* removeName(engine, tokenPath(request, ours));
  yield* removeEmpty(request);
  return true;
}
