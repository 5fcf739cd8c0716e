/**
 * The directories of an operation, each opened once, by whatever path it is reached: everything in one of them is reached
 * through what was opened, so that nobody can put another directory in its place half way through. Of more directories
 * than there are descriptors for, some rest: what is in them is reached by their paths, and they are opened again to be
 * synced.
 *
 * 1. `open`, or `find` where it need not be there. 2. `close`: whatever happened, nothing stays open.
 */
import { FileError } from "../core/errors.ts";
import type { Operation } from "../core/operation.ts";
import { closeParent, openParent, type ParentDirectory, restParent } from "./directories.ts";
import type { Engine } from "./engine.ts";
import type { Attempt } from "./failure.ts";
import { lanesFor } from "./room.ts";
import type { SyncRules } from "./sync.ts";
import { SystemError } from "../runtime/system_error.ts";

/** The codes that say that there is no directory at a path. */
const noDirectory: readonly string[] = ["ENOENT", "ENOTDIR", "ELOOP"];

/** Directories, each opened once, by whatever path. */
export class Homes {
  readonly engine: Engine;
  readonly #rules: SyncRules;
  readonly #attempt: Attempt;
  readonly #byPath = new Map<string, ParentDirectory>();
  readonly #byIdentity = new Map<string, ParentDirectory>();

  /** None is open yet. */
  constructor(engine: Engine, rules: SyncRules, attempt: Attempt) {
    this.engine = engine;
    this.#rules = rules;
    this.#attempt = attempt;
  }

  /** Each once. */
  all(): ParentDirectory[] {
    return [...this.#byIdentity.values()];
  }

  /** The directory at a path; ENOENT when there is none. */
  *open(path: string, attempt: Attempt = this.#attempt): Operation<ParentDirectory> {
    const known = this.#byPath.get(path);
    if (known !== undefined) return known;
    const opened = yield* openParent(this.engine, path, this.#rules, attempt);
    const same = this.#byIdentity.get(opened.status.identity);
    if (same !== undefined) yield* closeParent(opened);
    else {
      // Where there is no descriptor for it beside so many others.
      if (this.#byIdentity.size >= lanesFor(this.engine)) yield* restParent(opened);
      this.#byIdentity.set(opened.status.identity, opened);
    }
    this.#byPath.set(path, same ?? opened);
    return same ?? opened;
  }

  /** The directory at a path; undefined when there is none. `answers`: the codes that say so. */
  *find(path: string, answers: readonly string[] = noDirectory): Operation<ParentDirectory | undefined> {
    try {
      const home = yield* this.open(path);
      return home.status.kind === "directory" ? home : undefined;
    } catch (error) {
      const isMissing = (error instanceof SystemError || FileError.is(error)) &&
        answers.includes(error.code);
      if (isMissing) return undefined;
      throw error;
    }
  }

  /** Closes all. */
  *close(): Operation<void> {
    for (const home of this.#byIdentity.values()) yield* closeParent(home);
    this.#byIdentity.clear();
    this.#byPath.clear();
  }
}
