/**
 * All measurements of `doctor`, one after another, in a scratch directory that is removed whatever happens.
 *
 * 1. What can be found out by looking: the file system, names, abandoned temporary files. 2. The scratch directory;
 * where it cannot be made, that is the answer. 3. Everything that is measured in it. A probe that fails answers with
 * its code.
 */
import { makeEngine } from "../../protocol/engine.ts";
import { parseVersionName } from "../../protocol/names/version.ts";
import type { Durability } from "../../versioned/mod.ts";
import type { CommandHost } from "../../runtime/host/command_host.ts";
import { currentRuntime } from "../../runtime/current.ts";
import type { FileSystemFacts } from "../../runtime/host/file_system_facts.ts";
import { sweep } from "../../file/sweep.ts";
import type { Report } from "../progress.ts";
import { type Locking, locking } from "./locking.ts";
import {
  exchange,
  foldedNames,
  hardLinks,
  type KeptMetadata,
  keptMetadata,
  nameLimits,
  sharedBlocks,
  symbolicLinks,
} from "./names.ts";
import { attempt, type Bench, type Failed, isFailed } from "./probe.ts";
import { type Replacement, replacementUnderReaders } from "./replacement.ts";
import { makeScratch, removeAbandonedScratch, removeScratch } from "./scratch.ts";
import { directorySyncTime, fileSyncTime, writing } from "./syncs.ts";
import { type Versions, versions } from "./versions.ts";

/** What is seen without changing anything. */
interface Seen {
  readonly directory: string;
  readonly runtime: string;
  /** By what it calls functions of the C library, if it can. */
  readonly foreignCalls?: string;
  readonly fileSystem?: FileSystemFacts;
  /** Bytes. */
  readonly limits: { name: number; path: number } | Failed;
  /** Files that are changed by versions, and the versions beside them. */
  readonly versioned: { files: number; versions: number } | Failed;
  /** Temporary files of writers that are provably dead, and those that may not be. */
  readonly abandoned: { removable: number; kept: number } | Failed;
}

/** What is measured; times are medians in milliseconds. */
export interface Measured {
  readonly writing: { durability: Durability; milliseconds: number } | Failed;
  readonly fileSync: { milliseconds: number } | Failed;
  /** Not supported where it is undefined. */
  readonly directorySync?: { milliseconds: number } | Failed;
  readonly replacement: Replacement | Failed;
  readonly locking: Locking | Failed;
  readonly versions: Versions | Failed;
  readonly hardLinks: { hard: boolean; noReplace: boolean } | Failed;
  readonly symbolicLinks: boolean | Failed;
  readonly sharedBlocks: boolean | Failed;
  readonly exchange: boolean | "unchecked" | Failed;
  readonly names: { caseFolded: boolean; normalized: boolean } | Failed;
  readonly metadata: KeptMetadata | Failed;
}

/** Everything. */
export interface Examination extends Seen {
  /** Why nothing could be made here. */
  readonly unwritable?: Failed;
  readonly measured?: Measured;
  /** What could not be removed. */
  readonly leftBehind?: readonly string[];
}

async function look(host: CommandHost, directory: string): Promise<Seen> {
  const runtime = currentRuntime();
  const fileSystem = host.fileSystemFacts(directory);
  const foreignCalls = runtime.foreignCalls?.();
  const abandoned = await attempt(async () => {
    const { removed, kept } = await sweep(directory, { dryRun: true });
    return { removable: removed.length, kept: kept.length };
  });
  return {
    directory,
    runtime: runtime.name,
    ...foreignCalls === undefined ? {} : { foreignCalls },
    ...fileSystem === undefined ? {} : { fileSystem },
    limits: await attempt(() => nameLimits(makeEngine(runtime, false), directory)),
    versioned: await attempt(() => countVersions(directory)),
    abandoned,
  };
}

async function countVersions(directory: string): Promise<{ files: number; versions: number }> {
  const entries = await currentRuntime().fileSystem.readDirectory(directory) ?? [];
  const targets = entries.flatMap(({ name }) => parseVersionName(name)?.target ?? []);
  return { files: new Set(targets).size, versions: targets.length };
}

const isTime = (found: number | Failed | undefined) => typeof found === "number" ? { milliseconds: found } : found;

async function measure(bench: Bench, report: Report): Promise<Measured> {
  let done = 0;
  const step = async <T>(title: string, probe: () => Promise<T>): Promise<T | Failed> => {
    bench.signal.throwIfAborted();
    report(done++, 12, `measuring ${title}`);
    return await attempt(probe);
  };
  const fileSync = isTime(await step("syncs of files", () => fileSyncTime(bench)));
  const directorySync = isTime(await step("syncs of directories", () => directorySyncTime(bench)));
  return {
    writing: await step("writes", () => writing(bench)),
    fileSync: fileSync ?? { failed: "ENOTSUP" },
    ...directorySync === undefined ? {} : { directorySync },
    replacement: await step("replacements", () => replacementUnderReaders(bench)),
    locking: await step("locks", () => locking(bench)),
    versions: await step("versions", () => versions(bench)),
    hardLinks: await step("links", () => hardLinks(bench)),
    symbolicLinks: await step("symlinks", () => symbolicLinks(bench)),
    sharedBlocks: await step("copies", () => sharedBlocks(bench)),
    exchange: await step("exchange", () => exchange(bench)),
    names: await step("names", () => foldedNames(bench)),
    metadata: await step("mode and owner", () => keptMetadata(bench)),
  };
}

/** Examines a directory that exists. Throws the signal's reason when it aborts; nothing is left then, either. */
export async function examine(
  host: CommandHost,
  directory: string,
  signal: AbortSignal,
  report: Report,
): Promise<Examination> {
  const seen = await look(host, directory);
  const engine = makeEngine(currentRuntime(), false);
  signal.throwIfAborted();
  await attempt(() => removeAbandonedScratch(engine, directory));
  const scratch = await attempt(() => makeScratch(engine, directory));
  if (isFailed(scratch)) return { ...seen, unwritable: scratch };
  let measured: Measured | undefined;
  let left: string | undefined;
  try {
    measured = await measure({ engine, host, scratch: scratch.path, signal }, report);
  } finally {
    left = await removeScratch(engine, scratch);
  }
  return { ...seen, measured, ...left === undefined ? {} : { leftBehind: [left] } };
}
