/**
 * What callers ask of a store, checked before any I/O.
 */
import { type FileData, sourceOf } from "../core/bytes.ts";
import {
  abortSignal,
  callback,
  type FilePath,
  flag,
  milliseconds,
  type OptionReader,
  readOptions,
  refuseSignal,
  wrongArgument,
} from "../core/options.ts";
import { locate } from "../protocol/engine.ts";
import { type Digest, readDigest } from "../protocol/names/store.ts";
import {
  type WriteFileOptions,
  type WriteFileSyncOptions,
  writeOptionReaders,
  type WriteRequest,
  writeRequest,
} from "../file/write_options.ts";
import type { PutRequest, StoredObject } from "./incoming.ts";
import type { CollectProgress } from "./scan.ts";
import type { VerifyProgress } from "./verify.ts";
import type { StoreContext } from "./store.ts";

/** Options of putting an object. */
export interface PutOptions {
  /** What the content's digest must be; ConflictError if it is another, and nothing is stored. */
  digest?: Digest;
  /** Aborts before the object is at its place; the call rejects with the signal's reason. */
  signal?: AbortSignal;
  /** Told right before the call returns whether the object was there. What it throws is thrown; the object stays. */
  onStored?: (object: StoredObject) => void;
}

/** {@linkcode PutOptions} without what cannot exist synchronously. */
export type PutSyncOptions = Omit<PutOptions, "signal">;

/**
 * Options of restoring an object: those of a write, but for the digest, which is known. How durable it must be, the store
 * says where they do not.
 */
export type RestoreOptions = Omit<WriteFileOptions, "runtime" | "digest">;

/** {@linkcode RestoreOptions} without what cannot exist synchronously. */
export type RestoreSyncOptions = Omit<WriteFileSyncOptions, "runtime" | "digest">;

/** Options of verifying a store. */
export interface VerifyOptions {
  /** Called after each object. What it throws ends the verification. */
  onProgress?: (progress: VerifyProgress) => void;
  /**
   * Move damaged objects to the directory `damaged` of the store, durably: they count as missing from then on, and can be
   * examined there. Needs the store's lock, one object at a time.
   *
   * @default false
   */
  quarantine?: boolean;
}

/** Options of collecting garbage, without what is reachable. */
export interface CollectRules {
  /**
   * Objects younger than so many milliseconds stay, reachable or not: they may be about to be referred to. Default a
   * day. 0 takes every object that was not put since the collection began: then no program may have put what it has not
   * referred to yet. Beside writers it must be longer than anybody takes from the one to the other.
   */
  grace?: number;
  /** Only say what would be removed. Default false. */
  dryRun?: boolean;
  /** Told how far the removal is, after each batch. What it throws ends the collection there. */
  onProgress?: (progress: CollectProgress) => void;
}

const putReaders = {
  digest: readDigest as OptionReader<Digest>,
  signal: abortSignal,
  onStored: callback<NonNullable<PutOptions["onStored"]>>(),
};

function readPutOptions({ engine }: StoreContext, options: PutOptions | undefined) {
  const { digest, signal, onStored } = readOptions(options, putReaders);
  refuseSignal(engine.synchronous, signal);
  return { expected: digest, signal, onStored };
}

/** A request to put content. */
export function putRequest(
  context: StoreContext,
  data: FileData,
  options: PutOptions | undefined,
): PutRequest {
  const rules = readPutOptions(context, options);
  return { content: sourceOf(data, context.engine.synchronous), ...rules };
}

/** A request to put a file. */
export function putFileRequest(context: StoreContext, path: FilePath, options: PutOptions | undefined): PutRequest {
  const rules = readPutOptions(context, options);
  return { content: { kind: "file", path: locate(context.engine, path) }, ...rules };
}

/** What `putMany` is given; a text is one content, not many of one character. */
export function contentsOf<Contents>(contents: Contents): Contents {
  const iterable = typeof contents === "object" && contents !== null &&
    (Symbol.iterator in contents || Symbol.asyncIterator in contents);
  if (!iterable || ArrayBuffer.isView(contents)) throw wrongArgument("contents", "an iterable of contents", contents);
  return contents;
}

const { runtime: _storesOwn, digest: _known, ...restoreReaders } = writeOptionReaders;

/** A request to restore; as durable as the store itself, where nothing else is asked for. */
export function restoreRequest(
  context: StoreContext,
  options: RestoreOptions | RestoreSyncOptions | undefined,
): WriteRequest {
  const { durability, whenUnsupported, whenSyncFails } = context.plan;
  const { unsafePath } = context.engine;
  const own = { durability, whenUnsupported, whenSyncFails, ...unsafePath === undefined ? {} : { unsafePath } };
  const checked = { ...own, ...readOptions(options, restoreReaders) };
  return writeRequest(checked, context.engine.runtime, context.engine.synchronous);
}

/** The options of a verification. */
export function verifyRules(options: VerifyOptions | undefined): VerifyOptions {
  return readOptions(options, {
    onProgress: callback<NonNullable<VerifyOptions["onProgress"]>>(),
    quarantine: flag,
  });
}

/** A day: longer than anybody takes from putting an object to referring to it. */
const defaultGrace = 24 * 60 * 60 * 1000;

const anything: OptionReader<unknown> = (value) => value;

/** A collection, with every default filled in. */
interface CollectPlan extends Required<CollectRules> {
  readonly reachable: unknown;
}

/** The rules of a collection, and what is reachable. */
export function collectRules(options: unknown): CollectPlan {
  const { grace, dryRun, reachable, onProgress } = readOptions(options, {
    grace: milliseconds,
    dryRun: flag,
    reachable: anything,
    onProgress: callback<NonNullable<CollectRules["onProgress"]>>(),
  });
  const iterable = typeof reachable === "object" && reachable !== null &&
    (Symbol.iterator in reachable || Symbol.asyncIterator in reachable);
  if (!iterable) {
    throw wrongArgument("reachable", "an iterable of digests (everything else is removed)", reachable);
  }
  return { grace: grace ?? defaultGrace, dryRun: dryRun ?? false, onProgress: onProgress ?? (() => {}), reachable };
}
