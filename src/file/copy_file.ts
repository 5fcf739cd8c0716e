/**
 * `copyFile`: one file's content under another name, through the one protocol.
 *
 * Order: open the source, stage (sharing blocks where the file system can), look at the source again, commit. A source
 * that changed while it was read fails the copy: it would be neither its old nor its new content.
 */
import { callback, type FilePath, flag, readOptions } from "../core/options.ts";
import { type Operation, run, runSync, wait } from "../core/operation.ts";
import { attributesOf } from "../protocol/attributes.ts";
import { returnTicket, takeTicket } from "../protocol/commit_turn.ts";
import { type Engine, locate } from "../protocol/engine.ts";
import { type Attempt, attemptFailed, beginAttempt, checkAbort, translate } from "../protocol/failure.ts";
import { closeQuietly, digestOf } from "../protocol/file_call.ts";
import { type Filling, replaceFile } from "../protocol/replace_file.ts";
import type { WriteResult } from "../protocol/write_plan.ts";
import type { FileStatus, OpenFile } from "../runtime/runtime.ts";
import { inRoomFor } from "../lock/room_for.ts";
import {
  lockedWrite,
  type WriteFileOptions,
  type WriteFileSyncOptions,
  writeOptionReaders,
  writeRequest,
} from "./write_options.ts";

/** What a copy can be given beside the options of a write. */
export interface CopyTimes {
  /**
   * Give the copy the source's modification time instead of the current time, by which editors and build tools notice it.
   *
   * @default false
   */
  keepTimes?: boolean;
  /** Called after each piece and at the end of the content, with how far the copy is. An error it throws aborts the copy. */
  onProgress?: (progress: CopyProgress) => void;
}

/** Options of {@linkcode copyFile}. */
export interface CopyFileOptions extends WriteFileOptions, CopyTimes {}

/** Options of {@linkcode copyFileSync}: {@linkcode CopyFileOptions} without what cannot exist synchronously. */
export interface CopyFileSyncOptions extends WriteFileSyncOptions, CopyTimes {}

/** How far a copy is. */
export interface CopyProgress {
  /** Bytes copied. */
  readonly bytes: number;
  /** Bytes there are. */
  readonly total: number;
}

/** A filling from an open file, which must not change while it is read. */
export function fillingFromFile(
  source: OpenFile,
  before: FileStatus,
  name: string,
  report?: (bytes: number) => void,
): Filling {
  return {
    bytes: undefined,
    repeatable: true,
    *fill({ writer, attempt }) {
      yield* wait(source.seek(0));
      yield* writer.takeFile(source, before, report);
      const after = yield* wait(source.stat());
      if (after.size === before.size && after.modified === before.modified) return;
      throw attemptFailed(attempt, "EAGAIN", "read", `${JSON.stringify(name)} changed while it was read`);
    },
    cancel: () => {},
  };
}

function* digestFromStart(engine: Engine, file: OpenFile): Operation<string> {
  yield* wait(file.seek(0));
  return yield* digestOf(engine, file);
}

/** Opens the file to be copied; refuses what is no regular file. */
export function* openSource(engine: Engine, path: string, attempt: Attempt): Operation<OpenFile> {
  const status = yield* wait(engine.fileSystem.stat(path));
  const refuse = (code: string, reason: string) =>
    attemptFailed(attempt, code, "open", `${JSON.stringify(path)} ${reason}`);
  if (status === undefined) throw refuse("ENOENT", "does not exist");
  if (status.kind === "directory") throw refuse("EISDIR", "is a directory");
  if (status.kind !== "file") throw refuse("EINVAL", "is not a regular file");
  const file = yield* wait(engine.fileSystem.open(path, "read"));
  if (file === undefined) throw refuse("ENOENT", "does not exist");
  return file;
}

const copyOptionReaders = {
  ...writeOptionReaders,
  keepTimes: flag,
  onProgress: callback<NonNullable<CopyTimes["onProgress"]>>(),
};

