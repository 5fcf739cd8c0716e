/**
 * Compares what is there after a cut with what was on record before it.
 *
 * A file may show the content of an operation X exactly when no acknowledged operation on the same file began after X
 * had ended; it may be missing when that holds for a removal, or when nothing was ever acknowledged. So "older than
 * acknowledged" is judged without assuming any order among operations that ran at the same time.
 */
import * as fs from "node:fs";
import { join } from "node:path";
import { sweepSync } from "../../mod.ts";
import { gateName, isBackupOf, lockName, parseBackupName, parseTemporaryName } from "../../src/protocol/names/names.ts";
import { generationsName, parseGenerationName } from "../../src/protocol/names/generation.ts";
import { incomingName, objectsLockTarget, referencesLockTarget } from "../../src/protocol/names/store.ts";
import { parseMarkerName } from "../../src/protocol/names/transaction.ts";
import { currentRuntime } from "../../src/runtime/current.ts";
import { TornContent } from "../support/versions.ts";
import { contentAt, readLogs } from "./found.ts";
import type { History, Operation } from "./record.ts";
import { workloads } from "./workloads.ts";

export interface Complaint {
  /**
   * `lost`: older than acknowledged. `torn`: not exactly one version. `mode`: permissions of another version. `foreign`:
   * a file that nobody wrote. `sweep`: temporary files that stay, or data that does not. `promise`: what a workload
   * promises beside. `failed`: an operation failed while there was power. `destroyed`: the file system itself is broken.
   */
  kind: "lost" | "torn" | "mode" | "foreign" | "sweep" | "promise" | "failed" | "destroyed";
  text: string;
}

/** Everything in a directory, as relative paths; directories are not listed themselves. */
function filesBelow(root: string, folder = ""): string[] {
  return fs.readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = folder === "" ? entry.name : `${folder}/${entry.name}`;
    return entry.isDirectory() ? filesBelow(root, path) : [path];
  });
}

const nameIn = (path: string): string => path.slice(path.lastIndexOf("/") + 1);
const folderOf = (path: string): string => path.slice(0, path.length - nameIn(path).length);

/** Judges one path by what was found there: a content, or null for nothing. */
export function judgeFound(path: string, found: string | null, operations: readonly Operation[]): Complaint[] {
  const acknowledged = operations.filter((operation) => operation.acknowledged);
  const last = acknowledged.map(({ content }) => content).at(-1);
  const possible = operations.filter(({ content }) => content === found);
  if (found !== null && possible.length === 0) {
    return [{ kind: "foreign", text: `${path} holds ${found}, which nobody wrote there` }];
  }
  const isCurrent = (operation: Operation) => acknowledged.every(({ begun }) => begun <= operation.ended);
  const isUntouched = found === null && acknowledged.length === 0;
  if (isUntouched || possible.some(isCurrent)) return [];
  return [{ kind: "lost", text: `${path} holds ${found ?? "nothing"}; last acknowledged: ${last}` }];
}

type Records = ReadonlyMap<string, string>;

function judgeFile(root: string, path: string, operations: readonly Operation[], records: Records): Complaint[] {
  if (operations.some(({ content }) => content === "*")) return [];
  let found: string | null;
  try {
    found = path.startsWith("logs/") ? records.get(path) ?? null : contentAt(root, path);
  } catch (error) {
    if (!(error instanceof TornContent)) throw error;
    const last = operations.filter((operation) => operation.acknowledged).map(({ content }) => content).at(-1);
    return [{ kind: "torn", text: `${path}: ${error.message}; last acknowledged: ${last}` }];
  }
  const complaints = judgeFound(path, found, operations);
  const modes = operations.filter(({ content }) => content === found).map(({ mode }) => mode);
  if (complaints.length > 0 || found === null || modes.includes(undefined)) return complaints;
  const mode = fs.statSync(join(root, path)).mode & 0o7777;
  return modes.includes(mode) ? [] : [{ kind: "mode", text: `${path} holds ${found} with mode ${mode.toString(8)}` }];
}

/** The operations on each path. */
export function byPath({ operations }: History): Map<string, Operation[]> {
  const paths = new Map<string, Operation[]>();
  for (const operation of operations) {
    const known = paths.get(operation.path);
    if (known === undefined) paths.set(operation.path, [operation]);
    else known.push(operation);
  }
  return paths;
}

