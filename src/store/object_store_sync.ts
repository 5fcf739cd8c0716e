/**
 * `openObjectStoreSync`: an object store whose calls are done when they return. The same bodies, the same order of calls.
 */
import type { FileData } from "../core/bytes.ts";
import type { FilePath } from "../core/options.ts";
import { readGiven, runSync } from "../core/operation.ts";
import { type Digest, objectsLockTarget, readDigest } from "../protocol/names/store.ts";
import type { Durability, WriteResult } from "../protocol/write_plan.ts";
import { getObject, ObjectReader, restoreObject } from "./get.ts";
import type { PutRequest } from "./incoming.ts";
import { keepObject } from "./keep.ts";
import { sizeOf } from "./look.ts";
import { putsFor } from "../protocol/room.ts";
import { putObjects } from "./put.ts";
import {
  type CollectRules,
  collectRules,
  contentsOf,
  putFileRequest,
  putRequest,
  type PutSyncOptions,
  restoreRequest,
  type RestoreSyncOptions,
  type VerifyOptions,
  verifyRules,
} from "./requests.ts";
import { collect, type CollectResult, listCandidates, listShard, listShards } from "./scan.ts";
import { type ObjectStoreOptions, openContext, type StoreContext } from "./store.ts";
import { removeObject } from "./take_away.ts";
import { verifyAll, type VerifyResult } from "./verify.ts";

/** Options of {@linkcode ObjectStoreSync.collectGarbage}. */
export interface CollectSyncOptions extends CollectRules {
  /**
   * Every digest that must stay. Read once, after the objects have been listed: a generator sees references made until
   * then, a list drawn up before the call does not, and leaves these to the grace period.
   */
  reachable: Iterable<Digest>;
}

/** `ObjectStore`, synchronously; each method promises what its asynchronous twin does. */
export interface ObjectStoreSync {
  /** The directory, absolute. */
  readonly directory: string;
  /** The least durability that any put of this store object has reached. */
  readonly durability: Durability;
  /** Keeps content and answers its SHA-256. */
  put(data: FileData, options?: PutSyncOptions): Digest;
  /** Keeps a file's content. */
  putFile(path: FilePath, options?: PutSyncOptions): Digest;
  /** Keeps many contents, in order, with one lock and one sync of each directory for every 32. */
  putMany(contents: Iterable<FileData>): Digest[];
  /** Makes an object that is there young, verified and synced; false when there is none. */
  keep(digest: Digest): boolean;
  /** The bytes of an object, verified. */
  get(digest: Digest): Uint8Array;
  /** An object piece by piece, all of it verified before the first one is handed out. */
  stream(digest: Digest): Iterable<Uint8Array>;
  /** Whether there is such an object. */
  has(digest: Digest): boolean;
  /** Its size in bytes; undefined when there is none. */
  size(digest: Digest): number | undefined;
  /** Writes an object to a file. */
  restore(digest: Digest, path: FilePath, options?: RestoreSyncOptions): WriteResult;
  /** Every digest, sorted. */
  list(): Iterable<Digest>;
  /** Removes one object; false when there is none. */
  remove(digest: Digest): boolean;
  /** Reads everything and tells what is damaged; with `quarantine` damaged objects are moved out of the way. */
  verify(options?: VerifyOptions): VerifyResult;
  /** Removes objects that are neither reachable nor young. */
  collectGarbage(options: CollectSyncOptions): CollectResult;
}

class SynchronousStore implements ObjectStoreSync {
  readonly #context: StoreContext;

  constructor(context: StoreContext) {
    this.#context = context;
  }

  get directory(): string {
    return this.#context.directory;
  }

  get durability(): Durability {
    return this.#context.reached;
  }

