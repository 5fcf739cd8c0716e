/**
 * A lock directory with its token in it, made beside the place, so that one rename takes the lock.
 *
 * 1. `moveToPlace`: makes it with the first call, and tries the rename. 2. `remove` what was not needed. A process that
 * is killed in between leaves a directory whose name says whose it was: `sweep` removes it.
 */
import { type Operation, wait } from "../core/operation.ts";
import { childOf } from "../protocol/engine.ts";
import { closeQuietly } from "../protocol/file_call.ts";
import { type LockToken, newToken, temporaryName, tokenName } from "../protocol/names.ts";
import { SystemError } from "../runtime/system_error.ts";
import type { LockRequest } from "./held_lock.ts";

/** A lock directory that is ready to be renamed into place. */
export class PreparedDirectory {
  readonly token: LockToken;
  readonly #request: LockRequest;
  readonly #path: string;
  #exists = false;

  constructor(request: LockRequest) {
    const { runtime } = request.engine;
    const facts = runtime.process.facts();
    const random = (length: number) => runtime.random(length);
    this.#request = request;
    this.token = newToken(facts, request.staleAfter !== undefined, 1, random);
    const proof = this.token.facts === undefined
      ? { kind: "none" as const }
      : { kind: "process" as const, facts: this.token.facts };
    this.#path = childOf(request.engine, request.home, temporaryName(request.name, proof, random));
  }

  *moveToPlace(): Operation<boolean> {
    const { fileSystem } = this.#request.engine;
    yield* this.#make();
    try {
      yield* wait(fileSystem.rename(this.#path, this.#request.lockPath));
      this.#exists = false;
      return true;
    } catch (error) {
      // POSIX lets a system say either for a directory that is not empty; ENOTDIR for a file in the way.
      const taken = ["ENOTEMPTY", "EEXIST", "ENOTDIR"];
      if (error instanceof SystemError && taken.includes(error.code)) return false;
      throw error;
    }
  }

  *#make(): Operation<void> {
    if (this.#exists) return;
    const { engine, like } = this.#request;
    // Whoever may write the file may take its lock over: the directory is as open as the file is.
    const mode = like === undefined ? 0o777 : (like.mode & 0o666) | ((like.mode & 0o222) >> 1) | 0o700;
    yield* wait(engine.fileSystem.makeDirectory(this.#path, mode));
    this.#exists = true;
    const file = yield* wait(engine.fileSystem.create(childOf(engine, this.#path, tokenName(this.token)), 0o666));
    yield* closeQuietly(file);
  }

  *remove(): Operation<void> {
    if (!this.#exists) return;
    const { engine } = this.#request;
    yield* wait(engine.fileSystem.remove(childOf(engine, this.#path, tokenName(this.token))));
    yield* wait(engine.fileSystem.removeDirectory(this.#path));
  }
}