/** Content of files: what a power cut, or a sweep after it, did to acknowledged data. */
export function judgeData(root: string, history: History): Complaint[] {
  const complaints: Complaint[] = [];
  const records = readLogs(root, (text) => complaints.push({ kind: "torn", text }));
  for (const [path, operations] of byPath(history)) complaints.push(...judgeFile(root, path, operations, records));
  return complaints;
}

/** Whether it is in a directory that is published, or was, or was to be, in place of one of these; or that one's lock. */
function isPublished(path: string, known: ReadonlySet<string>): boolean {
  const targets = new Set([...known].map((each) => folderOf(each).replace(/\/$/, "")));
  if (targets.has(path)) return true;
  const [top = ""] = path.split("/");
  const parsed = parseGenerationName(top, "directory") ?? parseGenerationName(top, "symlink");
  if (parsed !== undefined) return targets.has(parsed.target);
  return [...targets].some((target) => target !== "" && lockName(generationsName(target)) === top);
}

/** Whether it belongs to a store, references or logs: their locks, what is on its way into them, and a log itself. */
function isKept(path: string, known: ReadonlySet<string>): boolean {
  const [top = "", first = ""] = path.split("/");
  const target = top === "store" ? objectsLockTarget : top === "refs" ? referencesLockTarget : undefined;
  const name = nameIn(path);
  if (target !== undefined) {
    const locks = [lockName(target), gateName(lockName(target))];
    return locks.includes(name) || parseTemporaryName(name)?.target === incomingName;
  }
  if (top !== "logs") return false;
  const logs = [...known].flatMap((each) => each.startsWith("logs/") ? [each.split("/")[1] ?? ""] : []);
  const of = parseBackupName(name) ?? parseTemporaryName(name);
  return logs.some((log) =>
    log === first || lockName(log) === first || gateName(lockName(log)) === first || of?.target === log
  );
}

function isOurs(path: string, known: ReadonlySet<string>): boolean {
  if (isPublished(path, known) || isKept(path, known)) return true;
  const name = nameIn(path);
  const siblings = [...known].filter((each) => folderOf(each) === folderOf(path)).map(nameIn);
  const backup = parseBackupName(name);
  if (backup !== undefined) return siblings.some((each) => isBackupOf(backup, each));
  const temporary = parseTemporaryName(name);
  if (temporary !== undefined) {
    return siblings.includes(temporary.target) || parseMarkerName(temporary.target) !== undefined;
  }
  return siblings.some((each) => lockName(each) === name || gateName(lockName(each)) === name);
}

/** Names that nobody put there. */
function judgeNames(root: string, history: History): Complaint[] {
  const known = new Set(history.operations.map(({ path }) => path));
  return filesBelow(root).filter((path) => !known.has(path) && !isOurs(path, known))
    .map((path) => ({ kind: "foreign", text: path }));
}

/** Sweeps as somebody two minutes later would; nothing of a dead process may be left, and nothing else be gone. */
function judgeSweep(root: string): Complaint[] {
  const isTemporary = (path: string) => parseTemporaryName(nameIn(path)) !== undefined;
  const before = filesBelow(root).filter((path) => !isTemporary(path));
  const runtime = currentRuntime();
  const clock = { ...runtime.clock, now: () => Date.now() + 120_000 };
  const { kept } = sweepSync(root, { recursive: true, runtime: { ...runtime, clock } });
  const after = filesBelow(root);
  const complaints = kept.map(({ path, reason }) => `${path} was kept as ${reason}`);
  complaints.push(...after.filter(isTemporary).map((path) => `${path} is still there`));
  complaints.push(...before.filter((path) => !after.includes(path)).map((path) => `${path} was removed`));
  return complaints.map((text) => ({ kind: "sweep", text }));
}

/** All that must hold for what our own functions wrote. `names` are the rows of the table of workloads that ran. */
export function judgeAll(root: string, history: History, names: readonly string[]): Complaint[] {
  const rows = [...new Set(names)].map((name) => workloads[name]);
  const promises = (texts: readonly string[] = []) => texts.map((text) => ({ kind: "promise" as const, text }));
  const complaints: Complaint[] = rows.flatMap((row) => promises(row?.recover?.(root)));
  complaints.push(...judgeData(root, history), ...judgeNames(root, history), ...judgeSweep(root));
  complaints.push(...rows.flatMap((row) => promises(row?.check?.(root, history))));
  complaints.push(...history.failures.map((text) => ({ kind: "failed" as const, text })));
  return complaints;
}
