/**
 * A lock directory with its token in it, made beside the place, in the open directory, so that one rename takes the lock.
 *
 * 1. `moveToPlace`: makes it with the first call, and tries the rename. 2. `remove` what was not needed. A process that
 * is killed in between leaves a directory whose name says whose it was: `sweep` removes it.
 */
import { type Operation, wait } from "../core/operation.ts";
import { childOf } from "../protocol/engine.ts";
import { closeParent, type ParentDirectory } from "../protocol/directories.ts";
import { closeQuietly } from "../protocol/file_call.ts";
import { type LockToken, newToken, processProof, temporaryName, tokenName } from "../protocol/names/names.ts";
import { isInTheWay, SystemError } from "../runtime/system_error.ts";
import type { LockRequest } from "./held_lock.ts";
import type { LockFileModel } from "./lock_plan.ts";
import { inLockDirectory } from "./lock_names.ts";
import { openHome } from "./lock_place.ts";
import { exchangeToken } from "./token.ts";

/** What Windows says of every directory in the way. */
const takenPerhaps = ["EPERM", "EACCES", "EBUSY"];

/** Every user who may write the file may take its lock over: the directory is as open as the file is. */
const modeFor = (like: LockFileModel | undefined): number =>
  like === undefined ? 0o777 : (like.mode & 0o666) | ((like.mode & 0o222) >> 1) | 0o700;

/** A lock directory that is ready to be renamed into place. */
export class PreparedDirectory {
  readonly #request: LockRequest;
  #token: LockToken;
  #name: string;
  #exists = false;
  /** The directory that it is made in: from then on it is open. */
  #home: ParentDirectory | undefined;

  constructor(request: LockRequest) {
    this.#request = request;
    [this.#token, this.#name] = this.#names();
  }

  get #path(): string {
    return childOf(this.#request.engine, this.#request.home, this.#name);
  }

  /** What the lock is held by once it is in place. */
  get token(): LockToken {
    return this.#token;
  }

  #names(): [token: LockToken, name: string] {
    const { engine, name, staleAfter } = this.#request;
    const random = (length: number) => engine.runtime.random(length);
    const token = newToken(engine.runtime.process.facts(), staleAfter !== undefined, 1, random);
    return [token, temporaryName(name, processProof(token.facts), random)];
  }

  /** Takes the place; false when something is there. */
  *moveToPlace(): Operation<boolean> {
    const { names } = yield* this.#make();
    try {
      yield* wait(names.rename(this.#name, names, this.#request.name));
      this.#exists = false;
      return true;
    } catch (error) {
      if (isInTheWay(error)) return false;
      if (!(error instanceof SystemError)) throw error;
      return yield* this.#judge(error);
    }
  }

  /** The rename failed, or a network file system says so of one that it carried out. */
  *#judge(error: SystemError): Operation<boolean> {
    const { fileSystem } = this.#request.engine;
    if (yield* this.#isInPlace()) {
      this.#exists = false;
      return true;
    }
    if (error.code === "ENOENT") {
      if ((yield* wait(fileSystem.linkStat(this.#path))) !== undefined) throw error;
      // Swept by somebody who thought us dead: once more, under other names.
      this.#exists = false;
      [this.#token, this.#name] = this.#names();
      return false;
    }
    const inTheWay = takenPerhaps.includes(error.code) &&
      (yield* wait(fileSystem.linkStat(this.#request.lockPath))) !== undefined;
    if (inTheWay) return false;
    throw error;
  }

  /** Told by what no cache has an answer for: its token can be renamed there. */
  *#isInPlace(): Operation<boolean> {
    const next = { ...this.#token, generation: this.#token.generation + 1 };
    try {
      if (!(yield* exchangeToken(this.#request, tokenName(this.#token), next))) return false;
    } catch (error) {
      if (error instanceof SystemError) return false;
      throw error;
    }
    this.#token = next;
    return true;
  }

  *#make(): Operation<ParentDirectory> {
    const home = this.#home ??= yield* openHome(this.#request);
    if (this.#exists) return home;
    const { like } = this.#request;
    const mode = modeFor(like);
    yield* wait(home.names.makeDirectory(this.#name, mode));
    this.#exists = true;
    const made = yield* home.openChild(this.#name);
    if (made === undefined) throw new SystemError("ENOENT", "openDirectory", this.#path);
    try {
      if (like !== undefined && like.exact !== false && (mode & 0o022) !== 0) yield* this.#shareWith(made, mode);
      yield* closeQuietly(yield* wait(made.names.create(tokenName(this.#token), 0o666)));
    } finally {
      yield* closeParent(made);
    }
    return home;
  }

  /** The umask takes rights away that others have to the file. */
  *#shareWith({ handle, names }: ParentDirectory, mode: number): Operation<void> {
    if (handle === undefined || !this.#request.engine.capabilities.mode) return;
    try {
      // Nothing is in ours yet: what somebody has put in its place is not opened to others.
      if ((yield* wait(names.readDirectory()))?.length !== 0) return;
      yield* wait(handle.setMode(mode));
    } catch (error) {
      // Others who may write the file may then not be able to take the lock over; the error says so.
      if (!(error instanceof SystemError)) throw error;
    }
  }

  *remove(): Operation<void> {
    const home = this.#home;
    if (home === undefined) return;
    this.#home = undefined;
    try {
      if (!this.#exists) return;
      yield* inLockDirectory(
        { ...this.#request, lockPath: this.#path },
        (names) => wait(names.remove(tokenName(this.#token))),
      );
      yield* wait(home.names.removeDirectory(this.#name));
    } finally {
      yield* closeParent(home);
    }
  }
}
