/**
 * What is there now, and whether it is what is asked for already: by SHA-256, mode and owner. Only reads.
 */
import type { Operation } from "../core/operation.ts";
import { countOwnNames } from "../protocol/find_backups.ts";
import type { Engine } from "../protocol/engine.ts";
import { type Attempt, attemptFailed, translate } from "../protocol/failure.ts";
import { refuseNamedMode } from "../protocol/loss.ts";
import { ownerNumbers } from "../protocol/metadata.ts";
import { isDistrusted } from "../protocol/sync_ledger.ts";
import type { WritePlan } from "../protocol/write_plan.ts";
import type { FileStatus } from "../runtime/runtime.ts";
import type { RequestedFile } from "./planned_files.ts";
import type { Participant } from "./participants.ts";
import { lookAt } from "./settle.ts";

/** A file as it was before. */
export interface Before {
  /** Undefined: there is none. */
  readonly status: FileStatus | undefined;
  /** SHA-256 of its content; null: there is none. */
  readonly digest: string | null;
  /** Whether mode and owner are as asked for. */
  readonly fits: boolean;
  /** Whether it has further names, other than backups of ours, that a replacement separates from it. */
  readonly separates: boolean;
}

/** An error names this file, not the whole. */
function* lookAtOne({ home, name }: Participant, about: Attempt): ReturnType<typeof lookAt> {
  try {
    return yield* lookAt(home, name);
  } catch (error) {
    throw translate(error, about);
  }
}

/** Looks at a file that is locked. */
export function* lookBefore(
  engine: Engine,
  participant: Participant,
  plan: WritePlan,
  attempt: Attempt,
): Operation<Before> {
  const about = { ...attempt, path: participant.path };
  const { status, digest } = yield* lookAtOne(participant, about);
  if (!engine.capabilities.mode) refuseNamedMode(plan, status, about);
  if (status === undefined) return { status, digest: null, fits: false, separates: false };
  if (digest === undefined) {
    throw attemptFailed(about, "ESTALE", "resolve", "it was a file or nothing, and is something else now");
  }
  const { home, target } = participant;
  const own = status.links > 1 ? yield* countOwnNames(engine, { ...target, status }, home.path) : 0;
  return { status, digest, fits: fits(engine, status, plan), separates: status.links - own > 1 };
}

function fits(engine: Engine, status: FileStatus, { mode, owner }: WritePlan): boolean {
  const { capabilities } = engine;
  if (typeof mode === "number" && capabilities.mode && status.mode !== mode) return false;
  if (typeof owner !== "object" || !capabilities.owner) return true;
  const { user, group } = ownerNumbers(owner, engine.runtime);
  return (user ?? status.user) === status.user && (group ?? status.group) === status.group;
}

/** Whether a file may be left alone if its content is equal: where a sync has failed it may be in memory alone. */
export function mayBeLeft(engine: Engine, { fits, status }: Before): boolean {
  return fits && status !== undefined && !isDistrusted(engine, status.device);
}

/** Whether the file has the content that is asked for: as far as that is known before it is read. */
export function isEqual(engine: Engine, before: Before, { source }: RequestedFile): boolean {
  if (!mayBeLeft(engine, before) || source.kind !== "bytes" || before.status?.size !== source.bytes.length) {
    return false;
  }
  const hash = engine.runtime.createHash();
  hash.update(source.bytes);
  return hash.digest() === before.digest;
}
