/**
 * Who holds a lock, as far as that can be determined from here: from what the holder wrote, or from the system's list
 * of locks.
 *
 * Looking never takes the lock, not even for a moment: a probing lock would make a try-lock of somebody else fail.
 */
import type { LockDirectoryRequest } from "./held_lock.ts";
import { type Operation, wait } from "../core/operation.ts";
import type { Engine } from "../protocol/engine.ts";
import { attemptFailed } from "../protocol/failure.ts";
import { closeQuietly, isLockedAgainstReading } from "../protocol/file_call.ts";
import { directoryTurnKey } from "./lock_directory.ts";
import { fileTurnKey } from "./lock_file.ts";
import { ownHold } from "./own_holds.ts";
import type { FileStatus } from "../runtime/runtime.ts";
import type { LockInfo } from "./lock_info.ts";
import { parseTokenName } from "../protocol/names/names.ts";
import { namesAt, occupantOf } from "./occupant.ts";
import { lockContent } from "./open_lock_file.ts";
import { type OwnerRecord, parseRecord, recordSize } from "./owner_record.ts";

/** `"held"`: somebody holds it in a way that keeps others from reading who that is. */
function* readRecord(
  engine: Engine,
  path: string,
  { identity }: FileStatus,
): Operation<OwnerRecord | "held" | undefined> {
  const file = yield* wait(engine.fileSystem.open(path, "read", { follow: false }));
  if (file === undefined) return undefined;
  try {
    const bytes = new Uint8Array(recordSize);
    return parseRecord(bytes.subarray(0, yield* wait(file.read(bytes))), identity);
  } catch (error) {
    if (isLockedAgainstReading(error)) return "held";
    throw error;
  } finally {
    yield* closeQuietly(file);
  }
}

function livenessOf(engine: Engine, record: OwnerRecord): LockInfo["liveness"] {
  const { pid, started, boot, namespace } = record;
  if (pid === undefined || started === undefined || boot === undefined || namespace === undefined) return "unknown";
  return engine.runtime.process.liveness({ pid, started, boot, namespace });
}

const heldFor = (path: string) => ({ path, backend: "flock", liveness: "alive", confirmed: true }) as const;

/** The record is what somebody wrote, and may have outlived the lock; what the kernel says of the lock comes first. */
function* inspectFile(engine: Engine, path: string, status: FileStatus): Operation<LockInfo | undefined> {
  const { process } = engine.runtime;
  const read = yield* readRecord(engine, path, status);
  // What this thread holds it knows itself; not every system has a list of its locks.
  const own = ownHold(fileTurnKey(engine, status.identity));
  const ours = own && { ...heldFor(path), shared: own.shared, pid: process.pid };
  if (read === "held") return ours ?? heldFor(path);
  const liveness = read === undefined ? "unknown" : livenessOf(engine, read);
  // The kernel's lock has gone with the process; only the words are left.
  const { file: _, ...record } = read !== undefined && liveness !== "dead" ? read : {};
  // A pid means something to the kernel's tables here only in the same pid namespace.
  const isNear = record.namespace !== undefined && record.namespace === process.facts()?.namespace;
  const holder = process.lockHolder(status.identity, isNear ? record.pid : undefined);
  if (holder === undefined && ours !== undefined) return record.pid === ours.pid ? { ...record, ...ours } : ours;
  if (holder === undefined) {
    const isSaid = read !== undefined && liveness !== "dead";
    return isSaid ? { path, backend: "flock", liveness, confirmed: false, ...record } : undefined;
  }
  if (holder === "nobody") return undefined;
  const { pid, shared } = holder;
  const known = { ...heldFor(path), shared, pid };
  if (isNear && pid === record.pid) return { ...record, ...known };
  const program = process.programOf?.(pid) ?? "";
  return program === "" ? known : { ...known, program };
}

function* inspectDirectory(request: LockDirectoryRequest): Operation<LockInfo | undefined> {
  const occupant = yield* occupantOf(request);
  const { lockPath: path } = request;
  if (occupant.kind === "foreign") return { path, backend: "directory", liveness: "unknown", confirmed: false };
  if (occupant.kind !== "held") return undefined;
  const { facts, random } = occupant.token;
  const found = { path, backend: "directory", confirmed: true, ...facts, token: random } as const;
  const { process } = request.engine.runtime;
  if (facts !== undefined) return { ...found, liveness: process.liveness(facts) };
  // A system without facts about processes. What this thread holds it knows itself.
  const own = ownHold(yield* directoryTurnKey(request));
  return own === undefined ? { ...found, liveness: "unknown" } : { ...found, liveness: "alive", pid: process.pid };
}

/** Whether what is at the place, with this status, is a lock, free or held; otherwise it is another program's. */
export function* isLock(request: LockDirectoryRequest, status: FileStatus): Operation<boolean> {
  if (status.kind === "directory") return (yield* namesAt(request)).every((name) => parseTokenName(name) !== undefined);
  if (status.kind !== "file") return false;
  const file = yield* wait(request.engine.fileSystem.open(request.lockPath, "read", { follow: false }));
  if (file === undefined) return false;
  try {
    return (yield* lockContent(file)) !== undefined;
  } finally {
    yield* closeQuietly(file);
  }
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
