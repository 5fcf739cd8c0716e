/**
 * The files of a transaction, found and checked before anything is touched: where each path leads, that no two lead to
 * one file, and their directories, each opened once. Of more directories than there are descriptors for, some rest: what
 * is in them is reached by their paths, and they are opened again to be synced.
 *
 * After a failure nothing is open.
 */
import { InvalidArgument } from "../core/errors.ts";
import { all, type Operation } from "../core/operation.ts";
import { type ParentDirectory, syncParent } from "../protocol/directories.ts";
import type { Engine } from "../protocol/engine.ts";
import { type Attempt, translate } from "../protocol/failure.ts";
import { lanesFor } from "../protocol/room.ts";
import type { SyncRules } from "../protocol/sync.ts";
import type { Target } from "../protocol/file_replacement.ts";
import { resolveTarget } from "../protocol/target.ts";
import { SystemError } from "../runtime/system_error.ts";
import { fileKey } from "../lock/lock_files.ts";
import type { RequestedFile } from "./planned_files.ts";
import type { Homes } from "../protocol/homes.ts";

/** A file that takes part. */
export interface Participant {
  readonly target: Target;
  /** As in `target`. */
  readonly path: string;
  /** As in `target`. */
  readonly name: string;
  readonly home: ParentDirectory;
}

/** Finds all files. TypeError when two paths lead to one file. */
export function* findParticipants(
  engine: Engine,
  files: readonly Pick<RequestedFile, "path" | "removes">[],
  homes: Homes,
  attempt: Attempt,
): Operation<Participant[]> {
  const found: Participant[] = [];
  const seen = new Map<string, string>();
  for (const { path, removes } of files) {
    const find = { path, rule: removes ? "refuse" : "follow" } as const;
    const participant = yield* findParticipant(engine, find, homes, { ...attempt, path });
    found.push(participant);
    // A further name of one file (a hard link), too: which of the two contents should it have?
    const { status } = participant.target;
    const keys = [fileKey(participant), ...status?.kind === "file" ? [status.identity] : []];
    for (const key of keys) {
      const other = seen.get(key);
      if (other !== undefined) {
        throw new InvalidArgument(`${JSON.stringify(other)} and ${JSON.stringify(path)} are one file`);
      }
      seen.set(key, path);
    }
  }
  return found;
}

/** An error names this file, not the whole. */
function* findParticipant(
  engine: Engine,
  { path, rule }: { readonly path: string; readonly rule: "follow" | "refuse" },
  homes: Homes,
  attempt: Attempt,
): Operation<Participant> {
  try {
    const target = yield* resolveTarget(engine, path, rule, attempt);
    const home = yield* homes.open(target.directory, attempt);
    return { target, path: target.path, name: target.name, home };
  } catch (error) {
    throw error instanceof SystemError ? translate(error, attempt) : error;
  }
}

/** Makes the names in these directories durable; false where the platform cannot. */
export function* syncHomes(
  engine: Engine,
  homes: Iterable<ParentDirectory>,
  rules: SyncRules,
  attempt: Attempt,
): Operation<boolean> {
  const synced = yield* all(
    [...homes].map((home) => () => syncParent(home, rules, attempt)),
    lanesFor(engine),
  );
  return synced.every((each) => each);
}
