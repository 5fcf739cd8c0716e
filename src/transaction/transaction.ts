/**
 * A transaction until its commit point, and what takes it back before.
 *
 * 1. `begin`: the journal, empty and locked, with its placeholders; a marker in every other directory. From here on any
 * process can tell that
 *    we live. 2. stage_changes.ts: new contents and backups. 3. commit_transaction.ts decides.
 *
 * `failed` before the commit point: nothing is left, or the error names it. After it, it does nothing.
 */
import { all, type Operation, wait } from "../core/operation.ts";
import type { ParentDirectory } from "../protocol/directories.ts";
import type { Engine } from "../protocol/engine.ts";
import { attachCleanup, type Attempt, type CleanupFailure, tidy, translate } from "../protocol/failure.ts";
import type { FileReplacement } from "../protocol/file_replacement.ts";
import { removeIn } from "../protocol/reported_failure.ts";
import { discard } from "../protocol/stage.ts";
import { type JournalState, markerName } from "../protocol/names/transaction.ts";
import { SystemError } from "../runtime/system_error.ts";
import type { ApplyRequest } from "./apply_plan.ts";
import type { RequestedFile } from "./planned_files.ts";
import type { Before } from "./compare.ts";
import { endTransaction } from "./end_transaction.ts";
import { Journal } from "./journal.ts";
import type { JournalRecord } from "./journal_record.ts";
import { putMarker, removeMarker } from "./marker.ts";
import type { Participant } from "./participants.ts";
import type { NamedBackup } from "./scan.ts";
import { placeFile, type SettledFile } from "./settle.ts";
import type { Standing } from "./standing_files.ts";

/** A file that is going to change. */
export interface Change {
  readonly participant: Participant;
  readonly requested: RequestedFile;
  readonly before: Before;
  /** Its number among the files of the plan. */
  readonly index: number;
}

/** A change whose new content is on disk. */
export interface StagedChange extends Change {
  /** Undefined: the file is to be removed. */
  readonly staged: FileReplacement | undefined;
  /** The name of the backup, beside the file. */
  backup: string | undefined;
  /** The earlier versions that there were, unsorted. */
  earlier: readonly NamedBackup[];
  /** Whether the stage has become the target, or the target is removed. */
  published: boolean;
}

/** A transaction that has left traces on disk. */
export class Transaction {
  /** `"undecided"`: it is not known whether the commit record would be there after a power cut. */
  state: "open" | "committed" | "undecided" | "over" = "open";
  /** In the order of the plan. */
  changes: StagedChange[] = [];
  /** What is left alone, because it is as asked for already. */
  standing: Standing = { files: [], filesSynced: true, namesSynced: true };
  readonly journal: Journal;
  readonly engine: Engine;
  readonly request: ApplyRequest;
  readonly attempt: Attempt;
  readonly #homes: readonly ParentDirectory[];

  private constructor(request: ApplyRequest, attempt: Attempt, journal: Journal, homes: readonly ParentDirectory[]) {
    this.engine = request.engine;
    this.request = request;
    this.attempt = attempt;
    this.journal = journal;
    this.#homes = homes;
  }

  /** Makes the journal in `home`, and markers in the directories of the files. */
  static *begin(
    request: ApplyRequest,
    home: ParentDirectory,
    homes: readonly ParentDirectory[],
    mode: number,
    attempt: Attempt,
  ): Operation<Transaction> {
    const journal = yield* Journal.begin(request.engine, home, mode, attempt);
    const transaction = new Transaction(request, attempt, journal, homes);
    try {
      yield* journal.reserve(transaction.#statesToCome());
      const marks = transaction.marked.map((other) => () =>
        putMarker(request.engine, other, journal.id, home, request.rules, attempt)
      );
      yield* all(marks);
      return transaction;
    } catch (error) {
      const thrown = yield* transaction.failed(error);
      yield* transaction.close();
      throw thrown;
    }
  }

  /** What may follow the commit point. */
  #statesToCome(): JournalState[] {
    const states: JournalState[] = ["rolling-back"];
    if (this.request.activate !== undefined) states.push("settled");
    if (this.marked.length > 0) states.push("activated");
    return states;
  }

  /** Removes the marker of a directory, where it has come to one; what is left of it. */
  *#unmark(home: ParentDirectory): Operation<CleanupFailure[]> {
    const { id } = this.journal;
    const failures: CleanupFailure[] = [];
    yield* tidy(failures, removeMarker(home, id), home.pathOf(markerName(id)));
    const [failure] = failures;
    // Where nothing can be written, none was made.
    const isReadOnly = failure?.error instanceof SystemError && failure.error.code === "EROFS";
    return isReadOnly && (yield* wait(home.names.linkStat(markerName(id)))) === undefined ? [] : failures;
  }

  /** Where markers are: directories of files, other than the journal's. */
  get marked(): ParentDirectory[] {
    return this.#homes.filter((home) => home !== this.journal.home);
  }

  /** Every directory whose names have changed. */
  get homes(): ParentDirectory[] {
    return [...this.marked, this.journal.home];
  }

  /** Where each change is, as it is recorded. */
  places(): SettledFile[] {
    const { directories, files } = this.record();
    const byPath = new Map(this.#homes.map((home) => [this.#nameOf(home), home]));
    return files.map((file) => {
      const home = byPath.get(directories[file.directory] ?? "") ?? this.journal.home;
      return placeFile(home, this.journal.id, file);
    });
  }

  #nameOf(home: ParentDirectory): string {
    return home === this.journal.home ? "." : home.path;
  }

  /** What is to be decided. */
  record(): JournalRecord {
    const directories = [...new Set(this.changes.map(({ participant: { home } }) => this.#nameOf(home)))];
    const files = this.changes.map(({ participant: { home, name }, before, staged, backup, index }) => ({
      directory: directories.indexOf(this.#nameOf(home)),
      name,
      stage: index,
      old: before.digest,
      new: staged === undefined ? null : staged.digest ?? "",
      backup: backup ?? null,
    }));
    return { id: this.journal.id, activates: this.request.activate !== undefined, directories, files };
  }

  /** Takes everything back, unless it has been decided; the error for the caller, with what could not be removed. */
  *failed(error: unknown): Operation<unknown> {
    if (this.state !== "open") return error;
    this.state = "over";
    const failures: CleanupFailure[] = [];
    const { journal, attempt, request: { rules } } = this;
    for (const { staged, requested, backup, participant: { home } } of this.changes) {
      if (requested.source.kind === "chunks") requested.source.cancel(error);
      // Backups first: with its stage still there, a target is known not to have been touched.
      if (backup !== undefined) yield* tidy(failures, removeIn(home, backup), home.pathOf(backup));
      if (staged !== undefined) failures.push(...yield* discard(staged));
    }
    if (journal.state !== "preparing") {
      yield* tidy(failures, endTransaction(journal, this.marked, rules, attempt), journal.path);
    } else {
      yield* tidy(failures, journal.remove(), journal.path);
      for (const home of this.marked) failures.push(...yield* this.#unmark(home));
    }
    return attachCleanup(translate(error, attempt), failures, attempt);
  }

  /** Takes an empty transaction back: everything it was to change turned out to be there. */
  *dissolve(): Operation<void> {
    yield* this.journal.remove();
    for (const home of this.marked) yield* removeMarker(home, this.journal.id);
    this.state = "over";
  }

  /** Gives the journal's lock back: last of all. */
  *close(): Operation<void> {
    yield* this.journal.close();
  }
}
