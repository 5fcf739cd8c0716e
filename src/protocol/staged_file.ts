/**
 * THE protocol, in four calls. Everything that writes a file goes through them; there is no second copy.
 *
 * 1. `beginStage`: a temporary file beside the target.
 * 2. the caller writes content through `staged.writer`.
 * 3. `finishStage`: length, mode and owner, sync. The temporary file is complete and safely on disk.
 * 4. `commit`: backup, close, last look at directory and signal, **rename** — the commit point, one line — directory sync.
 *
 * `discard` at any time: before the commit it closes and removes, after it it does nothing. `phase` remembers which.
 * State after a failure: `attempt.targetState`, moved forward on the line after the rename.
 */
import { type Operation, wait } from "../core/operation.ts";
import type { FileStatus } from "../runtime/runtime.ts";
import { SystemError } from "../runtime/system_error.ts";
import type { ParentDirectory } from "./directories.ts";
import type { Engine } from "./engine.ts";
import {
  attachCleanup,
  type Attempt,
  attemptFailed,
  checkAbort,
  type CleanupFailure,
  tidy,
  translate,
} from "./failure.ts";
import { applyMetadata, learnOwner, type WantedMetadata, wantedMetadata } from "./metadata.ts";
import { removeName } from "./reported_failure.ts";
import { syncFile } from "./sync.ts";
import type { Target } from "./target.ts";
import { ContentWriter } from "./content_writer.ts";
import { createTemporary, type TemporaryFile } from "./temporary_file.ts";
import { syncsFile, type WritePlan } from "./write_plan.ts";

/** A file on its way to replace its target. */
export interface StagedFile {
  readonly engine: Engine;
  readonly target: Target;
  readonly parent: ParentDirectory;
  readonly plan: WritePlan;
  readonly attempt: Attempt;
  /** The file whose mode and owner are kept, as it was seen last. */
  previous: FileStatus | undefined;
  wanted: WantedMetadata;
  readonly temporary: TemporaryFile;
  readonly writer: ContentWriter;
  phase: "open" | "closed" | "committed" | "discarded";
  /** When the last byte was written, on the clock of the system. */
  written: number;
  /** Known once it is finished. */
  identity: string | undefined;
  /** The time of its content, likewise. */
  modified: number | undefined;
  fileSynced: boolean;
  digest: string | undefined;
  /** What of mode and owner was not kept. */
  unkept: readonly string[];
  /** Whether other names of the old file stay with the old content. */
  separates: boolean;
}

/** The temporary file was taken away before the commit: swept by somebody who thought us dead. */
export class TemporaryVanished {
  /** What the failing rename said. */
  readonly cause: SystemError;
  /** Keeps the cause. */
  constructor(cause: SystemError) {
    this.cause = cause;
  }
}

/** Makes the file that content is staged in, with this mode. */
type CreateStage = (mode: number) => Operation<TemporaryFile>;

/** Creates the temporary file. `hash`: compute the SHA-256 while writing. */
export function* beginStage(
  engine: Engine,
  target: Target,
  parent: ParentDirectory,
  plan: WritePlan,
  attempt: Attempt,
  hash: boolean,
  create: CreateStage = (mode) => createTemporary(engine, parent, target.name, mode, attempt),
): Operation<StagedFile> {
  const previous = target.status?.kind === "file" ? target.status : undefined;
  let wanted = wantedMetadata(engine, plan, plan.like ?? previous, parent.status);
  if (wanted.mode === undefined && engine.capabilities.mode && (wanted.user ?? wanted.group) !== undefined) {
    // Its mode must be known before it changes hands: until then nobody else may open it.
    const mode = yield* modeOfNewFile(engine, target, parent, wanted.creationMode, attempt);
    wanted = { ...wanted, mode, creationMode: mode & 0o600, modeRequired: false };
  }
  const temporary = yield* create(wanted.creationMode);
  const running = hash ? engine.runtime.createHash() : undefined;
  return {
    engine,
    target,
    parent,
    plan,
    attempt,
    previous,
    wanted,
    temporary,
    writer: new ContentWriter(temporary.file, attempt, plan.signal, running),
    phase: "open",
    written: engine.runtime.clock.now(),
    identity: undefined,
    modified: undefined,
    fileSynced: false,
    digest: undefined,
    unkept: [],
    separates: false,
  };
}

