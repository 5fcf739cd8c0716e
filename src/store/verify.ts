/**
 * Verifying all objects: every one is read, several at a time. Damaged ones are then moved out of the way, if that is
 * asked for, one by one in the store's exclusive lock (take_away.ts).
 *
 * An object that this process may not read is no reason to leave the others out: it is reported. What is in the place of a
 * directory that holds objects, and is none, is an error before anything is read.
 *
 * After a failure nothing has changed but that some damaged objects may have been moved.
 */
import { FileError } from "../core/errors.ts";
import { all, type Operation } from "../core/operation.ts";
import { isForbidden } from "../runtime/system_error.ts";
import { attemptFailed, beginReading, translate } from "../protocol/failure.ts";
import type { Digest } from "../protocol/names/store.ts";
import { judgeObject } from "./get.ts";
import { findIntruder, listAll } from "./scan.ts";
import type { StoreContext } from "./store.ts";
import { quarantineObject } from "./take_away.ts";

/** How far a verification has come. */
export interface VerifyProgress {
  /** Objects looked at. */
  readonly checked: number;
  /** Objects there are. */
  readonly total: number;
  /** How many of them are damaged. */
  readonly corrupt: number;
}

/** What a verification found. */
export interface VerifyResult {
  /** Objects looked at. */
  checked: number;
  /** Those whose content is not what it was, or that are no files any more, sorted. */
  corrupt: Digest[];
  /** Those of them that were moved to the directory `damaged` of the store, as `quarantine` asks for; sorted. */
  quarantined?: Digest[];
  /** Those that this process could not read, and why; sorted by digest. Absent when there are none. */
  unreadable?: UnreadableObject[];
}

/** An object of which nobody knows whether it is damaged. */
export interface UnreadableObject {
  /** Its digest. */
  digest: Digest;
  /** Why it could not be read: no permission, most likely. */
  error: FileError;
}

/** More at once does not make a disk faster, and hashing takes a whole processor. */
const verifiedTogether = 8;

/** What a verification does beside reading. */
interface VerifyRules {
  readonly onProgress?: (progress: VerifyProgress) => void;
  readonly quarantine?: boolean;
}

/** Whether an object is what it was; an error where this process may not read it. */
function* judgeReadable(context: StoreContext, digest: Digest): Operation<"good" | "corrupt" | "removed" | FileError> {
  try {
    return yield* judgeObject(context, digest);
  } catch (error) {
    if (FileError.is(error) && isForbidden(error.cause)) return error;
    throw error;
  }
}

/** Reads every object, and moves damaged ones out of the way where that is asked for. */
export function* verifyAll(
  context: StoreContext,
  { onProgress, quarantine }: VerifyRules,
): Operation<VerifyResult> {
  try {
    const intruder = yield* findIntruder(context);
    if (intruder !== undefined) {
      const reason = "it is in the place of a directory that holds objects, and is none";
      throw attemptFailed(beginReading("Cannot verify", intruder), "ENOTDIR", "readDirectory", reason);
    }
    const places = yield* listAll(context);
    let checked = 0;
    let total = places.length;
    const corrupt: Digest[] = [];
    const unreadable: UnreadableObject[] = [];
    yield* all(
      places.map(({ digest, kind }) =>
        function* (): Operation<void> {
          const state = kind === "file" ? yield* judgeReadable(context, digest) : "corrupt";
          if (state === "removed") total--;
          else checked++;
          if (state === "corrupt") corrupt.push(digest);
          else if (FileError.is(state)) unreadable.push({ digest, error: state });
          onProgress?.({ checked, total, corrupt: corrupt.length });
        }
      ),
      verifiedTogether,
    );
    const quarantined: Digest[] = [];
    if (quarantine === true) {
      for (const digest of corrupt.sort()) {
        if (yield* quarantineObject(context, digest)) quarantined.push(digest);
      }
    }
    unreadable.sort((one, other) => one.digest < other.digest ? -1 : 1);
    return {
      checked,
      corrupt: corrupt.sort(),
      ...quarantine === true ? { quarantined } : {},
      ...unreadable.length > 0 ? { unreadable } : {},
    };
  } catch (error) {
    throw translate(error, context.attempt("Cannot verify"));
  }
}
