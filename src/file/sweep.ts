/**
 * `sweep`: removes temporary files whose owners are dead, and only those.
 *
 * Per name of our grammar: old enough → proof of death as the name itself states → still the file that was judged →
 * unlink. What cannot be proven stays, unless the caller gives an age (`olderThan`) that is proof enough for that
 * caller. A lock directory that was prepared and never came to its place bears the same kind of name: its token goes
 * first, then it. The token goes by path, so only where nobody else can put a symlink in the directory's place
 * in the meantime.
 */
import { type FilePath, flag, millisecondsFrom, readOptions } from "../core/options.ts";
import { type Operation, run, runSync, wait } from "../core/operation.ts";
import { childOf, type Engine, locate, makeEngine, parentOf, runtimeOption } from "../protocol/engine.ts";
import { attemptFailed, beginAttempt, translate } from "../protocol/failure.ts";
import { closeQuietly } from "../protocol/file_call.ts";
import { contentName, pendingName } from "../protocol/names/version.ts";
import { isOutOfReach } from "../protocol/out_of_reach.ts";
import { parseTemporaryName, parseTokenName, type Proof } from "../protocol/names/names.ts";
import { inRoom } from "../protocol/room.ts";
import { isUnprovenStage } from "../protocol/versions/unproven_stage.ts";
import { currentRuntime } from "../runtime/current.ts";
import type { FileStatus, Runtime } from "../runtime/runtime.ts";
import { SystemError } from "../runtime/system_error.ts";

/** Options of {@linkcode sweep}. */
export interface SweepOptions {
  /** Also in directories below; symlinks are not followed. Default false. */
  recursive?: boolean;
  /** Only say what would be removed. Default false. */
  dryRun?: boolean;
  /**
   * Also remove files whose owner may still be alive, if they were last changed this many milliseconds ago (60,000 or
   * more).
   */
  olderThan?: number;
  /** The machine to work on. Default: the one this code runs on. */
  runtime?: Runtime;
}

/** A temporary file that stays, and why. */
export interface KeptTemporaryFile {
  /** The file, absolute. */
  path: string;
  /**
   * `"young"`: changed less than a minute ago. `"alive"`: its owner lives. `"unproven"`: its owner cannot be proven
   * dead from here, or it is a lock directory that others may replace while it is emptied. `"foreign"`: our kind of
   * name, but neither a plain file nor a lock directory. `"failed"`: it could not be examined or removed.
   */
  reason: "young" | "alive" | "unproven" | "foreign" | "failed";
  /** For `"failed"`: the portable code, such as `"EACCES"`. */
  code?: string;
}

/** What {@linkcode sweep} found. */
export interface SweepResult {
  /** Files (and prepared lock directories) that were removed, or with `dryRun` would be. */
  removed: string[];
  /** Temporary files that stay. */
  kept: KeptTemporaryFile[];
}

/** Between its creation and its lock, and between its close and its rename, a living writer holds no lock. */
const youngest = 60_000;

type Verdict = KeptTemporaryFile["reason"] | "dead" | "gone";

function* judge(engine: Engine, path: string, proof: Proof, olderThan: number): Operation<Verdict> {
  const status = yield* wait(engine.fileSystem.linkStat(path));
  if (status === undefined) return "gone";
  if (status.kind !== "file" && !(status.kind === "directory" && proof.kind !== "lock")) return "foreign";
  const age = engine.runtime.clock.now() - status.modified;
  if (age < youngest) return "young";
  const owner = yield* ownerOf(engine, path, proof, status);
  const verdict = owner === "unproven" && age >= olderThan ? "dead" : owner;
  return verdict === "dead" && (yield* isUnprovenStage(engine, parentOf(engine, path), status)) ? "unproven" : verdict;
}

function* ownerOf(
  engine: Engine,
  path: string,
  proof: Proof,
  status: FileStatus,
): Operation<"alive" | "dead" | "unproven"> {
  if (proof.kind === "none") return "unproven";
  if (proof.kind === "process") {
    const liveness = engine.runtime.process.liveness(proof.facts);
    return liveness === "unknown" ? "unproven" : liveness;
  }
  if (engine.capabilities.fileLock === "none") return "unproven";
  const file = yield* wait(engine.fileSystem.open(path, "read", { follow: false }));
  if (file === undefined) return "alive";
  try {
    if ((yield* wait(file.stat())).identity !== status.identity) return "alive";
    return (yield* wait(file.tryLock(false))) ? "dead" : "alive";
  } catch (error) {
    // A file system without locks proves nothing.
    if (error instanceof SystemError && error.call === "tryLock") return "unproven";
    throw error;
  } finally {
    yield* closeQuietly(file);
  }
}

/** What may be in a directory that was prepared and never came to its place: tokens of a lock, or a version's files. */
const isPrepared = (name: string): boolean =>
  parseTokenName(name) !== undefined || name === contentName || name === pendingName;

/** What is in a prepared directory; undefined when anything else is in it. */
function* tokensIn(engine: Engine, path: string): Operation<string[] | undefined> {
  const entries = yield* wait(engine.fileSystem.readDirectory(path));
  const names = (entries ?? []).map((entry) => entry.name);
  return names.every(isPrepared) ? names : undefined;
}

