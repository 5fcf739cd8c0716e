/**
 * `openObjectStore`: content kept under its own digest, safe from power cuts, rot and rivals.
 *
 * Open, then `put` what is to be kept and remember the digest; `get`, `stream` or `restore` by it. How objects are
 * stored is described in put.ts, how they are read in get.ts, how they are collected in scan.ts. A failed put has
 * stored nothing that could be taken for another object.
 */
import { Batches } from "../core/batches.ts";
import type { FileData } from "../core/bytes.ts";
import type { FilePath } from "../core/options.ts";
import { type Operation, readGiven, run } from "../core/operation.ts";
import { type Digest, objectsLockTarget, readDigest } from "../protocol/names/store.ts";
import type { Durability, WriteResult } from "../protocol/write_plan.ts";
import { getObject, ObjectReader, restoreObject } from "./get.ts";
import type { PutRequest } from "./incoming.ts";
import { keepObject } from "./keep.ts";
import { sizeOf } from "./look.ts";
import { putsFor } from "../protocol/room.ts";
import { putObjects } from "./put.ts";
import { putEach } from "./put_each.ts";
import {
  type CollectRules,
  collectRules,
  contentsOf,
  putFileRequest,
  type PutOptions,
  putRequest,
  type RestoreOptions,
  restoreRequest,
  type VerifyOptions,
  verifyRules,
} from "./requests.ts";
import { collect, type CollectResult, listCandidates, listShard, listShards } from "./scan.ts";
import { type ObjectStoreOptions, openContext, type StoreContext } from "./store.ts";
import { removeObject } from "./take_away.ts";
import { verifyAll, type VerifyResult } from "./verify.ts";

/** Options of {@linkcode ObjectStore.collectGarbage}. */
export interface CollectOptions extends CollectRules {
  /**
   * Every digest that must stay. Read once, after the objects have been listed: a generator sees references made until
   * then, a list drawn up before the call does not, and leaves these to the grace period.
   */
  reachable: Iterable<Digest> | AsyncIterable<Digest>;
}

/** A store of objects; see {@linkcode openObjectStore}. */
export interface ObjectStore {
  /** The directory, absolute. */
  readonly directory: string;
  /** The least durability that any put of this store object has reached: `"full"` where everything is as it should be. */
  readonly durability: Durability;
  /**
   * Stores content and returns its SHA-256. When the promise resolves, the object is safely on disk. If an equal object
   * exists, it is verified, made young and synced instead of being written again, and replaced if it was damaged.
   * Concurrent puts of bytes share one lock and one sync of each directory.
   */
  put(data: FileData, options?: PutOptions): Promise<Digest>;
  /** Stores a file's content, sharing its blocks where the file system can. EAGAIN if the source changes while it is read. */
  putFile(path: FilePath, options?: PutOptions): Promise<Digest>;
  /**
   * Verifies, syncs and makes young an existing object, as putting it again would, without its content; `false` if there
   * is none. Call it before you refer to an old object: no collection removes it then, not even one that is running.
   * CorruptionError if it is damaged.
   */
  keep(digest: Digest): Promise<boolean>;
  /** Keeps many contents, in order; the first failure is thrown once those asked for with it have settled. */
  putMany(contents: Iterable<FileData> | AsyncIterable<FileData>): Promise<Digest[]>;
  /** The bytes of an object. CorruptionError rather than bytes that are not the object's; MissingObjectError for none. */
  get(digest: Digest): Promise<Uint8Array>;
  /** An object piece by piece, all of it verified before the first one is handed out. Errors as with `get`. */
  stream(digest: Digest): ReadableStream<Uint8Array>;
  /** Whether there is such an object. Does not save it from being collected: only `put` and `keep` do. */
  has(digest: Digest): Promise<boolean>;
  /** Its size in bytes; undefined when there is none. Content is not verified. */
  size(digest: Digest): Promise<number | undefined>;
  /**
   * Writes an object to a file with the guarantees of `writeFile`: verified first, its time now (and later than that of
   * the file it replaces), its mode that of the file it replaces or a new file's.
   */
  restore(digest: Digest, path: FilePath, options?: RestoreOptions): Promise<WriteResult>;
  /** Every digest, sorted. Objects that are put or removed during the listing may or may not be included. */
  list(): AsyncIterable<Digest>;
  /**
   * Removes one object, durably, whatever refers to it and however young it is; false when there is none. To remove what
   * nothing refers to, `collectGarbage` is the safe way.
   */
  remove(digest: Digest): Promise<boolean>;
  /** Reads everything and tells what is damaged; with `quarantine` damaged objects are moved out of the way. */
  verify(options?: VerifyOptions): Promise<VerifyResult>;
  /**
   * Removes objects that are neither reachable nor young. Safe while other processes put objects: whatever is put, for
   * the first time or again, is young. So put or keep an object before you refer to it, even if `has` finds it.
   */
  collectGarbage(options: CollectOptions): Promise<CollectResult>;
}

class AsynchronousStore implements ObjectStore {
  readonly #context: StoreContext;
  // Two rounds at a time, so that one hashes and stages while the other syncs.
  readonly #batches: Batches<PutRequest, Digest>;

  constructor(context: StoreContext) {
    this.#context = context;
    const round = (requests: PutRequest[]) => run(() => context.inRoom(() => putObjects(context, requests)));
    this.#batches = new Batches(round, putsFor(context.engine), 2);
  }

  get directory(): string {
    return this.#context.directory;
  }

  get durability(): Durability {
    return this.#context.reached;
  }