/** The body of a copy. `keepsMetadata`: a new file is like its source in mode, owner and attributes, too. */
export function* copy(
  source: FilePath,
  target: FilePath,
  options: CopyFileOptions | undefined,
  { synchronous, keepsMetadata = false }: { readonly synchronous: boolean; readonly keepsMetadata?: boolean },
): Operation<WriteResult> {
  const { runtime, keepTimes, onProgress, ...checked } = readOptions(options, copyOptionReaders);
  const request = writeRequest(checked, runtime, synchronous);
  const { engine } = request;
  const from = locate(engine, source);
  const to = locate(engine, target);
  const attempt = beginAttempt(`Cannot copy ${JSON.stringify(from)} to`, to);
  let ticket = request.lock === undefined ? takeTicket() : undefined;
  try {
    checkAbort(request.plan.signal);
    return yield* inRoomFor({ engine, lock: request.lock, signal: request.plan.signal }, false, function* () {
      const file = yield* openSource(engine, from, attempt);
      try {
        const status = yield* wait(file.stat());
        const times = keepTimes === true ? yield* wait(file.times()) : undefined;
        const attributes = keepsMetadata && engine.capabilities.attributes ? yield* attributesOf(file) : undefined;
        const like = keepsMetadata ? { status, attributes } : undefined;
        const filling = {
          ...fillingFromFile(file, status, from, (bytes) => onProgress?.({ bytes, total: status.size })),
          known: { size: status.size, digest: () => digestFromStart(engine, file) },
        };
        return yield* lockedWrite(request, to, (plan) => {
          const copyPlan = {
            ...plan,
            newFileMode: plan.defaults.creationMode ?? status.mode & 0o777,
            times,
            like,
          };
          return replaceFile({ engine, path: to, plan: copyPlan, ticket: ticket ??= takeTicket() }, filling);
        });
      } finally {
        yield* closeQuietly(file);
      }
    });
  } catch (error) {
    throw translate(error, attempt);
  } finally {
    if (ticket !== undefined) returnTicket(ticket);
  }
}

/**
 * Copies a file's content to another path, atomically and durably, sharing blocks (reflink) if the file system can.
 *
 * The target keeps its own mode and owner; a new target gets the source's mode minus the umask. Everything else is as
 * with {@linkcode writeFile}. Symlinks at the source are followed.
 *
 * @param source The file to read, a path or file: URL.
 * @param target The file to replace or create, a path or file: URL.
 * @param options Those of a write, `keepTimes` and `onProgress`.
 * @throws {WriteError} The source cannot be read, changed while it was read (`code` is `"EAGAIN"`), or a step failed;
 *   `targetState` says what happened to the target.
 *
 * @example
 * ```ts
 * import { copyFile, writeFile } from "@durable/atomic-write";
 *
 * await writeFile("a", "content");
 * await copyFile("a", "b", { keepTimes: true });
 * ```
 */
export function copyFile(
  source: FilePath,
  target: FilePath,
  options?: CopyFileOptions,
): Promise<WriteResult> {
  return run(() => copy(source, target, options, { synchronous: false }));
}

/**
 * Like {@linkcode copyFile}, synchronously.
 *
 * @param source The file to read.
 * @param target The file to replace or create, a path or file: URL.
 * @param options Those of a write, `keepTimes` and `onProgress`.
 * @throws What {@linkcode copyFile} rejects with.
 *
 * @example
 * ```ts
 * import { copyFileSync, writeFileSync } from "@durable/atomic-write";
 *
 * writeFileSync("a", "content");
 * copyFileSync("a", "b");
 * ```
 */
export function copyFileSync(
  source: FilePath,
  target: FilePath,
  options?: CopyFileSyncOptions,
): WriteResult {
  return runSync(() => copy(source, target, options, { synchronous: true }));
}