/** What umask and default ACLs make of a new file here: only a new file shows it. */
function* modeOfNewFile(
  engine: Engine,
  target: Target,
  parent: ParentDirectory,
  mode: number,
  attempt: Attempt,
): Operation<number> {
  const { file, path } = yield* createTemporary(engine, parent, target.name, mode, attempt);
  const failures: CleanupFailure[] = [];
  let made: FileStatus | undefined;
  yield* tidy(
    failures,
    (function* () {
      made = yield* wait(file.stat());
    })(),
  );
  yield* tidy(failures, () => file.close());
  yield* tidy(failures, () => engine.fileSystem.remove(path), path);
  const failure = failures[0];
  if (failure !== undefined) throw attachCleanup(translate(failure.error, attempt), failures, attempt);
  return made?.mode ?? 0;
}

/** Completes the temporary file: everything that shall be true after the rename is true and synced before it. */
export function* finishStage(staged: StagedFile): Operation<void> {
  const { engine, attempt, plan, parent, temporary, writer } = staged;
  const { file } = temporary;
  staged.digest = yield* writer.end();
  staged.written = engine.runtime.clock.now();
  const status = yield* wait(file.stat());
  if (status.size !== writer.bytesWritten) {
    const reason = `the temporary file has ${status.size} bytes instead of ${writer.bytesWritten}`;
    throw attemptFailed(attempt, "EIO", "write", reason);
  }
  staged.identity = status.identity;
  staged.modified = plan.modified ?? status.modified;
  learnOwner(engine, status, parent.status);
  staged.unkept = yield* applyWanted(staged, status);
  if (plan.modified !== undefined) yield* wait(file.setTimes(plan.modified, plan.modified));
  if (syncsFile(plan.durability)) {
    checkAbort(plan.signal);
    staged.fileSynced = yield* syncFile(engine, { file, place: parent }, plan, attempt);
  }
}

/** Half the age from which `sweep` takes a file without a lock for one of the dead. */
const ageing = 30_000;

/**
 * Closes the finished file; what that reports counts. The lock that proves its owner alive ends here: rename follows.
 * Until then the file's age has to spare it, so one whose sync took long is made young again.
 */
export function* closeStaged(staged: StagedFile): Operation<void> {
  if (staged.phase !== "open") return;
  const { engine, temporary, plan, written } = staged;
  const now = engine.runtime.clock.now();
  if (plan.modified === undefined && now - written > ageing) {
    // It is no failure of the write if that does not succeed.
    yield* tidy([], () => temporary.file.setTimes(now, now));
  }
  staged.phase = "closed";
  yield* wait(temporary.file.close());
}

/** A runtime that must look the file up once more for its mode or owner learns here that it was taken away. */
function* applyWanted({ temporary, wanted }: StagedFile, status: FileStatus): Operation<string[]> {
  try {
    return yield* applyMetadata(temporary.file, wanted, status);
  } catch (error) {
    throw error instanceof SystemError && error.code === "ENOENT" ? new TemporaryVanished(error) : error;
  }
}

/** What the old file had and the new one has not. Of other attributes nothing is seen. */
export function lostBy({ unkept, previous, separates }: StagedFile): string[] {
  return [...unkept, ...previous === undefined ? [] : ["unchecked"], ...separates ? ["hard-links"] : []];
}

/** Gives up whatever was not committed. Always safe; answers what could not be cleaned up. */
export function* discard(staged: StagedFile): Operation<CleanupFailure[]> {
  const failures: CleanupFailure[] = [];
  const { engine, temporary, parent, phase } = staged;
  if (phase === "committed" || phase === "discarded") return failures;
  staged.phase = "discarded";
  if (phase === "open") yield* tidy(failures, () => temporary.file.close());
  yield* tidy(failures, removeOwn(engine, temporary.path, parent), temporary.path);
  return failures;
}

/** Removes a name of ours; ESTALE when it is not there because its directory was moved, and it with it. */
export function* removeOwn(engine: Engine, path: string, parent: ParentDirectory): Operation<void> {
  if (yield* removeName(engine, path)) return;
  const now = yield* wait(engine.fileSystem.stat(parent.path));
  if (now?.identity !== parent.status.identity) throw new SystemError("ESTALE", "remove", path);
}
