/**
 * The options of everything that works with versions, and how a call begins: options, room, file, directory.
 */
import { type FileData, sourceOf } from "../core/bytes.ts";
import {
  count,
  type FilePath,
  flag,
  oneOf,
  type OptionReader,
  type readOptions,
  wholeNumber,
} from "../core/options.ts";
import type { Operation } from "../core/operation.ts";
import { refuseSignals } from "../lock/file_lock.ts";
import { type Engine, locate, makeEngine } from "../protocol/engine.ts";
import { beginAttempt, checkAbort, translate } from "../protocol/failure.ts";
import { idly, inRoom } from "../protocol/room.ts";
import { openVersioned, type VersionedFile, type VersionPlan } from "../protocol/versions/versioned_file.ts";
import { type Durability, replaceOptionReaders, type ReplaceOptions, writePlan } from "../protocol/write_plan.ts";
import { currentRuntime } from "../runtime/current.ts";
import { type UnsafePathOption, unsafePathReader } from "../protocol/unsafe_path.ts";

/** Options of everything that makes versions. */
export interface VersionedOptions extends
  Pick<
    ReplaceOptions,
    "whenUnsupported" | "whenSyncFails" | "mode" | "owner" | "defaults" | "createDirectories" | "signal" | "runtime"
  >,
  UnsafePathOption {
  /**
   * How much must survive a power cut: `"full"` and `"barrier"` mean content and name, `"file"` only content. A version's
   * content is always synced before it has its name.
   *
   * @default "full"
   */
  durability?: Exclude<Durability, "none">;
  /**
   * How many of the newest versions stay beside the file, at least 1. A program that reads slowly from an older one
   * than these has to look again.
   *
   * @default 3
   */
  keep?: number;
  /**
   * Replace the file itself with the newest content, for programs that know nothing of versions. If nobody reads the
   * file so, `false` saves one sync of the content for each change; the file then stays as it is, or away.
   *
   * @default true
   */
  refresh?: boolean;
}

/** Options of {@linkcode updateVersioned} and {@linkcode updateVersionedText}. */
export interface UpdateVersionedOptions extends VersionedOptions {
  /**
   * How often to try again when another program was faster; then ConflictError. Each try calls the callback again. Between tries
   * there are pauses of random length, up to 200 ms.
   *
   * @default Infinity
   */
  retries?: number;
}

/** {@linkcode UpdateVersionedOptions} without what cannot exist synchronously. */
export interface UpdateVersionedSyncOptions extends Omit<UpdateVersionedOptions, "signal"> {}

/** The readers of {@linkcode VersionedOptions}. */
export const versionedReaders = {
  durability: oneOf("full", "barrier", "file"),
  whenUnsupported: replaceOptionReaders.whenUnsupported,
  whenSyncFails: replaceOptionReaders.whenSyncFails,
  mode: replaceOptionReaders.mode,
  owner: replaceOptionReaders.owner,
  defaults: replaceOptionReaders.defaults,
  createDirectories: flag,
  signal: replaceOptionReaders.signal,
  runtime: replaceOptionReaders.runtime,
  keep: wholeNumber(1, Number.MAX_SAFE_INTEGER),
  refresh: flag,
  unsafePath: unsafePathReader,
};

const retriesOption: OptionReader<number> = (value, name) => value === Infinity ? value : count(value, name);

/** The readers of {@linkcode UpdateVersionedOptions}. */
export const updateVersionedReaders = { ...versionedReaders, retries: retriesOption };

/** How many of the newest versions stay, unless a caller says otherwise. */
const usualKeep = 3;

/** A call that is ready to begin. */
export interface VersionedRequest {
  readonly engine: Engine;
  readonly plan: VersionPlan;
}

type CheckedOptions = ReturnType<typeof readOptions<typeof versionedReaders>>;

/** From checked options to a request. */
export function versionedRequest(options: CheckedOptions, synchronous: boolean): VersionedRequest {
  const { runtime, keep = usualKeep, refresh = true, unsafePath, ...rest } = options;
  refuseSignals(synchronous, rest.signal);
  const engine = makeEngine(runtime ?? currentRuntime(), synchronous, undefined, unsafePath);
  return { engine, plan: { write: writePlan(engine, rest), keep, refresh } };
}

/** Runs a change of the file at `path` when there is room for it; what goes wrong is translated for the caller. */
export function* changing<T>(
  { engine, plan }: VersionedRequest,
  { path, verb }: { readonly path: FilePath; readonly verb: string },
  body: (file: VersionedFile) => Operation<T>,
): Operation<T> {
  const location = locate(engine, path);
  const attempt = beginAttempt(verb, location);
  const { signal } = plan.write;
  try {
    return yield* inRoom(engine, "callers", { signal }, function* () {
      checkAbort(signal);
      return yield* openVersioned(engine, { path: location, plan, attempt }, body);
    });
  } catch (error) {
    throw translate(error, attempt);
  }
}

/** All bytes of a caller's data. A version is made from memory, for it may have to be made again. */
export function* gather(engine: Engine, data: FileData, signal: AbortSignal | undefined): Operation<Uint8Array> {
  const source = sourceOf(data, engine.synchronous);
  if (source.kind === "bytes") return source.bytes;
  const chunks: Uint8Array[] = [];
  try {
    for (;;) {
      checkAbort(signal);
      const chunk = yield* idly(engine, source.next());
      if (chunk === undefined) break;
      chunks.push(new Uint8Array(chunk));
    }
  } catch (error) {
    source.cancel(error);
    throw error;
  }
  const bytes = new Uint8Array(chunks.reduce((size, { length }) => size + length, 0));
  let used = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, used);
    used += chunk.length;
  }
  return bytes;
}
