/**
 * Objects kept under their own digest, and references to them.
 *
 * - {@linkcode openObjectStore}: content that is stored once, verified when read, and never half there.
 * - {@linkcode openReferences}: names that move from one digest to another, atomically.
 *
 * Put an object first, then refer to it: then no reference ever leads to nothing, whatever happens in between.
 *
 * @module
 */
export type { FileData } from "../core/bytes.ts";
export {
  ConflictError,
  CorruptionError,
  FileError,
  type FileErrorDetails,
  LockError,
  LockTimeoutError,
  MissingObjectError,
  ReadError,
  type TargetState,
  WriteError,
} from "../core/errors.ts";
export type { FilePath } from "../core/options.ts";
export type { Digest } from "../protocol/names/store.ts";
export type { UnsafePath, UnsafePathOption } from "../protocol/unsafe_path.ts";
export type { Durability, WriteResult } from "../protocol/write_plan.ts";
export { type CollectOptions, type ObjectStore, openObjectStore } from "./object_store.ts";
export { type CollectSyncOptions, type ObjectStoreSync, openObjectStoreSync } from "./object_store_sync.ts";
export type { StoredObject } from "./incoming.ts";
export type { Reference } from "./reference_body.ts";
export type { Head, HeadTarget } from "./reference_format.ts";
export {
  type ExpectOptions,
  openReferences,
  openReferencesSync,
  type References,
  type ReferencesSync,
  type RemoveReferenceOptions,
  type SetHeadOptions,
} from "./references.ts";
export type {
  CollectRules,
  PutOptions,
  PutSyncOptions,
  RestoreOptions,
  RestoreSyncOptions,
  VerifyOptions,
} from "./requests.ts";
export type { CollectProgress, CollectResult } from "./scan.ts";
export type { ObjectStoreOptions, StoreOptions } from "./store.ts";
export type { UnreadableObject, VerifyProgress, VerifyResult } from "./verify.ts";
