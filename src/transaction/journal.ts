/**
 * The journal of a transaction: a file whose content says what is decided, whose name says how far that has come, and
 * whose kernel lock says that its owner lives.
 *
 * 1. `Journal.begin` before anything else of the transaction is on disk: empty, locked, `.preparing`. `reserve`: an empty
 *    file at each name that it will have after its commit point, so that it comes to that name on a full disk, too.
 * 2. `write` when everything is staged: content, synced, still `.preparing`. Then the directories are synced.
 * 3. `moveTo("committed")` and a sync of its directory: the commit point. 4. Further states likewise.
 * 5. `remove`, a sync of its directory, and `close`, which gives the lock back: before the files' locks are given back.
 *
 * `Journal.adopt` takes over the journal of somebody dead: the same from there on. Of a rename that
 * is reported to have failed it is found out whether it did (reported_failure.ts).
 */
import { type Operation, wait } from "../core/operation.ts";
import { type ParentDirectory, syncParent } from "../protocol/directories.ts";
import type { Engine } from "../protocol/engine.ts";
import { afterUndoing, type Attempt, attemptFailed } from "../protocol/failure.ts";
import { closeQuietly } from "../protocol/file_call.ts";
import { type Proof, randomPart } from "../protocol/names/names.ts";
import { removeIn, renameIn } from "../protocol/reported_failure.ts";
import { syncFile, type SyncRules } from "../protocol/sync.ts";
import { ContentWriter } from "../protocol/content_writer.ts";
import { createProven } from "../protocol/temporary_file.ts";
import { journalName, type JournalState } from "../protocol/names/transaction.ts";
import { syncsFile } from "../protocol/write_plan.ts";
import type { ProcessHost } from "../runtime/process_host.ts";
import type { OpenFile } from "../runtime/runtime.ts";
import { journalBytes, type JournalRecord, largestJournal } from "./journal_record.ts";

/** Somebody who locks every new journal before its owner can is not looking whether its owner lives. */
const mostTries = 10;

/**
 * Journals that this process has left for a recovery, by what stands for the process. Where no lock is given back, only
 * this tells that nobody is at work any more.
 */
const abandoned = new WeakMap<ProcessHost, Set<string>>();

/** Whether this process itself has left that journal: its owner lives, but works on it no more. */
export const isAbandoned = ({ runtime }: Engine, id: string): boolean =>
  abandoned.get(runtime.process)?.has(id) ?? false;

/** What a journal is made from. */
interface JournalParts {
  readonly id: string;
  readonly proof: Proof;
  readonly state: JournalState;
  readonly identity: string;
  /** Open and locked, where it is this process's own. */
  readonly file?: OpenFile;
}

/** A journal whose lock is held, where locks are the proof of life. */
export class Journal {
  readonly id: string;
  readonly home: ParentDirectory;
  readonly #engine: Engine;
  readonly #proof: Proof;
  readonly #identity: string;
  #file: OpenFile | undefined;
  #state: JournalState;
  /** States at whose names there is an empty file. */
  readonly #placeholders = new Set<JournalState>();
  #removed = false;

  private constructor(engine: Engine, home: ParentDirectory, parts: JournalParts) {
    this.#engine = engine;
    this.home = home;
    this.id = parts.id;
    this.#proof = parts.proof;
    this.#state = parts.state;
    this.#identity = parts.identity;
    this.#file = parts.file;
  }

  /** Makes an empty journal that nobody takes for a dead one's. */
  static *begin(engine: Engine, home: ParentDirectory, mode: number, attempt: Attempt): Operation<Journal> {
    const { runtime } = engine;
    for (let tries = 0; tries < mostTries; tries++) {
      const state = "preparing";
      let id = "";
      const nameFor = (proof: Proof) => {
        id = randomPart((length) => runtime.random(length));
        return journalName({ id, proof, state });
      };
      const { name, path, file, proof, locked } = yield* createProven(
        home,
        { target: nameFor, program: true },
        mode,
        attempt,
      );
      try {
        const { identity } = yield* wait(file.stat());
        // Between its making and its lock somebody may have looked at it, and have found nobody alive.
        const named = yield* wait(home.names.linkStat(name));
        const ours = named?.identity === identity;
        if (ours && (locked || proof.kind !== "lock")) {
          return new Journal(engine, home, { id, proof, state, identity, file });
        }
        if (ours) yield* wait(home.names.remove(name));
      } catch (error) {
        yield* closeQuietly(file);
        throw yield* afterUndoing(attempt, error, () => home.names.remove(name), path);
      }
      yield* closeQuietly(file);
    }
    throw attemptFailed(attempt, "EBUSY", "tryLock", "another process keeps locking its journal");
  }

  /** Goes on with a journal whose owner is dead. */
  static adopt(engine: Engine, home: ParentDirectory, parts: JournalParts): Journal {
    return new Journal(engine, home, parts);
  }

  /** Keeps the names of these states free. After a failure, `remove` removes those that there are. */
  *reserve(states: readonly JournalState[]): Operation<void> {
    for (const state of states) {
      const file = yield* wait(this.home.names.create(this.#nameIn(state), 0o600));
      this.#placeholders.add(state);
      yield* closeQuietly(file);
    }
  }

  /** Removes what keeps names free that will not be needed. */
  *dropPlaceholders(): Operation<void> {
    for (const state of this.#placeholders) {
      yield* removeIn(this.home, this.#nameIn(state));
      this.#placeholders.delete(state);
    }
  }

  /** How far the transaction has come. */
  get state(): JournalState {
    return this.#state;
  }

  /** Where the journal is now. */
  get path(): string {
    return this.home.pathOf(this.#nameIn(this.#state));
  }

  #nameIn(state: JournalState): string {
    return journalName({ id: this.id, proof: this.#proof, state });
  }

  /** Writes and syncs what is decided. */
  *write(record: JournalRecord, rules: SyncRules, attempt: Attempt): Operation<void> {
    if (this.#file === undefined) throw new Error("A journal that was adopted is not written again");
    const writer = new ContentWriter(this.#file, attempt, undefined, undefined);
    const bytes = journalBytes(this.#engine.runtime, record);
    if (bytes.length > largestJournal) {
      throw attemptFailed(attempt, "EFBIG", "write", "there are more files than one journal can name");
    }
    yield* writer.takeAll(bytes);
    if (!syncsFile(rules.durability)) return;
    yield* syncFile(this.#engine, { file: this.#file, place: this.home }, rules, attempt);
  }

  /** Changes the state. Not durable until `sync`. */
  *moveTo(state: JournalState): Operation<void> {
    yield* renameIn(this.home, this.#nameIn(this.#state), this.#nameIn(state), this.#identity);
    this.#state = state;
    this.#placeholders.delete(state);
  }

  /** Makes the state durable; false where the platform cannot. */
  *sync(rules: SyncRules, attempt: Attempt): Operation<boolean> {
    return yield* syncParent(this.home, rules, attempt);
  }

  /** Removes it: whatever it decided is done. Not durable until `sync`. */
  *remove(): Operation<void> {
    // First: a process that sees the placeholder of a live one can see its journal.
    yield* this.dropPlaceholders();
    yield* removeIn(this.home, this.#nameIn(this.#state));
    this.#removed = true;
  }

  /** Gives its lock back. */
  *close(): Operation<void> {
    const file = this.#file;
    this.#file = undefined;
    if (file === undefined) return;
    yield* closeQuietly(file);
    if (this.#removed || this.#proof.kind === "lock") return;
    const { process } = this.#engine.runtime;
    const left = abandoned.get(process) ?? new Set();
    abandoned.set(process, left.add(this.id));
  }
}
