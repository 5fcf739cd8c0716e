/**
 * Files of a plan that have what is asked for already, and are left alone: synced, with their names, because the program
 * that put them there may never have synced them.
 *
 * Where other files of the plan change, this comes before the commit point: what a crash after it leaves is all new; and
 * the last look before it includes these files. After a failure nothing has changed.
 */
import { all, type Operation, wait } from "../core/operation.ts";
import type { ParentDirectory } from "../protocol/directories.ts";
import type { Engine } from "../protocol/engine.ts";
import type { Attempt } from "../protocol/failure.ts";
import { lanesFor } from "../protocol/room.ts";
import { syncFile, type SyncRules } from "../protocol/sync.ts";
import { syncsFile } from "../protocol/write_plan.ts";
import type { FileStatus } from "../runtime/runtime.ts";
import { type Participant, syncHomes } from "./participants.ts";

/** A file that is left alone. */
export interface StandingFile extends Pick<Participant, "path" | "name" | "home"> {
  /** As it was when it was found to be as asked for. */
  readonly status: FileStatus | undefined;
}

/** Files that are left alone. */
export interface Standing {
  readonly files: readonly StandingFile[];
  /** Whether they are safely on disk. */
  readonly filesSynced: boolean;
  readonly namesSynced: boolean;
}

/** What is left alone, and the directories that are synced later in any case. */
interface LeftAlone {
  readonly files: readonly StandingFile[];
  readonly syncedLater: readonly ParentDirectory[];
}

/** Syncs these files, and then their directories. */
export function* syncStanding(
  engine: Engine,
  { files, syncedLater }: LeftAlone,
  rules: SyncRules,
  attempt: Attempt,
): Operation<Standing> {
  const synced = yield* all(files.map((file) => () => syncOne(engine, file, rules, attempt)), lanesFor(engine));
  const homes = new Set(files.map(({ home }) => home).filter((home) => !syncedLater.includes(home)));
  const namesSynced = yield* syncHomes(engine, homes, rules, attempt);
  return { files, filesSynced: synced.every((each) => each), namesSynced };
}

function* syncOne(
  engine: Engine,
  { path, name, home, status }: StandingFile,
  rules: SyncRules,
  attempt: Attempt,
): Operation<boolean> {
  if (!syncsFile(rules.durability)) return false;
  const file = yield* wait(home.names.open(name, "read"));
  // Of what was to be removed, and is not there, there is nothing but its directory to be synced.
  if (file === undefined) return status === undefined;
  try {
    return yield* syncFile(engine, { file, place: home }, rules, { ...attempt, path });
  } finally {
    yield* wait(file.close());
  }
}
