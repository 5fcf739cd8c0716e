/**
 * One file on its way to being replaced or made: the one object that every step of the protocol takes.
 *
 * It is made when the target's directory is open, and each step adds what the later ones need: `beginStage` the temporary
 * file and the writer of its content, `finishStage` what is known of the complete file, `commit` what it has made visible
 * and what is left behind. `phase` says how far it is; `attempt` is how it fails, and what its target is like by then.
 */
import type { FileStatus } from "../runtime/runtime.ts";
import type { SystemError } from "../runtime/system_error.ts";
import type { Ticket } from "./commit_turn.ts";
import type { ContentWriter } from "./content_writer.ts";
import { attributeKinds } from "./attributes.ts";
import type { BusyTarget } from "./busy_target.ts";
import type { ParentDirectory } from "./directories.ts";
import type { Engine } from "./engine.ts";
import type { Attempt, CleanupFailure } from "./failure.ts";
import type { WantedMetadata } from "./metadata.ts";
import type { TemporaryFile } from "./temporary_file.ts";
import type { WritePlan } from "./write_plan.ts";

/** A file about to be replaced or made. */
export interface Target {
  /** Absolute, links at its end resolved. */
  readonly path: string;
  readonly directory: string;
  readonly name: string;
  /** What is there now: a regular file (or, under the rule `replace`, a symlink). */
  readonly status: FileStatus | undefined;
  /** A directory that was made for it could not be synced: its name is not durable, whatever else is. */
  readonly unsyncedAncestors?: boolean;
}

/** A backup that was made, and whether it is safely on disk, with its name, as far as that is asked for. */
export interface KeptBackup {
  readonly name: string;
  readonly path: string;
  /** In the directory of its file. */
  readonly beside: boolean;
  readonly durable: boolean;
}

/** A file that is being replaced or made. */
export class FileReplacement {
  readonly engine: Engine;
  /** What is replaced, and where that is. */
  target: Target;
  parent: ParentDirectory;
  /** What is asked for. */
  plan: WritePlan;
  /** How it fails. */
  readonly attempt: Attempt;
  /** Its place among the commits to this file; undefined where something else keeps the order. */
  ticket: Ticket | undefined;
  /** Whether other names of the old file stay with the old content. */
  separates = false;

  phase: "located" | "open" | "closed" | "committed" | "discarded" = "located";
  /** The file whose mode and owner are kept, as it was seen last. */
  previous: FileStatus | undefined;
  // What only a staged file has; `beginStage` gives it all of these.
  declare wanted: WantedMetadata;
  declare temporary: TemporaryFile;
  declare writer: ContentWriter;
  /** When the last byte was written, on the clock of the system. */
  written = 0;
  /** Known once it is finished. */
  identity: string | undefined;
  /** The time of its content, likewise. */
  modified: number | undefined;
  fileSynced = false;
  digest: string | undefined;
  /** What of mode, owner and attributes was not kept. */
  unkept: readonly string[] = [];

  /** The earlier version that was kept. */
  backup: KeptBackup | undefined;
  /** Whether somebody has the target open, from the first rename on that has failed. */
  busy: BusyTarget | undefined;
  /** What could not be removed after the commit. */
  leftovers: CleanupFailure[] = [];

  /** A file that was found in its open directory. */
  constructor(target: Target, parent: ParentDirectory, plan: WritePlan, attempt: Attempt) {
    this.engine = parent.engine;
    this.target = target;
    this.parent = parent;
    this.plan = plan;
    this.attempt = attempt;
  }

  /** What tells this target from another among the commits of a process. */
  get turnKey(): string {
    return turnKey(this.parent, this.target.name);
  }

  /** What the old file had and the new one has not. */
  get lost(): string[] {
    return [...this.unkept, ...this.separates ? ["hard-links"] : []];
  }

  /** What of the old file could not be seen. */
  get unchecked(): string[] {
    const seen = (this.previous ?? this.plan.like) === undefined || this.wanted.attributes !== undefined;
    return seen ? [] : [...attributeKinds];
  }
}

/** What tells one target from another among the commits of a process. */
export function turnKey({ engine, status }: ParentDirectory, name: string): string {
  return `${engine.runtime.process.pid} ${status.identity} ${name}`;
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
