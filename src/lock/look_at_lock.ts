/**
 * Who holds a lock, as far as it can be told from here: from what the holder wrote, or from the system's list of locks.
 *
 * Looking never takes the lock, not even for a moment: a probing lock would make a try-lock of somebody else fail.
 */
import { type Operation, wait } from "../core/operation.ts";
import type { Engine } from "../protocol/engine.ts";
import { attemptFailed } from "../protocol/failure.ts";
import { closeQuietly } from "../protocol/file_call.ts";
import type { FileStatus } from "../runtime/runtime.ts";
import type { LockInfo } from "./lock_info.ts";
import { type LockDirectoryRequest, occupantOf } from "./occupant.ts";
import { type OwnerRecord, parseRecord, recordSize } from "./owner_record.ts";

function* readRecord(engine: Engine, path: string): Operation<OwnerRecord | undefined> {
  const file = yield* wait(engine.fileSystem.open(path, "read", { follow: false }));
  if (file === undefined) return undefined;
  try {
    const bytes = new Uint8Array(recordSize);
    return parseRecord(bytes.subarray(0, yield* wait(file.read(bytes))));
  } finally {
    yield* closeQuietly(file);
  }
}

function livenessOf(engine: Engine, record: OwnerRecord): LockInfo["liveness"] {
  const { pid, started, boot, namespace } = record;
  if (pid === undefined || started === undefined || boot === undefined || namespace === undefined) return "unknown";
  return engine.runtime.process.liveness({ pid, started, boot, namespace });
}

function* inspectFile(engine: Engine, path: string, status: FileStatus): Operation<LockInfo | undefined> {
  const record = yield* readRecord(engine, path);
  if (record !== undefined) {
    const liveness = livenessOf(engine, record);
    // The kernel's lock has gone with the process; only the words are left.
    if (liveness !== "dead") return { path, backend: "flock", liveness, ...record };
  }
  const holder = engine.runtime.process.lockHolder(status);
  return holder === undefined ? undefined : { path, backend: "flock", liveness: "alive", pid: holder.pid };
}

function* inspectDirectory(request: LockDirectoryRequest): Operation<LockInfo | undefined> {
  const occupant = yield* occupantOf(request);
  if (occupant.kind !== "held") return undefined;
  const { facts, random } = occupant.token;
  const liveness = facts === undefined ? "unknown" : request.engine.runtime.process.liveness(facts);
  return { path: request.lockPath, backend: "directory", liveness, ...facts, token: random };
}

/** Looks at the lock at its place; undefined when nobody holds it. */
export function* lookAtLock(request: LockDirectoryRequest): Operation<LockInfo | undefined> {
  const { engine, lockPath, attempt } = request;
  const status = yield* wait(engine.fileSystem.linkStat(lockPath));
  if (status === undefined) return undefined;
  if (status.kind === "directory") return yield* inspectDirectory(request);
  if (status.kind === "file") return yield* inspectFile(engine, lockPath, status);
  throw attemptFailed(attempt, "EINVAL", "open", `${JSON.stringify(lockPath)} is not a lock`);
}
