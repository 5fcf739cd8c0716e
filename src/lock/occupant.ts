/**
 * What is at the place of a lock directory. Only looks; a directory that is not a lock of ours is refused.
 */
import { type Operation, wait } from "../core/operation.ts";
import { attemptFailed } from "../protocol/failure.ts";
import { type LockToken, parseTokenName } from "../protocol/names.ts";
import type { LockRequest } from "./held_lock.ts";

/** What is at the place. */
export type Occupant =
  | { readonly kind: "free" }
  | { readonly kind: "file" }
  | { readonly kind: "held"; readonly name: string; readonly token: LockToken };

/** As much of a request as it takes to look at a lock directory, or to free it. */
export type LockDirectoryRequest = Pick<LockRequest, "engine" | "lockPath" | "attempt">;

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
  const entries = (yield* wait(engine.fileSystem.readDirectory(lockPath))) ?? [];
  const name = entries[0]?.name;
  if (name === undefined) return { kind: "free" };
  const token = parseTokenName(name);
  if (token === undefined || entries.length > 1) {
    throw attemptFailed(
      attempt,
      "EEXIST",
      "rename",
      `${show} is somebody's directory, not a lock; choose a lockDirectory`,
    );
  }
  return { kind: "held", name, token };
}
