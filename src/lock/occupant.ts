/**
 * What is at the place of a lock directory. Only looks; a directory that is not a lock of ours is refused.
 */
import { type Operation, wait } from "../core/operation.ts";
import { attemptFailed } from "../protocol/failure.ts";
import { type LockToken, parseTokenName } from "../protocol/names/names.ts";
import { isFreed } from "./token.ts";
import type { FileStatus } from "../runtime/runtime.ts";
import { SystemError } from "../runtime/system_error.ts";
import type { LockDirectoryRequest } from "./held_lock.ts";

/** What is at the place. */
export type Occupant =
  | { readonly kind: "free" }
  | { readonly kind: "file" }
  /** Another program's lock: an empty directory whose time somebody keeps fresh. */
  | { readonly kind: "foreign" }
  /** `alone`: there is no second token, as a copy of an older state of the directory may leave one. */
  | { readonly kind: "held"; readonly name: string; readonly token: LockToken; readonly alone: boolean };

/** Looks at the place. */
export function* occupantOf(request: LockDirectoryRequest): Operation<Occupant> {
  const { engine, lockPath, attempt } = request;
  const status = yield* wait(engine.fileSystem.linkStat(lockPath));
  if (status === undefined) return { kind: "free" };
  const show = JSON.stringify(lockPath);
  if (status.kind === "file") return { kind: "file" };
  if (status.kind !== "directory") {
    throw attemptFailed(attempt, "EINVAL", "rename", `${show} is neither a lock directory nor a lock file`);
  }
  const names = yield* namesAt(request);
  const tokens = names.map(parseTokenName);
  if (tokens.includes(undefined)) {
    const reason = `${show} is another program's directory, not a lock`;
    throw attemptFailed(attempt, "EEXIST", "readDirectory", { reason, remedy: { use: "lockDirectory" } });
  }
  // A directory that is read while a token is renamed may show it twice, or not at all: the last name is the one.
  const token = tokens.at(-1);
  const name = names.at(-1);
  if (token === undefined && isFresh(request, status) && !(yield* isFreed(request))) return { kind: "foreign" };
  return token === undefined || name === undefined
    ? { kind: "free" }
    : { kind: "held", name, token, alone: names.length === 1 };
}

/**
 * proper-lockfile's lock is an empty directory whose time it renews, by default every 5 s; one that is older than 10 s it
 * calls stale.
 * https://github.com/moxystudio/node-proper-lockfile#lockfile-options
 */
const freshTime = 10_000;

function isFresh({ engine }: LockDirectoryRequest, { modified }: FileStatus): boolean {
  return engine.runtime.clock.now() - modified < freshTime;
}

/** The names in it, in the order of their stamps; none when it is not there, or not a directory any more. */
export function* namesAt({ engine, lockPath }: LockDirectoryRequest): Operation<string[]> {
  try {
    const entries = yield* wait(engine.fileSystem.readDirectory(lockPath));
    const stampOf = (name: string) => parseTokenName(name)?.stamp ?? 0;
    return (entries ?? []).map((entry) => entry.name).sort((a, b) => stampOf(a) - stampOf(b));
  } catch (error) {
    if (error instanceof SystemError && error.code === "ENOTDIR") return [];
    throw error;
  }
}
