/**
 * `writeVersioned`: new content for a file that still is in the version that the caller has seen.
 */
import type { FileData } from "../core/bytes.ts";
import { InvalidArgument } from "../core/errors.ts";
import { notAsExpected } from "../protocol/conflict.ts";
import { count, type FilePath, type OptionReader, readOptions } from "../core/options.ts";
import { type Operation, run, runSync } from "../core/operation.ts";
import { contentConflict, digestOption } from "../file/write_options.ts";
import { attemptFailed } from "../protocol/failure.ts";
import { backOff } from "../protocol/back_off.ts";
import { changeOnce, type VersionedResult } from "../protocol/versions/change_version.ts";
import type { LatestVersion } from "../protocol/versions/latest_version.ts";
import type { VersionedFile } from "../protocol/versions/versioned_file.ts";
import { changing, gather, type VersionedOptions, versionedReaders, versionedRequest } from "./versioned_options.ts";

/** In which version a file must be to be written by {@linkcode writeVersioned}. */
export interface ExpectedVersion {
  /**
   * The number that {@linkcode readVersioned} said (0 for a file without versions), or null: there must be no file.
   */
  expected: number | null;
  /** What its content must be as well; see {@linkcode ExpectedContent}. */
  ifMatch?: string;
}

/** Which content a file must have to be written by {@linkcode writeVersioned}, in whatever version. */
export interface ExpectedContent {
  /** SHA-256 (64 hexadecimal digits) of the content of its newest version. */
  ifMatch: string;
}

/** Options of {@linkcode writeVersioned}: `expected` or `ifMatch` is needed. */
export type WriteVersionedOptions = VersionedOptions & (ExpectedVersion | ExpectedContent);

/** {@linkcode WriteVersionedOptions} without what cannot exist synchronously. */
export type WriteVersionedSyncOptions = Omit<VersionedOptions, "signal"> & (ExpectedVersion | ExpectedContent);

const numberOrNull: OptionReader<number | null> = (value, name) => value === null ? null : count(value, name);

/** A listing that is so often older than what the directory contains is no listing. */
const mostTries = 50;

function* writeIfExpected(
  path: FilePath,
  data: FileData,
  options: WriteVersionedOptions | WriteVersionedSyncOptions,
  synchronous: boolean,
): Operation<VersionedResult> {
  const readers = { ...versionedReaders, expected: numberOrNull, ifMatch: digestOption };
  const { expected, ifMatch, ...checked } = readOptions(options, readers);
  if (expected === undefined && ifMatch === undefined) {
    throw new InvalidArgument(
      "expected must be a version, or null: that there is no file; or ifMatch the SHA-256 of its content",
    );
  }
  const request = versionedRequest(checked, synchronous);
  const { engine, plan: { write: { signal } } } = request;
  const content = yield* gather(engine, data, signal);
  return yield* changing(request, { path, verb: "Cannot write" }, function* (file) {
    for (let tries = 0; tries < mostTries; tries++) {
      const result = yield* changeOnce(file, function* (base) {
        if (expected !== undefined) checkVersion(file, base, expected);
        if (ifMatch !== undefined) refuseOtherContent(file, base, ifMatch);
        return yield* asIs(content);
      });
      if (result !== undefined) return result;
      yield* backOff(engine, tries, signal);
    }
    throw attemptFailed(file.attempt, "EAGAIN", "link", "the listing of its directory stays older than its versions");
  });
}

// deno-lint-ignore require-yield -- what `changeOnce` asks is an operation
function* asIs(content: Uint8Array): Operation<Uint8Array> {
  return content;
}

function checkVersion({ target }: VersionedFile, base: LatestVersion | undefined, expected: number | null): void {
  const actual = base?.number ?? null;
  if (actual === expected) return;
  const found = actual === null ? "there is no file" : `it is in version ${actual}`;
  const wanted = expected === null ? "no file" : `version ${expected}`;
  const compared = { expectedVersion: expected, actualVersion: actual };
  throw notAsExpected({ verb: "Cannot write", path: target.path }, found, wanted, compared);
}

function refuseOtherContent(
  { engine, target }: VersionedFile,
  base: LatestVersion | undefined,
  expected: string,
): void {
  let actual: string | null = null;
  if (base !== undefined) {
    const hash = engine.runtime.createHash();
    hash.update(base.content);
    actual = hash.digest();
  }
  if (actual !== expected) throw contentConflict(target.path, expected, actual);
}

/**
 * Writes a file that still is in the version that the caller has seen, without any lock: for network and synchronised
 * file systems where there is none that can be relied on.
 *
 * Of all programs that write over one version, exactly one succeeds; the others get a ConflictError and change nothing.
 * When the call returns, the new version is durable as asked, and the file itself shows it (`shown`). Content equal to
 * the version that is there makes no new one. The content is held in memory.
 *
 * Not guaranteed: programs that write the file directly. What they write is replaced by the next version.
 *
 * @param path The file, a path or file: URL. Symlinks at its end are followed.
 * @param data The content.
 * @param options `expected` or `ifMatch`, and those of {@linkcode updateVersioned} but for `retries`.
 * @throws {ConflictError} It is in another version (`actualVersion`), or has other content (`actual`); `targetState` is
 *   `"unchanged"`.
 * @throws {CorruptionError} Its newest version is damaged.
 * @throws {WriteError} `targetState` says what happened: `"unchanged"`; `"replaced"`: the version is there, and may not
 *   be durable; `"unknown"`: the connection or the disk failed before it was known whose the version is.
 *
 * @example
 * ```ts
 * import { readVersionedText, writeVersioned } from "@durable/atomic-write/versioned";
 *
 * await writeVersioned("state", "one", { expected: null });
 * const state = await readVersionedText("state");
 * await writeVersioned("state", `${state?.content} two`, { expected: state?.version ?? null });
 * ```
 */
export function writeVersioned(
  path: FilePath,
  data: FileData,
  options: WriteVersionedOptions,
): Promise<VersionedResult> {
  return run(() => writeIfExpected(path, data, options, false));
}

/**
 * Like {@linkcode writeVersioned}, synchronously.
 *
 * @param path The file.
 * @param data The content: text, bytes or an iterable.
 * @param options Those of {@linkcode writeVersioned}.
 * @throws What {@linkcode writeVersioned} rejects with.
 *
 * @example
 * ```ts
 * import { writeVersionedSync } from "@durable/atomic-write/versioned";
 *
 * writeVersionedSync("state", "one", { expected: null });
 * ```
 */
export function writeVersionedSync(
  path: FilePath,
  data: FileData,
  options: WriteVersionedSyncOptions,
): VersionedResult {
  return runSync(() => writeIfExpected(path, data, options, true));
}