  // deno-lint-ignore require-await -- a wrong argument is a rejection
  async put(data: FileData, options?: PutOptions): Promise<Digest> {
    return this.#put(readGiven(() => putRequest(this.#context, data, options)));
  }

  // deno-lint-ignore require-await -- a wrong argument is a rejection
  async putFile(path: FilePath, options?: PutOptions): Promise<Digest> {
    return this.#put(readGiven(() => putFileRequest(this.#context, path, options)));
  }

  /** Bytes go together with others. What comes from elsewhere may be slow, and must not hold anybody up. */
  async #put(request: PutRequest): Promise<Digest> {
    if (request.content.kind === "bytes") return this.#batches.add(request);
    const [outcome] = await run(() => {
      return this.#context.inRoom(() => putObjects(this.#context, [request]), request.signal);
    });
    if (outcome === undefined || "error" in outcome) throw outcome?.error;
    return outcome.value;
  }

  #run<T>(body: () => Operation<T>): Promise<T> {
    return run(() => this.#context.inRoom(body), 2);
  }

  keep(digest: Digest): Promise<boolean> {
    return this.#run(() => keepObject(this.#context, readDigest(digest)));
  }

  // deno-lint-ignore require-await -- a wrong argument is a rejection
  async putMany(contents: Iterable<FileData> | AsyncIterable<FileData>): Promise<Digest[]> {
    return putEach(
      readGiven(() => contentsOf(contents)),
      (content) => this.put(content),
      2 * putsFor(this.#context.engine),
    );
  }

  get(digest: Digest): Promise<Uint8Array> {
    return this.#run(() => getObject(this.#context, readDigest(digest)));
  }

  stream(digest: Digest): ReadableStream<Uint8Array> {
    const reader = new ObjectReader(this.#context, readGiven(() => readDigest(digest)));
    return new ReadableStream({
      async pull(controller) {
        const piece = await run(() => reader.next());
        if (piece === undefined) controller.close();
        else controller.enqueue(piece);
      },
      cancel: () => run(() => reader.close()),
    }, { highWaterMark: 0 });
  }

  async has(digest: Digest): Promise<boolean> {
    return await this.size(digest) !== undefined;
  }

  size(digest: Digest): Promise<number | undefined> {
    return run(() => sizeOf(this.#context, readDigest(digest)));
  }

  restore(digest: Digest, path: FilePath, options?: RestoreOptions): Promise<WriteResult> {
    return run(() => {
      const [wanted, request] = [readDigest(digest), restoreRequest(this.#context, options)];
      return this.#context.inRoom(() => restoreObject(this.#context, wanted, path, request), request.plan.signal);
    });
  }

  async *list(): AsyncGenerator<Digest> {
    for (const shard of await this.#run(() => listShards(this.#context))) {
      yield* await this.#run(() => listShard(this.#context, shard));
    }
  }

  remove(digest: Digest): Promise<boolean> {
    return this.#run(() => removeObject(this.#context, readDigest(digest)));
  }

  verify(options?: VerifyOptions): Promise<VerifyResult> {
    return run(() => {
      const rules = verifyRules(options);
      return this.#context.inRoom(() => verifyAll(this.#context, rules));
    });
  }

  async collectGarbage(options: CollectOptions): Promise<CollectResult> {
    const rules = readGiven(() => collectRules(options));
    const began = this.#context.engine.runtime.clock.now();
    const candidates = await this.#run(() => listCandidates(this.#context));
    const reachable = new Set<Digest>();
    for await (const digest of rules.reachable as CollectOptions["reachable"]) reachable.add(readDigest(digest));
    return await this.#run(() => collect(this.#context, candidates, reachable, { ...rules, began }));
  }
}

function* open(directory: FilePath, options: ObjectStoreOptions | undefined): Operation<StoreContext> {
  return yield* openContext(directory, options, false, objectsLockTarget);
}

/**
 * Opens a store of objects: content kept under its own SHA-256, in files that are written once and never changed.
 *
 * When a put has resolved, the object is safely on disk and stays there, whole, until it is collected. Any number of
 * processes on any of the runtimes may put, read and collect at once; an object that several put is stored once. What
 * is read is verified: rot is a CorruptionError, never wrong bytes.
 *
 * Not promised: an object whose only copy rots is lost (`verify` tells, and putting the content again repairs it);
 * removing files in the directory by hand; secrecy beyond `mode` (an object may be read by anyone who may read the
 * store's directory and its file, minus the umask; one that is there already keeps its mode).
 *
 * Needs read and write permission for the directory. Where the file system has no hard links, objects are renamed into
 * place instead of linked, which replaces equal content by equal content.
 *
 * @param directory The directory, a path or file: URL; it is made if it is missing.
 * @param options See {@linkcode ObjectStoreOptions}.
 * @throws {WriteError} The directory cannot be made, or is none; `targetState` is `"unchanged"`.
 *
 * @example
 * ```ts
 * import { openObjectStore } from "@durable/atomic-write/store";
 *
 * const store = await openObjectStore("objects");
 * const digest = await store.put("hello");
 * console.log(digest); // 2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824
 * console.log(new TextDecoder().decode(await store.get(digest))); // hello
 * await store.restore(digest, "greeting.txt", { mode: 0o600 });
 * ```
 */
export async function openObjectStore(directory: FilePath, options?: ObjectStoreOptions): Promise<ObjectStore> {
  return new AsynchronousStore(await run(() => open(directory, options), 1, 1));
}
