/**
 * Where the new content of each file is, for programs: as a JSON object, in a file, and as a text where it is short
 * enough for a variable of the environment.
 *
 * 1. `place` before anything changes: a program that could not be informed must not be needed after the switch. On a
 * disk that has no room for the file, the variable has to do, if the list is short enough: going back must work there.
 * 2. `remove` at the end. After a kill in between, the files are abandoned temporary ones: a sweep of the directory
 * removes them.
 */
import { type Operation, run, wait } from "../core/operation.ts";
import { ContentWriter } from "../protocol/content_writer.ts";
import { closeParent, openParent } from "../protocol/directories.ts";
import { makeEngine, parentOf } from "../protocol/engine.ts";
import { afterUndoing, type Attempt, beginAttempt, isFull, translate } from "../protocol/failure.ts";
import { closeQuietly } from "../protocol/file_call.ts";
import { createTemporary, type TemporaryFile } from "../protocol/temporary_file.ts";
import { writePlan } from "../protocol/write_plan.ts";
import { currentRuntime } from "../runtime/current.ts";

/** Windows takes 32,767 characters in one variable, Linux four times as much; both refuse to start a program with more. */
const longestText = 30_000;

/** A list that a program can read. */
export interface StagedList {
  /** The file; empty where there was no room for it, and the text says it all. */
  readonly path: string;
  /** All of it, unless it is too long. */
  readonly text: string | undefined;
}

/** Lists of staged files in one directory, readable by this user alone. */
export class StagedLists {
  readonly #directory: string;
  readonly #attempt: Attempt;
  // What is staged there has been judged.
  readonly #engine = makeEngine(currentRuntime(), false, undefined, "allow");
  readonly #placed: TemporaryFile[] = [];

  /** The lists lie beside `path`; errors name what is tried and on what. */
  constructor(path: string, { verb, path: about }: Pick<Attempt, "verb" | "path">) {
    this.#directory = parentOf(this.#engine, path);
    this.#attempt = beginAttempt(verb, about);
  }

  /** Writes a list. */
  async place(staged: ReadonlyMap<string, string>): Promise<StagedList> {
    const text = JSON.stringify(Object.fromEntries(staged));
    const bytes = new TextEncoder().encode(text);
    const isShort = bytes.length <= longestText;
    try {
      const { path } = await run(() => this.#write(bytes));
      return { path, text: isShort ? text : undefined };
    } catch (thrown) {
      const error = translate(thrown, this.#attempt);
      if (!isShort || !isFull(error)) throw error;
      return { path: "", text };
    }
  }

  *#write(bytes: Uint8Array): Operation<TemporaryFile> {
    const engine = this.#engine;
    const home = yield* openParent(engine, this.#directory, writePlan(engine, { durability: "none" }), this.#attempt);
    try {
      const list = yield* createTemporary(home, "staged.json", 0o600, this.#attempt);
      try {
        yield* new ContentWriter(list.file, this.#attempt, undefined, undefined).takeAll(bytes);
      } catch (error) {
        yield* closeQuietly(list.file);
        throw yield* afterUndoing(this.#attempt, error, () => engine.fileSystem.remove(list.path), list.path);
      }
      // Open as long as it is needed: its lock says so.
      this.#placed.push(list);
      return list;
    } finally {
      yield* closeParent(home);
    }
  }

  /** Removes all lists. What cannot be removed is left to a sweep. */
  async remove(): Promise<void> {
    const { fileSystem } = this.#engine;
    for (const { path, file } of this.#placed.splice(0)) {
      await run(function* () {
        yield* closeQuietly(file);
        try {
          yield* wait(fileSystem.remove(path));
        } catch {
          // See above.
        }
      });
    }
  }
}