function* removeAbandoned(engine: Engine, path: string, tokens: readonly string[] | undefined): Operation<void> {
  if (tokens === undefined) {
    yield* wait(engine.fileSystem.remove(path));
    return;
  }
  for (const token of tokens) yield* wait(engine.fileSystem.remove(childOf(engine, path, token)));
  yield* wait(engine.fileSystem.removeDirectory(path));
}

function* sweepDirectory(
  engine: Engine,
  directory: string,
  options: { recursive: boolean; dryRun: boolean; olderThan: number },
  result: SweepResult,
): Operation<boolean> {
  const entries = yield* wait(engine.fileSystem.readDirectory(directory));
  if (entries === undefined) return false;
  for (const { name, kind } of entries.sort((a, b) => a.name < b.name ? -1 : 1)) {
    const path = childOf(engine, directory, name);
    const parsed = parseTemporaryName(name);
    if (parsed === undefined) {
      if (kind === "directory" && options.recursive) yield* sweepBelow(engine, path, options, result);
      continue;
    }
    try {
      const tokens = kind === "directory" ? yield* tokensIn(engine, path) : undefined;
      const isForeign = kind === "directory" && tokens === undefined;
      let verdict = isForeign ? "foreign" : yield* judge(engine, path, parsed.proof, options.olderThan);
      const isReachable = verdict === "dead" && tokens?.[0] !== undefined &&
        !(yield* isOutOfReach(engine, directory, path));
      if (isReachable) verdict = "unproven";
      if (verdict === "gone") continue;
      if (verdict !== "dead") {
        result.kept.push({ path, reason: verdict });
        continue;
      }
      if (!options.dryRun) yield* removeAbandoned(engine, path, tokens);
      result.removed.push(path);
    } catch (error) {
      if (!(error instanceof SystemError)) throw error;
      result.kept.push({ path, reason: "failed", code: error.code });
    }
  }
  return true;
}

function* sweepBelow(
  engine: Engine,
  directory: string,
  options: { recursive: boolean; dryRun: boolean; olderThan: number },
  result: SweepResult,
): Operation<void> {
  try {
    yield* sweepDirectory(engine, directory, options, result);
  } catch (error) {
    // One closed directory must not keep the others from being swept.
    if (!(error instanceof SystemError)) throw error;
    result.kept.push({ path: directory, reason: "failed", code: error.code });
  }
}

function* sweepOperation(
  path: FilePath,
  options: SweepOptions | undefined,
  synchronous: boolean,
): Operation<SweepResult> {
  const checked = readOptions(options, {
    recursive: flag,
    dryRun: flag,
    olderThan: millisecondsFrom(youngest),
    runtime: runtimeOption,
  });
  const engine = makeEngine(checked.runtime ?? currentRuntime(), synchronous);
  const directory = locate(engine, path);
  const attempt = beginAttempt("Cannot sweep", directory);
  const result: SweepResult = { removed: [], kept: [] };
  try {
    const rules = {
      recursive: checked.recursive ?? false,
      dryRun: checked.dryRun ?? false,
      olderThan: checked.olderThan ?? Infinity,
    };
    const found = yield* inRoom(engine, "calls", {}, () => sweepDirectory(engine, directory, rules, result));
    if (!found) throw attemptFailed(attempt, "ENOENT", "readDirectory", "there is no such directory");
    return result;
  } catch (error) {
    throw translate(error, attempt);
  }
}

/**
 * Removes temporary files that killed writers left in a directory. It never runs automatically, and nothing else removes
 * them.
 *
 * Only names that this module builds, only plain files and prepared lock directories, only a minute after their last
 * change, and only with the proof of death that the name itself states: the kernel lock its writer held until it died,
 * or the process it names. A living writer's file is never removed, in any pid namespace. Lock files, locks that are
 * held, backups and the stages of transactions are not touched.
 *
 * @param directory The directory, a path or file: URL.
 * @param options See {@linkcode SweepOptions}.
 * @throws {WriteError} The directory cannot be read; `code` says why.
 *
 * @example
 * ```ts
 * import { sweep } from "@durable/atomic-write";
 *
 * const { removed } = await sweep(".", { dryRun: true });
 * console.log(removed); // []
 * ```
 */
export function sweep(directory: FilePath, options?: SweepOptions): Promise<SweepResult> {
  return run(() => sweepOperation(directory, options, false));
}

/**
 * Like {@linkcode sweep}, synchronously.
 *
 * @param directory The directory, a path or file: URL.
 * @param options See {@linkcode SweepOptions}.
 * @throws What {@linkcode sweep} rejects with.
 *
 * @example
 * ```ts
 * import { sweepSync } from "@durable/atomic-write";
 *
 * console.log(sweepSync(".", { recursive: true }).kept); // []
 * ```
 */
export function sweepSync(directory: FilePath, options?: SweepOptions): SweepResult {
  return runSync(() => sweepOperation(directory, options, true));
}
