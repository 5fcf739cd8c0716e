/**
 * The contents of a round of files made durable in one call each file system (syncfs), instead of in one for each file.
 *
 * 1. `enter`, by each write before its content is written: the first one on a file system has it watched from then on, by
 * a directory that stays open until the end of the round. 2. `sync`, once the content of all of the round is written, and
 * of each write once at most: what it writes again later is not covered. 3. `close`.
 *
 * After a failure each file is synced by itself: so it is known whose file it was that found no room, and what the ledger
 * of syncs knows to have failed for all, such as EIO, fails each of them.
 */
import { type Operation, run, wait } from "../core/operation.ts";
import type { OpenDirectory } from "../runtime/runtime.ts";
import { SystemError } from "../runtime/system_error.ts";
import type { Engine } from "./engine.ts";
import { closeQuietly } from "./file_call.ts";
import { beginSync, endSync, syncsOn } from "./sync_ledger.ts";

/** A directory on a file system. */
interface WatchedPlace {
  readonly path: string;
  readonly status: { readonly device: string };
}

/** One file system of a round. */
interface Watched {
  /** Undefined where it cannot be synced as a whole. */
  readonly witness: Promise<OpenDirectory | undefined>;
  /** What the ledger says at the end of the one sync; undefined: each file has to be synced by itself. */
  synced: Promise<number | undefined> | undefined;
}

/** The file systems of a round. */
export class WholeSync {
  readonly #engine: Engine;
  readonly #devices = new Map<string, Watched>();

  /** For one round. */
  constructor(engine: Engine) {
    this.#engine = engine;
  }

  /** Waits until the file system of a directory is watched, if it can be. */
  *enter({ path, status: { device } }: WatchedPlace): Operation<void> {
    let watched = this.#devices.get(device);
    if (watched === undefined) {
      const witness = run(() => this.#open(path, device));
      this.#devices.set(device, watched = { witness, synced: undefined });
    }
    yield* wait(watched.witness);
  }

  *#open(path: string, device: string): Operation<OpenDirectory | undefined> {
    let handle: OpenDirectory | undefined;
    let watches = false;
    try {
      handle = yield* wait(this.#engine.fileSystem.openDirectory(path));
      if (handle === undefined) return undefined;
      watches = (yield* wait(handle.stat())).device === device && handle.watchFileSystem?.() === true;
    } catch (error) {
      // Each file is then synced by itself.
      if (!(error instanceof SystemError)) throw error;
    } finally {
      if (handle !== undefined && !watches) yield* closeQuietly(handle);
    }
    return watches ? handle : undefined;
  }

  /** Syncs a file system for all of the round: where the order of its syncs stood then. Undefined: not done. */
  *sync(device: string): Operation<number | undefined> {
    const watched = this.#devices.get(device);
    if (watched === undefined) return undefined;
    return yield* wait(watched.synced ??= this.#begin(watched, device));
  }

  async #begin({ witness }: Watched, device: string): Promise<number | undefined> {
    const handle = await witness;
    if (handle === undefined) return undefined;
    const syncs = syncsOn(this.#engine, device);
    const order = beginSync(syncs);
    try {
      await handle.sync("fileSystem");
    } catch (error) {
      endSync(syncs, order, error);
      if (!(error instanceof SystemError)) throw error;
      return undefined;
    }
    return endSync(syncs, order);
  }

  /** The round is over. */
  *close(): Operation<void> {
    for (const { witness } of this.#devices.values()) {
      const handle = yield* wait(witness);
      if (handle !== undefined) yield* closeQuietly(handle);
    }
  }
}
