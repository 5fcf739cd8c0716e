/**
 * `openReferences`: names that lead to digests, and HEAD. See reference_body.ts for the order of calls.
 */
import type { FilePath } from "../core/options.ts";
import { type OptionReader, readOptions, wrongArgument } from "../core/options.ts";
import { type Operation, run, runSync } from "../core/operation.ts";
import { type Digest, readDigest, referencesLockTarget } from "../protocol/names/store.ts";
import type { Durability } from "../protocol/write_plan.ts";
import { listReferences, readReference, type Reference, removeReference, updateReference } from "./reference_body.ts";
import { readHead, setHead } from "./head.ts";
import type { Head, HeadTarget } from "./reference_format.ts";
import { openContext, type StoreContext, type StoreOptions } from "./store.ts";

/** Options of changing a reference. */
export interface ExpectOptions {
  /** What it must lead to now; null: it must not exist. ConflictError otherwise. Default: whatever it is. */
  expected?: Digest | null;
}

/** Options of removing a reference. */
export interface RemoveReferenceOptions {
  /** What it must lead to now; ConflictError otherwise. Default: whatever it is. */
  expected?: Digest;
}

/** Options of setting HEAD. */
export interface SetHeadOptions {
  /** Where it must stand now; null: nowhere yet. ConflictError otherwise. Default: wherever it is. */
  expected?: HeadTarget | null;
}

/** References; see {@linkcode openReferences}. */
export interface References {
  /** The directory, absolute. */
  readonly directory: string;
  /** The least durability that any change through this object has reached. */
  readonly durability: Durability;
  /** The digest that a name leads to; undefined when there is no such reference. CorruptionError for a damaged one. */
  read(name: string): Promise<Digest | undefined>;
  /** Lets a name lead to a digest, atomically and durably. ConflictError if `expected` is not so or another is in the way. */
  update(name: string, digest: Digest, options?: ExpectOptions): Promise<void>;
  /** Removes a name, durably; false when there was none. */
  remove(name: string, options?: RemoveReferenceOptions): Promise<boolean>;
  /** Every reference whose name begins with `prefix`, sorted within each directory; then throws if one is damaged. */
  list(prefix?: string): AsyncIterable<Reference>;
  /** Where one stands: on a name (which may not exist yet) or, detached, on a digest; undefined before `setHead`. */
  readHead(): Promise<Head | undefined>;
  /** Stands on a name, or detached on `{ digest }`. */
  setHead(target: HeadTarget, options?: SetHeadOptions): Promise<void>;
}

/** {@linkcode References}, synchronously; each method promises what its asynchronous twin does. */
export interface ReferencesSync {
  /** The directory, absolute. */
  readonly directory: string;
  /** The least durability that any change through this object has reached. */
  readonly durability: Durability;
  /** The digest that a name leads to; undefined when there is no such reference. */
  read(name: string): Digest | undefined;
  /** Lets a name lead to a digest. */
  update(name: string, digest: Digest, options?: ExpectOptions): void;
  /** Removes a name; false when there was none. */
  remove(name: string, options?: RemoveReferenceOptions): boolean;
  /** Every reference whose name begins with `prefix`. */
  list(prefix?: string): Iterable<Reference>;
  /** Where one stands. */
  readHead(): Head | undefined;
  /** Stands on a name, or detached on `{ digest }`. */
  setHead(target: HeadTarget, options?: SetHeadOptions): void;
}

const digestOrNull: OptionReader<Digest | null> = (value, name) => value === null ? null : readDigest(value, name);
const headTarget: OptionReader<HeadTarget | null> = (value) => value as HeadTarget | null;

const expectation = (options: ExpectOptions | undefined) => readOptions(options, { expected: digestOrNull }).expected;
const presence = (options: RemoveReferenceOptions | undefined) =>
  readOptions(options, { expected: readDigest as OptionReader<Digest> }).expected;
const headExpectation = (options: SetHeadOptions | undefined) =>
  readOptions(options, { expected: headTarget }).expected;

function prefixOf(prefix: unknown): string {
  if (prefix === undefined) return "";
  if (typeof prefix === "string") return prefix;
  throw wrongArgument("prefix", "a string", prefix);
}

class AsynchronousReferences implements References {
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

  #run<T>(body: () => Operation<T>): Promise<T> {
    return run(() => this.#context.inRoom(body), 2);
  }