  #putAll(requests: readonly PutRequest[]): Digest[] {
    return runSync(() => putObjects(this.#context, requests)).map((outcome) => {
      if ("error" in outcome) throw outcome.error;
      return outcome.value;
    });
  }

  put(data: FileData, options?: PutSyncOptions): Digest {
    return this.#putAll([readGiven(() => putRequest(this.#context, data, options))])[0] as Digest;
  }

  putFile(path: FilePath, options?: PutSyncOptions): Digest {
    return this.#putAll([readGiven(() => putFileRequest(this.#context, path, options))])[0] as Digest;
  }

  putMany(contents: Iterable<FileData>): Digest[] {
    const digests: Digest[] = [];
    const most = putsFor(this.#context.engine);
    let requests: PutRequest[] = [];
    for (const content of readGiven(() => contentsOf(contents))) {
      requests.push(readGiven(() => putRequest(this.#context, content, undefined)));
      if (requests.length < most) continue;
      digests.push(...this.#putAll(requests));
      requests = [];
    }
    if (requests.length > 0) digests.push(...this.#putAll(requests));
    return digests;
  }

  keep(digest: Digest): boolean {
    return runSync(() => keepObject(this.#context, readDigest(digest)));
  }

  get(digest: Digest): Uint8Array {
    return runSync(() => getObject(this.#context, readDigest(digest)));
  }

  stream(digest: Digest): Iterable<Uint8Array> {
    return this.#pieces(readGiven(() => readDigest(digest)));
  }

  *#pieces(digest: Digest): Generator<Uint8Array> {
    const reader = new ObjectReader(this.#context, digest);
    try {
      while (true) {
        const piece = runSync(() => reader.next());
        if (piece === undefined) return;
        yield piece;
      }
    } finally {
      runSync(() => reader.close());
    }
  }

  has(digest: Digest): boolean {
    return this.size(digest) !== undefined;
  }

  size(digest: Digest): number | undefined {
    return runSync(() => sizeOf(this.#context, readDigest(digest)));
  }

  restore(digest: Digest, path: FilePath, options?: RestoreSyncOptions): WriteResult {
    return runSync(() =>
      restoreObject(this.#context, readDigest(digest), path, restoreRequest(this.#context, options))
    );
  }

  *list(): Generator<Digest> {
    for (const shard of runSync(() => listShards(this.#context))) {
      yield* runSync(() => listShard(this.#context, shard));
    }
  }

  remove(digest: Digest): boolean {
    return runSync(() => removeObject(this.#context, readDigest(digest)));
  }

  verify(options?: VerifyOptions): VerifyResult {
    return runSync(() => verifyAll(this.#context, verifyRules(options)));
  }

  collectGarbage(options: CollectSyncOptions): CollectResult {
    const rules = readGiven(() => collectRules(options));
    const began = this.#context.engine.runtime.clock.now();
    const candidates = runSync(() => listCandidates(this.#context));
    const reachable = new Set<Digest>();
    for (const digest of rules.reachable as Iterable<Digest>) reachable.add(readDigest(digest));
    return runSync(() => collect(this.#context, candidates, reachable, { ...rules, began }));
  }
}

/**
 * Opens a store of objects whose calls are done when they return; see `openObjectStore` for what it promises.
 *
 * A call that needs the store's lock while asynchronous code of this thread collects garbage is a DeadlockError.
 *
 * @param directory The directory, a path or file: URL; it is made if it is missing.
 * @param options See {@linkcode ObjectStoreOptions}.
 * @throws What `openObjectStore` rejects with.
 *
 * @example
 * ```ts
 * import { openObjectStoreSync } from "@durable/atomic-write/store";
 *
 * const store = openObjectStoreSync("objects");
 * const digests = store.putMany(["one", "two", "one"]);
 * console.log(digests[0] === digests[2], [...store.list()].length); // true 2
 * ```
 */
export function openObjectStoreSync(directory: FilePath, options?: ObjectStoreOptions): ObjectStoreSync {
  return new SynchronousStore(runSync(() => openContext(directory, options, true, objectsLockTarget), 1));
}