  read(name: string): Promise<Digest | undefined> {
    return this.#run(() => readReference(this.#context, name));
  }

  update(name: string, digest: Digest, options?: ExpectOptions): Promise<void> {
    return run(() => updateReference(this.#context, name, readDigest(digest), expectation(options)));
  }

  remove(name: string, options?: RemoveReferenceOptions): Promise<boolean> {
    return run(() => {
      const expected = presence(options);
      return this.#context.inRoom(() => removeReference(this.#context, name, expected));
    });
  }

  async *list(prefix?: string): AsyncGenerator<Reference> {
    const { found, failure } = await this.#run(() => listReferences(this.#context, prefixOf(prefix)));
    yield* found;
    if (failure !== undefined) throw failure;
  }

  readHead(): Promise<Head | undefined> {
    return this.#run(() => readHead(this.#context));
  }

  setHead(target: HeadTarget, options?: SetHeadOptions): Promise<void> {
    return run(() => {
      const expected = headExpectation(options);
      return this.#context.inRoom(() => setHead(this.#context, target, expected));
    });
  }
}

class SynchronousReferences implements ReferencesSync {
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

  read(name: string): Digest | undefined {
    return runSync(() => readReference(this.#context, name));
  }

  update(name: string, digest: Digest, options?: ExpectOptions): void {
    runSync(() => updateReference(this.#context, name, readDigest(digest), expectation(options)), 1);
  }

  remove(name: string, options?: RemoveReferenceOptions): boolean {
    return runSync(() => removeReference(this.#context, name, presence(options)));
  }

  *list(prefix?: string): Generator<Reference> {
    const { found, failure } = runSync(() => listReferences(this.#context, prefixOf(prefix)));
    yield* found;
    if (failure !== undefined) throw failure;
  }

  readHead(): Head | undefined {
    return runSync(() => readHead(this.#context));
  }

  setHead(target: HeadTarget, options?: SetHeadOptions): void {
    runSync(() => setHead(this.#context, target, headExpectation(options)), 1);
  }
}

/**
 * Opens a directory of references: names such as `heads/main` that lead to digests, and HEAD.
 *
 * An update is atomic and durable when its promise resolves; readers see the old or the new digest. With `expected` it is
 * a compare-and-swap: of any number of processes that expect the same, one succeeds and the others get a ConflictError.
 * All changes of one directory take their turn in one lock; readers take none.
 *
 * Names are checked before any I/O: parts separated by `/`, none empty, beginning or ending with a dot, containing `..`,
 * ending in `.lock`, or otherwise read differently by some file system. `a` and `a/b` cannot both exist, nor can two
 * names that differ only in the case of letters (ConflictError).
 *
 * Not promised: that the object exists (put it first, then refer to it); a set of references changed as one.
 *
 * @param directory The directory, a path or file: URL; it is made if it is missing. Keep it apart from the objects.
 * @param options See {@linkcode StoreOptions}.
 * @throws {WriteError} The directory cannot be made, or is none; `targetState` is `"unchanged"`.
 *
 * @example
 * ```ts
 * import { openObjectStore, openReferences } from "@durable/atomic-write/store";
 *
 * const store = await openObjectStore("objects");
 * const references = await openReferences("references");
 * const first = await store.put("first");
 * await references.update("heads/main", first, { expected: null });
 * await references.setHead("heads/main");
 * console.log((await references.readHead())?.digest === first); // true
 * ```
 */
export async function openReferences(directory: FilePath, options?: StoreOptions): Promise<References> {
  return new AsynchronousReferences(
    await run(() => openContext(directory, options, false, referencesLockTarget), 1, 1),
  );
}

/**
 * {@linkcode openReferences}, synchronously.
 *
 * @param directory The directory, a path or file: URL; it is made if it is missing.
 * @param options See {@linkcode StoreOptions}.
 * @throws What {@linkcode openReferences} rejects with.
 *
 * @example
 * ```ts
 * import { openReferencesSync } from "@durable/atomic-write/store";
 *
 * const references = openReferencesSync("references");
 * references.update("tags/v1", "0".repeat(64));
 * console.log([...references.list("tags/")].map(({ name }) => name)); // ["tags/v1"]
 * ```
 */
export function openReferencesSync(directory: FilePath, options?: StoreOptions): ReferencesSync {
  return new SynchronousReferences(runSync(() => openContext(directory, options, true, referencesLockTarget), 1));
}
